"""A draft model changes how an answer is computed, never what it says; and it is used only while that pays."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from families.recurrent import build_mamba

from omniloom.core.errors import EngineError, WeightsError
from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop import draft_model
from omniloom.engines.llamacpp.loop.answer import Answer, Asked
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.draft_model import DraftModel, load_draft
from omniloom.engines.llamacpp.loop.drafts import Acceptance, Drafts, Match
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.media import Run
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Context, Sizes
from omniloom.engines.llamacpp.native.projector import Shape
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

FREE = Costs((1, 4, 16), (1.0, 1.01, 1.02), (0.0, 0.0, 0.0))  # as if width cost nothing
DEAR = Costs((1, 2, 4, 16), (1.0, 1.6, 2.0, 4.0), (0.0, 0.0, 0.0, 0.0))
NOTHING = Costs((1, 4, 16), (1e-4, 2e-4, 4e-4), (0.0, 0.0, 0.0))  # of a draft model beside it
TEXT = "The weaver does not change the thread more often than she has to, and nobody asks her why. "
SIZES = Sizes(cells=512, batch=64, sequences=3, threads=1)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    """Another model with the same tokens, which never says the same."""
    path = tmp_path_factory.mktemp("stranger") / "stranger.gguf"
    build_tiny(path, seed=2)
    made = Weights(path)
    yield made
    made.close()


class Silent(Drafts):
    """Finds nothing in what was said before."""

    def match(self, tokens: Any) -> Match:
        return Match(0, 0)


def drafter(weights: Weights, costs: Costs = NOTHING, sure: float = 0.0, sizes: Sizes = SIZES) -> DraftModel:
    made = DraftModel(weights, sizes, Stop(), sure)
    made.costs = costs
    return made


def asked(weights: Weights, text: str = TEXT, limit: int = 80, **more: Any) -> Sequence:
    return Sequence(text, weights.tokenize(text, first=True), limit, **more)


def written(
    weights: Weights, sequences: list[Sequence], drafter: DraftModel | None = None, costs: Costs = FREE
) -> tuple[list[list[int]], list[int]]:
    """What each wrote; and the width of each step of the large model."""
    context = Apart(weights, SIZES, Stop())
    step, widths = context.step, list[int]()

    def watched(items: Any) -> Any:
        widths.append(len(items))
        return step(items)

    context.step = watched  # type: ignore[method-assign]
    loop = Loop(context, drafter=drafter)
    loop.costs = costs
    for sequence in sequences:
        loop.add(sequence)
    while loop.busy:
        loop.step()
    return [each.tokens[each.prompt :] for each in sequences], widths


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_tokens_whatever_is_drafted(
    weights: Weights, stranger: Weights, temperature: float, seed: int
) -> None:
    told = []
    for draft in (None, drafter(weights), drafter(stranger)):
        sequence = asked(weights, sampling=Sampling(temperature=temperature), seed=seed)
        [tokens], widths = written(weights, [sequence], draft)
        told.append((tokens, len(widths), sequence.drafts))
    (plain, steps, none), (own, fewer, kept), (strange, _, refused) = told
    assert own == strange == plain and len(plain) > 40
    assert none.drafted == 0
    assert 0 <= fewer - (steps - kept.kept) <= 1  # what was drafted behind the end is no step less
    assert fewer < steps * (0.4 if temperature == 0 else 0.95)
    assert temperature or kept.kept == kept.drafted
    assert refused.drafted > 10 and refused.kept < 0.2 * refused.drafted


def test_a_model_that_is_not_sure_drafts_nothing_and_is_given_up(weights: Weights) -> None:
    draft = drafter(weights, sure=1.1)
    sequence = asked(weights, limit=300, drafts=Silent())
    [tokens], widths = written(weights, [sequence], draft, DEAR)
    assert len(tokens) == 300
    assert sequence.drafts.drafted == 0 and set(widths[3:]) == {1}
    assert 100 < draft.evaluated < 250


def test_what_loses_is_given_up_and_its_memory_given_back(weights: Weights, stranger: Weights) -> None:
    draft = drafter(stranger)
    sequence = asked(weights, limit=200, drafts=Silent())
    written(weights, [sequence], draft, DEAR)
    assert 3 < sequence.drafts.drafted < 100
    contexts = draft._contexts
    assert contexts is not None and not contexts._contexts and not draft._read


def test_no_more_is_read_for_it_than_it_can_save(weights: Weights) -> None:
    long, costs = TEXT * 3, FREE._replace(times=(1.0, 1.5, 3.0))
    reading = NOTHING._replace(times=(0.01, 0.05, 8.0))  # half a second a token: all of the prompt, 140
    [tokens], _ = written(weights, [asked(weights, long, 100)], draft := drafter(weights, reading), costs)
    assert len(tokens) == 100 and draft.evaluated == 0
    cheaper = reading._replace(times=(0.01, 0.02, 0.4))
    sequence = asked(weights, long, 100)
    written(weights, [sequence], draft := drafter(weights, cheaper), costs)
    assert draft.evaluated > sequence.prompt and sequence.drafts.kept > 40


@pytest.mark.parametrize("at", [0.9, 0.5])
def test_how_far_follows_from_both_costs_and_from_what_came_true(weights: Weights, at: float) -> None:
    sequence = asked(weights, "x" * 100, 100)
    sequence.tokens += [70] * 50
    costs = Costs((1, 4, 8, 16), (1.0, 1.5, 2.0, 4.0), (0.0,) * 4)

    def length(each: float) -> int:
        own = Costs((1, 2), (each, each * 2), (0.0, 0.0))
        place = draft_model._Place(own, Acceptance(at), done=149)
        return drafter(weights, own)._worth(place, sequence, 1, 64, costs)

    found = [length(each) for each in (0.001, 0.3, 1.0)]
    assert found == ([7, 3, 0] if at == 0.9 else [3, 0, 0])


def test_drafts_do_not_depend_on_company_and_a_beginning_is_read_once(weights: Weights) -> None:
    questions = [TEXT * 2 + each for each in ("Why?", "How often is it?", "Who?", "What was asked of her?")]
    alone = []
    for question in questions:
        sequence = asked(weights, question)
        [tokens], _ = written(weights, [sequence], draft := drafter(weights))
        alone.append((tokens, sequence.drafts.drafted, draft.evaluated))
    together = drafter(weights)
    sequences = [asked(weights, question) for question in questions]
    tokens, _ = written(weights, sequences, together)
    assert [(each, one.drafts.drafted) for each, one in zip(tokens, sequences, strict=True)] == [
        each[:2] for each in alone
    ]
    assert together.evaluated <= sum(each[2] for each in alone) - 3 * 128


def test_pictures_are_not_read_by_it(weights: Weights) -> None:
    sequence = asked(weights)
    sequence.runs = (Run("x", 0, 1, 1, 1, True, Shape("image", 1, 1), 0),)
    assert drafter(weights).propose(sequence, 1, 10, FREE) == []


def test_it_never_guesses_beyond_its_own_context(weights: Weights) -> None:
    sequence = asked(weights, limit=120, drafts=Silent())
    small = Sizes(cells=sequence.prompt + 50, batch=64, sequences=1, threads=1)
    [tokens], widths = written(weights, [sequence], drafter(weights, sizes=small))
    [plain], _ = written(weights, [asked(weights, limit=120)])
    assert tokens == plain and len(tokens) == 120
    assert sequence.drafts.kept > 20 and set(widths[-60:]) == {1}


@pytest.mark.parametrize("error", [Aborted(), EngineError("no memory")])
def test_what_fails_in_it_costs_drafts_and_no_answer(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    draft = drafter(weights)
    step, left = Apart.step, [40]

    def failing(self: Apart, items: Any) -> Any:
        if self is draft._contexts:
            left[0] -= 1
            if not left[0]:
                raise error
        return step(self, items)

    monkeypatch.setattr(Apart, "step", failing)
    sequence = asked(weights)
    [tokens], _ = written(weights, [sequence], draft)
    monkeypatch.undo()
    assert left[0] <= 0 and sequence.drafts.kept > 0
    assert written(weights, [asked(weights)])[0] == [tokens]


def test_a_call_that_leaves_stops_a_guess_in_the_middle(weights: Weights) -> None:
    draft = DraftModel(weights, SIZES, Stop(lambda: "x" in seen), 0.0)
    draft.costs, seen = NOTHING, set[str]()
    context = Apart(weights, SIZES, Stop())
    loop = Loop(context, drafter=draft)
    loop.costs = FREE
    sequence = asked(weights)
    loop.add(sequence)
    while sequence.drafts.kept < 5:
        loop.step()
    known = draft.evaluated
    seen.add("x")
    loop.step()
    assert loop.computing == (sequence.key,)
    assert draft._places[sequence.key].slot < 0 and draft.evaluated - known < 70


def test_under_a_grammar_it_drafts_only_what_may_be_said(weights: Weights) -> None:
    lark = 'start: "first:" N ",second:" N ",third:" N ",the_last_and_longest_of_all:" /[a-z]{20}/\nN: /[0-9]/'
    grammars = Grammars(weights)

    def bound() -> Sequence:
        sequence = asked(weights, limit=90)
        sequence.answer = Answer(weights, Asked(90, grammar=grammars.grammar(lark)))
        return sequence

    [plain], _ = written(weights, [bound()])
    sequence = bound()
    [tokens], _ = written(weights, [sequence], drafter(weights))
    assert tokens == plain and weights.text(tokens).startswith("first:")
    assert sequence.drafts.drafted > 0
    free = asked(weights)
    free.answer = Answer(weights, Asked(90, grammar=grammars.grammar(lark)))
    draft = drafter(weights)
    for each in range(weights.tokens):
        assert free.answer.may_say([each]) == (weights.piece(each) != b"" and b"first:".startswith(weights.piece(each)))
    assert draft.evaluated == 0


def test_models_that_cannot_draft_are_refused(weights: Weights, tmp_path: Path) -> None:
    build_mamba(tmp_path / "mamba.gguf")
    with pytest.raises(WeightsError, match="recurrent"):
        load_draft(tmp_path / "mamba.gguf", weights)
    recurrent = Weights(tmp_path / "mamba.gguf")
    build_tiny(tmp_path / "tiny.gguf")
    with pytest.raises(WeightsError, match="the model is recurrent"):
        load_draft(tmp_path / "tiny.gguf", recurrent)
    recurrent.close()
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes((tmp_path / "tiny.gguf").read_bytes()[:9000])
    with pytest.raises(WeightsError, match=r"damaged\.gguf"):
        load_draft(damaged, weights)


def test_other_tokens_are_named(weights: Weights, tmp_path: Path) -> None:
    build_tiny(tmp_path / "tiny.gguf")
    data = (tmp_path / "tiny.gguf").read_bytes()
    (tmp_path / "other.gguf").write_bytes(data.replace("▁loom".encode(), "▁moon".encode()))
    with pytest.raises(WeightsError, match=r"token 259 is .*moon") as caught:
        load_draft(tmp_path / "other.gguf", weights)
    assert "same family" in caught.value.hint
    made = load_draft(tmp_path / "tiny.gguf", weights)
    assert not weights.differs(made)
    made.close()


def test_an_apart_gives_memory_back(weights: Weights) -> None:
    apart = Apart(weights, SIZES, Stop())
    apart.give_back(0)
    assert apart.end(0) == 0 and isinstance(apart._of(0), Context)
    apart.close()
