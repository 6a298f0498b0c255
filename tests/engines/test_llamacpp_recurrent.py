"""A recurrent model in the loop: what cannot go back is taken where it stands, or computed anew; never wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from families.recurrent import build_mamba

from omniloom.core.values import Message, Request, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

DOCUMENT = "The weaver does not change the thread more often than she has to. " * 2
QUESTIONS = ("How often?", "Who is it?", "Why does she?")


@pytest.fixture(scope="module")
def mamba(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mamba") / "mamba.gguf"
    build_mamba(path)
    return path


@pytest.fixture(scope="module")
def recurrent(mamba: Path) -> Iterator[Weights]:
    weights = Weights(mamba)
    yield weights
    weights.close()


def asked(weights: Weights, question: str, **more: object) -> Sequence:
    document = weights.tokenize(DOCUMENT, first=True)
    return Sequence(question, [*document, *weights.tokenize(question)], 12, ends=(len(document),), **more)  # type: ignore[arg-type]


def run(loop: Loop) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[Told]] = {}
    while loop.busy:
        for told in loop.step():
            found.setdefault(told.key, []).append(told)
    return {key: [(each.token, each.logprob) for each in told if each.kind == "token"] for key, told in found.items()}


def fresh(weights: Weights, folder: Path) -> Loop:
    sizes = Sizes(cells=512, batch=64, sequences=4, threads=1)
    return Loop(Apart(weights, sizes, Stop()), Shelf(folder))


def test_answers_together_and_again_are_those_alone(recurrent: Weights, tmp_path: Path) -> None:
    assert not recurrent.rewinds
    alone: dict[str, list[tuple[int, float]]] = {}
    for question in QUESTIONS:
        loop = fresh(recurrent, tmp_path)
        loop.add(asked(recurrent, question))
        alone |= run(loop)
    assert len({str(each) for each in alone.values()}) == 3
    loop = fresh(recurrent, tmp_path)
    for _ in range(2):
        for question in QUESTIONS:
            loop.add(asked(recurrent, question))
        assert run(loop) == alone


def test_a_state_from_the_shelf_is_where_a_document_ends(recurrent: Weights, tmp_path: Path) -> None:
    end = asked(recurrent, "x").ends[0]
    loop = fresh(recurrent, tmp_path)
    loop.add(asked(recurrent, QUESTIONS[0], keep={end: "kept"}))
    first = run(loop)
    loop = fresh(recurrent, tmp_path)
    again, other = asked(recurrent, QUESTIONS[0], stored=(end, "kept")), asked(recurrent, "?", stored=(end, "kept"))
    loop.add(again)
    loop.add(other)
    assert run(loop)[QUESTIONS[0]] == first[QUESTIONS[0]]
    assert again.reused == other.reused == end


def test_the_engine_answers_with_it(mamba: Path, tmp_path: Path) -> None:
    source = Segment(source="s", content=DOCUMENT, made_by="text/1")
    request = Request(messages=(Message(role="user", content=(source, "Why?")),), max_output_tokens=6)
    texts = []
    for _ in range(2):
        with LlamaCpp(mamba, threads=1, context_tokens=512, kv_home=tmp_path / "kv", batch_tokens=64) as engine:
            texts += [list(engine.stream(request))[-1].completion for _ in range(2)]  # type: ignore[union-attr]
    assert len({each.text for each in texts}) == 1
    assert texts[2].usage.cached_tokens > 100
