"""Tables: delimited text, JSON records, workbooks, Parquet, Arrow.

`cells` locators count rows and columns from 1, as a spreadsheet does; the header stands in row 1 of files that have
nothing above it. In JSON lines the object of line n stands in row n + 1. A line end inside a cell is shown as a space.
"""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from omniloom.core.errors import TooLargeError, UnreadableError, UsageError
from omniloom.core.events import Progress
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs.tabular.grid import Grid
from omniloom.inputs.tabular.groups import segments
from omniloom.inputs.tabular.profile import survey

_ARROW = frozenset({"application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"})
_COLUMNAR = _ARROW | {"application/vnd.apache.parquet"}
_BOOKS = frozenset(
    {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
_DELIMITED = frozenset({"text/csv", "text/tab-separated-values"})
_JSON = frozenset({"application/x-ndjson", "application/json"})
MEDIA_TYPES = _DELIMITED | _JSON | _BOOKS | _COLUMNAR | {"application/gzip"}
VERSION = 4
WEIGHTS: tuple[str, ...] = ()
EXTRA = ""

_TEXT_BYTES = 200 << 20
_AROUND = 2


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Of each table a profile, then its rows in groups. Options: sheet, delimiter, encoding."""
    found = False
    for grid, losses in _grids(source):
        shape = survey(grid)
        if not shape.width:
            continue
        found = True
        yield from segments(grid, shape, source)
        yield from (loss.model_copy(update={"part": source.id}) for loss in losses)
    if not found:
        raise UnreadableError(f"{source.name!r} holds no cells", hint="pass a file with at least one row")


def cells(source: Source, locator: Locator) -> list[list[str]]:
    """For showing: the header, the rows of the locator, and two rows before and after them.

    Each row begins with its number, "1" for the header of a plain file and "" for a header that the file does not
    have. Without `cells` in the locator, the first rows. Raises UsageError if the sheet or the rows are not there.
    """
    for grid, _ in _grids(source):
        if locator.sheet is None or grid.sheet == locator.sheet:
            return _around(grid, locator)
    raise UsageError(f"{source.name!r} has no sheet {locator.sheet!r}")


def extract(payload: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
    """`cells` as a target for `run_isolated`: {"source", "locator"} → {"row"} for each."""
    for row in cells(Source.model_validate(payload["source"]), Locator.model_validate(payload["locator"])):
        yield {"row": row}


def _around(grid: Grid, locator: Locator) -> list[list[str]]:
    from omniloom.inputs.tabular.grid import SAMPLE_ROWS
    from omniloom.inputs.tabular.header import shape_of

    shape = shape_of(grid, list(islice(grid.rows(), SAMPLE_ROWS)))
    first, _, last, _ = locator.cells or (1, 1, 20, 1)
    low, high = max(0, first - _AROUND - grid.first_row), last + _AROUND - grid.first_row
    number = str(grid.first_row + shape.header) if shape.header >= 0 else ""
    shown = [[number, *shape.names]]
    for at, row in enumerate(islice(grid.rows(), low, high + 1), low):
        if at != shape.header:
            shown.append([str(grid.first_row + at), *row, *[""] * (shape.width - len(row))])
    if locator.cells and low and len(shown) == 1:
        raise UsageError(f"the table has no row {first}")
    return shown


def _grids(source: Source) -> Iterator[tuple[Grid, list[Loss]]]:
    size = source.path.stat().st_size
    if not size:
        raise UnreadableError(f"{source.name!r} is empty", hint="pass a file with at least one row")
    if source.media_type in _BOOKS:
        from omniloom.inputs.tabular import books

        yield from ((grid, []) for grid in books.grids(source))
    elif source.media_type in _COLUMNAR:
        from omniloom.inputs.tabular import columnar

        yield columnar.grid(source), []
    else:
        with tempfile.TemporaryDirectory(prefix="omniloom-table-") as folder:
            yield _textual(source, size, folder)


def _textual(source: Source, size: int, folder: str) -> tuple[Grid, list[Loss]]:
    from omniloom.inputs.tabular import delimited, encoding, packed, records

    if size > _TEXT_BYTES:
        raise TooLargeError(
            f"{source.name!r} has {size} bytes, tables in text are read up to {_TEXT_BYTES}",
            hint="save it as Parquet, or select what the question needs",
        )
    path, name, losses = source.path, source.name, list[Loss]()
    if source.media_type == "application/gzip":
        path = Path(folder) / "content"
        damage = packed.unpacked(source.path, name, path)
        if damage:
            losses.append(Loss(kind="truncated", severity="lost", detail=f"{damage}; the rows before that are read"))
    form = encoding.encoding_of(path, name, str(source.options.get("encoding", "")))
    if form.other:
        text = f"{form.odd} lines are not in UTF-8 but in {form.other}, the first is line {form.odd_line}"
        losses.append(Loss(kind="encoding", severity="reduced", detail=text))
    kind = _kind(source.media_type, path)
    if kind == "application/x-ndjson":
        return records.lined(path, form, name), losses
    if kind == "application/json":
        return records.listed(path, form, name), losses
    stated = str(source.options.get("delimiter", ""))
    rows = delimited.Rows(path, form, delimited.dialect_of(path, form, kind, stated), name)
    return Grid(rows, fixed=False, losses=rows.losses, delimiter=rows.dialect.delimiter), losses


def _kind(media_type: str, path: Path) -> str:
    """What is inside a gzip; else the media type itself."""
    if media_type != "application/gzip":
        return media_type
    with path.open("rb") as file:
        start = file.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"{"):
        return "application/x-ndjson"
    return "application/json" if start.startswith((b"[{", b"[\n", b"[ ")) else "text/csv"
