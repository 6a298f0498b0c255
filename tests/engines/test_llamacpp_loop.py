"""The loop on a tiny model of ours: shared beginnings are computed once, and company changes no bit of an answer."""

from itertools import pairwise

import pytest

from omniloom.core.errors import ContextError
from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.answer import Answer, Asked
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.sequence import Sequence, boundaries
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

DOCUMENT = "The weaver does not change the thread more often than she has to. " * 2
QUESTIONS = ("How often?", "Who is it?", "Why does she?", "What is a thread?", "Where?", "When was it?")


class Counted(Loop):
    """Counts the tokens that are computed."""

    def __init__(self, weights: Weights, sequences: int = 8) -> None:
        self.context = Apart(weights, Sizes(cells=512, batch=64, sequences=sequences, threads=2), Stop())
        self.computed = 0
        step = self.context.step

        def counting(items: list[object]) -> object:
            self.computed += len(items)
            return step(items)  # type: ignore[arg-type]

        self.context.step = counting  # type: ignore[method-assign, assignment]
        super().__init__(self.context)

    def run(self) -> dict[str, list[Told]]:
        told: dict[str, list[Told]] = {}
        while self.busy:
            for each in self.step():
                told.setdefault(each.key, []).append(each)
        return told


def asked(weights: Weights, question: str, limit: int = 12, **more: object) -> Sequence:
    document = weights.tokenize(DOCUMENT, first=True)
    tokens = [*document, *weights.tokenize(question)]
    return Sequence(question, tokens, limit, ends=(len(document),), **more)  # type: ignore[arg-type]


def written(told: list[Told]) -> list[tuple[int, float]]:
    return [(each.token, each.logprob) for each in told if each.kind == "token"]


@pytest.mark.parametrize("temperatures", [(0.0,), (1.0,), (0.0, 1.0, 2.0)])
def test_company_changes_no_bit(weights: Weights, temperatures: tuple[float, ...]) -> None:
    """Also where each is drawn in another way."""
    drawn = {
        question: Sampling(temperature=temperatures[at % len(temperatures)]) for at, question in enumerate(QUESTIONS)
    }
    alone = {}
    for question in QUESTIONS:
        loop = Counted(weights)
        loop.add(asked(weights, question, sampling=drawn[question], seed=3))
        alone |= loop.run()
    loop = Counted(weights)
    for question in QUESTIONS:
        loop.add(asked(weights, question, sampling=drawn[question], seed=3))
    together = loop.run()
    assert {key: written(told) for key, told in together.items()} == {key: written(told) for key, told in alone.items()}
    assert len({str(written(told)) for told in together.values()}) > 1


def test_what_arrives_together_reads_the_document_once(weights: Weights) -> None:
    loop = Counted(weights)
    for question in QUESTIONS:
        loop.add(asked(weights, question, limit=1))
    loop.run()
    document = len(weights.tokenize(DOCUMENT, first=True))
    assert loop.computed == document + sum(len(weights.tokenize(question)) for question in QUESTIONS)


@pytest.mark.parametrize("sequences", [8, 2])
def test_samples_of_one_prompt_read_it_once_and_are_those_of_each_alone(weights: Weights, sequences: int) -> None:
    sampling = Sampling(temperature=1.0, top_logprobs=2)
    alone = {}
    for seed in range(6):
        loop = Counted(weights)
        loop.add(asked(weights, "How often?", sampling=sampling, seed=seed))
        alone[seed] = written(loop.run()["How often?"])
    loop = Counted(weights, sequences)
    for seed in range(6):
        sample = asked(weights, "How often?", sampling=sampling, seed=seed)
        sample.key = str(seed)
        loop.add(sample)
    together = loop.run()
    assert {seed: written(together[str(seed)]) for seed in range(6)} == alone
    assert len({str(each) for each in alone.values()}) > 1
    prompt = len(weights.tokenize(DOCUMENT, first=True)) + len(weights.tokenize("How often?"))
    assert loop.computed <= prompt + sum(len(each) for each in alone.values())


def test_a_document_outlives_its_question(weights: Weights) -> None:
    loop = Counted(weights, sequences=2)
    for question in QUESTIONS:
        loop.add(asked(weights, question))
        loop.run()
    last = asked(weights, "And again?")
    loop.add(last)
    loop.run()
    assert last.reused == last.ends[0]


def test_the_beginning_that_was_used_longest_ago_makes_room(weights: Weights) -> None:
    loop = Counted(weights, sequences=3)

    def reused(name: str) -> bool:
        asked = Sequence(name, weights.tokenize(name * 70, first=True), 1, until=64)
        loop.add(asked)
        loop.run()
        return asked.reused == 64

    assert [reused(name) for name in "abcad"] == [False, False, False, True, False]
    assert [reused(name) for name in "acdb"] == [True, True, True, False]
    assert all(reused(name) for name in "cdb")


def test_a_long_prompt_does_not_stall_a_short_answer(weights: Weights) -> None:
    loop = Counted(weights)
    loop.add(Sequence("short", weights.tokenize("Hello", first=True), 8))
    loop.step()
    loop.add(Sequence("long", weights.tokenize(DOCUMENT * 2, first=True), 5))
    gaps = []
    while any(each.key == "short" and each.kind == "token" for each in loop.step()):
        gaps.append(loop.computed)
    assert len(gaps) == 7 and max(later - earlier for earlier, later in pairwise(gaps)) <= 64 + 1
    assert loop.busy


def test_a_short_prompt_does_not_wait_for_a_long_one(weights: Weights) -> None:
    loop = Counted(weights)
    loop.add(Sequence("long", weights.tokenize(DOCUMENT * 2, first=True), 5))
    loop.step()
    loop.add(Sequence("short", weights.tokenize("Hello", first=True), 3))
    first = next(at for at in range(9) if any(each.key == "short" and each.kind == "token" for each in loop.step()))
    assert first < 2
    assert {each.key for told in loop.run().values() for each in told if each.kind == "end"} == {"long", "short"}


def test_more_requests_than_slots_all_end(weights: Weights) -> None:
    loop = Counted(weights, sequences=2)
    for number in range(9):
        loop.add(Sequence(str(number), weights.tokenize(f"Question {number} of its own", first=True), 3 + number))
    ends = [each for told in loop.run().values() for each in told if each.kind == "end"]
    assert len(ends) == 9 and {each.reason for each in ends} <= {"length", "stop"}


def test_a_dropped_sequence_gives_its_slot_back(weights: Weights) -> None:
    loop = Counted(weights, sequences=1)
    loop.add(Sequence("first", weights.tokenize(DOCUMENT, first=True), 100))
    loop.add(Sequence("second", weights.tokenize(DOCUMENT, first=True), 2))
    loop.step()
    loop.drop("first")
    assert [each.kind for each in loop.run()["second"]][-1] == "end"


@pytest.mark.parametrize("length", [63, 64, 65, 128])
def test_a_forced_beginning_behind_a_prompt_that_fills_its_steps(weights: Weights, length: int) -> None:
    """Then the last step of the prompt has no room for what is forced, and no logits are due."""
    made = Answer(weights, Asked(limit=4, grammar=Grammars(weights).grammar('start: "ab" ("c" | "d") "e"')))
    sequence = Sequence("it", [3 + ord("x")] * length, 4, answer=made)
    loop = Counted(weights)
    loop.add(sequence)
    loop.run()
    assert bytes(token - 3 for token in sequence.tokens[length:]) in (b"abce", b"abde")


def test_what_cannot_fit_is_refused(weights: Weights) -> None:
    with pytest.raises(ContextError, match="holds 512"):
        Counted(weights).add(Sequence("big", [5] * 500, 20))


def test_boundaries_depend_only_on_what_is_before_them() -> None:
    assert boundaries(300, (), 128) == [0, 128, 256]
    assert boundaries(256, (), 128) == [0, 128]
    assert boundaries(300, (100, 290), 128) == [0, 100, 228, 290]
    assert boundaries(1, (), 128) == [0] and boundaries(100, (100,), 64) == [0, 64]
