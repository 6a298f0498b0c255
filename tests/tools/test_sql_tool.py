"""The SQL tool: what queries give, which cells they cite, how errors read."""

import pytest

from omniloom.core.errors import OmniloomError, TooLargeError, UsageError
from omniloom.tools.sql import Bounds, Grid, Result, Tables

GAMES = (
    ("a title above", "", "", ""),
    ("Year", "City", "Attendance", "Opened"),
    ("1896", "Athens", "1,234[a]", "6 April 1896"),
    ("1900", "Paris", "(5)", "14 May 1900"),
    ("1904", "Paris", "–", "1 July 1904"),
)
LANDS = (("Place", "Land"), ("Paris", "France"), ("Athens", "Greece"))
TABLES = Tables(
    [
        Grid(name="Games!", rows=GAMES, header=2, source="s1", sheet="one", first_row=3, first_column=2),
        Grid(name="lands", rows=LANDS, source="s2"),
    ]
)

# query, rows, and of each row the (table, row of the source) it came from: games begin in row 5, lands in row 2
CASES: list[tuple[str, list[tuple[object, ...]], list[set[tuple[int, int]]]]] = [
    ("SELECT City FROM games WHERE Year > 1896 ORDER BY Year DESC LIMIT 1", [("Paris",)], [{(0, 7)}]),
    ("SELECT count(*), sum(Attendance) FROM games", [(3, 1229)], [{(0, 5), (0, 6), (0, 7)}]),
    ("SELECT sum(Attendance) FROM games", [(1229,)], [{(0, 5), (0, 6)}]),
    ("SELECT count(*) FILTER (WHERE Year > 1900) FROM games", [(1,)], [{(0, 7)}]),
    ("SELECT max(Year) FROM games", [(1904,)], [{(0, 7)}]),
    ("SELECT min(Opened) FROM games WHERE City = 'Paris'", [("1900-05-14",)], [{(0, 6)}]),
    ("SELECT arg_min(City, Year) FROM games", [("Athens",)], [{(0, 5)}]),
    ("SELECT count(*) FROM games WHERE Year > 2000", [(0,)], [set()]),
    ("SELECT City, count(*) FROM games GROUP BY City HAVING count(*) > 1", [("Paris", 2)], [{(0, 6), (0, 7)}]),
    ("SELECT DISTINCT City FROM games ORDER BY City DESC LIMIT 1", [("Paris",)], [{(0, 6), (0, 7)}]),
    ("SELECT DISTINCT ON (City) Year FROM games WHERE City = 'Paris' ORDER BY City, Year", [(1900,)], [{(0, 6)}]),
    ("SELECT Land FROM games JOIN lands ON City = Place WHERE Year = 1900", [("France",)], [{(0, 6), (1, 2)}]),
    ("SELECT Year, Land FROM games LEFT JOIN lands ON Place = 'x' ORDER BY Year LIMIT 1", [(1896, None)], [{(0, 5)}]),
    ("SELECT a.Year - b.Year FROM games a, games b WHERE a.Year = b.Year + 8", [(8,)], [{(0, 5), (0, 7)}]),
    ("WITH w(c) AS (SELECT City FROM games) SELECT count(*) FROM w WHERE c = 'Paris'", [(2,)], [{(0, 6), (0, 7)}]),
    ("SELECT * FROM (SELECT City c, max(Year) y FROM games GROUP BY 1) WHERE y < 1900", [("Athens", 1896)], [{(0, 5)}]),
    ("SELECT City FROM games UNION SELECT Place FROM lands ORDER BY 1 LIMIT 1", [("Athens",)], [{(0, 5), (1, 3)}]),
    ("SELECT (SELECT max(Year) FROM games) - (SELECT min(Year) FROM games)", [(8,)], [{(0, 5), (0, 7)}]),
    ("SELECT City FROM games WHERE Year = (SELECT max(Year) FROM games)", [("Paris",)], [{(0, 7)}]),
    ("SELECT Land FROM lands WHERE Place IN (SELECT City FROM games WHERE Year < 1900)", [("Greece",)], [{(1, 3)}]),
    ("SELECT City FROM games GROUP BY City ORDER BY max(Year) DESC LIMIT 1", [("Paris",)], [{(0, 6), (0, 7)}]),
    ("SELECT 1 + 1", [(2,)], [set()]),
    ("FROM games SELECT City -- a comment", [("Athens",), ("Paris",), ("Paris",)], [{(0, 5)}, {(0, 6)}, {(0, 7)}]),
]


def origins(result: Result) -> list[set[tuple[int, int]]]:
    return [{(t, row) for t, first, last in spans for row in range(first, last + 1)} for spans in result.origins]


@pytest.fixture(scope="module")
def answers() -> dict[str, Result | OmniloomError]:
    queries = [query for query, _, _ in CASES]
    return dict(zip(queries, TABLES.queries(queries), strict=True))


@pytest.mark.parametrize(("query", "rows", "came_from"), CASES, ids=[query[:60] for query, _, _ in CASES])
def test_rows_and_where_they_came_from(
    answers: dict[str, Result | OmniloomError], query: str, rows: list[object], came_from: list[object]
) -> None:
    result = answers[query]
    assert isinstance(result, Result), result
    assert (list(result.rows), result.traced) == (rows, "rows"), result.notes
    assert origins(result) == came_from


def test_cells_are_those_of_the_columns_that_are_named() -> None:
    result = TABLES.query("SELECT Attendance_text AS shown, Year * 2 FROM \"games\" WHERE City = 'Athens'")
    (shown,), (doubled,) = result.cells(0, 0), result.cells(0, 1)
    assert (shown.source, shown.locator.sheet, shown.locator.cells) == ("s1", "one", (5, 4, 5, 4))
    assert doubled.locator.cells == (5, 2, 5, 2)


def test_cells_of_a_count_are_whole_rows_and_those_of_a_join_are_of_both_sources() -> None:
    counted = TABLES.query("SELECT count(*) FROM games WHERE City = 'Paris'")
    assert [each.locator.cells for each in counted.cells(0, 0)] == [(6, 2, 7, 5)]
    joined = TABLES.query("SELECT City || Land AS c FROM games g JOIN lands l ON Place = City WHERE Year = 1900")
    places = [(each.source, each.locator.cells) for each in joined.cells(0, 0)]
    assert places == [("s1", (6, 3, 6, 3)), ("s2", (2, 2, 2, 2))]


def test_what_cannot_be_followed_gives_all_rows_and_says_so() -> None:
    for query in (
        "SELECT City FROM games EXCEPT SELECT 'Paris'",
        "SELECT City FROM games WHERE City = 'Athens' USING SAMPLE 100%",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n, City FROM r, games",
        "SELECT City, random() FROM games",
    ):
        result = TABLES.query(query)
        assert result.traced == "tables" and "all are given" in result.notes[0], query
        assert origins(result)[0] == {(0, 5), (0, 6), (0, 7)}


def test_what_is_not_counted_is_said() -> None:
    said = {
        "SELECT City FROM games WHERE Year = (SELECT max(Year) FROM games)": "a subquery in a condition",
        "SELECT Year, lag(Year) OVER (ORDER BY Year) FROM games": "a window function",
        "SELECT City FROM games SEMI JOIN lands ON City = Place": "SEMI or ANTI",
        "SELECT max(Year) FROM games": "one that holds the value",
    }
    for (query, words), result in zip(said.items(), TABLES.queries(list(said)), strict=True):
        assert isinstance(result, Result) and words in " ".join(result.notes), query


def test_errors_name_what_was_meant() -> None:
    with pytest.raises(UsageError, match='"Citty" not found') as wrong:
        TABLES.query("SELECT Citty FROM games")
    assert '"City"' in wrong.value.hint and "LINE" not in wrong.value.message
    with pytest.raises(UsageError, match="no table 'gams'") as missing:
        TABLES.query("SELECT * FROM gams")
    assert "games, lands" in missing.value.hint


def test_results_over_the_bounds_are_refused() -> None:
    small = Tables([Grid(rows=LANDS)], Bounds(rows=1, letters=40))
    assert small.query("SELECT Land FROM table_1 LIMIT 1").rows == (("France",),)
    for query in ("SELECT * FROM table_1", "SELECT repeat('x', 50)"):
        with pytest.raises(TooLargeError, match="more than"):
            small.query(query)
    for rows, what in (((("",) * 1500, *[("",)] * 1500), "cells"), ((("",) * 10_001,), "columns")):
        with pytest.raises(TooLargeError, match=what):
            Tables([Grid(rows=rows)])


def test_the_description_is_bounded_and_says_what_was_normalised() -> None:
    whole = TABLES.description()
    assert '"Attendance" BIGINT such as 1234, -5; as written: "Attendance_text" (thousands separators removed' in whole
    assert "footnote marks removed" in whole and '"Opened" DATE' in whole and "3 rows" in whole
    for most in (0, 1, 100, 250, 400):
        assert len(TABLES.description(most)) <= most
    wide = Grid(name="wide", rows=(tuple(f"measured value number {at}" for at in range(90)),))
    text = Tables([wide, Grid(name="second", rows=(("a",),))]).description()
    assert len(text) <= 3000 and 'table "second", 0 rows\n  "a"' in text and "  …\n" in text


def test_it_is_a_tool() -> None:
    tool = TABLES.tool()
    assert (tool.name, tool.effects) == ("sql", frozenset({"execute"})) and "Attendance" in tool.description
    assert tool.function is not None
    assert tool.function(query="SELECT 1").rows == ((1,),)
    assert list(tool.parameters["properties"]) == ["query"]


def test_tables_without_cells_are_refused() -> None:
    for grids in ([], [Grid(rows=())], [Grid(rows=((),))]):
        with pytest.raises(UsageError):
            Tables(grids)
    assert Tables([Grid(rows=(("a",),))]).query("SELECT count(*), max(a) FROM table_1").rows == ((0, None),)
