"""Every table of the WikiTableQuestions in the development data: loaded, given back unchanged, rows followed."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from omniloom.tools.sql import Grid, Result, Tables

_AT_ONCE = 40


def _tables(data: Path) -> list[tuple[tuple[str, ...], ...]]:
    lines = (data / "tables" / "wtq.jsonl").read_text(encoding="utf-8").splitlines()
    tables: list[tuple[tuple[str, ...], ...]] = []
    for name in sorted({json.loads(line)["table"] for line in lines}):
        with (data / "tables" / "wtq" / name).open(encoding="utf-8", newline="") as file:
            tables.append(tuple(map(tuple, csv.reader(file, doublequote=False, escapechar="\\"))))
    return tables


def test_all_tables(data: Path) -> None:
    rows = _tables(data)
    assert len(rows) > 100
    for at in range(0, len(rows), _AT_ONCE):
        some = rows[at : at + _AT_ONCE]
        tables = Tables([Grid(name=f"t{n}", rows=each, source=f"s{n}") for n, each in enumerate(some)])
        queries = [query for n in range(len(some)) for query in _queries(tables, n)]
        results = tables.queries(queries)
        for n, each in enumerate(some):
            _check(tables, n, each, results[4 * n : 4 * n + 4])


def _queries(tables: Tables, n: int) -> list[str]:
    first = '"' + tables.columns[n][0].text.replace('"', '""') + '"'
    return [
        f"SELECT * FROM t{n}",
        f"SELECT DISTINCT {first} FROM t{n} WHERE {first} <> '' ORDER BY {first} LIMIT 5",
        f"SELECT {first}, count(*) FROM t{n} GROUP BY {first} ORDER BY 2 DESC, 1",
        f"SELECT count(*) FROM t{n} WHERE {first} = (SELECT max({first}) FROM t{n})",
    ]


def _check(tables: Tables, n: int, rows: tuple[tuple[str, ...], ...], results: Sequence[object]) -> None:
    whole, distinct, counted, largest = results
    assert all(isinstance(each, Result) and each.traced == "rows" for each in results), (rows[0], results)
    assert isinstance(whole, Result) and isinstance(distinct, Result)
    assert isinstance(counted, Result) and isinstance(largest, Result)
    texts = [(at, each.at) for at, each in enumerate(tables.columns[n]) if each.text == each.name]
    assert len(whole.rows) == len(rows) - 1
    for number, (shown, row) in enumerate(zip(whole.rows, rows[1:], strict=True), 2):
        assert whole.origins[number - 2] == ((n, number, number),)
        assert [shown[at] for at, _ in texts] == [_cell(row, of) for _, of in texts]
    where: dict[str | None, set[int]] = {}
    for number, row in enumerate(rows[1:], 2):
        where.setdefault(_cell(row, 0), set()).add(number)
    plain = sorted(where, key=lambda text: (text is None, (text or "").encode()))
    assert [row[0] for row in distinct.rows] == [text for text in plain if text][:5]
    assert [_rows(distinct, at) for at in range(len(distinct.rows))] == [where[row[0]] for row in distinct.rows]
    assert list(counted.rows) == [(t, len(where[t])) for t in sorted(plain, key=lambda t: -len(where[t]))]
    assert [_rows(counted, at) for at in range(len(counted.rows))] == [where[row[0]] for row in counted.rows]
    last = [text for text in plain if text][-1]
    assert (largest.rows[0][0], _rows(largest, 0)) == (len(where[last]), where[last])


def _cell(row: tuple[str, ...], at: int) -> str | None:
    return row[at] if at < len(row) and row[at].strip() else None


def _rows(result: Result, at: int) -> set[int]:
    return {row for _, first, last in result.origins[at] for row in range(first, last + 1)}
