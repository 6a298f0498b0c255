"""How long a call will take: what is learnt of an engine's speed, and what is told before it answers."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.core.events import Progress
from omniloom.core.values import Usage
from omniloom.runtime.estimate import remember, speeds
from omniloom.storage.journal import Journal

READ, WRITTEN = 35.0, 12.0


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def learnt(journal: Journal, read: int, written: int, seconds: float, first: float) -> tuple[float, float]:
    usage = Usage(input_tokens=read, output_tokens=written, seconds=seconds, first_token_seconds=first)
    remember(journal, "one", usage)
    return speeds(journal, "one")


def test_the_known_beginning_of_json_is_not_the_end_of_reading(journal: Journal) -> None:
    """As measured: the first characters came in 3 of 79 seconds, before anything was read."""
    prefill, decode = learnt(journal, 3385, 54, 78.9, 2.9)
    assert 40 < prefill < 50 and decode == WRITTEN


def test_a_model_that_was_loaded_meanwhile_is_not_slow(journal: Journal) -> None:
    assert learnt(journal, 138, 9, 60.0, 59.0) == (READ, WRITTEN)
    for _ in range(5):
        assert learnt(journal, 138, 9, 60.0, 59.0)[0] >= WRITTEN


def test_a_fast_engine_is_known_soon_and_a_slow_one_too(journal: Journal) -> None:
    prefill, decode = learnt(journal, 3000, 200, 3.0, 1.0)
    assert prefill > 900 and decode > 60
    remember(journal, "two", Usage(input_tokens=20, output_tokens=300, seconds=151.0, first_token_seconds=1.0))
    assert speeds(journal, "two") == (READ, 2.0) and speeds(journal, "three") == (READ, WRITTEN)


def test_one_measurement_of_five_does_not_decide(journal: Journal) -> None:
    for _ in range(4):
        learnt(journal, 1000, 10, 11.0, 10.0)
    before = speeds(journal, "one")[0]
    assert before > 90 and learnt(journal, 1000, 10, 101.0, 100.0)[0] == before


# -- what is told ----------------------------------------------------------------------------------------------------


@pytest.fixture
def unmeasured(models: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Models of which nothing is learnt: a script takes no time."""
    monkeypatch.setattr("omniloom.runtime.run.remember", lambda *_: None)
    return models


@pytest.fixture
def long(tmp_path: Path) -> list[Path]:
    for name in ("bridge", "mill", "harbour"):
        (tmp_path / f"{name}.txt").write_text(f"The {name} was painted in the year 1900. " * 20)
    return [tmp_path / f"{name}.txt" for name in ("bridge", "mill", "harbour")]


def told(model: Any, inputs: Any, **parameters: Any) -> float:
    """The estimate, in seconds; 0 where none is said."""
    events = model.stream(inputs, **parameters)
    said = [event.total for event in events if isinstance(event, Progress) and event.unit == "estimate"]
    assert len(said) < 2
    return said[0] if said else 0.0


ASKED = "When was all of this painted?"


def test_a_budget_counts_at_most_what_a_call_takes(unmeasured: Any, long: list[Path]) -> None:
    """Three further answers of 60 tokens, or of 150 where there are no sources, at twelve a second."""
    direct = told(unmeasured("In 1900."), [ASKED, *long], strategy="direct")
    sampled = told(unmeasured("In 1900."), [ASKED, *long], strategy="sample", reasoning_budget=10**12)
    assert sampled - direct == pytest.approx(3 * 60 / 12)
    problem = told(unmeasured("It is 5."), "How many are 2 and 3?", strategy="sample", reasoning_budget=10**12)
    assert problem < 4 * 150 / 12 + 60
    less = told(unmeasured("In 1900."), [ASKED, *long], strategy="sample", reasoning_budget=24)
    assert less - direct == pytest.approx(24 / 12)


def test_samples_of_data_alone_are_as_long_as_they_are(unmeasured: Any, long: list[Path]) -> None:
    asked = {"schema": "year int", "strategy": "sample"}
    once = told(unmeasured('{"year": 1900}'), [ASKED, *long], **asked)
    often = told(unmeasured('{"year": 1900}'), [ASKED, *long], **asked, reasoning_budget=10**12)
    assert 0 < often - once < 3 * 20 / 12


def test_it_ends_at_the_timeout_and_within_a_budget_of_tokens(unmeasured: Any, long: list[Path]) -> None:
    whole = told(unmeasured("In 1900."), [ASKED, *long])
    assert whole > 10 and 4 < told(unmeasured("In 1900."), [ASKED, *long], timeout=5) <= 5
    bounded = told(unmeasured("In 1900."), [ASKED, *long], max_output_tokens=20, budget={"tokens": 5000})
    assert bounded < whole


def test_every_source_of_a_survey_counts_and_so_do_data_behind_it(unmeasured: Any, long: list[Path]) -> None:
    inputs = ["Summarize these files.", *long]
    survey = told(unmeasured("It was painted in 1900 [1]."), inputs)
    assert survey > 3 * 110 / 12, "each source has an answer of its own"
    both = told(
        unmeasured("It was painted [1].", "It was [1].", "It was [1].", '{"year": 1900}'),
        inputs,
        schema="year int",
        output_modes=["text", "structured_json"],
    )
    assert both > survey + 3 * 20 * 8 / READ, "they are read again, all together"


def test_sources_that_were_shown_before_are_not_read_again(unmeasured: Any, long: list[Path]) -> None:
    model = unmeasured("In 1900.", stored=True)
    first, then = (told(model, [f"{ASKED} {n}?", long[0]]) for n in "12")
    other = told(model, [ASKED, long[1]])
    assert first - then > 20 * 8 / READ - 1 and other == pytest.approx(first, abs=0.5)


def test_a_question_about_one_source_reads_that_one(unmeasured: Any, long: list[Path]) -> None:
    one = told(unmeasured("In 1900 [1]."), ["What year was the mill painted, says mill.txt?", *long])
    assert one < told(unmeasured("In 1900 [1]."), [ASKED, *long]) - 20 * 8 / READ


def test_it_stands_in_the_trace(unmeasured: Any, long: list[Path]) -> None:
    model = unmeasured("In 1900.")
    response = model.generate([ASKED, *long])
    spans = model.store.journal.trace(response.trace_id).spans
    [seconds] = [span.attributes["estimated_seconds"] for span in spans if span.name == "fit"]
    assert seconds > 2
