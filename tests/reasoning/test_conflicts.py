"""What counts as a disagreement between sources."""

import pytest

from omniloom.core.errors import CancelledError
from omniloom.core.values import Segment
from omniloom.reasoning.conflicts import candidates
from omniloom.reasoning.ground import Passages


def passages(first: str, second: str, made_by: str = "test") -> Passages:
    segments = [Segment(source=name, content=text, made_by=made_by) for name, text in (("a", first), ("b", second))]
    return Passages(segments, {"a": "a.pdf", "b": "b.mp3"})


def found(first: str, second: str) -> int:
    return len(candidates(passages(first, second), lambda: None))


def test_other_values_of_one_unit_and_topic_are_candidates() -> None:
    assert found("Energy use fell by 18 percent.", "We measured again: energy use fell by only 11%.") == 1
    assert found("The trial ran for six weeks.", "How long did the trial run? It ran for four weeks.") == 1
    assert found("The loom costs $400.", "The loom costs $500.") == 1
    assert found("It made 1500 jobs in 2019.", "It made 1600 jobs in 2019, they say.") == 1
    assert found("It made 1500 jobs.", "It made 1600 jobs.") == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("It stayed close to 410 jobs per second.", "It went from 410 to 820 jobs per second."),
        ("The trial ran for six weeks.", "The trial ran on six machines."),
        ("Energy per 1,000 jobs (Wh) | 50 | 41", "It went from 410 to 820 jobs per second."),
        ("Energy use fell by 18 percent.", "Ticket prices rose 11 percent."),
        ("It has 1.000 employees.", "It has 1000 employees."),
        ("It has two hundred fifty looms.", "It has 250 looms."),
        ("In Q1 sales rose by 5%.", "In Q2 sales rose by 7%."),
        ("In 2019 the plant had 120 employees.", "In 2020 the plant had 150 employees."),
        ("The north house has 12 rooms.", "The south house has 9 rooms."),
        ("The plant in Madrid has 120 employees.", "The plant in Lisbon has 150 employees."),
    ],
)
def test_shared_values_other_units_and_other_topics_are_none(first: str, second: str) -> None:
    assert found(first, second) == 0


def test_what_a_reader_says_of_two_tables_contradicts_nothing() -> None:
    lines = (
        "Qty: whole numbers, 8 distinct, min 1, max 196, 1 empty, sum 392",
        "Since: whole numbers, 5 distinct, min 2015, max 2023",
    )
    assert len(candidates(passages(*lines), lambda: None)) == 1
    assert candidates(passages(*lines, made_by="table.profile/1"), lambda: None) == []


def test_long_tables_are_looked_through_in_bounded_work_that_can_be_stopped() -> None:
    rows = ["\n".join(f"Machine {i} made {i + k + 1000} jobs today." for i in range(3000)) for k in (0, 7)]
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 5:
            raise CancelledError("the call was cancelled")

    with pytest.raises(CancelledError):
        candidates(passages(*rows), check)
