"""Equations in words: those that do not hold are found, and nothing else."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.reasoning.arithmetic import slips


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("So 3 * 4 = 13.", "12"),
        ("She eats 3 eggs/day * 7 days = 22 eggs in all", "21"),
        ("16 - 3 - 4 = 8", "9"),
        (r"\( 9 \times 2 = 19 \)", "18"),
        (r"\[ \frac{1}{2} \times 80000 = 4500 \]", "40000"),
        ("Total: $2 * 3 = $7", "6"),
        ("20% of 150 = 35", "30"),
        ("**1,200 + 34 = 1,235**", "1234"),
        ("- (3 + 4) x 2 = 13", "14"),
        ("10 / 4 = 2.6", "2.5"),
        ("2 * 6 = 12 and 12 + 1 = 14", "13"),
        ("5 - 8 = 3", "-3"),
        ("2 * 3 * 4 = 6 * 4 = 25", "24"),
    ],
)
def test_what_does_not_hold_is_found(text: str, value: str) -> None:
    assert [slip.value for slip in slips(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "3 * 4 = 12", "10 / 3 = 3.33", "10 / 3 = 3", "30 / 120 = 25%", "30 / 120 * 100 = 25", "60 cents * 5 = $3",
        "2x + 3 = 7", "x + 3 * 2 = 9", "3 * y = 12", "12:30 + 2 = 14", "3,5 + 2,5 = 6", "2020 - 2021 = 1",
        "2 hours * 60 = 120 minutes", "2 hours 30 minutes + 1 hour = 3", "7 / 2 = 3 remainder 1", "5 = 6", "3 * 4 = 3x",
        "f(3) = 3 * 2 = 6", "1/0 = 5", "2^3 + 1 = 9", "((3 + 4) = 8", "area = 3 * 4 = 12 m", "05 + 3 = 9", "= = 3 + =",
    ],
)  # fmt: skip
def test_what_holds_or_is_no_equation_is_left_alone(text: str) -> None:
    assert not list(slips(text))


def test_worked_answers_of_people_hold(data: Path) -> None:
    """The solutions of GSM8K, without the marks for a calculator."""
    lines = (data / "maths" / "gsm8k.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [re.sub(r"<<[^>]*>>", "", json.loads(line)["answer"]) for line in lines]
    wrong = [slip for answer in answers for slip in slips(answer)]
    assert len(wrong) <= len(answers) / 100, wrong[:20]


@given(st.text(alphabet="0123456789+-*/=().,%x $\\{}fractimes\n", max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    assert all(slip.said for slip in slips(text))


def test_long_lines_are_left_alone_or_checked_in_part() -> None:
    assert not list(slips("1 + " * 20_000 + "1 = 20001"))
    assert not list(slips("(" * 50_000 + "1 + 1 = 2"))
