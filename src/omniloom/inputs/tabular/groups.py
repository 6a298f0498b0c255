"""Rows to Segments: a few rows each, the header in the context, an Anchor for each cell."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omniloom.core.events import Progress
from omniloom.core.locators import Cells, Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Anchor, Loss, Segment
from omniloom.inputs.tabular.grid import Grid, Shape, blank, one_line
from omniloom.inputs.tabular.profile import PROFILED, batches

ROWS, CHARACTERS = 20, 1200
MOST_ROWS, _MOST_BYTES = 200_000, 180 << 20
_RAGGED_NAMED, _NAME, _REPORT = 50, 60, 5000
_SPLIT = " | "
Span = tuple[int, int, Cells]


@dataclass
class _Group:
    """Lines of a coming Segment, and the cells they show."""

    grid: Grid
    shape: Shape
    source: str
    text: str = ""
    start: str = ""
    rows: int = 0
    cells: Cells = (0, 0, 0, 0)
    anchors: list[dict[str, Any]] = field(default_factory=list)

    def fits(self, line: str) -> bool:
        return not self.rows or (self.rows < ROWS and len(self.text) + len(line) < CHARACTERS)

    def add(self, line: str, spans: list[Span], cells: Cells) -> None:
        offset = len(self.text) + 1 if self.rows else 0
        self.text = f"{self.text}\n{line}" if self.rows else line
        self.cells = (self.cells[0], cells[1], cells[2], max(self.cells[3], cells[3])) if self.rows else cells
        self.rows += 1
        sheet = {"sheet": self.grid.sheet} if self.grid.sheet else {}
        for start, end, each in spans:
            self.anchors.append({"start": offset + start, "end": offset + end, "locator": {**sheet, "cells": each}})

    def taken(self) -> Iterator[Segment]:
        """The Segment, if there is one; the group is empty after that."""
        if self.rows:
            # One validation for all anchors: a table has many, and one by one takes twice the time.
            yield Segment.model_validate(
                {
                    "source": self.source,
                    "locator": Locator(sheet=self.grid.sheet, cells=self.cells),
                    "content": self.text,
                    "made_by": "table.rows/1",
                    "anchors": self.anchors,
                    "context": self._context(),
                }
            )
        self.text, self.rows, self.anchors, self.start = "", 0, [], ""

    def _context(self) -> str:
        first = self.cells[1] - self.grid.first_column
        names = self.shape.names[first : self.cells[3] - self.grid.first_column + 1]
        cut = sum(map(len, names)) > CHARACTERS
        text = "columns: " + _SPLIT.join(name[:_NAME] if cut else name for name in names)
        above = [f"sheet: {self.grid.sheet}"] if self.grid.sheet else []
        return "\n".join((*above, text, *([self.start] if self.start else [])))


def segments(grid: Grid, shape: Shape, source: Source) -> Iterator[Segment | Loss | Progress]:
    """The profile, then the rows, then what was ragged or left out."""
    yield from _profiles(grid, shape, source)
    group = _Group(grid, shape, source.id)
    ragged: list[tuple[int, int]] = []
    read, size = 0, 0
    each = 72 + 4 * len(grid.sheet or "")  # about what an anchor takes on its way to the parent
    for at, row in enumerate(grid.rows()):
        if at == shape.header or blank(row):
            continue
        number = grid.first_row + at
        if read >= MOST_ROWS or size >= _MOST_BYTES:
            yield _left_out(grid, shape, source, number, read)
            break
        read, size = read + 1, size + each * len(row) + 2 * sum(map(len, row))
        if not grid.fixed and len(row) != shape.usual and at > shape.header:
            ragged.append((number, len(row)))
        yield from _row(group, number, row)
        if read % _REPORT == 0:
            yield Progress(step="read", done=float(read), total=float(max(shape.data, read)), unit="rows")
    yield from group.taken()
    yield from _ragged(ragged, grid, shape, source)
    yield from (loss.model_copy(update={"part": source.id}) for loss in grid.losses.values())
    yield Progress(step="read", done=float(read), total=float(max(shape.data, read)), unit="rows")


def _row(group: _Group, number: int, row: list[str]) -> Iterator[Segment]:
    first = group.grid.first_column
    line, spans = _line(number, first, row)
    if len(line) <= CHARACTERS:
        if not group.fits(line):
            yield from group.taken()
        group.add(line, spans, (number, first, number, first + len(row) - 1))
        return
    yield from group.taken()
    for column, some in _portions(row):
        line, spans = _line(number, first + column, some)
        group.add(line, spans, (number, first + column, number, first + column + len(some) - 1))
        group.start = f"row {number} begins with: {one_line(row[0])[:_NAME]}" if column and row[0].strip() else ""
        yield from group.taken()


def _line(number: int, column: int, row: list[str]) -> tuple[str, list[Span]]:
    """`row 2: a | b | c`, and where in it the cells stand that are not empty."""
    text = f"row {number}: "
    at, spans, values = len(text), [], []
    for place, cell in enumerate(row):
        value = one_line(cell)
        if value.strip():
            spans.append((at, at + len(value), (number, column + place, number, column + place)))
        values.append(value)
        at += len(value) + len(_SPLIT)
    return text + _SPLIT.join(values), spans


def _portions(row: list[str]) -> Iterator[tuple[int, list[str]]]:
    """A long row in parts: (place of the first cell, cells). A cell that is too long for one comes piece by piece."""
    start, some, size = 0, list[str](), 0
    for at, cell in enumerate(row):
        if some and size + len(cell) > CHARACTERS:
            if any(each.strip() for each in some):
                yield start, some
            start, some, size = at, [], 0
        while len(cell) > CHARACTERS:
            cut = max(cell.rfind(" ", CHARACTERS // 2, CHARACTERS), cell.rfind("\n", CHARACTERS // 2, CHARACTERS)) + 1
            yield at, [cell[: cut or CHARACTERS]]
            cell = cell[cut or CHARACTERS :]
        some, size = [*some, cell] if some else [cell], size + len(cell) + len(_SPLIT)
    if any(each.strip() for each in some):
        yield start, some


def _profiles(grid: Grid, shape: Shape, source: Source) -> Iterator[Segment]:
    top = f"{_count(shape.data, 'row')}, {_count(shape.width, 'column')}" + (
        f", sheet {grid.sheet}" if grid.sheet else ""
    )
    more = shape.width - PROFILED
    counted = "all rows" if shape.profiled == shape.data else f"the first {_count(shape.profiled, 'row')}"
    last = grid.first_row + max(shape.rows, 1) - 1
    column = grid.first_column
    whole = (grid.first_row, column, last, column + max(shape.width, 1) - 1)
    for start, lines in batches(shape.profile, 2 * CHARACTERS) if shape.profile else [(0, [])]:
        text, anchors = top, []
        for at, line in enumerate(lines):
            text += "\n"
            place = Locator(sheet=grid.sheet, cells=(grid.first_row, column + start + at, last, column + start + at))
            anchors.append(Anchor(start=len(text), end=len(text) + len(line), locator=place))
            text += line
        if more > 0:
            text += f"\n{more} more columns are not in this profile"
        yield Segment(
            source=source.id,
            locator=Locator(sheet=grid.sheet, cells=whole),
            content=text,
            made_by="table.profile/1",
            anchors=tuple(anchors),
            context=f"profile of the whole table: what its columns hold, counted over {counted}",
        )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _left_out(grid: Grid, shape: Shape, source: Source, number: int, read: int) -> Loss:
    last = max(number, grid.first_row + shape.rows - 1)
    cells = (number, grid.first_column, last, grid.first_column + shape.width - 1)
    return Loss(
        kind="rows_not_read",
        severity="lost",
        part=source.id,
        detail=f"rows {number} to {last} are only in the profile: {read} rows are read of a table",
        locator=Locator(sheet=grid.sheet, cells=cells),
    )


def _ragged(rows: list[tuple[int, int]], grid: Grid, shape: Shape, source: Source) -> Iterator[Loss]:
    """One Loss a row, the first fifty; one for all the others."""
    first = grid.first_column
    for number, width in rows[:_RAGGED_NAMED]:
        yield Loss(
            kind="ragged_row",
            severity="reduced",
            part=source.id,
            detail=f"row {number} has {width} cells, the table has {shape.usual} columns",
            locator=Locator(sheet=grid.sheet, cells=(number, first, number, first + max(width, 1) - 1)),
        )
    if rest := rows[_RAGGED_NAMED:]:
        cells = (rest[0][0], first, rest[-1][0], first + shape.width - 1)
        yield Loss(
            kind="ragged_row",
            severity="reduced",
            part=source.id,
            detail=f"{len(rest)} more rows do not have {shape.usual} cells",
            locator=Locator(sheet=grid.sheet, cells=cells),
        )
