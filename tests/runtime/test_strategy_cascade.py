"""`strategy="cascade"`: the small model's answer where its calibrator is sure of it, else that of the large one."""

import math
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.errors import UsageError
from omniloom.core.events import Completed, TextDelta
from omniloom.core.values import Completion, Request, Response, TokenLogprob
from omniloom.engines.scripted import Scripted
from omniloom.reasoning.calibrator import Calibrator, Estimated, Fingerprint, HeldOut, Reference, Signal
from omniloom.reasoning.calibrators import keep
from omniloom.runtime.model import Model
from omniloom.runtime.risk import choose
from omniloom.storage.store import Store

WHO = "Who ran the mill until 1888?"
ONE = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
SIGNALS = ("logprob_mean", "logprob_min", "margin", "answer_tokens", "alignment", "asked", "retrieval", "judge")
NUMBERS = count()


def said(text: str, sure: float) -> Callable[[Request], Completion]:
    """A script: each word with that probability."""

    def answer(request: Request) -> Completion:
        first, *rest = text.split(" ")
        tokens = [first, *(f" {each}" for each in rest)]
        made = [TokenLogprob(token=each, logprob=math.log(sure), top=((each, math.log(sure)),)) for each in tokens]
        return Completion(text=text, logprobs=tuple(made))

    return answer


def calibrator(model: str, family: str = "extract") -> Calibrator:
    """Sure of an answer as far as its log-probability is above that of 0.7."""
    zero = Estimated(value=0, low=0, high=0)
    return Calibrator(
        name=model,
        model=model,
        family=family,
        bias=0.0,
        signals=(Signal(name="logprob_mean", mean=math.log(0.7), scale=0.05, weight=1.0),),
        references=tuple(Reference(name=name, n=100) for name in SIGNALS),
        thresholds=(),
        held_out=HeldOut(n=1, accuracy=1, ece=zero, brier=0, brier_of_the_mean=0, aurc=0, auroc=None),
        data=Fingerprint(n=100, sha256="0" * 64, date="2026-11-28"),
    )


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text("Anna Marbury ran the mill until 1888.")
    return path


@pytest.fixture
def pair(private_home: Path) -> Iterator[Callable[..., tuple[Model, Scripted, Scripted]]]:
    made: list[Model] = []

    def make(small: Any, large: Any, family: str = "extract") -> tuple[Model, Scripted, Scripted]:
        number = next(NUMBERS)
        first, last = Scripted([small], name=f"small-{number}"), Scripted([large], name=f"large-{number}")
        model = Model(last, Store(), small=first)
        made.append(model)
        if family:
            keep(model.store.root, calibrator(first.name, family))
        return model, first, last

    yield make
    for model in made:
        model.close()


def ask(model: Model, story: Path, **given: Any) -> Response:
    return model.generate([WHO, story], **{"schema": ONE, "strategy": "cascade"} | given)


def choice(model: Model, response: Response) -> dict[str, Any]:
    spans = model.store.journal.trace(response.trace_id).spans
    assert [span.parent for span in spans].count(None) == 1, "the choice stands in the tree, too"
    return next(dict(span.attributes) for span in spans if span.name == "cascade")


def test_an_answer_that_is_sure_is_given(pair: Any, story: Path) -> None:
    model, small, large = pair(said('{"answer": "Anna Marbury"}', 0.9), said('{"answer": "1888"}', 0.9))
    response = ask(model, story)
    assert response.data == {"answer": "Anna Marbury"} and not large.requests
    assert choice(model, response) == {
        "chosen": small.name, "of": large.name, "confidence": round(response.confidence.value, 3)
    }  # fmt: skip


@pytest.mark.parametrize("sure", [0.68, 0.71])
def test_else_the_large_one_is_asked_and_both_are_paid(pair: Any, story: Path, sure: float) -> None:
    model, small, large = pair(said('{"answer": "1888"}', sure), said('{"answer": "Anna Marbury"}', 0.9))
    response = ask(model, story)
    assert response.data == {"answer": "Anna Marbury"} and len(small.requests) == len(large.requests) == 1
    alone = model.generate([WHO, story], schema=ONE)
    assert response.usage.input_tokens > alone.usage.input_tokens
    assert response.usage.written["structured_json"] == 2 + alone.usage.written["structured_json"]
    assert choice(model, response)["why"].startswith("it is right with a probability of 0.") and not response.losses


def test_without_a_calibrator_both_are_asked_and_that_is_said(pair: Any, story: Path) -> None:
    model, _, large = pair(said('{"answer": "1888"}', 0.99), said('{"answer": "Anna Marbury"}', 0.9), family="")
    response = ask(model, story)
    assert response.data == {"answer": "Anna Marbury"} and len(large.requests) == 1
    (loss,) = response.losses
    assert loss.kind == "not_weighed" and "no calibrator" in loss.detail


def test_nothing_of_an_answer_that_is_not_taken_is_shown(pair: Any, story: Path) -> None:
    model, _, _ = pair(said("It was 1888 [1].", 0.5), said("Anna Marbury ran it [1].", 0.9), family="words")
    events = list(model.stream([WHO, story], strategy="cascade"))
    told = "".join(each.text for each in events if isinstance(each, TextDelta))
    assert isinstance(events[-1], Completed) and told == events[-1].response.text and "Anna" in told


@pytest.mark.parametrize("budget", [{"seconds": 6}, {"tokens": 260}])
def test_at_the_end_of_a_budget_the_small_ones_answer_is_given_and_nothing_else_shown(
    private_home: Path, story: Path, ring: Callable[[], None], budget: dict[str, Any]
) -> None:
    def late(request: Request) -> str:
        ring()
        return "It is wholly different. " * 2000

    small = Scripted([said("Anna [1].", 0.5)], name=f"small-{next(NUMBERS)}")
    large = Scripted([late], name=f"large-{next(NUMBERS)}")
    with Model(large, Store(), small=small) as model:
        events = list(model.stream([WHO, story], strategy="cascade", budget=budget, max_output_tokens=4000))
        response = events[-1].response
        kept = model.store.journal.response(response.trace_id)
        told = "".join(each.text for each in events if isinstance(each, TextDelta))
    if "seconds" in budget:
        assert "Anna" in response.text and [each.kind for each in response.losses] == ["not_asked"]
    used = response.usage.input_tokens + response.usage.output_tokens
    assert used <= budget.get("tokens", used) and told == response.text
    assert kept.usage == response.usage and kept.losses == response.losses


def test_what_a_small_model_that_fails_has_spent_counts(pair: Any, story: Path) -> None:
    model, small, _ = pair(said('{"answer": "' + "so " * 50 + '"}', 0.9), said('{"answer": "Anna Marbury"}', 0.9))
    response = ask(model, story, max_output_tokens=8)  # which its JSON does not fit into
    assert response.data == {"answer": "Anna Marbury"} and small.requests
    alone = model.generate([WHO, story], schema=ONE, max_output_tokens=8).usage
    assert response.usage.input_tokens > alone.input_tokens and response.usage.output_tokens >= 8 + alone.output_tokens
    assert [each.kind for each in response.losses] == ["not_answered"]


@pytest.mark.parametrize("of", ["small", "large"])
def test_a_calibrator_that_is_chosen_is_that_of_its_model(pair: Any, story: Path, of: str) -> None:
    model, small, large = pair(said('{"answer": "1888"}', 0.68), said('{"answer": "Anna Marbury"}', 0.9), family="")
    choose(model.store, calibrator(small.name if of == "small" else large.name))
    response = ask(model, story)
    assert response.data == {"answer": "Anna Marbury"} and len(small.requests) == 1
    assert (response.confidence.calibrator == large.name) == (of == "large")
    choose(model.store, calibrator("another"))
    with pytest.raises(UsageError, match="another"):
        ask(model, story)


def test_it_is_refused_where_it_means_nothing(pair: Any, story: Path, private_home: Path) -> None:
    with Model(Scripted(["x"]), Store()) as model, pytest.raises(UsageError, match="none was named"):
        ask(model, story)
    model, _, _ = pair(said("x", 0.9), said("x", 0.9))
    with pytest.raises(UsageError, match="promises nothing"):
        ask(model, story, max_risk=0.1)
    with pytest.raises(UsageError, match="buys nothing"):
        ask(model, story, reasoning_budget="auto")
    for wrong in ("", 5):
        with pytest.raises(UsageError, match="small="):
            ol.load("smollm2-135m", small=wrong)  # type: ignore[arg-type]


@pytest.mark.weights
def test_two_real_models(private_home: Path, tmp_path: Path, shallow: Path, story: Path) -> None:
    with ol.load(shallow, small="smollm2-135m", threads=1) as model:
        response = model.generate([WHO, story], strategy="cascade", max_output_tokens=16)
        assert choice(model, response)["of"] == "smollm2-135m" and response.usage.output_tokens > 0
