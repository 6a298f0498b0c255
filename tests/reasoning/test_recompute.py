"""Numbers that stand in no source: made of those that do, or not."""

import pytest

from omniloom.core.locators import Locator
from omniloom.core.values import Anchor, Part, Segment
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.recompute import reground, value_made

PAPER, TABLE = "a" * 64, "b" * 64
NAMES = {PAPER: "paper.txt", TABLE: "sales.csv"}
PARTS = tuple(Part(kind="text", id=digest, name=NAMES[digest], path="/none") for digest in NAMES)
ROWS = (("Lisbon", "410", "3"), ("Madrid", "820", "4"), ("Madrid", "95", "12"))


def passages() -> Passages:
    text, anchors = "", []
    for number, row in enumerate(ROWS, 2):
        text += ("\n" if text else "") + f"row {number}: "
        for column, cell in enumerate(row, 1):
            anchors.append(
                Anchor(
                    start=len(text), end=len(text) + len(cell), locator=Locator(cells=(number, column, number, column))
                )
            )
            text += cell + (" | " if column < len(row) else "")
    table = Segment(
        source=TABLE,
        content=text,
        context="columns: city | jobs | failures",
        locator=Locator(cells=(2, 1, 4, 3)),
        anchors=tuple(anchors),
        made_by="test",
    )
    paper = Segment(
        source=PAPER, content="Revenue was 200 dollars in 2018. In 2019 revenue was 250 dollars.", made_by="test"
    )
    return Passages((paper, table), NAMES)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("The total of jobs is 1,325.", "410 + 820 + 95 = 1325"),
        ("Revenue rose by 25%.", "(250 - 200) / 200 = 25%"),
        ("Revenue increased by 50 dollars.", "250 - 200 = 50"),
        ("The difference of jobs between Madrid and Lisbon is 410 or 315.", "410 - 95 = 315"),
        ("Together the failures of the cities are 19.", "3 + 4 + 12 = 19"),
        ("Revenue was 50 dollars more in 2019 than in 2018.", "250 - 200 = 50"),
        ("Revenue: 250 dollars - 200 dollars = 50 dollars", "250 - 200 = 50"),
        ("Revenue: 200 + 250 = 450 dollars", "200 + 250 = 450"),
        ("Revenue in 2019 was 1.25 times revenue in 2018.", "250 / 200 = 1.25"),
    ],
)
def test_a_number_is_recomputed_and_its_operands_are_cited(claim: str, said: str) -> None:
    found = reground(claim, [], passages())
    assert found is not None and found.supported and found.derived == said
    segments = passages().segments
    quotes = [segments[each.index].text[each.start : each.end] for each in found.quotes]
    assert {"200", "250"} <= set(quotes) or {"410"} <= set(quotes) or {"3", "4", "12"} <= set(quotes)


@pytest.mark.parametrize(
    "claim",
    [
        "The total of jobs is 1,326.",
        "Revenue rose by 26%.",
        "Revenue increased by 51 dollars.",
        "Revenue increased by 50 euros.",
        "Revenue was 50 dollars.",  # no word says that it was computed
        "The price of bread rose by 25%.",
        "The trial ran for 1,230 weeks.",
    ],
)
def test_another_number_or_another_thing_is_not(claim: str) -> None:
    assert reground(claim, [], passages()) is None


def test_a_field_of_json_is_recomputed_as_the_question_says() -> None:
    sources = passages()
    made = value_made(1325, "/jobs", sources, "How many jobs were there in total?")
    assert made is not None and made.operation == "sum" and len(made.cited) == 3
    assert value_made(1324, "/jobs", sources, "How many jobs were there in total?") is None
    change = value_made("25", "/change", sources, "By what percent did revenue rise?")
    assert change is not None and change.operation == "percent change"
    rows = value_made(2, "/answer", sources, "How many rows are there of Madrid?")
    assert rows is not None and rows.operation == "count" and rows.said == "2 rows"
    assert value_made(7, "/answer", sources, "How many rows are there of Madrid?") is None
    assert value_made(True, "/answer", sources, "total jobs") is None
    assert value_made("Lisbon", "/answer", sources, "total jobs") is None


def test_a_claim_says_how_its_number_was_made() -> None:
    writer = ClaimWriter(passages(), PARTS, said="What is the total?")
    text = "".join([*writer.feed("The total of jobs is 1,325. The total of jobs is 1,326."), *writer.finish()])
    right, wrong = writer.claims
    assert right.supported and right.derived == "410 + 820 + 95 = 1325"
    assert [citation.locator.cells for citation in right.citations][:3] == [(2, 2, 2, 2), (3, 2, 3, 2), (4, 2, 4, 2)]
    assert not wrong.supported and not wrong.derived and "[?]" in text
    assert writer.written == {0: (0, 27), 1: (28, 55)}


def of_text(text: str) -> Passages:
    return Passages((Segment(source=PAPER, content=text, made_by="test"),), NAMES)


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        ("Revenue was 200 dollars in 2018. In 2019 revenue was 250 dollars.", "rose by 25%", "fell by 20%"),
        ("In 2019 revenue was 250 dollars. It had been 200 dollars in 2018.", "rose by 25%", "fell by 20%"),
        ("Revenue went from 250 to 200 dollars.", "fell by 20%", "rose by 25%"),
        ("Revenue went to 200 dollars from $250.", "fell by 20%", "rose by 25%"),
    ],
)
def test_a_change_is_counted_from_the_earlier_number(text: str, right: str, wrong: str) -> None:
    assert reground(f"Revenue {right}.", [], of_text(text)) is not None
    assert reground(f"Revenue {wrong}.", [], of_text(text)) is None


def test_a_change_of_a_table_is_counted_from_the_earlier_column() -> None:
    row, places = "row 2: Revenue | 250 | 200", ((7, 14), (17, 20), (23, 26))
    anchors = tuple(
        Anchor(start=start, end=end, locator=Locator(cells=(2, at, 2, at))) for at, (start, end) in enumerate(places, 1)
    )
    whole = Locator(cells=(2, 1, 2, 3))
    table = Segment(
        source=TABLE, content=row, context="columns: item | 2019 | 2018", locator=whole, anchors=anchors, made_by="test"
    )
    assert value_made("25%", "/change", Passages((table,), NAMES), "By what percent did revenue change?")
    assert not value_made("-20%", "/change", Passages((table,), NAMES), "By what percent did revenue change?")


def test_the_lines_of_a_table_are_looked_up_once_for_all_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    sources, asked = passages(), list[int]()
    locate = Segment.locate

    def counted(self: Segment, start: int, end: int) -> Locator:
        asked.append(start)
        return locate(self, start, end)

    monkeypatch.setattr(Segment, "locate", counted)
    once = 0
    for wanted in range(7000, 7020):
        assert value_made(wanted, "/jobs", sources, "How many jobs were there in total?") is None
        once = once or len(asked)
    assert 0 < once == len(asked), "built anew for each leaf"


@pytest.mark.parametrize(
    ("claim", "up", "down"),
    [
        ("Profit rose by 25% despite lower costs.", True, False),
        ("Profit fell by 25% despite higher costs.", False, True),
        ("Profit rose by more than 25%.", True, False),
        ("Profit fell by 25% to the low of 2019.", False, True),
        ("Profit fell and rose by 25% up or down.", False, False),
        ("Profit rose by 50 dollars despite lower costs.", True, False),
        ("Profit fell by 50 dollars.", False, True),
    ],
)
def test_a_rise_is_supported_by_no_fall(claim: str, up: bool, down: bool) -> None:
    frame = "Profit was {} dollars in 2018. In 2019 profit was {} dollars. Lower and higher costs were seen."
    for numbers, right in (((200, 250), up), ((200, 150), down)):
        segment = Segment(source=PAPER, content=frame.format(*numbers), made_by="test")
        percent = claim.replace("50 dollars", f"{abs(numbers[0] - numbers[1])} dollars")
        assert (reground(percent, [1], Passages((segment,), NAMES)) is not None) == right, numbers
