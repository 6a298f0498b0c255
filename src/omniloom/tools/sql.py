"""SQL over tables as a tool: typed columns, one SELECT in a child without files and network, and where rows came from.

tables = Tables([Grid(name="games", rows=rows, source="...")])
tables.description()              for the prompt
result = tables.query("SELECT ...")
result.cells(0, 0)                the cells that gave the first value of the first row
"""

import re
import threading
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.core.locators import Locator
from omniloom.core.values import Tool
from omniloom.isolation import Limits, run_isolated
from omniloom.isolation.database import quoted
from omniloom.isolation.limits import MIB
from omniloom.tools.tabular.columns import Column, Names, columns
from omniloom.tools.tabular.describe import described

_TARGET = "omniloom.tools.tabular.asking:answer"
_ERRORS = {each.code: each for each in (UsageError, TooLargeError, IsolationError)}
_LETTERS = 20_000_000
_SHOWN = 50
_SMALL = 0.01
_CELLS = 2_000_000  # each row counts as long as the longest: so long are they made
_COLUMNS = 10_000
_UNTRACED = "rows were not followed within the time and memory: all are given"
_WORDS = frozenset(
    "all analyse analyze and anti any array as asc asof asymmetric at authorization both case cast check collate "
    "collation column columns concurrently constraint create cross default deferrable desc describe distinct do "
    "else end except false fetch for foreign freeze from full generated glob group having ilike in initially "
    "inner intersect into is isnull join lambda lateral leading left like limit map natural not notnull null "
    "offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify "
    "references returning right select semi show similar some struct summarize symmetric table tablesample then "
    "to trailing true try_cast union unique unpack unpivot using values variadic verbose when where window with".split()
)


class Grid(Value):
    """A table as cell text. header: which of `rows` names the columns, from 1; 0 is none. Rows above it are left out.

    source, sheet: whose cells these are. first_row, first_column: where `rows[0][0]` stands there, from 1.
    """

    name: str = ""
    rows: tuple[tuple[str, ...], ...]
    header: int = Field(default=1, ge=0)
    source: str = ""
    sheet: str | None = None
    first_row: int = Field(default=1, ge=1)
    first_column: int = Field(default=1, ge=1)


class Bounds(Value):
    """What one query may use. letters: of its result, in all."""

    seconds: float = Field(default=10.0, gt=0)
    rows: int = Field(default=10_000, gt=0)
    letters: int = Field(default=2_000_000, gt=0)
    memory_mib: int = Field(default=300, ge=32)


class Cited(Value):
    """A rectangle of cells in a source."""

    source: str
    locator: Locator


class Result(Value):
    """What a query gave. Numbers are int or float, dates ISO text, an empty cell None.

    origins: of each row the (table, first row, last row) it came from, rows counted as the source counts them.
    places: of each row and each of its values the (table, first row, first column, last row, last column) of its cells;
    empty where only rows are known.
    traced: "rows" where rows were followed through the query; "tables" where they could not be: then every row of
    the tables it read is given. notes: what is not counted, and which columns it names have cells that are NULL because
    they do not fit.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    origins: tuple[tuple[tuple[int, int, int], ...], ...] = Field(default=(), repr=False)
    places: tuple[tuple[tuple[tuple[int, int, int, int, int], ...], ...], ...] = Field(default=(), repr=False)
    traced: Literal["rows", "tables"] = "rows"
    notes: tuple[str, ...] = ()
    grids: tuple[tuple[str, str | None, int, int], ...] = Field(default=(), repr=False)

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The values as they are told: "" for none, yes and no, and fractions with four digits."""
        return tuple(tuple(_told(value) for value in row) for row in self.rows)

    def __str__(self) -> str:
        """The first rows, as a model is shown them; with the names of the columns where there are several."""
        names = [" | ".join(self.columns)] if len(self.columns) > 1 else []
        rows = [" | ".join(row) for row in self.texts[:_SHOWN]]
        left = len(self.rows) - len(rows)
        return "\n".join([*names, *rows, *([f"({left} more rows)"] if left else [])])

    def spans(self, row: int, column: int) -> tuple[tuple[int, int, int, int, int], ...]:
        """Where a value came from, as `places` has it; whole rows for every value where that is empty."""
        if self.places:
            return self.places[row][column]
        ends = [(left, left + width - 1) for _, _, left, width in self.grids]
        return tuple((table, first, ends[table][0], last, ends[table][1]) for table, first, last in self.origins[row])

    def cells(self, row: int, column: int) -> tuple[Cited, ...]:
        """The cells that a value's expression names, whole rows for count(*), none for a constant; see `spans`."""
        found: list[Cited] = []
        for table, *cells in self.spans(row, column):
            source, sheet, _, _ = self.grids[table]
            locator = Locator.model_validate({"sheet": sheet, "cells": tuple(cells)})
            found.append(Cited(source=source, locator=locator))
        return tuple(found)


class Tables:
    """Tables to ask. Raises UsageError for no table or one without columns, TooLargeError over 20 million letters,
    two million cells or 10,000 columns of one."""

    def __init__(self, grids: Sequence[Grid], bounds: Bounds | None = None) -> None:
        if not grids:
            raise UsageError("no table is given", hint="give at least one Grid")
        if sum(len(cell) for grid in grids for row in grid.rows for cell in row) > _LETTERS:
            raise TooLargeError(f"the tables have more than {_LETTERS} letters", hint="give fewer rows")
        widths = [max(map(len, grid.rows), default=0) for grid in grids]
        if sum(width * len(grid.rows) for width, grid in zip(widths, grids, strict=True)) > _CELLS:
            raise TooLargeError(f"the tables have more than {_CELLS} cells", hint="give fewer rows, or shorter ones")
        if max(widths) > _COLUMNS:
            raise TooLargeError(f"a table has more than {_COLUMNS} columns", hint="give fewer columns")
        self._bounds, self._grids = bounds or Bounds(), tuple(grids)
        names = Names()
        self.names = tuple(names.take(_word(grid.name), f"table_{at}") for at, grid in enumerate(grids, 1))
        made = [columns(_header(grid), grid.rows[grid.header :]) for grid in grids]
        for name, (named, _) in zip(self.names, made, strict=True):
            if not named:
                raise UsageError(f"the table {name!r} has no columns", hint="give rows with cells")
        self.columns: tuple[tuple[Column, ...], ...] = tuple(tuple(named) for named, _ in made)
        self._content = [content for _, content in made]

    def description(self, most: int = 3000) -> str:
        """The tables for a prompt, in at most `most` characters: columns, types, examples, what was normalised."""
        return described(list(zip(self.names, self.columns, self._content, strict=True)), most)

    def query(self, sql: str, *, cancel: threading.Event | None = None) -> Result:
        """Run one SELECT. Raises UsageError with DuckDB's reason, TooLargeError, IsolationError over the time."""
        done = self.queries([sql], cancel=cancel)[0]
        if isinstance(done, OmniloomError):
            raise done
        return done

    def queries(self, sqls: Sequence[str], *, cancel: threading.Event | None = None) -> list[Result | OmniloomError]:
        """Several, in one child: of each its result or its error. Raises CancelledError."""
        done: list[Result | OmniloomError] = []
        while len(done) < len(sqls):
            before, half = len(done), False  # half: rows are here, where they came from is not
            try:
                rest = self._payload(sqls[before:])
                for item in run_isolated(_TARGET, rest, limits=self._limits(len(sqls)), cancel=cancel):
                    if "traced" in item:
                        done[-1] = self._traced(done[-1], item["traced"])
                    else:
                        done.append(self._read(item))
                    half = "result" in item
            except (IsolationError, TooLargeError) as error:
                if not half:
                    done.append(error)
            if len(done) == before:
                raise IsolationError("the child process said nothing", hint="ask again")
        return done

    def tool(self, cancel: threading.Event | None = None) -> Tool:
        """The tool for a model; its function takes `query` and gives a Result, or raises as `query` does."""

        def function(query: str) -> Result:
            return self.query(query, cancel=cancel)

        return Tool(
            name="sql",
            description=f"Run one SELECT (DuckDB) over these tables and get its rows.\n{self.description()}",
            parameters={
                "type": "object",
                "properties": {"query": {"type": "string", "description": "one SELECT statement"}},
                "required": ["query"],
                "additionalProperties": False,
            },
            effects=frozenset({"execute"}),
            function=function,
        )

    def _payload(self, sqls: Sequence[str]) -> dict[str, Any]:
        tables = [
            {
                "name": name,
                "columns": [(each.name, each.kind) for each in named],
                "at": [each.at for each in named],
                "content": content,
                "first_row": grid.first_row + grid.header,
                "first_column": grid.first_column,
            }
            for name, named, content, grid in zip(self.names, self.columns, self._content, self._grids, strict=True)
        ]
        b = self._bounds
        limits = {"seconds": b.seconds, "rows": b.rows, "letters": b.letters, "memory": f"{b.memory_mib}MiB"}
        return {"tables": tables, "queries": list(sqls), "limits": limits}

    def _limits(self, count: int) -> Limits:
        seconds = 2 * self._bounds.seconds + 10
        return Limits(
            memory_bytes=(self._bounds.memory_mib + 400) * MIB,
            cpu_seconds=seconds * count,
            wall_seconds=seconds * count,
            stall_seconds=seconds,
            file_bytes=MIB,
            threads=1,
        )

    def _read(self, item: dict[str, Any]) -> Result | OmniloomError:
        if failed := item.get("failed"):
            kind = _ERRORS.get(failed.get("code"), UsageError)
            return kind(str(failed.get("message")), hint=str(failed.get("hint", "")))
        grids = [
            (grid.source, grid.sheet, grid.first_column, 1 + max(each.at for each in named))
            for grid, named in zip(self._grids, self.columns, strict=True)
        ]
        told = item["result"]
        spans = [
            (at, grid.first_row + grid.header, grid.first_row + grid.header + len(grid.rows[grid.header :]) - 1)
            for at, grid in enumerate(self._grids)
            if at in told["read"] and len(grid.rows) > grid.header
        ]
        return Result.model_validate(
            {
                "columns": told["columns"],
                "rows": told["rows"],
                "origins": [spans] * len(told["rows"]),
                "traced": "tables",
                "notes": [*told["notes"], *self._losses(told["named"]), _UNTRACED],
                "grids": grids,
            }
        )

    def _losses(self, named: Sequence[tuple[int, int]]) -> list[str]:
        """Of the columns that a query names: which of their cells it cannot have seen."""
        columns = [self.columns[table][number] for table, number in named]
        return [f"{quoted(each.name)}: {each.lost}" for each in columns if each.lost]

    def _traced(self, done: Result | OmniloomError, told: dict[str, Any]) -> Result | OmniloomError:
        if isinstance(done, OmniloomError):
            return done
        notes = [*[note for note in done.notes if note != _UNTRACED], *told["notes"]]
        known = {"traced": "rows", "origins": told["origins"]} if "origins" in told else {}
        return Result.model_validate(dict(done) | known | {"places": told.get("places", ()), "notes": notes})


def _header(grid: Grid) -> tuple[str, ...]:
    return grid.rows[grid.header - 1] if 0 < grid.header <= len(grid.rows) else ()


def _told(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    if not isinstance(value, float):
        return str(value)
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= _SMALL or not value else f"{value:.4g}"


def _word(name: str) -> str:
    """A name that needs no quotes."""
    word = re.sub(r"\W+", "_", name).strip("_").lower()[:40]
    return f"t_{word}" if word[:1].isdigit() or word in _WORDS else word
