"""Cell text as numbers, dates or text, and what is said of it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniloom.tools.tabular.columns import columns

# cells, kind, values, a word of the notes
TYPED: list[tuple[list[str], str, list[str | None], str]] = [
    (["1,234", "5"], "BIGINT", ["1234", "5"], "thousands"),
    (["1,234.5", "7"], "DOUBLE", ["1234.5", "7"], "thousands"),
    (["1.234,5", "7,25"], "DOUBLE", ["1234.5", "7.25"], "decimal commas"),
    (["1.234.567", "2.000"], "BIGINT", ["1234567", "2000"], "thousands"),
    (["12 345", "6"], "BIGINT", ["12345", "6"], "thousands"),
    (["$1,000", "$2"], "BIGINT", ["1000", "2"], "values are in $"),
    (["5 €", "7 €"], "BIGINT", ["5", "7"], "values are in €"),
    (["12%", "3.5%"], "DOUBLE", ["12", "3.5"], "percent"),
    (["12 km", "8 km"], "BIGINT", ["12", "8"], "values are in km"),
    (["(5)", "7"], "BIGINT", ["-5", "7"], "parentheses"),
    (["−5", "+7"], "BIGINT", ["-5", "7"], ""),
    (["1,234[a]", "5*"], "BIGINT", ["1234", "5"], "footnote"),
    (["1st", "2nd", "3rd"], "BIGINT", ["1", "2", "3"], "ordinal"),
    (["1999", "2004", "–"], "BIGINT", ["1999", "2004", None], "'–' read as NULL"),
    (["May 3, 2004", "12 June 1999"], "DATE", ["2004-05-03", "1999-06-12"], ""),
    (["2004-05-03", ""], "DATE", ["2004-05-03", None], ""),
    (["31/01/2004", "02/03/2004"], "DATE", ["2004-01-31", "2004-03-02"], "day, month, year"),
    (["01/31/2004", "02/03/2004"], "DATE", ["2004-01-31", "2004-02-03"], "month, day, year"),
    (["3.5.2004", "4.6.2004"], "DATE", ["2004-05-03", "2004-06-04"], "day, month, year"),
    ([str(n) for n in range(10)] + ["Total"], "BIGINT", [*map(str, range(10)), None], "1 of 11 cells are NULL"),
    ([str(n) for n in range(10)] + ["10½"], "BIGINT", [*map(str, range(10)), None], "fit: '10½'"),
    (["Sept. 3, 2004", "Thursday, 12 Aug 1999"], "DATE", ["2004-09-03", "1999-08-12"], ""),
    ([">0.01", "16.4", "~ 7"], "DOUBLE", ["0.01", "16.4", "7"], ">, ~ before numbers left out"),
    (["5 km²", "6 km²"], "BIGINT", ["5", "6"], "values are in km²"),
]
TEXT = [
    ["01067", "80331"],  # post codes
    ["12 km", "8 miles"],
    ["$5", "€5"],
    ["5000 BC", "1639"],
    ["3–1", "2–2"],
    ["01/02/2004", "02/03/2004"],  # day or month
    ["3 July", "4 July"],
    ["1", "two"],
    ["2004-02-31"],
    ["1,23,4"],
    [">50", "<50", "<50"],
    ["<5", "5", "6"],
    ["5½", "6"],
    ["10²", "5"],
    ["030 555 123", "040 555 124"],
    ["+49 151 234", "+49 152 111"],
    ["0 500", "1 200"],
    ["1e5", "3e5"],
    ["50%", "0.5"],
    ["1,5", "1,234"],
    ["[5]", "6"],
    ["(1)", "(2)"],
    ["12345678901234567890", "5"],
    ["0.5", "9007199254740993"],
    ["1" * 5000, "2"],
    ["Marathon 3, 2004", "Marathon 5, 2005"],
    ["Marching 4, 2004"],
    ["", ""],
    ["–"],
]


@pytest.mark.parametrize(("cells", "kind", "values", "said"), TYPED, ids=[" ".join(each[0])[:40] for each in TYPED])
def test_typed(cells: list[str], kind: str, values: list[str | None], said: str) -> None:
    named, content = columns(["x"], [[cell] for cell in cells])
    assert [(each.name, each.kind) for each in named] == [("x", kind), ("x_text", "VARCHAR")]
    assert content == [values, [cell or None for cell in cells]]
    assert said in "; ".join(named[0].notes)


@pytest.mark.parametrize("cells", TEXT, ids=[" ".join(each)[:40] or "blank" for each in TEXT])
def test_left_as_text(cells: list[str]) -> None:
    named, content = columns(["x"], [[cell] for cell in cells])
    assert [each.kind for each in named] == ["VARCHAR"] and content == [[cell or None for cell in cells]]


def test_names_are_unique_and_headers_are_kept() -> None:
    named, _ = columns(["a\nb", "A b", "", "x_text", "x", 'q"'], [["-", "-", "-", "-", "7", "-"]])
    assert [each.name for each in named] == ["a b", "A b 2", "column 3", "x_text", "x", "x_text 2", 'q"']
    assert [each.header for each in named][:2] == ["a\nb", "A b"]
    assert named[4].text == "x_text 2"


def test_short_rows_and_long_rows() -> None:
    named, content = columns(["a"], [["x"], ["y", "z"], []])
    assert [each.name for each in named] == ["a", "column 2"]
    assert content == [["x", "y", None], [None, "z", None]]


def test_names_that_our_queries_need_are_not_given() -> None:
    named, _ = columns(["RowID", "__from_1", "rowid 2"], [["a", "b", "c"]])
    assert [each.name for each in named] == ["RowID 2", "from_1", "rowid 2 2"]


def test_hostile_cells_take_no_time() -> None:
    started = time.process_time()
    for cell in ("(" + " " * 5000 + "x", "a" + " " * 20_000 + "b", "*" * 20_000 + "b", "1" * 20_000):
        columns(["x"], [[cell]])
    columns(["x"], [[str(at)] for at in range(20_000)])
    columns(["x"] * 5000, [["1"] * 5000])
    assert time.process_time() - started < 5


@settings(deadline=None)
@given(
    st.lists(st.text(max_size=12) | st.from_regex(r"[-(]?[$€]?[0-9.,' ]{1,9}( km|%)?\)?", fullmatch=True), min_size=1)
)
def test_the_text_is_always_there_and_values_are_as_many(cells: list[str]) -> None:
    named, content = columns(["x"], [[cell] for cell in cells])
    assert content[-1] == [cell if cell.strip() else None for cell in cells] and named[-1].kind == "VARCHAR"
    assert all(len(each) == len(cells) for each in content)
