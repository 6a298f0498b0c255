"""The tables in what was read of the sources: rows of cells, and which characters of which Segment each cell is.

Rows of a table file tell their cells by their anchors. In documents a table is the passages that follow each other
under one header, with ` | ` between the cells of both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from omniloom.core.values import Segment
from omniloom.tools.sql import Grid

ROW = "row"  # the column that says the row's place in its table, from 1
_SPLIT = " | "
_COLUMNS = "columns: "
_ROWS = re.compile(r"(\d+) rows?, ")
_PROFILE = re.compile(r"(.*?): (?:true or false|whole numbers|numbers|dates|times|text|empty)\b")
_SUM = re.compile(r"(?:grand |sub-?|overall )?totals?:?", re.IGNORECASE)
Place = tuple[int, int, int]  # Segment, first character, end


@dataclass
class Sheet:
    """One table. `places` holds for each row and column where the text of the cell stands, None for an empty one."""

    name: str
    source: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    places: list[tuple[Place | None, ...]] = field(default_factory=list[tuple[Place | None, ...]])
    top = 2  # the row of the grid that is the first of `rows`

    def grid(self) -> Grid:
        """For SQL: the header stands in row 1, and behind the other columns one counts the rows."""
        numbered = ((*row, str(at)) for at, row in enumerate(self.rows, 1))
        return Grid(name=self.name, rows=((*self.header, ROW), *numbered), source=self.source)

    @property
    def sums(self) -> int:
        """How many rows at the end are sums of those above, by what they are called."""
        return len(self.labels)

    @property
    def labels(self) -> list[str]:
        """What these rows are called, the last one first."""
        found: list[str] = []
        for row in reversed(self.rows[1:]):
            label = next((cell.strip() for cell in row if cell.strip()), "")
            if not _SUM.fullmatch(label):
                break
            found.append(label)
        return found

    def without_sums(self) -> "Sheet":
        left = len(self.rows) - self.sums
        return replace(self, rows=self.rows[:left], places=self.places[:left])

    def found(self, first: int, last: int, columns: Sequence[int]) -> Iterator[Place]:
        """Where the cells of the rows `first` to `last`, from 0, stand in `columns`. Whole rows, and neighbours as one,
        where no column is named, or none of them has a cell."""
        whole: list[Place] = []
        for row in self.places[first : last + 1]:
            cells = [row[at] for at in columns if at < len(row)]
            some = [cell for cell in cells if cell is not None]
            if some:
                yield from some
            elif not any(at < len(row) for at in columns):
                _join(whole, [cell for cell in row if cell is not None])
        yield from whole


def _join(whole: list[Place], cells: Sequence[Place]) -> None:
    for segment in dict.fromkeys(cell[0] for cell in cells):
        spans = [cell for cell in cells if cell[0] == segment]
        start = spans[0][1]
        if whole and whole[-1][0] == segment:
            start = whole.pop()[1]
        whole.append((segment, start, spans[-1][2]))


def sheets(segments: Sequence[Segment], names: dict[str, str]) -> list[Sheet]:
    """The tables that have rows, in the order in which they stand. names: source → its name."""
    found = [*_of_files(segments, names), *_of_documents(segments, names)]
    return sorted((each for each in found if each.rows), key=lambda each: _first(each.places[0]))


def _first(row: Sequence[Place | None]) -> int:
    return next((place[0] for place in row if place is not None), 0)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


# -- table files -----------------------------------------------------------------------------------------------------


def _of_files(segments: Sequence[Segment], names: dict[str, str]) -> Iterator[Sheet]:
    held: dict[tuple[str, str | None], list[int]] = {}
    for at, segment in enumerate(segments):
        if segment.locator.cells is not None:
            held.setdefault((segment.source, segment.locator.sheet), []).append(at)
    several = {source for source, _ in held if sum(source == other for other, _ in held) > 1}
    for (source, page), indexes in held.items():
        name = _stem(names.get(source, source))
        yield _of_file(f"{name} {page}" if page and source in several else name, source, segments, indexes)


def _of_file(name: str, source: str, segments: Sequence[Segment], indexes: Sequence[int]) -> Sheet:
    header: dict[int, str] = {}
    rows: dict[int, dict[int, Place]] = {}
    texts: dict[tuple[int, int], str] = {}
    count: int | None = None
    for at in indexes:
        segment = segments[at]
        if segment.made_by.startswith("table.profile"):
            count = count or int(told[1]) if (told := _ROWS.match(segment.text)) else count
            header |= _profiled(segment)
            continue
        header |= _named(segment)
        for anchor in segment.anchors:
            row, column, *_ = anchor.locator.cells or (0, 0)
            rows.setdefault(row, {}).setdefault(column, (at, anchor.start, anchor.end))
            cell = segment.text[anchor.start : anchor.end]  # a long cell comes piece by piece
            texts[row, column] = texts.get((row, column), "") + cell
    columns = sorted({column for row in rows.values() for column in row} | header.keys())
    numbers = sorted(rows)
    above = max(0, len(numbers) - count) if count else 0  # what stands over the header is no row of the table
    sheet = Sheet(name, source, tuple(header.get(column, "") for column in columns))
    for number in numbers[above:]:
        sheet.rows.append(tuple(texts.get((number, column), "") for column in columns))
        sheet.places.append(tuple(rows[number].get(column) for column in columns))
    return sheet


def _profiled(segment: Segment) -> dict[int, str]:
    """Column → its name, cut to what a profile shows of it."""
    found: dict[int, str] = {}
    for anchor in segment.anchors:
        line = _PROFILE.match(segment.text, anchor.start, anchor.end)
        if line is not None and anchor.locator.cells is not None:
            found[anchor.locator.cells[1]] = line[1]
    return found


def _named(segment: Segment) -> dict[int, str]:
    """Column → its name, from what stands over the rows; none where a name holds the sign between names."""
    line = next((each for each in segment.context.splitlines() if each.startswith(_COLUMNS)), "")
    named, cells = line.removeprefix(_COLUMNS).split(_SPLIT), segment.locator.cells
    if cells is None or len(named) != cells[3] - cells[1] + 1:
        return {}
    return dict(enumerate(named, cells[1]))


# -- tables of documents ---------------------------------------------------------------------------------------------


def _of_documents(segments: Sequence[Segment], names: dict[str, str]) -> Iterator[Sheet]:
    found: dict[str, int] = {}
    sheet, before = None, (-2, "", "")
    for at, segment in enumerate(segments):
        header = segment.context
        cells = segment.text.split(_SPLIT)
        if segment.locator.cells is not None or _SPLIT not in header or len(cells) != len(header.split(_SPLIT)):
            continue
        if sheet is None or before != (at - 1, segment.source, header):
            if sheet is not None:
                yield sheet
            number = found[segment.source] = found.get(segment.source, 0) + 1
            name = f"{_stem(names.get(segment.source, segment.source))} {number}"
            sheet = Sheet(name, segment.source, tuple(header.split(_SPLIT)))
        sheet.rows.append(tuple(cell.strip() for cell in cells))
        sheet.places.append(tuple(_spans(at, cells)))
        before = (at, segment.source, header)
    if sheet is not None:
        yield sheet


def _spans(at: int, cells: Sequence[str]) -> Iterator[Place | None]:
    start = 0
    for cell in cells:
        inner = start + len(cell) - len(cell.lstrip())
        yield (at, inner, inner + len(cell.strip())) if cell.strip() else None
        start += len(cell) + len(_SPLIT)
