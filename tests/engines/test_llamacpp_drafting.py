"""An engine with a draft model, from its options to its answers; and drafts of what a grammar lets an answer quote."""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.errors import UsageError, WeightsError
from omniloom.core.events import Finished
from omniloom.core.values import Completion, Constraint, Message, Request, Sampling
from omniloom.engines import constraints, open_engine
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.loop.answer import Answer, Asked
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.draft_model import DraftModel
from omniloom.engines.llamacpp.loop.drafts import Drafts, Match
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.measuring import WIDTHS
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

FREE = Costs((1, 4, 16), (1.0, 1.01, 1.02), (0.0, 0.0, 0.0))  # as if width cost nothing
NOTHING = Costs((1, 4, 16), (1e-4, 2e-4, 4e-4), (0.0, 0.0, 0.0))  # of a draft model beside it


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """model, stranger: the same tokens. other: another list of tokens. typed: one token is of another type."""
    place = tmp_path_factory.mktemp("files")
    build_tiny(place / "model.gguf")
    build_tiny(place / "stranger.gguf", seed=2)
    data = (place / "model.gguf").read_bytes()
    (place / "other.gguf").write_bytes(data.replace("▁loom".encode(), "▁moon".encode()))
    types = data.index(b"tokenizer.ggml.token_type") + len(b"tokenizer.ggml.token_type") + 16
    at = types + 4 * 259
    assert data[at : at + 4] == (1).to_bytes(4, "little")
    (place / "typed.gguf").write_bytes(data[:at] + (4).to_bytes(4, "little") + data[at + 4 :])
    return place


@pytest.fixture
def opened(files: Path, tmp_path: Path) -> Iterator[Callable[..., LlamaCpp]]:
    made: list[LlamaCpp] = []

    def one(draft: str | None, known: bool = True, **more: Any) -> LlamaCpp:
        """known: steps cost what makes drafts worth it."""
        settings: dict[str, Any] = {"threads": 1, "context_tokens": 512, "batch_tokens": 64, "kv_home": tmp_path / "kv"}
        engine = LlamaCpp(files / "model.gguf", draft=files / draft if draft else None, **(settings | more))
        made.append(engine)
        if known:
            engine._way._costs.keep(FREE)  # type: ignore[union-attr]
            if draft:
                engine._way._draft_costs.keep(NOTHING)  # type: ignore[union-attr]
        return engine

    yield one
    for each in made:
        each.close()


def request(**more: Any) -> Request:
    text = "The weaver does not change the thread more often than she has to."
    return Request(messages=(Message(role="user", content=(text,)),), **({"max_output_tokens": 60} | more))


def answer(engine: LlamaCpp, asked: Request) -> tuple[Completion, dict[str, Any]]:
    """The completion, and what the child said when it ended."""
    run, ends = engine._host.run, list[dict[str, Any]]()

    def watched(*given: Any) -> Iterator[dict[str, Any]]:
        for frame in run(*given):
            ends.extend([frame] if "ended" in frame else [])
            yield frame

    engine._host.run = watched  # type: ignore[method-assign, union-attr]
    *_, last = engine.stream(asked)
    engine._host.run = run  # type: ignore[method-assign, union-attr]
    assert isinstance(last, Finished)
    return last.completion, ends[-1]


@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_answers_are_those_without_it(opened: Callable[..., LlamaCpp], temperature: float) -> None:
    asked = request(sampling=Sampling(temperature=temperature), seed=4)
    plain, none = answer(opened(None), asked)
    own, kept = answer(opened("model.gguf"), asked)
    strange, _ = answer(opened("stranger.gguf"), asked)
    assert own.text == strange.text == plain.text and plain.usage.output_tokens > 30
    assert own.usage.output_tokens == strange.usage.output_tokens == plain.usage.output_tokens
    assert kept["kept_drafts"] > none["kept_drafts"]


def test_costs_of_both_are_measured_once_and_kept(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    first = opened("model.gguf", known=False)
    answer(first, request())
    deadline = time.monotonic() + 60
    while first._way._draft_costs.known() is None and time.monotonic() < deadline:  # type: ignore[union-attr]
        time.sleep(0.05)  # it measures when nothing else is to be done
    told = [first._way._costs.known(), first._way._draft_costs.known()]  # type: ignore[union-attr]
    assert all(costs is not None and costs[0] == [1, *WIDTHS] for costs in told) and told[0] != told[1]
    again = opened("model.gguf", known=False)
    assert [again._way._costs.known(), again._way._draft_costs.known()] == told  # type: ignore[union-attr]
    other = opened("stranger.gguf", known=False)
    assert other._way._costs.known() == told[0]  # type: ignore[union-attr]
    assert other._way._draft_costs.known() is None  # type: ignore[union-attr]
    assert len({first.identity, other.identity, opened(None).identity}) == 3


def test_prompt_states_are_shared_with_and_without_it(opened: Callable[..., LlamaCpp]) -> None:
    source = ol.core.values.Segment(source="s", content="The weaver does not change it. " * 4, made_by="text/1")
    asked = Request(messages=(Message(role="user", content=(source, "Why?")),), max_output_tokens=4)
    answer(opened(None), asked)
    told, _ = answer(opened("model.gguf"), asked)
    assert told.usage.cached_tokens > 100


def test_other_tokens_are_refused_before_anything_runs(opened: Callable[..., LlamaCpp], files: Path) -> None:
    with pytest.raises(WeightsError, match=r"'other\.gguf' cannot draft for 'model\.gguf'") as caught:
        opened("other.gguf")
    assert "same family" in caught.value.hint
    with pytest.raises(WeightsError, match="cannot be read"):
        opened("missing.gguf")
    (files / "none.gguf").write_bytes(b"GGUF")
    with pytest.raises(WeightsError, match="truncated"):
        opened("none.gguf")


def test_what_only_the_library_sees_is_refused_when_it_loads(opened: Callable[..., LlamaCpp]) -> None:
    with pytest.raises(WeightsError, match=r"'typed\.gguf' cannot draft here: token 259") as caught:
        answer(opened("typed.gguf"), request())
    assert "leave draft out" in caught.value.hint


def test_options_that_exclude_it_are_named(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    for more in ({"together": True}, {"loop": False}):
        with pytest.raises(UsageError, match="only in the loop") as caught:
            opened("model.gguf", **more)
        assert caught.value.hint
    for wrong in (7, "", ["model.gguf"]):
        with pytest.raises(UsageError, match="draft="):
            ol.load(files / "model.gguf", home=tmp_path / "home", draft=wrong)
    with pytest.raises(UsageError, match="does not take"):
        ol.load("scripted", home=tmp_path / "home", script=["x"], draft="model.gguf")
    with pytest.raises(UsageError, match="nobody-knows-it"):
        ol.load(files / "model.gguf", home=tmp_path / "home", draft="nobody-knows-it")


def test_a_catalog_name_is_pulled(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf" / "drafter"
    shelf.mkdir(parents=True)
    data = (files / "stranger.gguf").read_bytes()
    (shelf / "stranger.gguf").write_bytes(data)
    row = {"role": "model", "name": "stranger.gguf", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    row |= {"hub": {"repo": "nobody/nothing", "file": "stranger.gguf"}}
    entry = {"name": "drafter", "purpose": "test", "licence": "MIT", "files": [row]}
    (tmp_path / "models.json").write_text(json.dumps({"models": [entry]}))
    monkeypatch.setenv("OMNILOOM_CATALOG", str(tmp_path / "models.json"))
    monkeypatch.setenv("OMNILOOM_MODELS", str(tmp_path / "shelf"))
    monkeypatch.setenv("OMNILOOM_WEIGHTS", str(tmp_path / "weights"))
    model = str(files / "model.gguf")
    engine = open_engine(model, kv_home=tmp_path / "kv", threads=1, context_tokens=512, draft="drafter")
    *_, last = engine.stream(request(max_output_tokens=3))
    engine.close()
    assert isinstance(last, Finished) and hashlib.sha256(data).hexdigest() in engine.identity  # type: ignore[attr-defined]


# -- drafts under a grammar ------------------------------------------------------------------------------------------


class Known(Drafts):
    """Proposes what will be written."""

    def __init__(self, prompt: int, answer: list[int]) -> None:
        super().__init__()
        self._prompt, self._answer = prompt, answer

    def match(self, tokens: Any) -> Match:
        return Match(8, 0)

    def propose(self, tokens: Any, match: Match, width: int, most: int, costs: Costs) -> list[int]:
        at = len(tokens) - self._prompt
        return self._answer[at : at + min(20, most)]


def bound(weights: Weights, lark: str, prompt: str, drafts: Drafts | None = None) -> tuple[Sequence, list[list[int]]]:
    """A greedy answer under a grammar; and for each step behind the prompt, the places of its tokens in the answer."""
    context = Apart(weights, Sizes(512, 64, 1, 1), Stop())
    step, steps = context.step, list[list[int]]()
    tokens = weights.tokenize(prompt, special=True, first=True)
    length = len(tokens)

    def watched(items: Any) -> Any:
        steps.append([item.position - length for item in items])
        return step(items)

    context.step = watched  # type: ignore[method-assign]
    loop = Loop(context)
    loop.costs = FREE
    sequence = Sequence("one", tokens, 120, drafts=drafts or Drafts())
    sequence.answer = Answer(weights, Asked(120, grammar=Grammars(weights).grammar(lark)))
    loop.add(sequence)
    while loop.busy:
        loop.step()
    context.close()
    return sequence, [each for each in steps if each[0] >= 0]


@pytest.fixture(scope="module")
def tiny(files: Path) -> Iterator[Weights]:
    weights = Weights(files / "model.gguf")
    yield weights
    weights.close()


def test_a_draft_goes_on_behind_what_is_forced_in_the_same_step(tiny: Weights) -> None:
    lark = 'start: "first:" N ",second:" N ",third:" N ",fourth:" N "."\nN: /[0-9]/'
    plain, steps = bound(tiny, lark, "Numbers:")
    written = plain.tokens[plain.prompt :]
    assert [each[0] for each in steps] == [6, 15, 23]  # behind a digit, what it forces
    known = Known(plain.prompt, written)
    drafted, fewer = bound(tiny, lark, "Numbers:", known)
    assert drafted.tokens == plain.tokens
    assert fewer[0][:9] == steps[0] and len(fewer[0]) > 25
    assert len(fewer) < len(steps) and known.kept > 10


QUOTED = (
    "The lighthouse of Varn was built in 1871 by the engineer Ida Holm. ",
    "It stands on a rock of red granite and is 41 metres high. ",
    "It shows two white flashes every ten seconds. ",
)


@pytest.fixture(scope="module")
def small(small_model: Path) -> Iterator[Weights]:
    weights = Weights(small_model)
    yield weights
    weights.close()


def chat(question: str) -> str:
    return f"<|im_start|>user\n{''.join(QUOTED)}\n{question}<|im_end|>\n<|im_start|>assistant\n"


@pytest.mark.weights
def test_strings_of_a_schema_are_drafted_from_the_source(small: Weights) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 400}}, "required": ["text"]}
    lark = constraints.to_lark(Constraint(kind="json_schema", value=schema | {"additionalProperties": False}))
    question = 'Copy the text above, word by word, as {"text": "..."}.'
    drafted, fewer = bound(small, lark, chat(question))
    plain, steps = bound(small, lark, chat(question), Known(0, []))
    assert drafted.tokens == plain.tokens
    assert drafted.drafts.kept > 20 and len(fewer) < len(steps) - 20


@pytest.mark.weights
def test_the_body_of_a_quote_is_forced_once_its_first_tokens_tell_which_it_is(small: Weights) -> None:
    """Where whole sentences are quoted; where a quote may end after any word, only ends of words are certain."""
    lark = 'start: "{\\"quote\\": \\"" QUOTE "\\"}"\nQUOTE: %regex ' + json.dumps({"substring_chunks": QUOTED})
    constraint = Constraint(kind="grammar", value=lark)
    assert constraints.refusal(constraint) is None
    assert constraints.fits(constraint, json.dumps({"quote": QUOTED[1] + QUOTED[2]}))
    assert not constraints.fits(constraint, json.dumps({"quote": QUOTED[1][:20]}))
    sequence, steps = bound(small, constraints.to_lark(constraint), chat("Quote what is said of the flashes."))
    text = small.text(sequence.tokens[sequence.prompt :])
    quote = re.sub(r"<\|im_end\|>$", "", text)
    assert json.loads(quote)["quote"] in "".join(QUOTED)
    answer = sequence.answer
    assert answer is not None and answer.forced_tokens > answer.said_tokens / 2
    assert len(steps) < answer.said_tokens / 2
    words = lark.replace(json.dumps(QUOTED), json.dumps(re.findall(r"\S+\s*", "".join(QUOTED))))
    loose, _ = bound(small, words, chat("Quote what is said of the flashes."))
    assert loose.answer is not None and loose.answer.forced_tokens < loose.answer.said_tokens / 3


@pytest.mark.weights
def test_what_is_forced_has_the_tokens_that_the_text_has_by_itself(small: Weights) -> None:
    """Also where a forced text ends, and what follows could belong to its last token."""
    names = {
        "number_of_white_flashes": {"type": "integer", "minimum": 0, "maximum": 99},
        "is_it_of_granite": {"type": "boolean"},
    }
    schema = {"type": "object", "properties": names, "required": list(names), "additionalProperties": False}
    told = constraints.to_lark(Constraint(kind="json_schema", value=schema))
    for lark in (told, 'start: "It is " ("41" | "fourteen") " metres high" ("." | ", they say.")'):
        sequence, _ = bound(small, lark, chat("What of it?"))
        written = [token for token in sequence.tokens[sequence.prompt :] if not small.ends(token)]
        assert sequence.answer is not None and sequence.answer.forced_tokens > len(written) / 2
        assert written == small.tokenize(small.text(written))


@pytest.mark.weights
def test_a_model_drafts_for_itself(small: Weights) -> None:
    prompt = small.tokenize(chat("Tell me about the lighthouse, in your own words."), special=True)
    told = []
    for draft in (False, True):
        sizes = Sizes(1024, 64, 1, 1)
        drafter = DraftModel(small, sizes, Stop()) if draft else None
        loop = Loop(Apart(small, sizes, Stop()), drafter=drafter)
        loop.costs = FREE._replace(noises=(0.0, 0.1, 0.1))
        if drafter is not None:
            drafter.costs = NOTHING
        sequence = Sequence("one", list(prompt), 60)
        loop.add(sequence)
        while loop.busy:
            loop.step()
        told.append(sequence)
    plain, drafted = told
    assert drafted.tokens == plain.tokens
    assert drafted.drafts.kept > 15 and drafted.drafts.kept > 0.8 * drafted.drafts.drafted
