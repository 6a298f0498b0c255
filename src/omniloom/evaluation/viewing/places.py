"""Where in a reading a place is, and what stands around it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from omniloom.core.locators import Cells, Locator
from omniloom.core.values import Segment
from omniloom.rendering.report import Piece

_AROUND, _ROWS_AROUND, _COLUMNS = 400, 2, 10


class Found(NamedTuple):
    """Characters of a segment, and the place that was looked for."""

    segment: Segment
    start: int
    end: int
    locator: Locator


def find(segments: Sequence[Segment], locator: Locator, quote: str) -> Found | None:
    """The quote at exactly this place; else a quote that meets it; else what is there; else the quote anywhere.

    A place with neither region nor words is nowhere in particular.
    """
    somewhere = locator != Locator()
    standing = [(segment, at) for segment in segments for at in _all(segment.text, quote)]
    for segment, at in standing:
        if segment.locate(at, at + len(quote)) == locator:
            return Found(segment, at, at + len(quote), locator)
    for segment, at in standing:
        if not somewhere or meets(segment.locate(at, at + len(quote)), locator):
            return Found(segment, at, at + len(quote), locator)
    near = [each for each in segments if somewhere and meets(each.locator, locator)]
    there = [Found(each, *span, locator) for each in near if (span := _span(each, locator)) is not None]
    if there:
        return min(there, key=_looseness)
    return Found(*standing[0], standing[0][1] + len(quote), locator) if standing else None


def _looseness(found: Found) -> tuple[bool, int]:
    """How little of it is the place: a row of a table comes before what is said of all its rows."""
    place = found.segment.locate(found.start, found.end)
    cells = place.cells or (1, 1, 1, 1)
    return place != found.locator, (cells[2] - cells[0] + 1) * (cells[3] - cells[1] + 1)


def _all(text: str, quote: str) -> Iterator[int]:
    """Where the quote stands; letter case apart where it nowhere stands as it is."""
    if not quote:
        return
    for one, other in ((text, quote), (text.lower(), quote.lower())):
        at = one.find(other) if len(one) == len(text) else -1
        if at >= 0:
            while at >= 0:
                yield at
                at = one.find(other, at + 1)
            return


def _span(segment: Segment, locator: Locator) -> tuple[int, int] | None:
    """The characters of the segment that are at the place."""
    inside = [each for each in segment.anchors if meets(each.locator, locator)]
    if inside:
        return inside[0].start, inside[-1].end
    if segment.anchors:
        return None
    if locator.chars and segment.locator.chars:
        first, size = segment.locator.chars[0], len(segment.text)
        return max(0, locator.chars[0] - first), min(size, locator.chars[1] - first)
    return 0, len(segment.text)


def meets(one: Locator, other: Locator) -> bool:
    """Whether two places have something in common, as far as both say where they are."""
    for name in ("member", "page", "sheet", "pointer"):
        a, b = getattr(one, name), getattr(other, name)
        if a is not None and b is not None and a != b:
            return False
    return all(a[0] < b[1] and b[0] < a[1] for a, b in _ranges(one, other))


def _ranges(one: Locator, other: Locator) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    if one.chars and other.chars:
        yield one.chars, other.chars
    if one.time and other.time:
        yield one.time, other.time
    if one.box and other.box:
        for side in (0, 1):
            a, b = ((box[side], box[side] + box[side + 2]) for box in (one.box, other.box))
            yield a, b
    if one.cells and other.cells:
        for side in (0, 1):
            a, b = ((cells[side], cells[side + 2] + 1) for cells in (one.cells, other.cells))
            yield a, b


def pieces(found: Found) -> tuple[Piece, ...]:
    """The words around the place, the place marked."""
    text, start, end = found.segment.text, found.start, found.end
    low, high = max(0, start - _AROUND), min(len(text), end + _AROUND)
    before, after = ("… " if low else "") + text[low:start], text[end:high] + (" …" if high < len(text) else "")
    made = (Piece(before), Piece(text[start:end], marked=True), Piece(after))
    return tuple(piece for piece in made if piece.text)


def rows(found: Found) -> tuple[tuple[Piece, ...], ...]:
    """The rows of a table around the place, the header first, each with its number; () for what is no rows."""
    cells = _grid(found.segment)
    wanted = found.locator.cells or found.segment.locate(found.start, found.end).cells
    if not cells or wanted is None:
        return ()
    columns = sorted({column for _, column in cells})
    names = found.segment.context.removeprefix("columns: ").split(" | ")
    names = names if len(names) == len(columns) else [str(column) for column in columns]
    first = next((at for at, column in enumerate(columns) if column >= wanted[1]), 0)
    low = max(0, first - _COLUMNS // 2) if len(columns) > _COLUMNS and first >= _COLUMNS else 0
    shown = range(low, min(low + _COLUMNS, len(columns)))
    made = [(Piece(""), *(Piece(names[at]) for at in shown))]
    for row in sorted({row for row, _ in cells}):
        if wanted[0] - _ROWS_AROUND <= row <= wanted[2] + _ROWS_AROUND:
            line = (_cell(cells, row, columns[at], wanted) for at in shown)
            made.append((Piece(str(row)), *line))
    return tuple(made) if len(made) > 1 else ()


def _grid(segment: Segment) -> dict[tuple[int, int], str]:
    """What stands in each cell, if each anchor of the segment is one cell."""
    found: dict[tuple[int, int], str] = {}
    for anchor in segment.anchors:
        cells = anchor.locator.cells
        if cells is None or cells[:2] != cells[2:]:
            return {}
        found[cells[0], cells[1]] = segment.text[anchor.start : anchor.end]
    return found


def _cell(cells: dict[tuple[int, int], str], row: int, column: int, wanted: Cells) -> Piece:
    inside = wanted[0] <= row <= wanted[2] and wanted[1] <= column <= wanted[3]
    return Piece(cells.get((row, column), ""), marked=inside)
