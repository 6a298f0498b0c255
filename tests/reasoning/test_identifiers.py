"""Names that are made of letters, figures and hyphens are found whole, and what only looks like one is as it was."""

import pytest

from omniloom.core.values import Segment
from omniloom.reasoning.evidence import find_value
from omniloom.reasoning.ground import Passages, ground
from omniloom.reasoning.recompute import reground


def passages(*texts: str) -> Passages:
    return Passages([Segment(source="t", content=text, made_by="test") for text in texts], {"t": "t.txt"})


def supported(claim: str, *texts: str) -> bool:
    shown = passages(*texts)
    return ground(claim, [], shown).supported or reground(claim, [], shown, "How many are there?") is not None


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Order A-9 costs 310 dollars.", "Order A-7 costs 310 dollars, paid within 9 days."),
        ("Order a-9 costs 310 dollars.", "Order A-7 costs 310 dollars, paid within 9 days."),
        ("Part B12-7 weighs 3 kg.", "Part B12-8 weighs 3 kg and needs 7 screws. Part B12 is gone."),
        ("Invoice INV-2024-017 is paid.", "Invoice INV-2024-018 of 2024 is paid, 17 days late."),
        ("Order ORD_1009 is open.", "Order ORD_1008 is open. The house has 1009 doors."),
        ("Order A-9 is open.", "Order A-95 is open, and A-9-2, and BA-9, for 9 days."),
        ("The order A-3 has 3 rows.", "The order A-1 has 3 rows."),
    ],
)
def test_parts_of_an_identifier_are_no_support(claim: str, text: str) -> None:
    assert not supported(claim, text, "A list of 9 names, 7 of them new.")


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Order A-9 costs 310 dollars.", "A-9 | 310 dollars | order"),
        ("Order a-9 costs 310 dollars.", "Order A-9 costs 310 dollars."),
        ("Orders A-1 to A-8 are paid.", "Orders A-1–A-8 are paid."),
        ("Invoice INV-2024-017 is paid.", "Paid: invoice INV-2024-017."),
        ("COVID-19 spread in Lisbon.", "COVID 19 spread in Lisbon."),
        ("COVID-19 spread in Lisbon.", "Covid19 spread in Lisbon."),
        ("COVID-19 spread in Lisbon.", "A post-Covid-19-related illness spread in Lisbon."),
        ("The F-16s flew in 2019.", "In 2019 the F-16 flew."),
        # What is joined without being a name stands as its words and numbers do.
        ("It takes 5-9 days.", "It takes 5 to 9 days."),
        ("It began on 2024-03-03.", "It began on 3.3.2024."),
        ("A well-known part-time trial ran in mid-2024.", "In the middle of 2024 a trial, well known, ran part time."),
        ("Sales rose in Q1-Q3 2024.", "Sales rose in Q1, Q2 and Q3 of 2024."),
        ("Sales rose in Q1-2024.", "2024: sales rose in Q1."),
        ("It won 3-1 at -5 degrees.", "At -5 degrees it won 3-1."),
        ("The top_5_percent column has 820.", "column top_5_percent: 820"),
    ],
)
def test_other_spellings_of_it_are(claim: str, text: str) -> None:
    assert supported(claim, text)


def test_a_value_is_not_found_at_a_part_of_it() -> None:
    shown = passages("Order A-7, with 9 parts.", "Order B-2.")
    assert find_value("/order", "A-9", shown).quotes == ()
    [quote] = find_value("/order", "A-7", shown).quotes
    assert shown.segments[0].text[quote.start : quote.end] == "A-7"


@pytest.mark.parametrize("text", ["Employee EMP\u2013001 left.", "Employee EMP\u2212001 left."])
def test_a_dash_of_a_printer_joins_as_a_hyphen_does(text: str) -> None:
    assert supported("Employee EMP-001 left.", text) and not supported("Employee EMP-002 left.", text)
