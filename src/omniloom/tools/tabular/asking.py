"""The child's side: load the tables, run each query, say which cells and rows its result came from."""

import time as clock
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.tools.tabular.engine import DEEP, connect, within
from omniloom.tools.tabular.lineage import MOST, Lineage
from omniloom.tools.tabular.places import FROM, Places
from omniloom.tools.tabular.tree import Node, Trees, UntraceableError, checked
from omniloom.tools.tabular.wording import DECIDED, cut_to, decides, names_in, tables_in, whole_rows

_CUT = "DuckDB gave more rows than the LIMIT: the first ones are kept"
_NOT_CELLS = "which cells of the rows is not known: whole rows are given"
_BROKEN = (OmniloomError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
_Rows = list[tuple[Any, ...]]


class _Ran(NamedTuple):
    tree: Node
    columns: list[str]
    rows: _Rows
    notes: list[str]


def answer(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"tables", "queries", "limits"}; yields of each {"failed": {code, message, hint}}, or {"result"} and
    then {"traced"}. Where the second never comes the result stands, and nothing is known of where it came from."""
    asking = _Asking(payload["tables"], payload["limits"])
    for query in payload["queries"]:
        try:
            ran = asking.run(query)
            yield {"result": asking.told(ran)}
            yield {"traced": asking.traced(ran)}
        except OmniloomError as error:
            yield {"failed": {"code": error.code, "message": error.message, "hint": error.hint}}
        except RecursionError:
            yield {"failed": {"code": UsageError.code, "message": DEEP[0], "hint": DEEP[1]}}


class _Asking:
    def __init__(self, tables: list[dict[str, Any]], limits: dict[str, Any]) -> None:
        self._tables, self._limits = tables, limits
        self._places = Places(tables)
        self._connection = connect(tables, limits["memory"], self._places.starts)
        self._trees = Trees(self._connection)
        self._columns = {table["name"].lower(): [str(name) for name, _ in table["columns"]] for table in tables}
        names = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        self._aggregates = frozenset(str(name).lower() for (name,) in self._connection.execute(names).fetchall())

    def run(self, query: str) -> _Ran:
        """Raises OmniloomError, RecursionError."""
        names = [name for table in self._tables for name, _ in table["columns"]]
        names += [table["name"] for table in self._tables]
        if FROM in query.casefold():
            raise UsageError(f"no name may begin with {FROM}", hint="give it another name")
        with within(self._connection, self._limits["seconds"], names):
            tree = self._trees.read(query)
            checked(tree, {table["name"].lower(): table["name"] for table in self._tables})
            if meant := whole_rows(tree, self._columns)[0]:
                raise UsageError(f"{meant!r} is a table, not a column", hint="name its columns")
            columns, rows = self._rows(query)
        most = cut_to(tree)
        return _Ran(tree, columns, rows[:most], [_CUT] * (most is not None and len(rows) > most))

    def told(self, ran: _Ran) -> dict[str, Any]:
        """read: the tables in it, by number. named: the columns of these that it names, as [table, number in SQL]."""
        read = [at for at, table in enumerate(self._tables) if table["name"].lower() in tables_in(ran.tree)]
        words, star = names_in(ran.tree)
        named = [
            [at, number]
            for at in read
            for number, (name, _) in enumerate(self._tables[at]["columns"])
            if star or name.lower() in words
        ]
        rows = [[_plain(value) for value in row] for row in ran.rows]
        return {"columns": ran.columns, "rows": rows, "read": read, "named": named, "notes": ran.notes}

    def _rows(self, query: str) -> tuple[list[str], _Rows]:
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

    def traced(self, ran: _Ran) -> dict[str, Any]:
        """{"origins", "places", "notes"}: without places where only rows are known, notes alone where nothing is."""
        end = clock.monotonic() + self._limits["seconds"]
        why = ""
        for cells in (True, False):
            lineage = Lineage(self._trees, self._columns, self._aggregates, cells)
            try:
                if doubtful := whole_rows(ran.tree, self._columns)[1]:
                    raise UntraceableError(f"{doubtful!r}, a name of a table and of a column")
                with within(self._connection, max(0.1, end - clock.monotonic()), []):
                    lists = self._followed(lineage.followed(ran.tree), ran)
                done: dict[str, Any] = {"origins": [self._places.spans(each[-1]) for each in lists]}
                if cells:
                    done["places"] = [[self._places.rectangles(cell) for cell in each[:-1]] for each in lists]
            except UntraceableError as error:
                why = str(error)
            except IsolationError:
                why = "so many rows"
                break
            except _BROKEN:
                why = "this form of query"
            else:
                notes = [*lineage.notes, *[DECIDED] * decides(ran.tree)]
                return done | {"notes": notes if cells else [_NOT_CELLS, *notes]}
        return {"notes": [f"rows cannot be followed through {why}: all are given"]}

    def _followed(self, query: str, ran: _Ran) -> list[Sequence[Sequence[int]]]:
        """Of each row the lists beside its values in `query`. Both must give the same rows; their order may differ."""
        done = self._connection.execute(query)
        width, count, found = len(ran.columns), 0, _Rows()
        while row := done.fetchone():
            count += sum(len(each) for each in row[width:])
            if count > MOST:
                raise UntraceableError("so many rows")
            found.append(row)
        found = found[: cut_to(ran.tree)]
        same = [row[:width] for row in found]
        if repr(same) == repr(ran.rows):
            return [row[width:] for row in found]
        waiting: dict[str, list[Sequence[Sequence[int]]]] = {}
        for row in reversed(found):
            waiting.setdefault(repr(row[:width]), []).append(row[width:])
        if len(found) != len(ran.rows) or any(not waiting.get(repr(row)) for row in ran.rows):
            raise UntraceableError("rows that are chosen by chance")
        return [waiting[repr(row)].pop() for row in ran.rows]


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
