"""Documents of one template do not contradict each other; a copy in which one thing is changed does."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from omniloom.core.values import Segment
from omniloom.evaluation.exchange import exchanged
from omniloom.reasoning.conflicts import Conflict
from omniloom.reasoning.copies import differing, templates
from omniloom.reasoning.ground import Passages

# Of each kind: the frame, and what is filled in the first and the second time.
KINDS = {
    each["kind"]: (each["frame"], each["one"], each["other"])
    for each in map(json.loads, Path(__file__).with_name("templates.jsonl").read_text().splitlines())
}


def passages(first: str, second: str, names: tuple[str, str] = ("a.txt", "b.txt")) -> Passages:
    segments = [Segment(source=of, content=text, made_by="text/1") for of, text in (("a", first), ("b", second))]
    return Passages(segments, dict(zip("ab", names, strict=True)))


def found(first: str, second: str) -> list[Conflict]:
    return differing(passages(first, second), lambda: None)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_documents_of_one_template_do_not_disagree(kind: str) -> None:
    frame, one, other = KINDS[kind]
    assert found(frame.format(*one), frame.format(*other)) == []
    assert found(frame.format(*other), frame.format(*one)) == []


def test_what_is_said_of_one_document_twice_disagrees() -> None:
    """The same invoice, of which somebody changed the total, is no other invoice."""
    frame, (number, date, total), _ = KINDS["invoices"]
    (only,) = found(frame.format(number, date, total), frame.format(number, date, 385))
    assert only.sure
    frame, (year, revenue), _ = KINDS["yearly reports"]
    assert len(found(frame.format(year, revenue), frame.format(year, 480))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It was built by Anna Marbury in the year of war.", "It was built by Tom Quillon in the year of war."),
        ("In the year 1848 it was built.", "In the year 1851 it was built."),
        ("The number 12 bus stops there.", "The number 14 bus stops there."),
    ],
)  # fmt: skip
def test_a_sentence_is_no_field_that_tells_documents_apart(one: str, other: str) -> None:
    frame = "The bridge crosses the river. {} It was repaired twice, and nobody knows who paid for it."
    assert len(found(frame.format(one), frame.format(other))) == 1


def test_a_year_in_the_names_of_files_tells_documents_apart() -> None:
    text = "The revenue of the company was {} million euros. The board met four times. The auditors had no objections."
    names = ("report_2019.txt", "report_2020.txt")
    assert templates(passages(text.format(410), text.format(430), names), lambda: None)
    assert not templates(passages(text.format(410), text.format(430), ("report.txt", "copy.txt")), lambda: None)


def test_a_year_that_a_sentence_speaks_of_is_no_number_that_it_gives() -> None:
    one, other = (f"The revenue of the company in {year} was five million euros." for year in (2019, 2020))
    assert found(f"Rain fell. {one}", f"{other} Snow fell in the hills.") == []


def copies(data: Path) -> Iterator[tuple[str, str]]:
    """Paragraphs and copies of them in which one answer is exchanged, as the variant `contradicting` makes them."""
    seen = set[str]()
    with (data / "text" / "xquad_en.jsonl").open() as lines:
        for number, line in enumerate(lines):
            told = json.loads(line)
            context, answer = told["context"], told["answers"][0]
            if context in seen or not answer:
                continue
            seen.add(context)
            other = exchanged(answer, random.Random(number))
            yield context, re.sub(rf"(?<!\w){re.escape(answer)}(?!\w)", lambda _, said=other: said, context)


def test_copies_of_paragraphs_with_another_answer_are_found(data: Path) -> None:
    pairs = [pair for pair in copies(data) if pair[0] != pair[1]][:60]
    right = sum(bool(found(*pair)) for pair in pairs)
    assert len(pairs) >= 20 and right >= 0.8 * len(pairs), f"{right} of {len(pairs)}"


@pytest.mark.parametrize(
    "frame",
    [
        "Name: Marbury bridge\nYear: {}\nThe bridge crosses the river.\nIt was repaired twice.",
        "The bridge was built in {}\nIt crosses the river at Ghent.\nIt was repaired twice.\nNobody paid for it.",
        "Built in {}\nThe bridge crosses the river.\nIt was repaired twice.\nNobody knows who paid for it.",
    ],
)
def test_one_changed_fact_makes_no_other_document(frame: str) -> None:
    assert len(found(frame.format(1889), frame.format(1887))) == 1


def test_two_changed_facts_make_no_other_document() -> None:
    frame = "The bridge was built in {}. It crosses the river. It is {} metres long. Nobody knows who paid for it."
    assert len(found(frame.format(1889, 410), frame.format(1887, 430))) == 2


@pytest.mark.parametrize("label", ["Invoice No.", "Customer number:", "Period:", "Rechnung Nr."])
def test_a_number_of_a_form_alone_makes_another_document(label: str) -> None:
    frame = f"Name: Anna Marbury\n{label} {{}}\nThe total amount is 410 euros.\nThank you for your order."
    assert found(frame.format(1017), frame.format(1018)) == []
