"""A process that answers what it may not, as one with a hostile model might: a typed error, whatever it says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import EngineError
from omniloom.core.values import Message, Request
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.decode import generate
from omniloom.engines.llamacpp.host import _refusal
from omniloom.engines.llamacpp.told import checked
from omniloom.engines.wire import RefusedError

ENDED = {"ended": "stop", "thought_tokens": 0, "said_tokens": 1, "forced_tokens": 0, "reused": 0}
REQUEST = Request(messages=(Message(role="user", content=("Why?",)),), max_output_tokens=4)
PIECE = {"tokens": [], "length": 1, "positions": 1, "last": 1, "causal": True}
VECTOR = {"index": 0, "embedding": [[0.5, 1]]}
Opened = Callable[..., LlamaCpp]


@pytest.fixture
def opened(model: Path, tmp_path: Path) -> Iterator[Opened]:
    made: list[LlamaCpp] = []

    def one(**options: Any) -> LlamaCpp:
        settings: dict[str, Any] = {"context_tokens": 256, "threads": 1, "kv_home": tmp_path / "kv", "loop": True}
        made.append(LlamaCpp(model, **(settings | options)))
        return made[-1]

    yield one
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("path", "good", "wrong"),
    [
        ("/tokenize", {"tokens": [1, 2]}, [None, {}, [], {"tokens": 3}, {"tokens": ["a"]}, {"tokens": [-1]}]),
        ("/detokenize", {"content": "x"}, ["x", {"content": 3}, {"content": None}]),
        ("/apply-template", {"prompt": "x"}, [7, {"prompt": ["x"]}]),
        ("/media", {"rate": 0, "pieces": [PIECE]}, [{"rate": 0}, {"rate": "1", "pieces": []}]),
        ("/media", {"rate": 16000, "pieces": []}, [{"rate": 0, "pieces": [{}]}, {"rate": 0, "pieces": [3]}]),
        ("/media", {"rate": 1, "pieces": []}, [{"rate": 1, "pieces": [PIECE | {"length": -1}]}]),
        ("/embedding", [VECTOR], [{}, [3], [VECTOR | {"index": "0"}], [{"index": 0, "embedding": [[float("nan")]]}]]),
    ],
)
def test_short_answers_have_their_form(path: str, good: Any, wrong: list[Any]) -> None:
    assert checked(path, good) == good
    for answer in wrong:
        with pytest.raises(EngineError, match="said what it may not"):
            checked(path, answer)


def test_the_engine_looks_at_them(opened: Opened) -> None:
    engine = opened()
    engine._host.ensure = lambda cancel=None: None  # type: ignore[method-assign]
    engine._host.post = lambda path, body, cancel=None: {"tokens": "no"}  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="said what it may not"):
        engine.count_tokens("x")


@pytest.mark.parametrize("vectors", [[], [VECTOR, VECTOR], [{"index": 0, "embedding": []}]])
def test_a_vector_for_each_text(opened: Opened, vectors: list[Any]) -> None:
    engine = opened(embedding=True)
    engine._host.ensure = lambda cancel=None: None  # type: ignore[method-assign]
    answers = {"/tokenize": {"tokens": [1]}, "/embedding": vectors}
    engine._host.post = lambda path, body, cancel=None: answers[path]  # type: ignore[method-assign]
    with pytest.raises(EngineError, match="another number of vectors"):
        engine.embed(["x"])
    answers["/embedding"] = [VECTOR]
    assert engine.embed(["x"]) == [[0.5, 1.0]]


@pytest.mark.parametrize(
    "frame",
    [
        {name: value for name, value in ENDED.items() if name != "reused"},
        ENDED | {"reused": "all"},
        ENDED | {"reused": None},
        ENDED | {"said_tokens": float("inf")},
        {"begin": [1]},
    ],
)
def test_frames_of_an_answer_too(opened: Opened, frame: dict[str, Any]) -> None:
    engine = opened()
    engine._host.run = lambda sequence, cancel: iter([frame])  # type: ignore[union-attr, method-assign, assignment]
    with pytest.raises(EngineError, match="said what it may not"):
        list(engine.stream(REQUEST))
    engine._host.run = lambda sequence, cancel: iter([ENDED])  # type: ignore[union-attr, method-assign, assignment]
    assert list(engine.stream(REQUEST))


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"content": 3},
        {"content": "x", "completion_probabilities": [{"id": 1}]},
        {"content": "x", "completion_probabilities": 7},
        {"prompt_progress": {}},
        {"stop": True, "timings": []},
        {"stop": True, "tokens_predicted": float("inf")},
    ],
)
def test_a_servers_stream_too(item: dict[str, Any]) -> None:
    class Host:
        def stream(self, *_: object) -> Iterator[dict[str, Any]]:
            yield {"content": "Well"}
            yield item

    told = generate(Host(), {}, None)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="said what it may not"):
        list(told)


@pytest.mark.parametrize("error", [{"code": [], "message": "no"}, {"code": "x"}, {"type": 3}, "no", None])
def test_a_refusal_is_one_whatever_it_says(error: Any) -> None:
    assert isinstance(_refusal(error), EngineError)
    assert not isinstance(_refusal(error), RefusedError) and isinstance(_refusal({"code": 400}), RefusedError)
