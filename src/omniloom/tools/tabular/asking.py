"""The child's side: load the tables, run each query, say which rows its result came from."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.tools.tabular.engine import connect, within
from omniloom.tools.tabular.lineage import Lineage, UntraceableError
from omniloom.tools.tabular.tree import Node, Trees, checked, inside
from omniloom.tools.tabular.uses import uses

_SPANS = 200_000
_Rows = list[tuple[Any, ...]]


def answer(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"tables", "queries", "limits"}; yields {"result"} or {"failed": {code, message, hint}} of each."""
    asking = _Asking(payload["tables"], payload["limits"])
    for query in payload["queries"]:
        try:
            yield {"result": asking.result(query)}
        except OmniloomError as error:
            yield {"failed": {"code": error.code, "message": error.message, "hint": error.hint}}


class _Asking:
    def __init__(self, tables: list[dict[str, Any]], limits: dict[str, Any]) -> None:
        self._tables, self._limits = tables, limits
        self._connection = connect(tables, limits["memory"])
        self._trees = Trees(self._connection)
        self._numbers = {table["name"].lower(): at for at, table in enumerate(tables)}
        self._starts = [0]
        for table in tables:
            self._starts.append(self._starts[-1] + len(table["content"][0]))
        names = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        self._aggregates = frozenset(str(name).lower() for (name,) in self._connection.execute(names).fetchall())

    def result(self, query: str) -> dict[str, Any]:
        names = [name for table in self._tables for name, _ in table["columns"]]
        names += [table["name"] for table in self._tables]
        with within(self._connection, self._limits["seconds"], names):
            tree = self._trees.read(query)
            checked(tree, {table["name"].lower(): table["name"] for table in self._tables})
            shown, rows = self._run(query)
        rows, origins, traced, notes = self._origins(tree, rows, len(shown))
        return {
            "columns": shown,
            "rows": [[_plain(value) for value in row] for row in rows],
            "origins": origins,
            "uses": uses(tree, shown, self._numbers, self._columns()),
            "traced": traced,
            "notes": notes,
        }

    def _columns(self) -> dict[str, list[tuple[int, int]]]:
        found: dict[str, list[tuple[int, int]]] = {}
        for number, table in enumerate(self._tables):
            for (name, _), at in zip(table["columns"], table["at"], strict=True):
                found.setdefault(name.lower(), []).append((number, at))
        return found

    def _run(self, query: str) -> tuple[list[str], _Rows]:
        """Raises TooLargeError over the limit on rows or letters, without having made the rest."""
        done = self._connection.execute(query)
        rows, size = list[tuple[Any, ...]](), 0
        most, letters = self._limits["rows"], self._limits["letters"]
        while row := done.fetchone():
            rows.append(row)
            size += sum(len(str(value)) for value in row)
            if len(rows) > most or size > letters:
                what = f"{most} rows" if len(rows) > most else f"{letters} characters"
                raise TooLargeError(f"the result has more than {what}", hint="add LIMIT, or count and sum in the query")
        return [str(each[0]) for each in done.description], rows

    def _origins(self, tree: Node, rows: _Rows, width: int) -> tuple[_Rows, list[list[list[int]]], str, list[str]]:
        """Of each row the [table, first row, last row] it came from; all rows of all tables where that is not known.

        Where LIMIT takes any of several rows, the followed query may take others that answer as well: those are given.
        """
        tables = {table["name"].lower(): (table["name"], self._starts[at]) for at, table in enumerate(self._tables)}
        lineage = Lineage(self._trees, tables, self._aggregates)
        try:
            with within(self._connection, self._limits["seconds"], []):
                followed = self._connection.execute(lineage.followed(tree)).fetchmany(self._limits["rows"] + 1)
            limited = any(node.get("type") == "LIMIT_MODIFIER" for node in inside(tree))
            rows, lists = _matched(rows, followed, width, limited)
            spans = [self._spans(each) for each in lists]
            if sum(map(len, spans)) > _SPANS:
                raise UntraceableError("so many rows")
        except (UntraceableError, UsageError, TooLargeError, IsolationError, KeyError, TypeError) as error:
            why = str(error) if isinstance(error, UntraceableError) else "this form of query"
            return rows, self._all(tree, len(rows)), "tables", [f"rows cannot be followed through {why}: all are given"]
        return rows, spans, "rows", lineage.notes

    def _spans(self, numbers: Sequence[int]) -> list[list[int]]:
        spans: list[list[int]] = []
        for number in numbers:
            table = bisect_right(self._starts, number) - 1
            row = number - self._starts[table] + self._tables[table]["first_row"]
            if spans and spans[-1][0] == table and spans[-1][2] == row - 1:
                spans[-1][2] = row
            else:
                spans.append([table, row, row])
        return spans

    def _all(self, tree: Node, count: int) -> list[list[list[int]]]:
        read = {str(node["table_name"]).lower() for node in inside(tree) if node.get("type") == "BASE_TABLE"}
        spans: list[list[int]] = []
        for at, table in enumerate(self._tables):
            length = len(table["content"][0])
            if table["name"].lower() in read and length:
                spans.append([at, table["first_row"], table["first_row"] + length - 1])
        return [spans for _ in range(count)]


def _matched(rows: _Rows, followed: _Rows, width: int, limited: bool) -> tuple[_Rows, list[Sequence[int]]]:
    """The rows, and the row numbers of each. Both queries must give the same rows; their order may differ."""
    waiting: dict[str, list[Sequence[int]]] = {}
    for row in reversed(followed):
        if len(row) != width + 1:
            raise UntraceableError("this form of query")
        waiting.setdefault(repr(row[:width]), []).append(row[width])
    if len(rows) == len(followed):
        try:
            return rows, [waiting[repr(row)].pop() for row in rows]
        except (KeyError, IndexError):
            if limited:
                return [row[:width] for row in followed], [row[width] for row in followed]
    raise UntraceableError("rows that are chosen by chance")


def _plain(value: Any) -> Any:
    """As JSON knows it: dates in ISO form, exact numbers as int or float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
