"""Problems in words: short workings are voted on, and the answer is the working and one line in the form asked for."""

from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.values import Response
from omniloom.engines.scripted import Scripted
from omniloom.reasoning.worked import comes_to, is_problem
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

PROBLEM = "Ann has 3 boxes of 12 eggs and 5 are broken. How many are whole?"
SEVEN = "Eggs: 3 * 12 = 36\nWhole: 36 - 5 = 31\nAnswer: 31 eggs"
OTHER = "Eggs: 3 * 12 = 36\nWhole: 36 + 5 = 41\nAnswer: 41 eggs"
WRONG = "Eggs: 3 * 12 = 46\nWhole: 46 - 5 = 41\nAnswer: 41 eggs"


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


def ask(model: Model, **given: Any) -> Response:
    return model.generate(PROBLEM, **{"strategy": "sample", "reasoning_budget": 400} | given)


def purposes(model: Model, response: Response) -> list[str]:
    return [
        span.attributes["purpose"]
        for span in model.store.journal.trace(response.trace_id).spans
        if span.operation == "chat"
    ]


def test_the_answer_is_the_working_that_most_agree_with_and_a_last_line(models: Any) -> None:
    model = models(OTHER, SEVEN, SEVEN, SEVEN, SEVEN, "31 eggs are whole.")
    response = ask(model)
    assert response.text == "Eggs: 3 * 12 = 36\nWhole: 36 - 5 = 31\n31 eggs are whole."
    assert purposes(model, response) == ["sample"] * 5 + ["answer"]
    assert response.confidence.signals["agreement"] == 0.75
    workings = model.engine.requests[:-1]
    assert all(each.constraint.kind == "grammar" and each.sampling.temperature == 0.7 for each in workings)
    assert len({each.seed for each in workings}) == 5
    assert response.usage.output_tokens == 4 < response.usage.reasoning_tokens <= 400


@pytest.mark.parametrize("last", ["30 eggs are whole.", "I cannot say.", "31 " * 100])
def test_a_last_line_that_comes_to_something_else_is_not_taken(models: Any, last: str) -> None:
    assert ask(models(SEVEN, SEVEN, last)).text == SEVEN


def test_a_working_whose_equations_do_not_hold_is_no_vote(models: Any) -> None:
    model = models(WRONG, WRONG, SEVEN, SEVEN, "31")
    assert ask(model).text.endswith("= 31\n31") and len(model.engine.requests) == 5


def test_what_is_no_working_three_times_is_answered_otherwise(models: Any) -> None:
    model = models(WRONG, WRONG, WRONG, "She has 31.", "She has 31.")
    response = ask(model)
    assert response.text == "She has 31." and purposes(model, response) == [*["sample"] * 3, "answer", "sample"]


def test_without_a_budget_it_is_answered_directly(models: Any) -> None:
    model = models("She has 31.")
    assert ask(model, reasoning_budget=0).text == "She has 31." and len(model.engine.requests) == 1


def test_data_are_written_from_the_working(models: Any) -> None:
    model = models(SEVEN, SEVEN, '{"whole": 31}')
    response = ask(model, schema={"type": "object", "properties": {"whole": {"type": "integer"}}})
    assert response.data == {"whole": 31} and "Whole: 36 - 5 = 31" in model.engine.requests[-1].messages[-1].text
    assert purposes(model, response) == ["sample", "sample", "structured_json"]


def test_a_source_or_an_earlier_turn_is_no_problem_in_words(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("31 eggs are whole.")
    model = models("31 eggs are whole [1].")
    model.generate([PROBLEM, path], strategy="sample", reasoning_budget=400)
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]
    model.generate(PROBLEM, messages=turns, strategy="sample", reasoning_budget=400)
    assert all(each.constraint is None for each in model.engine.requests)


def test_when_the_time_is_used_up_the_working_is_given(private_home: Path) -> None:
    script = [SEVEN, SEVEN, "so " * 59]
    with Model(Scripted(script, seconds_per_token=0.03), Store()) as model:
        assert ask(model, timeout=1.9).text == SEVEN


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A: 1 + 1 = 2\nAnswer: $1,200.50", ("1200.5",)),
        ("Answer: 2 hours 35 minutes", ("2", "35")),
        ("Answer: none", ()),
        ("1 + 1 = 2", ()),
    ],
)
def test_a_working_comes_to_the_numbers_of_its_answer(text: str, found: tuple[str, ...]) -> None:
    assert comes_to(text) == found


@pytest.mark.parametrize("said", ["How many are 3 and 4?", "He has 2.5 kg at $3. How much is it?"])
def test_an_amount_and_numbers_make_a_problem(said: str) -> None:
    assert is_problem(said)


@pytest.mark.parametrize("said", ["How many?", "How many of 7?", "What do 3 and 4 have in common?"])
def test_less_is_none(said: str) -> None:
    assert not is_problem(said)


@pytest.mark.weights
def test_a_real_engine_keeps_to_the_form(private_home: Path, shallow: Path) -> None:
    with ol.load(shallow) as model:
        response = ask(model)
        trace = model.store.journal.trace(response.trace_id)
    drawn = [span.attributes for span in trace.spans if span.attributes.get("purpose") == "sample"]
    assert drawn and response.usage.reasoning_tokens <= 400
    for each in (each for each in drawn if each["finish_reason"] == "stop" and "Answer:" in each["text"]):
        *steps, last = each["text"].splitlines()
        assert steps and all("#" not in step for step in steps) and comes_to(last)
