"""Which cells each value cites, whatever a query calls them, and that nothing is cited where that is not known."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from omniloom.core.errors import CancelledError, OmniloomError, TooLargeError, UsageError
from omniloom.tools.sql import Grid, Result, Tables
from omniloom.tools.tabular.asking import answer

GAMES = (("Year", "City", "Seats"), ("1896", "Athens", "5"), ("1900", "Paris", "7"), ("1904", "Paris", "9"))
LANDS = (("Place", "Land"), ("Paris", "France"), ("Athens", "Greece"))
ROWIDS = (("rowid", "__from_1"), ("3", "ann"), ("1", "bob"))
CITIES = (("City", "Size"), ("Paris", "2"), ("Athens", "1"))
TABLES = Tables(
    [
        Grid(name="games", rows=GAMES, source="G"),
        Grid(name="lands", rows=LANDS, source="L"),
        Grid(name="r", rows=ROWIDS, source="R"),
        Grid(name="city", rows=CITIES, source="C"),
    ]
)
_SCOPED = "WITH lands AS (SELECT City AS Place FROM games) SELECT lands.Place FROM lands LIMIT 1"

# query, and of each value of its first row the cells: a source, then column and row as a sheet names them
CELLS: dict[str, list[str]] = {
    "SELECT max(Year), min(Year), min(Seats) FROM games": ["GA4", "GA2", "GC2"],
    "SELECT City, Seats - (SELECT avg(Seats) FROM games) FROM games LIMIT 1": ["GB2", "GC2:C4"],
    "SELECT a.Year, b.Year FROM games a, games b WHERE a.Year = b.Year + 8": ["GA4", "GA2"],
    "SELECT 'Rome' AS city, 42, Year FROM games WHERE Year = 1896": ["", "", "GA2"],
    "SELECT count(*), count(1), count(City), 'x' FROM games WHERE Year > 1896": ["GA3:C4", "GA3:C4", "GB3:B4", ""],
    "SELECT count(*) + max(Year) FROM games": ["GA2:C4"],
    "SELECT City AS Year, Year AS City FROM games LIMIT 1": ["GB2", "GA2"],
    "SELECT * REPLACE (Year * 2 AS City) FROM games LIMIT 1": ["GA2", "GA2", "GA2", "GC2", "GC2"],
    "SELECT * EXCLUDE (City) RENAME (Year AS City) FROM games LIMIT 1": ["GA2", "GA2", "GC2", "GC2"],
    "SELECT l.*, 1, g.* EXCLUDE (g.Year_text) FROM games g JOIN lands l ON City = Place ORDER BY g.Year LIMIT 1":
        ["LA3", "LB3", "", "GA2", "GB2", "GC2", "GC2"],
    "WITH w(Year) AS (SELECT City FROM games) SELECT Year FROM w LIMIT 1": ["GB2"],
    "SELECT s.Seats FROM (SELECT City FROM games) s(Seats) LIMIT 1": ["GB2"],
    "SELECT b FROM games AS g(a, a2, b) LIMIT 1": ["GB2"],
    "SELECT a.Year FROM (SELECT Seats AS Year FROM games) a LIMIT 1": ["GC2"],
    _SCOPED: ["GB2"],
    "WITH w AS (SELECT City, max(Year) FROM games GROUP BY City) SELECT * FROM w ORDER BY 2 LIMIT 1": ["GB2", "GA2"],
    "SELECT a.City AS x FROM games a UNION ALL SELECT a.Place FROM lands a": ["GB2"],
    "SELECT 1, a.City FROM games a UNION SELECT 1, Place FROM lands ORDER BY 2 LIMIT 1": ["", "GB2 LA3"],
    "SELECT * EXCLUDE (Seats) FROM games JOIN city USING (City) WHERE Year = 1904":
        ["GA4", "GA4", "GB4 CA2", "GC4", "CB2", "CB2"],
    "SELECT City, Size FROM games RIGHT JOIN city USING (City) WHERE Year = 1904": ["GB4 CA2", "CB2"],
    "SELECT Seats * 2 AS s, s + Year FROM games LIMIT 1": ["GC2", "GA2 GC2"],
    "SELECT Year // 10 AS d, sum(Seats) FROM games GROUP BY d ORDER BY 1 DESC LIMIT 1": ["GA3:A4", "GC3:C4"],
    "SELECT DISTINCT City, 1 FROM games ORDER BY City DESC": ["GB3:B4", ""],
    "SELECT sum(Seats) FILTER (WHERE City = 'Paris') FROM games": ["GC3:C4"],
    "SELECT arg_max(City, Seats) FROM games": ["GB4:C4"],
    "SELECT sum(count(*)) OVER (), City FROM games GROUP BY City ORDER BY City DESC": ["GA3:C4", "GB3:B4"],
    "SELECT row_number() OVER (), sum(Seats) OVER () FROM games": ["GA2:C2", "GC2"],
    "SELECT (SELECT Land FROM lands WHERE Place = City) FROM games WHERE Year = 1896": ["LB3"],
    "SELECT City FROM games WHERE City IN (SELECT Place FROM lands WHERE Land = 'Greece')": ["GB2"],
    "WITH w AS (SELECT City FROM games) SELECT Place FROM lands WHERE Place = (SELECT min(w.City) FROM w)": ["LA3"],
    "WITH w AS (SELECT City FROM games) SELECT Place FROM lands WHERE Place IN (FROM w) ORDER BY 1 DESC": ["LA2"],
    "SELECT Year, Land FROM games LEFT JOIN lands ON Place = 'x' LIMIT 1": ["GA2", ""],
    "SELECT count(*) FROM r": ["RA2:B3"],
    "SELECT \"from_1\" FROM r WHERE from_1 = 'ann'": ["RB2"],
    "SELECT city FROM city LIMIT 1": ["CA2"],
    "SELECT CASE WHEN City = 'Paris' THEN Land ELSE 'x' END FROM games, lands WHERE Year = 1900 LIMIT 1": ["GB3 LB2"],
}  # fmt: skip

# whole rows where the rows are known and the cells are not; all rows where not even these are
ROWS = {
    "SELECT City FROM games NATURAL JOIN city WHERE Year = 1896": "tables",
    "SELECT #1 FROM games LIMIT 1": "rows",
    "SELECT City, n FROM games, range(1) AS x(n) LIMIT 1": "rows",
    "SELECT (SELECT City FROM (VALUES ('a')) v(City)) FROM games LIMIT 1": "tables",
    "SELECT list_transform(list(City), lambda c: c || '!') FROM games": "rows",
    "SELECT COLUMNS('Y.*') FROM games LIMIT 1": "tables",
    "SELECT count(*) FROM (SELECT City AS games FROM games) AS games WHERE games LIKE '%i%'": "tables",
    "SELECT City FROM games USING SAMPLE 3 ROWS": "tables",
    "SELECT " + "+".join(["Year"] * 300) + " FROM games LIMIT 1": "tables",
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Result | OmniloomError]:
    queries = [*CELLS, *ROWS]
    return dict(zip(queries, TABLES.queries(queries), strict=True))


def cited(result: Result, column: int) -> str:
    found: list[str] = []
    for each in result.cells(0, column):
        assert each.locator.cells is not None
        top, left, bottom, right = each.locator.cells
        first, last = f"{'_ABC'[left]}{top}", f"{'_ABC'[right]}{bottom}"
        found.append(each.source + (first if first == last else f"{first}:{last}"))
    return " ".join(found)


@pytest.mark.parametrize("query", CELLS, ids=lambda query: query[:70])
def test_each_value_cites_its_own_cells(answers: dict[str, Result | OmniloomError], query: str) -> None:
    result = answers[query]
    assert isinstance(result, Result) and result.traced == "rows", result
    assert [cited(result, at) for at in range(len(result.columns))] == CELLS[query]


@pytest.mark.parametrize("query", ROWS, ids=lambda query: query[:70])
def test_whole_rows_are_given_and_it_is_said(answers: dict[str, Result | OmniloomError], query: str) -> None:
    result = answers[query]
    assert isinstance(result, Result) and result.traced == ROWS[query], result
    assert cited(result, 0).startswith("GA2:C4" if result.traced == "tables" or "list" in query else "GA2:C2")
    assert any("whole rows are given" in note or "all are given" in note for note in result.notes)


def test_rows_of_tables_are_no_values() -> None:
    for query in ("SELECT city FROM lands AS city", "SELECT 1 FROM games g WHERE g::VARCHAR LIKE '%[%' LIMIT 1"):
        result = TABLES.queries([query])[0]
        assert isinstance(result, UsageError) or (isinstance(result, Result) and result.traced == "tables"), query
    with pytest.raises(UsageError, match="'g' is a table") as wrong:
        TABLES.query("SELECT count(DISTINCT g) FROM games g LIMIT 1")
    assert wrong.value.hint


def test_a_limit_holds_and_what_decided_is_said() -> None:
    broken = TABLES.query("SELECT Year, Land FROM games LEFT JOIN lands ON Place = 'x' LIMIT 1")
    assert len(broken.rows) == 1
    for query in ("SELECT count(*) FROM games WHERE Year > 2000", "SELECT City FROM games ORDER BY Year LIMIT 1"):
        assert any("only decided" in note for note in TABLES.query(query).notes), query
    assert TABLES.query("SELECT City FROM games ORDER BY Year").notes == ()


def test_a_killed_search_for_origins_leaves_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"columns": ["n"], "rows": [[3]], "read": [0], "named": [], "notes": []}

    def child(target: str, payload: dict[str, Any], **_: Any) -> Iterator[dict[str, Any]]:
        yield {"result": told}
        raise TooLargeError("needed more memory")

    monkeypatch.setattr("omniloom.tools.sql.run_isolated", child)
    for result in TABLES.queries(["SELECT count(*) FROM games"] * 2):
        assert isinstance(result, Result) and (result.rows, result.traced) == (((3,),), "tables")
        assert cited(result, 0) == "GA2:C4" and "were not followed" in result.notes[0]


def test_deep_queries_and_endless_aliases_end_with_a_reason() -> None:
    chain = "WITH t0 AS (SELECT Year AS a0 FROM games)"
    chain += "".join(f", t{i} AS (SELECT greatest(a{i - 1}, a{i - 1}) AS a{i} FROM t{i - 1})" for i in range(1, 20))
    result = TABLES.query(f"{chain} SELECT a19 FROM t19 LIMIT 1")
    assert cited(result, 0) == "GA2"
    sums = ["SELECT " + "+".join(["Year"] * count) + " FROM games" for count in (480, 2000)]
    for deep in TABLES.queries(sums):
        assert isinstance(deep, UsageError) and "nested too deeply" in deep.message and deep.hint, deep


def test_cells_that_do_not_fit_are_said_with_the_result() -> None:
    rows = (("v", "w"), *((str(at), "x") for at in range(19)), ("1,000 or more", ""))
    tables = Tables([Grid(name="order", rows=rows)])
    assert tables.names == ("t_order",)
    whole, other = tables.query("SELECT sum(v) FROM t_order"), tables.query("SELECT max(w), count(w) FROM t_order")
    assert '"v": 1 of 20 cells are NULL because they do not fit' in whole.notes[0] and whole.rows == ((171,),)
    assert other.rows == (("x", 19),) and not any("fit" in note for note in other.notes)


def test_the_tool_can_be_cancelled() -> None:
    cancel = threading.Event()
    cancel.set()
    function = TABLES.tool(cancel=cancel).function
    assert function is not None
    with pytest.raises(CancelledError):
        function(query="SELECT 1")


FREE = """SELECT g.Year, l.Land FROM games g, lands l
SELECT x.City || y.City FROM (SELECT City FROM games) x, (SELECT Land AS City FROM lands) y
WITH w(City, Land) AS (SELECT Land, Place FROM lands) SELECT City, Land FROM w
WITH city AS (SELECT Land AS City FROM lands), w AS (SELECT City AS x FROM city) SELECT x, City FROM w, city
SELECT Seats AS City, City AS Seats, City || 'x', 1 FROM games
SELECT City AS x, x || 'y' AS z, z || x FROM games
SELECT sum(s) FROM (SELECT Seats + Year AS s FROM games) q
SELECT list(City), string_agg(Land, ',') FROM games, lands
SELECT q.a FROM (SELECT Year AS b, Seats AS a FROM games) AS q(a, b)
SELECT *, 1 AS one, Year FROM games g POSITIONAL JOIN lands
SELECT l.*, g.* EXCLUDE (City) REPLACE (Seats + 1 AS Seats) FROM lands l, games g
SELECT Place AS City, Land FROM lands UNION ALL SELECT Land, Place FROM lands
SELECT s, City FROM games g, LATERAL (SELECT Seats || Land AS s FROM lands) x
SELECT City_1, Seats FROM (SELECT * FROM games a, games b) x
SELECT (SELECT sum(Seats) FROM games) + Year FROM games""".splitlines()


def test_values_change_with_the_cells_that_they_cite_and_with_no_others() -> None:
    grids = {"games": GAMES, "lands": LANDS}
    plain = Tables([Grid(name=name, rows=rows, source=name) for name, rows in grids.items()])
    first = plain.queries(FREE)
    for name, top, left in [("games", 1, 0), ("games", 2, 1), ("games", 3, 2), ("lands", 1, 1), ("lands", 2, 0)]:
        changed = {key: [list(row) for row in rows] for key, rows in grids.items()}
        cell = changed[name][top][left]
        changed[name][top][left] = str(int(cell) + 1) if cell.isdigit() else f"{cell}!"
        tables = Tables([Grid(name=key, rows=tuple(map(tuple, rows)), source=key) for key, rows in changed.items()])
        then = [each["result"]["rows"] for each in answer(tables._payload(FREE)) if "result" in each]
        for query, one, rows in zip(FREE, first, then, strict=True):
            assert isinstance(one, Result) and one.places, (query, one)
            for at, row in enumerate(one.rows):
                cites = [_cites(one, at, column, name, top + 1, left + 1) for column in range(len(row))]
                differs = [value != now for value, now in zip(row, rows[at], strict=True)]
                assert cites == differs, (query, name, top, left, at)


def _cites(result: Result, row: int, column: int, source: str, top: int, left: int) -> bool:
    places = [each.locator.cells or (0, 0, 0, 0) for each in result.cells(row, column) if each.source == source]
    return any(a <= top <= c and b <= left <= d for a, b, c, d in places)
