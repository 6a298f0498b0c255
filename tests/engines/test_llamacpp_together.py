"""Answers that share steps: fewer steps, the same greedy tokens, and one that leaves takes none with it."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import EngineError, UsageError
from omniloom.core.values import Sampling
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

DOCUMENT = "The weaver does not change the thread more often than she has to. "
QUESTIONS = ("How often?", "Who is it?", "Why does she?", "What is a thread?", "Where?", "When was it?")
CHEAP = Costs((1, 4, 6, 16), (1.0, 1.3, 1.5, 9.0), (0.0, 1e-4, 1e-4, 1e-4))
SIZES = Sizes(cells=512, batch=64, sequences=6, threads=1)


class Watched(Loop):
    """Notes how many items each step had; `spoil` says what happens instead of a step."""

    def __init__(self, context: Context | Apart) -> None:
        super().__init__(context)
        self.costs, self.widths = CHEAP, list[int]()
        self.spoil: Exception | None = None
        step = context.step

        def watched(items: list[Item]) -> Any:
            self.widths.append(len(items))
            if self.spoil is not None and len({item.sequence for item in items}) > 1:
                spoil, self.spoil = self.spoil, None
                raise spoil
            return step(items)

        context.step = watched  # type: ignore[method-assign, assignment]

    def ask(self, weights: Weights, questions: tuple[str, ...], temperature: float = 0.0) -> dict[str, list[int]]:
        document = weights.tokenize(DOCUMENT, first=True)
        made: dict[str, Sequence] = {}
        for seed, question in enumerate(questions):
            tokens = [*document, *weights.tokenize(question)]
            sampling = Sampling(temperature=temperature)
            made[question] = Sequence(question, tokens, 80, ends=(len(document),), sampling=sampling, seed=seed)
            self.add(made[question])
        failed = {each.key for each in self._all() if each.kind == "failed"}
        return {key: each.tokens[each.prompt :] for key, each in made.items() if key not in failed}

    def _all(self) -> list[Any]:
        told = []
        while self.busy:
            told += self.step()
        return told


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_the_same_answers_in_fewer_steps(weights: Weights, temperature: float) -> None:
    apart = Watched(Apart(weights, SIZES, Stop()))
    together = Watched(Context(weights, SIZES, Stop()))
    assert together.ask(weights, QUESTIONS, temperature) == apart.ask(weights, QUESTIONS, temperature)
    assert set(apart.widths[-20:]) == {1}
    assert together.widths.count(6) > 10
    assert len(together.widths) < len(apart.widths) / 2


def test_no_more_share_a_step_than_pays(weights: Weights) -> None:
    loop = Watched(Context(weights, SIZES, Stop()))
    loop.costs = Costs((1, 4, 6, 16), (1.0, 1.2, 6.0, 16.0), (0.0, 1e-4, 1e-4, 1e-4))
    loop.ask(weights, QUESTIONS)
    assert 4 in loop.widths and 6 not in loop.widths


def test_a_step_given_up_is_taken_again_by_those_that_stay(weights: Weights) -> None:
    expected = Watched(Context(weights, SIZES, Stop())).ask(weights, QUESTIONS)
    loop = Watched(Context(weights, SIZES, Stop()))
    loop.spoil = Aborted()
    assert loop.ask(weights, QUESTIONS) == expected
    assert loop.spoil is None


def test_a_step_that_fails_fails_those_in_it_and_no_later_one(weights: Weights) -> None:
    loop = Watched(Context(weights, SIZES, Stop()))
    expected = loop.ask(weights, QUESTIONS)
    loop.spoil = EngineError("no memory")
    left = loop.ask(weights, QUESTIONS)
    assert len(left) < len(QUESTIONS) and left.items() <= expected.items()
    assert loop.ask(weights, QUESTIONS) == expected


@pytest.mark.weights
def test_answers_share_steps_in_our_loop_only(small_model: Path) -> None:
    with pytest.raises(UsageError, match="only in the loop"):
        LlamaCpp(small_model, together=True, loop=False)


def test_while_prompts_are_read_an_answer_gets_a_step_for_each_piece(weights: Weights) -> None:
    loop = Watched(Context(weights, SIZES, Stop()))
    loop.add(Sequence("answer", weights.tokenize(DOCUMENT, first=True), 80))
    while not (told := loop.step()) or told[-1].kind != "token":
        pass
    del loop.widths[:]
    long = Sequence("long", weights.tokenize("Long. " + DOCUMENT * 20, first=True)[: 4 * 64], 80)
    loop.add(long)
    while long.reading:
        loop.step()
    assert loop.widths == [64, 1, 64, 1, 64, 1, 64], long.prompt
