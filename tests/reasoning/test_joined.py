"""Verdicts that two places give together: both are cited, and only where the verdict follows from them."""

from time import process_time

import pytest

from omniloom.core.locators import Locator
from omniloom.core.values import Anchor, Segment
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.joined import joined

NAMES = {"r": "receipt-1.jpg", "t": "table-2.csv"}


def passages() -> Passages:
    lines = ("Garden Cafe", "Tea 2.50", "Total 72.75", "Cash 80.00", "Change 7.25")
    receipt = [Segment(source="r", content=line, made_by="ocr/1") for line in lines]
    text, anchors = "", []
    for number, row in enumerate((("Anthony Criswell", "230", "2005"), ("Mike Jones", "64", "2009")), 2):
        text += ("\n" if text else "") + f"row {number}: "
        for at, cell in enumerate(row, 1):
            place = Locator(cells=(number, at, number, at))
            anchors.append(Anchor(start=len(text), end=len(text) + len(cell), locator=place))
            text += cell + (" | " if at < len(row) else "")
    table = Segment(
        source="t",
        content=text,
        context="columns: player | Weight (lbs.) | year",
        locator=Locator(cells=(2, 1, 3, 3)),
        anchors=tuple(anchors),
        made_by="table.rows/1",
    )
    return Passages((*receipt, table), NAMES)


TOTAL, WEIGHT = "the total of the receipt", "the value “Weight (lbs.)” of “{}” in the table"
WHICH = f"Which is larger: {TOTAL}, or {WEIGHT}? Answer with “the receipt” or “the table”."
IS = f"Is {TOTAL} larger than {WEIGHT}? Answer yes or no."
SUM = f"What is {TOTAL} plus {WEIGHT}, as a number?"


@pytest.mark.parametrize(
    ("asked", "who", "right", "wrong", "said"),
    [
        (WHICH, "Anthony Criswell", "the table", "the receipt", "72.75 < 230"),
        (WHICH, "Mike Jones", "the receipt", "the table", "72.75 > 64"),
        (WHICH.replace("larger", "smaller"), "Mike Jones", "the table", "the receipt", "72.75 > 64"),
        (IS, "Anthony Criswell", "no", "yes", "72.75 < 230"),
        (IS, "Mike Jones", True, False, "72.75 > 64"),
        (SUM, "Mike Jones", "136.75", "302.75", "72.75 + 64 = 136.75"),
        (SUM.replace("plus", "minus"), "Mike Jones", "8.75", "9", "72.75 - 64 = 8.75"),
    ],
)
def test_both_sides_are_cited(asked: str, who: str, right: object, wrong: object, said: str) -> None:
    sources = passages()
    made = joined(right, sources, asked.format(who))
    assert made is not None and made.said == said
    assert [sources.segments[each.index].source for each in made.cited] == ["r", "t"]
    assert joined(wrong, sources, asked.format(who)) is None


def test_a_side_that_stands_nowhere_gives_no_verdict() -> None:
    assert joined("yes", passages(), "Is the height of the tower larger than the depth of the lake?") is None
    assert joined("Madrid", passages(), WHICH.format("Mike Jones")) is None
    assert joined("yes", passages(), "Is it open on Sundays?") is None


FIRMS = "Is the {} of the Marbury firm {} than the {} of the Quillon firm?"


def two(one: str, other: str) -> Passages:
    return Passages([Segment(source=of, content=text, made_by="text/1") for of, text in (("a", one), ("b", other))], {})


@pytest.mark.parametrize(
    ("asked", "one", "other"),
    [
        ("Is the Marbury firm longer than the Quillon firm?", "90 employees", "40 employees"),
        ("Is the Marbury firm larger than the Quillon firm?", "90 employees", "40 employees"),
        (FIRMS.format("staff", "larger", "staff"), "staff: 1902", "staff: 1848"),
        (FIRMS.format("cost", "higher", "cost"), "cost 90 thousand", "cost 40 million"),
        (FIRMS.format("cost", "higher", "cost"), "cost $90", "cost €40"),
    ],
)
def test_numbers_of_another_kind_give_no_verdict(asked: str, one: str, other: str) -> None:
    assert joined("yes", two(f"Marbury firm: {one}", f"Quillon firm: {other}"), asked) is None


def test_numbers_of_what_is_asked_for_give_one() -> None:
    sources = two("The Marbury firm had 90 employees.", "The Quillon firm had 40 employees.")
    asked = "Is the number of employees of the Marbury firm larger than that of the Quillon firm?"
    assert joined("yes", sources, asked) is not None


def test_of_several_sums_none_is_meant() -> None:
    sources = two("Marbury cost: 40, then 50.", "Quillon cost: 60.")
    assert joined("100", sources, "What is the cost of Marbury plus the cost of Quillon?") is None


@pytest.mark.parametrize(
    "word", ["which larger ", "larger than ", "plus ", "before or after ", "which is larger: a, or "]
)
def test_a_long_question_takes_no_long_time(word: str) -> None:
    began = process_time()
    assert joined("yes", passages(), word * (20_000 // len(word))) is None
    assert joined("yes", passages(), (word * 500)[:499]) is None
    assert process_time() - began < 2
