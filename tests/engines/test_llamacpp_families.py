"""What the loop promises, of each family of architectures: company, copies and kept states change no bit."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from families import EMBEDDERS, FAMILIES, REFUSED, Family
from families.bench import QUESTIONS, Bench, Written, run

from omniloom.core.errors import EngineError, WeightsError
from omniloom.core.values import Message, Request, Sampling
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.native.weights import Weights


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def made(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    path = tmp_path_factory.mktemp("family") / "model.gguf"
    family.build(path)
    weights = Weights(path)
    yield weights
    weights.close()


@pytest.fixture(scope="module")
def known(made: Weights) -> dict[str, Written]:
    return {}


@pytest.fixture
def bench(made: Weights, known: dict[str, Written], tmp_path: Path) -> Bench:
    return Bench(made, tmp_path, known)


def test_it_is_known_whether_it_can_go_back(family: Family, bench: Bench) -> None:
    assert bench.weights.rewinds == family.rewinds


def test_what_a_cell_takes_is_known(family: Family, bench: Bench) -> None:
    """A layer of a hybrid that has no cells is counted as if it had."""
    loop = bench.loop()
    run(loop, bench.ask("x", until=len(bench.both)))
    shorter, longer = len(bench.first), len(bench.both)
    run(loop, bench.ask("y", bench.first, until=shorter))
    sizes = sorted(len(loop._context.save(slot)) for slot in (0, 1))
    found = (sizes[1] - sizes[0]) / (longer - shorter)
    assert found - 40 < bench.weights.cell_bytes
    if family.rewinds:
        assert bench.weights.cell_bytes < found


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_answers_together_are_those_alone(bench: Bench, temperature: float) -> None:
    more = {"sampling": Sampling(temperature=temperature, top_logprobs=2), "seed": 5}
    alone = {question: bench.alone(question, **more) for question in QUESTIONS}
    assert run(bench.loop(), *(bench.ask(question, **more) for question in QUESTIONS)) == alone
    assert len({str(each) for each in alone.values()}) == len(QUESTIONS)


def test_what_stands_at_a_documents_end_is_copied_and_gives_the_same_bits(bench: Bench) -> None:
    loop = bench.loop()
    run(loop, bench.ask("x", until=len(bench.both)))
    asked = [bench.ask(question) for question in QUESTIONS]
    assert run(loop, *asked) == {question: bench.alone(question) for question in QUESTIONS}
    assert {each.reused for each in asked} == {len(bench.both)}


@pytest.mark.parametrize("sequences", [1, 2])
def test_what_went_on_is_cut_back_or_copied_only_where_that_gives_the_same_bits(
    family: Family, bench: Bench, sequences: int
) -> None:
    """One sequence: its cells are cut. Two: they are copied, and the copy is cut."""
    loop = bench.loop(sequences)
    run(loop, bench.ask(QUESTIONS[0]))
    again, shorter = bench.ask(QUESTIONS[1]), bench.ask(QUESTIONS[2], bench.first)
    assert run(loop, again)[again.key] == bench.alone(again.key)
    assert run(loop, shorter)[shorter.key] == bench.alone(shorter.key, bench.first)
    wanted = [len(bench.both), len(bench.first)] if family.rewinds else [0, 0]
    assert [again.reused, shorter.reused] == wanted


def test_a_state_from_disk_gives_the_same_bits(bench: Bench) -> None:
    end = len(bench.both)
    expected = {question: bench.alone(question) for question in QUESTIONS}
    kept = run(bench.loop(), bench.ask(QUESTIONS[0], keep={end: "kept"}))
    assert kept[QUESTIONS[0]] == expected[QUESTIONS[0]]
    asked = [bench.ask(question, stored=(end, "kept")) for question in QUESTIONS]
    loop = bench.loop()
    assert run(loop, *asked) == expected
    assert {each.reused for each in asked} == {end}


def test_a_beginning_of_a_restored_state_gives_the_same_bits(bench: Bench) -> None:
    end = len(bench.both)
    run(bench.loop(), bench.ask("x", until=end, keep={end: "kept"}))
    loop = bench.loop()
    run(loop, bench.ask(QUESTIONS[0], stored=(end, "kept")))
    assert run(loop, bench.ask(QUESTIONS[1], bench.first)) == {QUESTIONS[1]: bench.alone(QUESTIONS[1], bench.first)}


@pytest.mark.parametrize("end", ["first", "both"])
def test_where_answers_share_steps_what_is_gone_is_computed_again(bench: Bench, end: str) -> None:
    """A context for all keeps of a state what the next token sees; a shorter beginning of it may not be taken."""
    documents = getattr(bench, end)
    run(bench.loop(together=True), bench.ask("x", until=len(bench.both), keep={len(bench.both): "kept"}))
    loop = bench.loop(together=True)
    restored, after = bench.ask(QUESTIONS[0], stored=(len(bench.both), "kept")), bench.ask(QUESTIONS[1], documents)
    assert [token for token, _ in run(loop, restored)[restored.key]] == [t for t, _ in bench.alone(restored.key)]
    assert restored.reused == len(bench.both)
    expected = bench.alone(after.key, documents)
    for (token, logprob), (wanted, close) in zip(run(loop, after)[after.key], expected, strict=True):
        assert token == wanted and math.isclose(logprob, close, abs_tol=1e-3)


def test_a_copy_that_cannot_be_cut_is_refused(family: Family, bench: Bench) -> None:
    loop = bench.loop()
    run(loop, bench.ask("x", until=len(bench.both)))
    if family.rewinds:
        loop._context.copy(0, 1, len(bench.first))
        assert loop._context.end(1) == len(bench.first)
    else:
        with pytest.raises(EngineError, match="cannot be copied"):
            loop._context.copy(0, 1, len(bench.first))


def test_a_state_that_was_cut_off_is_none(bench: Bench) -> None:
    loop = bench.loop()
    run(loop, bench.ask("x", until=len(bench.both)))
    state = loop._context.save(0)
    for cut in (0, 3, 11, 40, len(state) // 2, -1):
        assert not loop._context.restore(1, state[:cut])
        assert loop._context.end(1) == 0
    assert loop._context.restore(1, state + bytes(40))
    assert loop._context.end(1) == len(bench.both)


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_does_not_write_like_the_others_is_refused(name: str, tmp_path: Path) -> None:
    REFUSED[name](tmp_path / "model.gguf")
    asked = Request(messages=(Message(role="user", content=("Why?",)),), max_output_tokens=4)
    engine = LlamaCpp(tmp_path / "model.gguf", threads=1, kv_home=tmp_path / "kv", embedding=False)
    with engine, pytest.raises(WeightsError, match=r"does not write|reads a text whole"):
        list(engine.stream(asked))


@pytest.mark.parametrize("name", EMBEDDERS)
def test_a_model_that_writes_nothing_gives_vectors(name: str, tmp_path: Path) -> None:
    EMBEDDERS[name](tmp_path / "model.gguf")
    with LlamaCpp(tmp_path / "model.gguf", threads=1, kv_home=tmp_path / "kv") as engine:
        texts = ["red roses grow here", "a harbour with cranes"]
        vectors = engine.embed(texts)
        assert [engine.embed([text])[0] for text in texts] == vectors
    assert vectors[0] != vectors[1]
    assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-4) for vector in vectors)
