"""Passages in another order are not read again; what was spliced is kept by nobody, and off it costs nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from omniloom import load
from omniloom.core.errors import CancelledError, UnsupportedError, UsageError
from omniloom.core.events import Finished, Progress
from omniloom.core.values import Completion, Message, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp, choices
from omniloom.engines.llamacpp.loop.splices import LINK

TEXTS = {
    "a": "The weaver does not change the thread more often than she has to.",
    "b": "Nine sailors came to the shore in one night of the winter of 1902.",
    "c": "A loom of red oak stands in the hall, which nobody has moved.",
}
Opened = Callable[..., LlamaCpp]


@pytest.fixture
def opened(model: Path, tmp_path: Path) -> Iterator[Opened]:
    made: list[LlamaCpp] = []

    def one(splice: object = "unmeasured", **options: object) -> LlamaCpp:
        settings = {"context_tokens": 2048, "threads": 1, "kv_home": tmp_path / "kv"} | options
        made.append(LlamaCpp(model, splice=splice, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for each in made:
        each.close()


def asked(engine: LlamaCpp, order: str, question: str = "Who?") -> Completion:
    *_, last = engine.stream(request(order, question))
    assert isinstance(last, Finished)
    return last.completion


def request(order: str, question: str = "Who?") -> Request:
    content: list[str | Segment] = []
    for number, name in enumerate(order):
        content += [f"[{number}] ", Segment(source=name, content=TEXTS[name], made_by="t/1"), "\n"]
    messages = (Message(role="user", content=(*content, question)),)
    return Request(messages=messages, max_output_tokens=8, sampling=Sampling(top_logprobs=2))


def read(completion: Completion) -> int:
    return completion.usage.input_tokens - completion.usage.cached_tokens


def test_passages_stand_in_the_prompt_as_they_are_alone(opened: Opened) -> None:
    prompt = opened()._prompt(request("abc"))
    assert [passage.sources for passage in prompt.passages] == [1, 2, 3]
    for passage, text in zip(prompt.passages, TEXTS.values(), strict=True):
        told = opened()._ask("/detokenize", {"tokens": prompt.tokens[passage.start : passage.end]})["content"]
        assert told and f"{told}.".replace("\u2581", " ").strip() == text


def test_in_another_order_only_links_are_read(opened: Opened) -> None:
    engine = opened()
    first = asked(engine, "abc")
    moved = asked(engine, "cab")
    prompt = engine._prompt(request("cab"))
    placed = sum(passage.end - passage.start - LINK for passage in prompt.passages)
    assert moved.usage.cached_tokens == placed + prompt.turns[0]  # both begin with the template's first words
    assert read(first) > 3 * read(moved)


def test_they_outlive_the_process_and_sources_that_were_not_there(opened: Opened) -> None:
    asked(opened(), "ab")
    assert read(asked(opened(), "cba")) < read(asked(opened(splice=False), "cba")) / 1.5


def test_what_was_spliced_is_not_kept(opened: Opened) -> None:
    engine = opened()
    asked(engine, "abc")
    before = engine._kept.size()  # type: ignore[attr-defined]
    asked(engine, "cab")
    assert engine._kept.size() == before  # type: ignore[attr-defined]
    assert engine.stored_tokens(request("cab")) == 0 < engine.stored_tokens(request("abc"))


def test_a_beginning_that_is_kept_goes_before_passages_and_is_exact(opened: Opened) -> None:
    one = asked(opened(), "abc")
    again = asked(opened(), "abc")
    assert again.usage.cached_tokens == opened()._prompt(request("abc")).ends[-1]
    assert (again.text, again.logprobs) == (one.text, one.logprobs)


def test_warm_reads_all_exactly_and_keeps_it(opened: Opened) -> None:
    engine = opened()
    asked(engine, "abc")
    engine.warm(request("cab"))
    assert engine.stored_tokens(request("cab")) > 0


def test_warm_does_so_after_a_spliced_answer_too(opened: Opened) -> None:
    engine = opened()
    asked(engine, "abc")
    asked(engine, "cab")
    engine.warm(request("cab"))
    assert engine.stored_tokens(request("cab")) > 0
    exact = asked(opened(kv_home=engine._slots.parent.parent / "other"), "cab")
    again = asked(opened(), "cab")
    assert (again.text, again.logprobs) == (exact.text, exact.logprobs)


def test_side_by_side_they_are_what_they_are_one_after_the_other(opened: Opened) -> None:
    orders = ("cab", "bca", "cba", "bac")
    asked(opened(), "abc")
    one, two = opened(at_once=1), opened(at_once=4)
    after = [asked(one, order, f"Who {order}?") for order in orders]
    with ThreadPoolExecutor(len(orders)) as pool:
        beside = list(pool.map(lambda order: asked(two, order, f"Who {order}?"), orders))
    assert [answer.text for answer in beside] == [answer.text for answer in after]
    assert all(answer.usage.cached_tokens > 200 for answer in beside)


@pytest.mark.xfail(
    strict=False, reason="on a busy machine the next answer differs in one of four runs; not explained yet"
)
def test_a_call_that_is_left_in_the_middle_leaves_nothing_half_turned(opened: Opened) -> None:
    asked(opened(), "abc")
    wanted = asked(opened(), "cab")
    engine = opened()
    for _ in range(8):
        cancel = Event()
        with pytest.raises(CancelledError):
            for event in engine.stream(request("cab"), cancel):
                if isinstance(event, Progress) and event.step == "prefill":
                    cancel.set()
    assert asked(engine, "cab").text == wanted.text


def test_an_answer_that_depends_on_what_was_read_is_not_given_again(model: Path, tmp_path: Path) -> None:
    with load(str(model), home=tmp_path, splice="unmeasured", context_tokens=512) as spliced:
        usages = [spliced.generate("Who wove?", max_output_tokens=4).usage for _ in range(2)]
    assert not spliced.engine.capabilities.repeatable and usages[1].output_tokens == 4


def test_forgetting_a_source_forgets_the_passages_read_behind_it(opened: Opened) -> None:
    engine = opened()
    asked(engine, "abc")
    engine._kept.drop("a")
    assert read(asked(opened(), "cb")) == asked(opened(splice=False), "cb").usage.input_tokens


def test_spoiled_cells_are_dropped_and_read_as_any_other_text(opened: Opened, tmp_path: Path) -> None:
    asked(opened(), "abc")
    spoiled = tmp_path / "spoiled"
    spoiled.write_bytes(b"no cells")
    engine = opened()
    way = engine._way
    way._kept = store = _Spoiled(spoiled)  # type: ignore[assignment]
    answer = asked(engine, "cab")
    assert read(answer) == answer.usage.input_tokens
    assert len(store.dropped) == 4  # the state of the sources, and three passages


class _Spoiled:
    """A store whose every file is `path`, and which is told what was wrong with them."""

    def __init__(self, path: Path) -> None:
        self._path, self.dropped = path, list[str]()

    def get(self, key: str) -> Path:
        return self._path

    def put(self, key: str, path: Path, sources: object = ()) -> None: ...

    def drop(self, name: str) -> None:
        self.dropped.append(name)


def test_off_or_not_measured(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opened(splice=False).identity != opened().identity
    with pytest.raises(UnsupportedError, match="was not measured"):
        opened(splice=True)
    monkeypatch.setattr(choices, "measured_to_splice", lambda: {opened()._digest: {}})
    assert opened(splice=True).identity == opened().identity
    with pytest.raises(UnsupportedError, match="with adapters"):
        choices.splices(True, opened()._digest, True, False, None, {"one": "one.gguf"})
    for options in ({"loop": False}, {"together": True}, {"splice": "yes"}, {"splice": 1}):
        with pytest.raises(UsageError):
            opened(**options)
