"""Formulas: what may be written, the signs and years of tables, units, and the places of the numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llguidance import LLMatcher, LLTokenizer

from omniloom.core.values import Response
from omniloom.evaluation.citations import holds
from omniloom.reasoning.formulas import asks, grammar

TOKENS = LLTokenizer("byte")
FIGURES = """Item,2019,2018,2017
Sales,"1,200","1,000",800
Income tax,"(12)",(20),5
Yield,2.5%,1.5%,3.5%
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "answers": {"type": "array", "items": {"type": "string"}},
        "scale": {"enum": ["none", "percent", "thousand"]},
    },
    "required": ["answers", "scale"],
    "additionalProperties": False,
}


def may_write(said: str, formula: str) -> bool:
    matcher = LLMatcher(TOKENS, LLMatcher.grammar_from_lark(grammar(said, ["12", "1,200", "800"])))
    assert not matcher.get_error()
    return matcher.try_consume_tokens(TOKENS.tokenize_str(formula)) == len(formula) and matcher.is_accepting()


def beside_a_note(folder: Path, table: str, note: str = "Nothing else.") -> list[Path]:
    (folder / "report.csv").write_text(table)
    (folder / "notes.txt").write_text(note)
    return [folder / "report.csv", folder / "notes.txt"]


@pytest.fixture
def report(tmp_path: Path) -> list[Path]:
    return beside_a_note(tmp_path, FIGURES, "All amounts are stated in thousands of dollars.")


@pytest.fixture
def answered(models: Any, report: list[Path]) -> Callable[..., Response]:
    """What comes of a question and what the model writes to it, first the formula."""

    def ask(question: str, *written: str, **options: Any) -> Response:
        return models(*written).generate([question, *report], strategy="program", **options)

    return ask


@pytest.mark.parametrize(
    ("question", "wants"),
    [
        ("What was the percentage change in sales?", True),
        ("What was the average yield?", True),
        ("How many more boats sank?", True),
        ("How many loaves were sold on Monday and Tuesday together?", True),
        ("How much did tea and cake cost altogether?", True),
        ("In all, how many boats sank?", True),
        ("How many people worked together on the bridge?", False),
        ("Who signed the lease?", False),
        ("When did the exchange open?", False),
        ("Why did revenue decrease in 2019?", False),
        ("Who approved the increase of the fee?", False),
    ],
)
def test_questions_that_want_arithmetic(question: str, wants: bool) -> None:
    assert asks(question) is wants


@pytest.mark.parametrize(
    ("question", "formula", "may"),
    [
        ("What was the change in sales?", "1,200 - 800", True),
        ("What was the change in sales?", "1,200 + -800", True),
        ("What was the change in sales?", "(1,200 - 800) / 800 * 100", False),
        ("What was the change in sales?", "1,200 - 801", False),
        ("What was the percentage change in sales?", "(1,200 - 800) / 800 * 100", True),
        ("What was the change in percentage points of sales?", "1,200 - 800", True),
        ("What was the average of sales?", "(1,200 + 800) / 2", True),
        ("What was the average of sales?", "(1,200 + 800) / 3", False),
        ("What was the ratio of sales to tax?", "1,200 / 12", True),
        ("What were sales and tax in total?", "1,200 + 12", True),
        ("What were the total sales?", "1,200", True),
        ("What was the average revenue per employee?", "1,200 / 12", True),
        ("What was the growth rate of sales?", "(1,200 - 800) / 800 * 100", True),
        ("What was the average age?", "12", True),
    ],
)
def test_what_may_be_written_follows_from_the_question(question: str, formula: str, may: bool) -> None:
    assert may_write(question, formula) is may


@pytest.mark.parametrize(
    ("question", "written", "said"),
    [
        ("What was the change in sales from 2018 to 2019?", "1,200 - 1,000", "1,200 - 1,000 = 200"),
        ("What was the change in sales from 2018 to 2019?", "1,000 - 1,200", "1,200 - 1,000 = 200"),
        (
            "What was the percentage change in sales from 2018 to 2019?",
            "(1,000 - 1,200) / 1,200 * 100",
            "(1,200 - 1,000) / 1,000 * 100 = 20",
        ),
        ("What was the change in income tax from 2018 to 2019?", "12 - 20", "-12 - -20 = 8"),
        ("What was the change in income tax from 2018 to 2019?", "-12 - -20", "-12 - -20 = 8"),
        ("How much more were sales of 2018 than of 2019?", "1,000 - 1,200", "1,000 - 1,200 = -200"),
        ("What was the average yield in 2018 and 2019?", "(2.5 + 1.5) / 2", "(2.5 + 1.5) / 2 = 2"),
        ("What was the ratio of tax to sales in 2017?", "5 / 800", "5 / 800 = 0.00625"),
    ],
    ids=["as written", "years turned", "both turned", "brackets", "signs once", "no change", "mean", "ratio"],
)
def test_a_formula_is_computed_with_the_signs_and_years_of_its_table(
    answered: Callable[..., Response], question: str, written: str, said: str
) -> None:
    [claim] = answered(question, written).claims
    assert (claim.derived, claim.text) == (said, said.rpartition(" ")[2])
    assert claim.supported


def test_of_rows_with_the_same_numbers_the_one_that_is_asked_for_counts(models: Any, tmp_path: Path) -> None:
    sources = beside_a_note(tmp_path, "Item,2019,2018\nCosts,1000,1200\nSales,1200,1000\n")
    model = models("1200 - 1000")
    response = model.generate(["What was the change in sales from 2018 to 2019?", *sources], strategy="program")
    [claim] = response.claims
    assert claim.derived == "1200 - 1000 = 200"
    assert [each.url.partition("#")[2] for each in claim.citations] == ["cell=3,2-3,2", "cell=3,3-3,3"]


def test_a_denominator_is_no_count(models: Any, tmp_path: Path) -> None:
    sources = beside_a_note(tmp_path, "Item,2019,2018\nTax,(95),(80)\n")
    model = models("(95 - 80) / 80")
    response = model.generate(["What was the proportion of tax lost?", *sources], strategy="program")
    assert [claim.derived for claim in response.claims] == ["(-95 - -80) / -80 = 0.1875"]


def test_numbers_of_other_powers_are_not_put_together(models: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Revenue was $1.2 billion in 2019 and $900 million in 2018.")
    model = models("1.2 - 900", "It rose by $300 million [1].")
    response = model.generate(["What was the change in revenue?", tmp_path / "notes.txt"], strategy="program")
    assert not any("898" in claim.text for claim in response.claims)


def test_what_is_rounded_says_so(answered: Callable[..., Response]) -> None:
    [claim] = answered("What was the ratio of sales in 2017 to 2019 ones?", "800 / 1,200").claims
    assert claim.derived == "800 / 1,200 ≈ 0.6667"


def test_each_number_opens_its_cell(answered: Callable[..., Response]) -> None:
    response = answered("What was the change in income tax from 2018 to 2019?", "12 - 20")
    [claim] = response.claims
    assert [each.url.partition("#")[2] for each in claim.citations] == ["cell=3,2-3,2", "cell=3,3-3,3"]
    assert all(holds(each, response) for each in claim.citations)


def test_the_value_stands_in_the_field_that_is_open(models: Any, report: list[Path]) -> None:
    model = models("1,200 - 1,000", '{"answers": ["200"], "scale": "thousand"}')
    question = "What was the change in sales from 2018 to 2019?"
    response = model.generate([question, *report], strategy="program", schema=SCHEMA)
    assert response.data == {"answers": ["200"], "scale": "thousand"}
    asked = model.engine.requests[-1]
    assert (
        "{'const': '200'}" in str(asked.constraint.value)
        and "1,200 - 1,000 = 200 (in thousands)" in asked.messages[-1].text
    )
    assert {claim.at: bool(claim.derived) for claim in response.claims}["/answers/0"]


def test_of_percent_the_result_is_percent(models: Any, report: list[Path]) -> None:
    model = models("(2.5 + 1.5) / 2", '{"answers": ["2"], "scale": "percent"}')
    model.generate(["What was the average yield in 2018 and 2019?", *report], strategy="program", schema=SCHEMA)
    assert "(2.5 + 1.5) / 2 = 2 percent" in model.engine.requests[-1].messages[-1].text


@pytest.mark.parametrize("written", ["1,200 / (5 - 5)"])
def test_without_a_value_the_answer_is_the_direct_one(models: Any, report: list[Path], written: str) -> None:
    model = models(written, "Sales were 1,200 [1].")
    response = model.generate(["What was the ratio of sales?", *report], strategy="program")
    assert "1,200" in response.text and not any(claim.derived for claim in response.claims)


@pytest.mark.usefixtures("unsure")
def test_a_budget_buys_formulas_and_the_value_of_most_is_taken(models: Any, report: list[Path]) -> None:
    drawn = ["1,200 - 800", "1,200 - 1,000", "1,200 - 1,000", "1,200 - 1,000"]
    model = models(*drawn)
    question = "What was the change in sales from 2018 to 2019?"
    response = model.generate([question, *report], strategy="program", reasoning_budget=500)
    assert [claim.derived for claim in response.claims] == ["1,200 - 1,000 = 200"]
