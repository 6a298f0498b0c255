"""Parameters that are wrong are told by name; streams and models can be closed at any time; modes can be added."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.errors import BudgetError, CancelledError, UsageError, WeightsError
from omniloom.core.values import Budget
from omniloom.engines.scripted import Scripted
from omniloom.runtime.run import EngineRun
from omniloom.storage.store import Store


@pytest.mark.parametrize(
    "parameters",
    [
        {"seed": "x"},
        {"seed": None},
        {"timeout": "5"},
        {"timeout": float("nan")},
        {"system": 5},
        {"stop": [""]},
        {"stop": [3]},
        {"stop": 3},
        {"trace": 5},
        {"messages": "hi"},
        {"messages": {"role": "user", "content": "x"}},
        {"messages": [{"role": "teacher", "content": "x"}]},
        {"unsupported": ["mark"]},
        {"output_modes": ["speech"]},
        {"output_modes": []},
        {"output_modes": 5},
        {"output_modes": [["text"]]},
        {"output_modes": ["text", 5]},
        {"reasoning_budget": 1.5},
        {"strategy": ""},
        {"budget": {"seconds": 0}},
        {"budget": {"tokens": -5}},
        {"sampling": {"temperature": float("nan")}},
        {"sampling": {"top_p": 2}},
    ],
)
def test_a_wrong_parameter_is_named(models: Any, parameters: dict[str, Any]) -> None:
    model = models("x")
    name = next(iter(parameters)).rstrip("s")
    with pytest.raises(UsageError, match=name) as told:
        model.generate(["What?"], **parameters)
    assert told.value.hint and not model.engine.requests


def test_what_is_no_number_of_tokens_is_told_what_else_there_is(models: Any) -> None:
    with pytest.raises(UsageError, match="from 0 up or 'auto'") as told:
        models("x").generate(["What?"], reasoning_budget="lots")
    assert told.value.hint == "such as reasoning_budget=1 or 'auto'"
    with pytest.raises(UsageError, match="seed='x' must be a whole number from 0 up") as told:
        models("x").generate(["What?"], seed="x")
    assert "auto" not in str(told.value)


def test_the_hint_of_a_wrong_mode_or_role_names_those_there_are(models: Any) -> None:
    with pytest.raises(UsageError, match="'structured_json', 'text'"):
        models("x").generate(["What?"], output_modes=["speech"])
    with pytest.raises(UsageError, match="'system', 'user', 'assistant'"):
        models("x").generate(["What?"], messages=[{"role": "teacher", "content": "x"}])


def test_output_modes_may_be_any_iterable(models: Any) -> None:
    assert models("It runs.").generate(["What?"], output_modes=iter(["text", "text"])).outputs == {"text": "It runs."}


@pytest.mark.parametrize("given", [{"timeout": 1e300}, {"budget": {"seconds": 1e300}}])
def test_a_time_longer_than_a_clock_can_wait_is_a_time(models: Any, given: dict[str, Any]) -> None:
    assert models("It runs.").generate(["What?"], **given).text == "It runs."  # a thread that dies fails the test


@pytest.mark.parametrize(("seconds", "said"), [(3600, "3600 s"), (0.25, "0.25 s"), (2_000_000, "2000000 s")])
def test_a_time_budget_is_told_as_it_was_given(private_home: Path, seconds: float, said: str) -> None:
    run = EngineRun(
        Scripted(["x"]), Store(), emit=lambda _: None, cancel=threading.Event(), budget=Budget(seconds=seconds)
    )
    run.deadline.hit = True
    with pytest.raises(BudgetError, match=f"time budget of {said} is used up"):
        run.check()
    run.close()


def test_batch_takes_several_questions(models: Any) -> None:
    frame = __import__("pandas").DataFrame({"a": [1]})
    for wrong in ("What?", b"What?", 5, None, {"a": 1}, ol.Text("What?"), ol.PDF("a.pdf"), frame):
        with pytest.raises(UsageError, match="list of questions"):
            models("x").batch(wrong)
    assert [each.text for each in models("x", "y").batch(iter(["A?", "B?"]))] == ["x", "y"]


def test_what_is_embedded_and_counted_is_text(models: Any) -> None:
    for wrong in ("one text", None, [5]):  # a string would be embedded letter by letter
        with pytest.raises(UsageError, match="texts="):
            models("x").embed(wrong)
    with pytest.raises(UsageError, match="text=5"):
        models("x").count_tokens(5)


def test_two_threads_may_share_a_stream(models: Any) -> None:
    events = models("It runs. " * 5).stream(["Two consumers?"])
    threads = [threading.Thread(target=lambda: list(events), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_closing_a_model_cancels_what_still_runs(models: Any) -> None:
    model = models("word " * 300, seconds_per_token=0.02)
    events = model.stream(["Close?"])
    next(events)
    model.close()
    with pytest.raises(CancelledError):
        list(events)


def test_a_model_that_is_closed_waits_for_streams_that_nobody_holds(models: Any) -> None:
    for _ in range(10):  # Ctrl-C while an event is shown: the loop, and the stream with it, is gone before the close
        model = models("word " * 300, seconds_per_token=0.02)
        with pytest.raises(KeyboardInterrupt):
            for _ in model.stream(["Long?"]):
                raise KeyboardInterrupt
        model.close()
        [newest, *_] = Store().journal.traces()
        assert newest["status"] == "cancelled"


def test_an_installed_package_can_add_an_output_mode(
    models: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "verse.py").write_text(
        "from omniloom.core.errors import OutputError\n"
        "def constrain(schema=None): return None\n"
        "def write(text):\n"
        "    if '/' not in text: raise OutputError('there is only one line')\n"
        "    return text.split('/')\n"
    )
    info = tmp_path / "verse-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: verse\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[omniloom.outputs]\nverse = verse\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    model = models("one line", "two/lines")
    response = model.generate(["Write."], output_modes=["verse"])
    assert response.outputs == {"verse": ["two", "lines"]} and response.text == ""
    assert "only one line" in model.engine.requests[-1].messages[-1].text
    sys.modules.pop("verse")


@pytest.mark.parametrize(
    "options",
    [
        {"context_tokens": "x"},
        {"context_tokens": 0},
        {"threads": 0},
        {"timeout": "x"},
        {"timeout": float("nan")},
        {"retries": -1},
        {"api_key": 5},
        {"input_kinds": "image"},
        {"input_kinds": ["smell"]},
        {"extra": 5},
        {"home": 5},
        {"name": 5},
    ],
)
def test_a_wrong_option_of_load_is_named(options: dict[str, Any], private_home: Path) -> None:
    given = {"name": "openai:http://127.0.0.1:9/v1#m"} | options
    with pytest.raises(UsageError, match=next(iter(options))) as told:
        ol.load(**given)
    assert told.value.hint


def test_a_model_is_loaded_by_a_path(tmp_path: Path, private_home: Path) -> None:
    with pytest.raises(WeightsError, match=r"nope\.gguf"):
        ol.load(tmp_path / "nope.gguf", home=str(tmp_path / "home"))
