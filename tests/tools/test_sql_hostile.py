"""Queries that would read, write, reach out, change settings or never end: each ends in an error, the parent lives."""

import time
from pathlib import Path

import pytest

from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.tools.sql import Bounds, Grid, Result, Tables

HOSTILE = Path(__file__).with_name("hostile_queries.txt").read_text(encoding="utf-8").splitlines()
TABLE = Grid(name="t", rows=(("k", "v"), ("a", "1"), ("b", "2"), ("c", "3")))
ENDLESS = [
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT * FROM r",
    "SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b",
    "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE hash(a.range, b.range) = 1",
    "SELECT sleep_ms(60000) FROM t",
    "SELECT max(list_sum(range(a.range))) FROM range(10000000) a",
]
GREEDY = [
    "SELECT length(repeat('x', 2000000000))",
    "SELECT count(DISTINCT repeat(a.range::VARCHAR, 300)) FROM range(100000000) a",
    "SELECT list(a.range) FROM range(1000000000) a",
    "SELECT length(string_agg(repeat('x', 1000), '')) FROM range(10000000)",
    "SELECT a.range FROM range(100000000) a ORDER BY hash(a.range) DESC LIMIT 10000000",
]


def test_there_are_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


def test_each_ends_in_an_error_that_names_no_path() -> None:
    tables = Tables([TABLE], Bounds(seconds=3))
    for query, done in zip(HOSTILE, tables.queries(HOSTILE), strict=True):
        assert isinstance(done, (UsageError, TooLargeError)) and done.hint, (query, done)
        assert len(done.message) < 400 and "/home" not in str(done) and "site-packages" not in str(done), query
    assert tables.query("SELECT count(*) FROM t").rows == ((3,),)


@pytest.mark.parametrize("query", [*ENDLESS, *GREEDY], ids=lambda query: query[:50])
def test_limits_hold(query: str) -> None:
    tables, start = Tables([TABLE], Bounds(seconds=1)), time.monotonic()
    with pytest.raises(OmniloomError) as ended:
        tables.query(query)
    assert isinstance(ended.value, (TooLargeError, IsolationError)) and ended.value.hint, ended.value
    assert time.monotonic() - start < 20


def test_deep_nesting_and_long_queries_end() -> None:
    tables = Tables([TABLE], Bounds(seconds=2))
    deep = "SELECT " + "(" * 3000 + "1" + ")" * 3000
    nested = "SELECT * FROM " + "(SELECT * FROM " * 300 + "t" + ")" * 300
    long = "SELECT " + " + ".join(["1"] * 20_000)
    first, second, third = tables.queries([deep, nested, long])
    for done in (first, third):
        assert isinstance(done, UsageError) and done.hint, done
    assert isinstance(second, Result) and len(second.rows) == 3 and second.traced == "tables", second
