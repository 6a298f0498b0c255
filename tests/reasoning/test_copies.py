"""Sources that say nearly the same: what differs in them is a contradiction, but not what only speaks of two things."""

import pytest

from omniloom.core.errors import CancelledError
from omniloom.core.locators import Locator
from omniloom.core.values import Segment
from omniloom.reasoning.copies import differing
from omniloom.reasoning.ground import Passages, Quote

STORY = "The bridge crosses the river at its narrowest point. {} It was repaired twice. Nobody knows who paid for it."


def passages(first: str, second: str, made_by: str = "text/1", **more: object) -> Passages:
    segments = [
        Segment.model_validate({"source": name, "content": text, "made_by": made_by, **more})
        for name, text in (("a", first), ("b", second))
    ]
    return Passages(segments, {"a": "a.txt", "b": "b.txt"})


def found(first: str, second: str, **more: str) -> list[tuple[str, str]]:
    given = passages(first, second, **more)

    def said(quote: Quote) -> str:
        return given.segments[quote.index].text[quote.start : quote.end]

    return [(said(each.first), said(each.second)) for each in differing(given, lambda: None)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It was built by Anna Marbury in stone.", "It was built by Tom Quillon in stone."),
        ("It was opened in 1848 by the queen.", "It was opened in 1851 by the queen."),
        ("It has eleven arches and two towers.", "It has 12 arches and two towers."),
        ("Its decay was caused by a shortage of timber.", "Its decay was caused by the fear of floods."),
        ("The toll was abolished.", "The toll was not abolished."),
    ],
)
def test_what_differs_in_a_copy_is_a_contradiction(one: str, other: str) -> None:
    assert found(STORY.format(one), STORY.format(other)) == [(one, other)]
    assert found(STORY.format(one), STORY.format(one)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The treaty of the two towns was signed in 1848.", "The treaty of the two towns was signed in 1851."),
        ("The bridge over the river was designed by Marbury.", "The bridge over the river was designed by Quillon."),
        ("The old toll on the bridge was abolished.", "The old toll on the bridge wasn't abolished."),
        ("The fair takes place on the fifth of May.", "The fair takes place on the fifth of June."),
    ],
)
def test_twins_differ_in_one_thing_of_which_only_one_can_be(one: str, other: str) -> None:
    assert found(f"Rain fell. {one}", f"{other} Snow fell in the hills.") == [(one, other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("In 2019 the plant had 120 employees.", "In 2020 the plant had 120 employees."),
        ("Madrid has three million inhabitants.", "Lisbon has three million inhabitants."),
        ("The firm has a large office in Madrid.", "The firm has a large office in Lisbon."),
        ("The method is described in Section 3.", "The method is described in Section 4."),
        ("The plant in Madrid has 120 employees.", "The plant in Lisbon has 150 employees."),
        ("It has 1,000 employees in all its houses.", "It has 1000 employees in all its houses."),
        ("The toll was high.", "The toll was not."),
    ],
)
def test_two_things_are_no_contradiction(one: str, other: str) -> None:
    assert found(f"Rain fell. {one}", f"{other} Snow fell in the hills.") == []


def test_texts_made_alike_about_two_things_are_no_copies() -> None:
    text = "The {} mill was built in {}. It stands by the river. Mills rest on Sundays. Nobody works at night."
    assert found(text.format("amber", 1871), text.format("blue", 1902)) == []


def test_what_a_reader_may_have_misheard_is_none() -> None:
    one, other = STORY.format("Its towers are tall."), STORY.format("Its towels are tall.")
    assert found(one, other) and not found(one, other, made_by="audio.whisper/1")


def test_rows_of_a_copied_table_differ_and_rows_of_other_tables_do_not() -> None:
    table = "row 2: Lisbon | 410 | 3\nrow 3: Madrid | {} | 4\nrow 4: Porto | 95 | 12"
    cells = Locator(cells=(2, 1, 4, 3))
    given = passages(table.format(820), table.format(830), locator=cells, made_by="table.rows/1")
    (only,) = differing(given, lambda: None)
    assert given.segments[0].text[only.first.start : only.first.end] == "row 3: Madrid | 820 | 4" and only.sure
    others = "row 2: Ghent | 17 | 8\nrow 3: Bruges | 820 | 5\nrow 4: Namur | 44 | 9"
    assert not differing(passages(table.format(820), others, locator=cells, made_by="table.rows/1"), lambda: None)


def test_long_sources_are_looked_through_in_bounded_work_that_can_be_stopped() -> None:
    long = [
        " ".join(f"The {k} machine number {n} was made by Anna in the same long year." for n in range(2000))
        for k in "ab"
    ]
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 5:
            raise CancelledError("the call was cancelled")

    with pytest.raises(CancelledError):
        differing(passages(*long), check)
