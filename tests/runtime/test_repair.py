"""What no source supports is asked for once more; what a user sees of that, and what it may cost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, model_validator

from omniloom.core.errors import EngineError
from omniloom.core.events import TextDelta
from omniloom.core.values import Completion, Request
from omniloom.engines.scripted import Scripted
from omniloom.reasoning import repair
from omniloom.runtime.mend import leaf_schema
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

PAPER = "Throughput doubled from 410 to 820 jobs per second. The trial ran for six weeks. The trial cost 75 dollars."
ANSWER = "The trial ran for six weeks [1]. The trial cost 99 dollars [1]."
RIGHT = "The trial cost 75 dollars [1]."
ASK = "How long was the trial and what did it cost?"


def script(again: str | Completion, first: str = ANSWER) -> Callable[[Request], str | Completion]:
    return lambda request: again if asks_again(request) else first


def asks_again(request: Request) -> bool:
    return "The passages nearest to it say:\n[1]" in request.messages[-1].text


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    return path


def asked(model: Any) -> int:
    return sum(map(asks_again, model.engine.requests))


def spans(model: Any, response: Any) -> list[Any]:
    return model.store.journal.trace(response.trace_id).spans


def notes(model: Any, response: Any) -> list[Any]:
    return [span.attributes for span in spans(model, response) if span.name in ("repaired", "not repaired")]


def test_what_was_shown_is_followed_by_what_takes_its_place(models: Any, paper: Path) -> None:
    model = models(script(RIGHT))
    events = list(model.stream([ASK, paper], strategy="verify"))
    response = events[-1].response
    assert response.text == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert response.text == (
        "The trial ran for six weeks [1]. The trial cost 99 dollars [?].\n"
        "Instead of “The trial cost 99 dollars. …”, the sources say: The trial cost 75 dollars [2]."
    )
    assert [claim.supported for claim in response.claims] == [True, False, True]
    new = response.claims[-1]
    assert response.text[slice(*new.at)] == "The trial cost 75 dollars [2]."
    assert new.citations[0].quote == "The trial cost 75 dollars."
    (note,) = notes(model, response)
    assert (note["claim"], note["by"], note["near"]) == ("The trial cost 99 dollars.", RIGHT, [1])


def test_what_was_held_back_is_replaced(models: Any, paper: Path) -> None:
    first = "- The trial cost 99 dollars [1].\n- The trial ran for six weeks [1]."
    response = models(script(RIGHT, first)).generate([ASK, paper], strategy="verify", unsupported="abstain")
    assert response.text == "- The trial cost 75 dollars [1].\n- The trial ran for six weeks [2]."
    assert not response.abstained and all(claim.supported for claim in response.claims)
    assert [response.text[slice(*claim.at)][:20] for claim in response.claims] == [
        "The trial cost 75 do",
        "The trial ran for si",
    ]
    withheld = models(script("The passages do not mention it.", first)).generate(
        [ASK, paper], strategy="verify", unsupported="abstain"
    )
    assert withheld.abstained and "99" not in withheld.text and not withheld.claims


def test_what_was_left_out_is_added(models: Any, paper: Path) -> None:
    response = models(script(RIGHT)).generate([ASK, paper], strategy="verify", unsupported="drop")
    assert response.text == "The trial ran for six weeks [1]. \nThe trial cost 75 dollars [2]."
    assert all(claim.supported for claim in response.claims)


@pytest.mark.parametrize(
    ("again", "why"),
    [
        ("The passages do not mention it.", "the sources do not say it"),
        ("The trial cost 98 dollars [1].", "not supported either"),
        ("The trial ran for six weeks [1].", "the answer says it already"),
        ("Throughput doubled from 410 to 820 jobs per second [1].", "it speaks of something else"),
        ("The trial cost 75 dollars. It ran for six weeks.", "not one whole sentence"),
        (Completion(text=RIGHT, finish_reason="length"), "not one whole sentence"),
    ],
    ids=["absent", "unsupported", "said", "else", "two", "cut"],
)
def test_only_what_is_supported_and_says_the_same_is_taken(models: Any, paper: Path, again: Any, why: str) -> None:
    model = models(script(again))
    response = model.generate([ASK, paper], strategy="verify")
    assert response.text == "The trial ran for six weeks [1]. The trial cost 99 dollars [?]."
    assert [note["why"] for note in notes(model, response)] == [why]
    assert asked(model) == 1


def test_an_answer_that_is_supported_costs_nothing_more(models: Any, paper: Path) -> None:
    model = models("The trial ran for six weeks [1].")
    response = model.generate([ASK, paper], strategy="verify")
    assert repair.PURPOSE not in {span.name for span in spans(model, response)} and notes(model, response) == []


def test_the_same_is_not_asked_twice(models: Any, paper: Path) -> None:
    wrong = "The trial cost 99 dollars [1]. The trial cost 98 dollars [1]."
    model = models(script(RIGHT, wrong))
    response = model.generate([ASK, paper], strategy="verify")
    assert asked(model) == 1 and response.text.count("75 dollars") == 1
    assert [note.get("why") for note in notes(model, response)] == ["the same was asked for another claim", None]


def test_nothing_is_asked_again_unless_it_is_wanted(models: Any, paper: Path) -> None:
    model = models(script(RIGHT))
    assert model.generate([ASK, paper]).text.endswith("99 dollars [?].") and len(model.engine.requests) == 1


def test_it_is_skipped_where_the_budget_does_not_hold_it(models: Any, paper: Path) -> None:
    plain = models(script("The passages do not mention it."))
    spent = plain.generate([ASK, paper], strategy="verify").usage
    for budget in ({"tokens": spent.input_tokens + spent.output_tokens - 1}, {"seconds": 60}):
        model = models(script(RIGHT))
        response = model.generate([ASK, paper], strategy="verify", budget=budget)
        assert response.text.endswith("99 dollars [?].") and asked(model) == 0
        assert response.usage.input_tokens + response.usage.output_tokens <= budget.get("tokens", 10**6)
        assert len(notes(model, response)) == 1
    ample = models(script(RIGHT))
    assert "75" in ample.generate([ASK, paper], strategy="verify", budget={"tokens": 10 * spent.input_tokens}).text


def test_few_claims_are_asked_again_and_for_no_more_than_the_answer_took(models: Any, paper: Path) -> None:
    wrong = (
        "The trial cost 99 dollars [1]. Throughput doubled from 410 to 999 jobs per second [1]. "
        "The trial ran for nine weeks [1]."
    )
    for others, most in ((0, 1), (60, repair.MOST)):  # a long source makes an answer that may cost more
        (longer := paper.with_name(f"{others}.txt")).write_text(" ".join([PAPER, *["Looms weave cloth."] * others]))
        model = models(script("The passages do not mention it.", wrong))
        response = model.generate([ASK, longer], strategy="verify")
        assert asked(model) == most and len(response.claims) == 3
        (first,) = [span for span in spans(model, response) if span.name == "answer"][:1]
        rest = [span for span in spans(model, response) if span.name == repair.PURPOSE]
        took = first.attributes["input_tokens"] + first.attributes["output_tokens"]
        assert len(rest) == most
        own = [each.attributes["input_tokens"] + each.attributes["output_tokens"] for each in rest]
        assert sum(own) - len(own) * first.attributes["input_tokens"] <= took
        told = [note["why"] for note in notes(model, response)]
        assert ("too many tokens" in told) == (most < repair.MOST)


COST = {
    "type": "object",
    "properties": {"weeks": {"type": "string"}, "cost": {"$ref": "#/$defs/money"}},
    "required": ["weeks", "cost"],
    "$defs": {"money": {"type": "integer", "minimum": 50}},
}
FILLED = '{"weeks": "six", "cost": 99}'


def values(again: str) -> Callable[[Request], str]:
    return lambda request: again if "The value of cost is “99”" in request.messages[-1].text else FILLED


@pytest.mark.parametrize(
    ("again", "unsupported", "cost", "supported"),
    [
        ('{"value": 75}', "mark", 75, True),
        ('{"value": 75}', "abstain", 75, True),
        ('{"value": 98}', "mark", 99, False),
        ('{"value": null}', "mark", 99, False),
        ('{"value": 6}', "mark", 99, False),  # stands there, but the schema does not take it
        ('{"value": 7', "mark", 99, False),
    ],
    ids=["right", "strict", "wrong", "absent", "invalid", "cut"],
)
def test_a_value_is_asked_for_under_its_own_schema(
    models: Any, paper: Path, again: str, unsupported: str, cost: int, supported: bool
) -> None:
    model = models(values(again))
    response = model.generate([ASK, paper], schema=COST, strategy="verify", unsupported=unsupported)
    assert response.data == {"weeks": "six", "cost": cost} and not response.abstained
    claim = next(claim for claim in response.claims if claim.at == "/cost")
    assert claim.supported == supported and (claim.citations[0].quote if supported else claim.text) == str(cost)
    assert [("by" in note, "why" in note) for note in notes(model, response)] == [(supported, not supported)]
    request = next(each for each in model.engine.requests if "The value of cost" in each.messages[-1].text)
    assert request.constraint is not None and "minimum" in str(request.constraint.value)
    assert models(values(again)).generate([ASK, paper], schema=COST).data["cost"] == 99


def test_a_repaired_value_has_no_signals_of_the_one_that_was_thrown_away(models: Any, paper: Path) -> None:
    kept = models(values('{"value": 98}')).generate([ASK, paper], schema=COST, strategy="verify")
    assert kept.confidence.signals["agreement"] == 1.0 and "logprob_mean" in kept.confidence.signals
    response = models(values('{"value": 75}')).generate([ASK, paper], schema=COST, strategy="verify")
    assert response.data["cost"] == 75
    assert response.confidence.signals["agreement"] == 0.0  # the other samples say 99
    assert not {"logprob_mean", "logprob_min", "answer_tokens"} & response.confidence.signals.keys()
    tokens = {claim.at: "logprob_mean" in claim.confidence.signals for claim in response.claims}
    assert tokens == {"/weeks": True, "/cost": False}


def test_an_engine_that_cannot_count_leaves_the_answer_as_it_is(models: Any, paper: Path) -> None:
    class Fails(Scripted):
        def count_tokens(self, request: Any) -> int:
            if isinstance(request, Request) and asks_again(request):
                raise EngineError("the engine ended")
            return super().count_tokens(request)

    model = Model(Fails([script(RIGHT)], name="fails"), Store())
    with model:
        response = model.generate([ASK, paper], strategy="verify")
        assert response.text.endswith("99 dollars [?].")
        assert [note["why"] for note in notes(model, response)] == ["the engine ended"]


class Apart(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def differ(self) -> "Apart":
        if self.low == self.high:
            raise ValueError("alike")
        return self


def test_the_trace_tells_what_was_repaired_not_what_was_tried(models: Any, paper: Path) -> None:
    """Each new value is valid beside the old one of the other, both together are not."""

    def script(request: Request) -> str:
        again = request.messages[-1].text.count("which stands nowhere in the passages")
        return '{"value": 75}' if again else '{"low": 98, "high": 99}'

    (longer := paper.with_name("long.txt")).write_text(" ".join([PAPER, *["Looms weave cloth."] * 60]))
    model = models(script)
    response = model.generate([ASK, longer], schema=Apart, strategy="verify")
    assert response.data == Apart(low=75, high=99)
    told = [note.get("why") for note in notes(model, response)]
    assert told == [None, "the answer would not stay whole with it"]


def test_the_schema_of_a_value() -> None:
    leaf = {"type": "integer"}
    root = {"properties": {"a/b": {"items": {"$ref": "#/$defs/x"}}}, "$defs": {"x": leaf, "y": {"$ref": "#/$defs/y"}}}
    assert leaf_schema(root, "/a~1b/3") == leaf
    assert leaf_schema(root, "/a~1b") is not None and leaf_schema(root, "/c") is None
    assert leaf_schema({"properties": {"a": {"$ref": "#/$defs/y"}}, "$defs": root["$defs"]}, "/a") is None
    assert leaf_schema({"prefixItems": [leaf], "items": leaf}, "/0") is None


SLIP, SUM = "3 + 4 = 8, so there are 8.", "3 + 4 = 7, so there are 7."


@pytest.mark.parametrize(
    ("again", "given"), [(SUM, SUM), ("3 + 4 = 9, so there are 9.", SLIP), ("You are right.", SLIP)]
)
def test_without_sources_arithmetic_is_put_right_once(models: Any, again: str, given: str) -> None:
    model = models(SLIP, again)
    response = model.generate("How many?", strategy="verify")
    assert (response.text, bool(response.losses)) == (given, given == SLIP)
    assert "3 + 4 = 8 is wrong: that is 7" in model.engine.requests[1].messages[-1].text


def test_what_is_reckoned_rightly_is_not_asked_again(models: Any) -> None:
    model = models(SUM)
    assert model.generate("How many?", strategy="verify").text == SUM and len(model.engine.requests) == 1
    only = models(SLIP)
    assert only.generate("How many?").text == SLIP and len(only.engine.requests) == 1
