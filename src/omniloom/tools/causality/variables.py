"""A table as numbers by column: which cells are missing, which texts stand for 0 and 1, and where the rows stand."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, cast

from omniloom.core.base import Value
from omniloom.core.errors import TooLargeError, UsageError
from omniloom.core.locators import Locator
from omniloom.tools.sql import Cited, Grid
from omniloom.tools.tabular.columns import columns

_ROWS, _CELLS, _COLUMNS = 200_000, 2_000_000, 1000
_TWO = 2
_Numbers = list[float | None]


class Used(Value):
    """What of a table was used. n: rows without a missing cell in `columns`. dropped: how many rows have one, of which
    `dropped_rows` numbers the first hundred as the source counts them. cells: the columns, as places in the source."""

    columns: tuple[str, ...]
    n: int
    dropped: int = 0
    dropped_rows: tuple[int, ...] = ()
    cells: tuple[Cited, ...] = ()
    notes: tuple[str, ...] = ()


class Variables:
    """Raises TooLargeError over 200,000 rows, two million cells or 1000 columns, UsageError for no columns or columns
    of different lengths."""

    def __init__(self, table: Grid | Mapping[str, Sequence[Any]]) -> None:
        rows = len(table.rows) if isinstance(table, Grid) else max(map(len, table.values()), default=0)
        wide = max(map(len, table.rows), default=0) if isinstance(table, Grid) else len(table)
        if rows > _ROWS or rows * wide > _CELLS or wide > _COLUMNS:
            raise TooLargeError(
                f"the table has more than {_ROWS} rows, {_CELLS} cells or {_COLUMNS} columns",
                hint="give a sample of the rows, and the columns of the graph alone",
            )
        self._grid = table if isinstance(table, Grid) else None
        self._found: dict[str, tuple[str, list[Any], int, str]] = {}  # kind, cells, column from 0, what was lost
        self._first = 1
        if isinstance(table, Grid):
            self._first = table.first_row + table.header
            self._read(table)
        else:
            self._take(table)
        if not self._found:
            raise UsageError("the table has no columns", hint="give rows with cells, and which row is the header")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._found)

    def numbers(self, name: str) -> tuple[_Numbers, tuple[str, ...]]:
        """The column as numbers, None for a missing cell, and the two texts that 0 and 1 stand for, if it is text.

        Raises UsageError for a column that is not there, and for dates and text with more than two values.
        """
        if name not in self._found:
            raise UsageError(
                f"the table has no column {name!r}",
                hint=f"it has {', '.join(self.names)}"[:500] + "; a variable that no column shows goes into unobserved",
            )
        kind, cells, _, _ = self._found[name]
        if kind in ("BIGINT", "DOUBLE"):
            return [None if cell is None else float(cell) for cell in cells], ()
        values = sorted({cell.strip() for cell in cells if cell is not None})
        if kind == "DATE" or len(values) > _TWO:
            what = "dates" if kind == "DATE" else f"text with {len(values)} values and no order"
            hint = "give it as numbers, or make a column of 0 and 1 for each value"
            raise UsageError(f"the column {name!r} is {what}", hint=hint)
        coded = {text: float(at) for at, text in enumerate(values)}
        return [None if cell is None else coded[cell.strip()] for cell in cells], tuple(values)

    def complete(self, names: Sequence[str]) -> tuple[dict[str, list[float]], Used]:
        """These columns without the rows in which one of them is missing. Raises UsageError as `numbers` does."""
        every = {name: self.numbers(name) for name in names}
        rows = list(zip(*(values for values, _ in every.values()), strict=True))
        kept = [at for at, row in enumerate(rows) if None not in row]
        gone = [self._first + at for at, row in enumerate(rows) if None in row]
        told = {name: [cast(float, values[at]) for at in kept] for name, (values, _) in every.items()}
        notes = [f"{name}: 0 is {texts[0]!r}, 1 is {texts[-1]!r}" for name, (_, texts) in every.items() if texts]
        notes += [f"{name}: {self._found[name][3]}" for name in names if self._found[name][3]]
        used = Used(
            columns=tuple(names),
            n=len(kept),
            dropped=len(gone),
            dropped_rows=tuple(gone[:100]),
            cells=self._cells(names, len(rows)),
            notes=tuple(notes),
        )
        return told, used

    def unit(self, row: int, names: Sequence[str]) -> dict[str, float]:
        """One row, numbered as the source numbers it. Raises UsageError where it is not there or has missing cells."""
        every = {name: self.numbers(name)[0] for name in names}
        last = self._first + min(map(len, every.values())) - 1
        if not self._first <= row <= last:
            raise UsageError(f"there is no row {row}", hint=f"rows are numbered from {self._first} to {last}")
        found = {name: values[row - self._first] for name, values in every.items()}
        if missing := [name for name, value in found.items() if value is None]:
            raise UsageError(f"row {row} has no {missing[0]!r}", hint="choose a row in which nothing is missing")
        return {name: value for name, value in found.items() if value is not None}

    def level(self, name: str, given: Any) -> float:
        """A value that a user names, as a number of the column. Raises UsageError for text that it has not."""
        texts = self.numbers(name)[1]
        if isinstance(given, str) and given.strip() in texts:
            return float(texts.index(given.strip()))
        try:
            number = float(given)
        except (TypeError, ValueError):
            number = math.nan
        if texts or not math.isfinite(number):
            there = f"it has {' and '.join(map(repr, texts))}" if texts else "name a number"
            raise UsageError(f"the column {name!r} has no value {given!r}", hint=there)
        return number

    def _read(self, grid: Grid) -> None:
        header = grid.rows[grid.header - 1] if 0 < grid.header <= len(grid.rows) else ()
        seen = set[int]()
        for column, cells in zip(*columns(header, grid.rows[grid.header :]), strict=True):
            if column.at not in seen:  # a typed column is followed by its text
                self._found[column.name] = (column.kind, cells, column.at, column.lost)
            seen.add(column.at)

    def _take(self, table: Mapping[str, Sequence[Any]]) -> None:
        if len({len(values) for values in table.values()}) > 1:
            raise UsageError("the columns differ in length", hint="give one value a row, None where there is none")
        for at, (name, values) in enumerate(table.items()):
            cells = [None if value is None or value != value else value for value in values]  # NaN is missing
            if any(isinstance(cell, str) for cell in cells):
                texts = [["" if cell is None else str(cell)] for cell in cells]
                (column, *_), (content, *_) = columns([str(name)], texts)
                self._found[str(name)] = (column.kind, content, at, column.lost)
                continue
            if odd := [cell for cell in cells if cell is not None and not (_real(cell) and math.isfinite(cell))]:
                raise UsageError(f"the column {name!r} has {odd[0]!r}", hint="give finite numbers, text or None")
            self._found[str(name)] = ("DOUBLE", cells, at, "")

    def _cells(self, names: Sequence[str], rows: int) -> tuple[Cited, ...]:
        grid = self._grid
        if grid is None or not grid.source or not rows:
            return ()
        lefts = [grid.first_column + self._found[name][2] for name in names]
        spans = [(self._first, left, self._first + rows - 1, left) for left in lefts]
        made = [Locator.model_validate({"sheet": grid.sheet, "cells": span}) for span in spans]
        return tuple(Cited(source=grid.source, locator=each) for each in made)


def _real(cell: Any) -> bool:
    return isinstance(cell, Real) or type(cell).__name__ in ("bool", "bool_")
