"""A long prompt holds nobody up: its piece is given up for a short one, within bounds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from families.recurrent import build_mamba

from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

LONG, SHORT = "The weaver does not change the thread more often than she has to. " * 5, "Why does she?"
Opened = Callable[[Callable[[Path], None]], Weights]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    made: list[Weights] = []

    def one(build: Callable[[Path], None]) -> Weights:
        build(tmp_path / "model.gguf")
        made.append(Weights(tmp_path / "model.gguf"))
        return made[-1]

    yield one
    for weights in made:
        weights.close()


class Hurried:
    """A loop beside which somebody waits while `waits`; every piece of a long prompt takes it far too long."""

    def __init__(self, weights: Weights, sequences: int = 2) -> None:
        self.weights, self.waits = weights, False
        context = Apart(weights, Sizes(512, 64, sequences, 1), Stop(lambda: self.waits and self.loop.patient))
        self.loop = Loop(context)
        self.told: list[Told] = []

    def add(self, text: str) -> Sequence:
        sequence = Sequence(text, self.weights.tokenize(text, first=True), 8)
        self.loop.add(sequence)
        return sequence

    def step(self) -> None:
        self.told += self.loop.step()
        self.loop._pace = 1e3

    def finish(self) -> dict[str, list[tuple[int, float]]]:
        while self.loop.busy:
            self.step()
        tokens = [each for each in self.told if each.kind == "token"]
        return {key: [(each.token, each.logprob) for each in tokens if each.key == key] for key in (LONG, SHORT)}


def test_a_piece_is_given_up_and_read_again(opened: Opened) -> None:
    weights = opened(build_tiny)
    alone = Hurried(weights)
    alone.add(LONG)
    expected = alone.finish()
    alone.add(SHORT)
    expected[SHORT] = alone.finish()[SHORT]
    both = Hurried(weights)
    sequence = both.add(LONG)
    both.step()
    read = sequence.done
    both.waits = True
    both.step()
    assert 0 < read == sequence.done < sequence.prompt - 64
    both.add(SHORT)
    both.waits = False
    both.step()
    assert {each.key for each in both.told if each.kind == "token"} == {SHORT} and sequence.reading
    assert both.finish() == expected


def test_whoever_goes_on_coming_does_not_keep_it_from_being_read(opened: Opened) -> None:
    loop = Hurried(opened(build_tiny))
    sequence = loop.add(LONG)
    loop.step()
    loop.waits, sequence.patience = True, 1e-9
    done = [sequence.done]
    while sequence.reading and len(done) < 10_000:
        loop.step()
        done.append(sequence.done)
    assert not sequence.reading and done[1] == done[0] and done[2] == done[0] + 64


@pytest.mark.parametrize(("build", "sequences"), [(build_mamba, 2), (build_tiny, 1)])
def test_nothing_is_given_up_that_cannot_go_back_or_for_one_that_finds_no_slot(
    opened: Opened, build: Callable[[Path], None], sequences: int
) -> None:
    weights = opened(build)
    alone = Hurried(weights, sequences)
    alone.add(LONG)
    expected = alone.finish()
    loop = Hurried(weights, sequences)
    sequence = loop.add(LONG)
    loop.step()
    loop.waits, read = True, sequence.done
    loop.step()
    assert sequence.done == read + 64
    assert loop.finish() == expected


def test_a_short_prompt_does_not_wait_for_a_beginning_that_a_recurrent_model_has_passed(opened: Opened) -> None:
    weights = opened(build_mamba)
    loop = Hurried(weights)
    long = Sequence("long", weights.tokenize(LONG, first=True), 4, ends=(20,))
    short = Sequence("short", [*long.tokens[:20], *weights.tokenize("Why?")], 4, ends=(20,))
    loop.loop.add(long)
    loop.step()
    loop.step()
    assert long.done > 20
    loop.loop.add(short)
    loop.step()
    assert short.slot >= 0 and long.reading
