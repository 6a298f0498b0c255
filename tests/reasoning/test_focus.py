"""Which sources a question is about: those that it names, or whose passages have its words; else all of them."""

import pytest

from omniloom.core.locators import Locator
from omniloom.core.values import Part, Segment
from omniloom.reasoning.focus import focus, tabled
from omniloom.reasoning.ground import Passages

PARTS = (
    Part(kind="image", data=b"", name="receipt-3.jpg", id="t"),
    Part(kind="audio", data=b"", name="call.wav", id="r"),
    Part(kind="pdf", data=b"", name="oil_crisis.pdf", id="d"),
    Part(kind="text", data=b"", name="notes.txt", id="n"),
)
SHOWN = Passages(
    (
        Segment(source="t", content="Garden Cafe\nTotal 72.75", made_by="ocr/1"),
        Segment(source="r", content="it has been raining", locator=Locator(time=(0, 3)), made_by="asr/1"),
        Segment(source="d", content="After the oil embargo Honda opened plants in Ohio.", made_by="pdf/1"),
        Segment(source="n", content="Ida Holm opened the bridge. Rain fell.", made_by="text/1"),
    ),
    {part.id: part.name for part in PARTS},
)


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What is the total on the receipt from Garden Cafe?", "t"),
        ("Which words are said in the recording?", "r"),
        ("What does call.wav say of rain?", "r"),
        ("According to the document: where did Honda open plants?", "dn"),  # a text may be called a document, too
        ("Where did Honda open plants after the embargo?", "d"),
        ("Is the total of the receipt also said in the recording?", "tr"),
        ("Who opened the bridge?", "n"),
        ("What is the total on the receipt and who signed the lease?", ""),
        ("How many vegetables does anna grow?", ""),
        ("Which firm that opened plants does Ida Holm lead?", ""),  # of these words some stand in another source only
        ("Who paid?", ""),
        ("What do all files say of rain?", ""),
        ("Do the sources agree?", ""),
        ("What is larger? And why?", ""),
        ("", ""),
    ],
)
def test_focus(question: str, about: str) -> None:
    assert focus(question, PARTS, SHOWN) == frozenset(about)


def test_one_source_needs_no_focus() -> None:
    assert focus("What is the total on the receipt?", PARTS[:1], SHOWN) == frozenset()


def test_a_source_of_which_nothing_is_shown_is_not_chosen() -> None:
    shown = Passages(SHOWN.segments[1:], SHOWN.names)
    assert "t" not in focus("What is the total on the receipt?", PARTS, shown)


TABLES = (
    Part(kind="table", data=b"", name="orders.csv", id="o"),
    Part(kind="table", data=b"", name="customers.csv", id="c"),
    Part(kind="table", data=b"", name="table", id="f"),  # what a DataFrame is called
    PARTS[3],
)


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("According to the table: who paid most?", "ocf"),
        ("What is the total of orders.csv?", "ocf"),  # a query may have to join them
        ("How many people sat at the table?", ""),
        ("How many people in the table are also named in the notes?", ""),
        ("Compare the total in the table with the plan.", ""),
        ("How many vegetables does anna grow?", ""),
    ],
)
def test_tables_alone_are_queried_where_one_is_named(question: str, about: str) -> None:
    assert tabled(question, TABLES) == frozenset(about)
