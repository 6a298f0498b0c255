"""Drafts change how an answer is computed, never what it says."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.drafts import SHORTEST, Drafts, Match, Repeats
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.measuring import WIDTHS, Measurement
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

FREE = Costs((1, 4, 16), (1.0, 1.01, 1.02), (0.0, 0.0, 0.0))  # as if width cost nothing: every draft is tried
DEAR = Costs((1, 4, 16), (1.0, 4.0, 16.0), (0.0, 0.0, 0.0))
TEXT = "The weaver does not change the thread more often than she has to, and nobody asks her why. "


class Known(Drafts):
    """Proposes what will be written, each seventh token a false one."""

    def __init__(self, prompt: int, answer: list[int]) -> None:
        super().__init__()
        self._prompt, self._answer, self.furthest = prompt, answer, 0

    def match(self, tokens: Any) -> Match:
        return Match(SHORTEST, len(tokens) - 1)

    def propose(self, tokens: Any, match: Match, width: int, most: int, costs: Costs) -> list[int]:
        at = len(tokens) - self._prompt
        following = list(enumerate(self._answer))[at : at + min(5, most)]
        self.furthest = max(self.furthest, len(tokens) + len(following))
        return [token if place % 7 else token + 1 for place, token in following]


class Wrong(Drafts):
    """Proposes at every step, and nothing that comes true but by chance."""

    def match(self, tokens: Any) -> Match:
        return Match(SHORTEST, len(tokens) - 1)

    def propose(self, tokens: Any, match: Match, width: int, most: int, costs: Costs) -> list[int]:
        return [(tokens[-1] * 7 + at) % 200 for at in range(min(5, most))]


def written(weights: Weights, costs: Costs, **more: Any) -> tuple[list[int], Sequence, Loop]:
    loop = Loop(Apart(weights, Sizes(cells=512, batch=64, sequences=1, threads=1), Stop()))
    loop.costs = costs
    sequence = Sequence("one", weights.tokenize(TEXT * 2, first=True), 80, **more)
    loop.add(sequence)
    while loop.busy:
        loop.step()
    return sequence.tokens[sequence.prompt :], sequence, loop


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_tokens_in_fewer_steps(weights: Weights, temperature: float, seed: int) -> None:
    sampling = Sampling(temperature=temperature)
    plain, alone, _ = written(weights, DEAR, sampling=sampling, seed=seed)
    known = Known(alone.prompt, plain)
    drafted, _, _ = written(weights, FREE, sampling=sampling, seed=seed, drafts=known)
    assert drafted == plain and len(plain) > 40
    assert alone.drafts.drafted == 0
    assert known.drafted > known.kept > len(plain) // 2


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_false_drafts_cost_work_and_change_nothing(weights: Weights, temperature: float) -> None:
    sampling = Sampling(temperature=temperature)
    plain, _, least = written(weights, DEAR, sampling=sampling)
    wrong, sequence, loop = written(weights, FREE, sampling=sampling, drafts=Wrong())
    assert wrong == plain
    assert sequence.drafts.drafted > sequence.drafts.kept
    assert loop.evaluated > least.evaluated


def test_where_the_lead_is_no_larger_than_the_noise_a_token_is_computed_alone(weights: Weights) -> None:
    plain, _, _ = written(weights, DEAR)
    noisy = FREE._replace(noises=(0.0, math.inf, math.inf))
    known = Known(len(weights.tokenize(TEXT * 2, first=True)), plain)
    told, _, loop = written(weights, noisy, drafts=known)
    assert told == plain
    assert known.drafted > 0 and known.kept == 0
    assert loop.alone > 0


def test_no_draft_goes_beyond_the_limit(weights: Weights) -> None:
    plain, alone, _ = written(weights, DEAR)
    known = Known(alone.prompt, [*plain, *range(100)])
    told, _, _ = written(weights, FREE, drafts=known)
    assert len(told) == 80
    assert known.furthest == alone.prompt + 80


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60))
def test_the_longest_end_that_stood_before_is_found_where_it_stood_first(tokens: list[int]) -> None:
    repeats = Repeats()
    repeats.extend(tokens)
    length, after = repeats.match()
    ends = {tuple(tokens[-longest:]): longest for longest in range(1, len(tokens))}
    places = [(longest, at) for end, longest in ends.items() for at in range(len(tokens) - longest)
              if tuple(tokens[at : at + longest]) == end]  # fmt: skip
    best = max((longest for longest, _ in places), default=0)
    first = min((at + longest for longest, at in places if longest == best), default=0)
    assert (length, after if length else 0) == (best, first)


def test_a_picture_is_never_drafted() -> None:
    drafts = Drafts()
    tokens = [*range(1, 21), -5, -6, -7, *range(1, 21)]
    match = drafts.match(tokens)
    assert match == Match(20, 20)
    assert drafts.propose(tokens, match, 1, 16, FREE) == []
    assert drafts.propose(tokens, Match(16, 16), 1, 16, FREE) == [17, 18, 19, 20]


def test_drafts_that_fail_are_given_up() -> None:
    drafts = Drafts()
    tokens = list(range(100, 140)) * 2
    costs = Costs((1, 4, 16), (1.0, 2.5, 10.0), (0.0, 0.0, 0.0))
    match = Match(SHORTEST, 30)
    assert drafts.propose(tokens, match, 1, 16, costs)
    for _ in range(10):
        drafts.learn(3, 0)
    assert not drafts.propose(tokens, match, 1, 16, costs)


def test_what_steps_cost_is_measured(weights: Weights) -> None:
    costs = Measurement(weights, 1, Stop()).finish()
    assert costs.widths == (1, *WIDTHS)
    assert min(costs.times) > 0 and costs.noises[0] == 0 and list(costs.noises) == sorted(costs.noises)
    assert costs.seconds(3) == costs.times[2]
    assert costs.seconds(5) == pytest.approx((costs.times[3] + costs.times[4]) / 2)
    assert costs.seconds(64) == pytest.approx(costs.times[-1] + 2 * (costs.times[-1] - costs.times[-2]))
    assert (
        costs.noise(3) == costs.noises[2] and costs.noise(5) == costs.noises[4] and costs.noise(99) == costs.noises[-1]
    )
    assert Costs.told([list(each) for each in costs]) == costs


def test_what_was_measured_before_a_pause_ended_is_kept(weights: Weights) -> None:
    calls = list[int]()
    measurement = Measurement(weights, 1, Stop(lambda: bool(calls.append(1)) or len(calls) == 60))
    with pytest.raises(Aborted):
        measurement.finish()
    before = len(calls)
    assert measurement.finish().widths == (1, *WIDTHS)
    whole = list[int]()
    Measurement(weights, 1, Stop(lambda: bool(whole.append(1)))).finish()
    assert len(calls) - before < len(whole) - 30


@pytest.mark.parametrize(
    "said",
    [
        [],
        [[1], [1.0], [0.0]],
        [[1, 4], [1.0], [0.0, 0.0]],
        [[4, 1], [1.0, 1.0], [0.0, 0.0]],
        [[1, 4], [0.0, 1.0], [0.0, 0.0]],
        [[1, 4], [1.0, math.inf], [0.0, 0.0]],
        [[1, 4], [1.0, 2.0], [0.0, -1.0]],
        [[1, 4], [1.0, "x"], [0.0, 0.0]],
    ],
)
def test_costs_that_cannot_be_are_refused(said: list[Any]) -> None:
    with pytest.raises(ValueError):
        Costs.told(said)
