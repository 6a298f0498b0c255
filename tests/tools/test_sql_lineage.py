"""Where rows came from, against a plain computation in Python over small random tables."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniloom.tools.sql import Grid, Result, Tables

Row = tuple[int, str, int | None]
Expected = list[tuple[tuple[Any, ...], set[tuple[int, int]]]]
_ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(-3, 3)), min_size=1, max_size=8)


def _filter(t: list[Row], u: list[Row]) -> Expected:
    kept = [(i, (r[0], r[2])) for i, r in enumerate(t) if r[2] is not None and r[2] > 0]
    return [(values, {(0, i)}) for i, values in sorted(kept, key=lambda e: (-e[1][1], e[1][0]))[:3]]


def _groups(t: list[Row], u: list[Row]) -> Expected:
    return [((k, *_sum(t, k)), {(0, i) for i, r in enumerate(t) if r[1] == k}) for k in sorted({r[1] for r in t})]


def _sum(t: list[Row], key: str) -> tuple[int, int | None]:
    of = [r[2] for r in t if r[1] == key]
    return len(of), sum(v for v in of if v is not None) if any(v is not None for v in of) else None


def _distinct(t: list[Row], u: list[Row]) -> Expected:
    return [((k,), {(0, i) for i, r in enumerate(t) if r[1] == k}) for k in sorted({r[1] for r in t})]


def _total(t: list[Row], u: list[Row]) -> Expected:
    of = {i: r[2] for i, r in enumerate(t) if r[2] is not None}
    return [((sum(of.values()) if of else None,), {(0, i) for i in of})]


def _join(t: list[Row], u: list[Row]) -> Expected:
    pairs = [(a[0], b[0], {(0, i), (1, j)}) for i, a in enumerate(t) for j, b in enumerate(u) if a[1] == b[1]]
    return [((a, b), both) for a, b, both in sorted(pairs, key=lambda e: e[:2])]


def _left(t: list[Row], u: list[Row]) -> Expected:
    found: Expected = []
    for i, a in enumerate(t):
        mates = [j for j, b in enumerate(u) if b[2] == a[2] and a[2] is not None]
        found.append(((a[0], len(mates)), {(0, i)} | {(1, j) for j in mates}))
    return found


def _union(t: list[Row], u: list[Row]) -> Expected:
    keys = sorted({r[1] for r in t} | {r[1] for r in u})
    return [((k,), {(n, i) for n, rows in enumerate((t, u)) for i, r in enumerate(rows) if r[1] == k}) for k in keys]


def _nested(t: list[Row], u: list[Row]) -> Expected:
    big = [k for k in sorted({r[1] for r in t}) if len([r for r in t if r[1] == k]) > 1]
    return [((len(big),), {(0, i) for i, r in enumerate(t) if r[1] in big})]


QUERIES: dict[str, Callable[[list[Row], list[Row]], Expected]] = {
    "SELECT i, v FROM t WHERE v > 0 ORDER BY v DESC, i LIMIT 3": _filter,
    "SELECT k, count(*), sum(v) FILTER (WHERE true) FROM t GROUP BY k ORDER BY k": _groups,
    "SELECT DISTINCT k FROM t ORDER BY k": _distinct,
    "SELECT sum(v) FROM t": _total,
    "SELECT t.i, u.i FROM t, u WHERE t.k = u.k ORDER BY ALL": _join,
    "SELECT t.i, count(u.i) FROM t LEFT JOIN u ON t.v = u.v GROUP BY t.i, t.v ORDER BY t.i": _left,
    "SELECT k FROM t UNION SELECT k FROM u ORDER BY k": _union,
    "WITH g AS (SELECT k, count(*) n FROM t GROUP BY k) SELECT count(*) FROM (SELECT * FROM g WHERE n > 1)": _nested,
}


def _grid(name: str, rows: list[Row]) -> Grid:
    return Grid(name=name, rows=(("i", "k", "v"), *((str(i), k, "" if v is None else str(v)) for i, k, v in rows)))


def _numbered(rows: list[tuple[str, int | None]]) -> list[Row]:
    return [(i, k, v) for i, (k, v) in enumerate([*rows, ("z", 9)])]  # the last keeps `v` a column of numbers


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_ROWS, _ROWS)
def test_rows_are_followed(first: list[tuple[str, int | None]], second: list[tuple[str, int | None]]) -> None:
    t, u = _numbered(first), _numbered(second)
    results = Tables([_grid("t", t), _grid("u", u)]).queries(list(QUERIES))
    for (query, expected), result in zip(QUERIES.items(), results, strict=True):
        assert isinstance(result, Result) and result.traced == "rows", (query, result)
        wanted = expected(t, u)
        assert list(result.rows) == [values for values, _ in wanted], query
        spans = [{(n, r - 2) for n, a, b in each for r in range(a, b + 1)} for each in result.origins]
        assert spans == [came_from for _, came_from in wanted], query
