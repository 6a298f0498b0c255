"""Workbooks (xlsx, xls, xlsb, ods) through calamine, once their headers are known to be bearable."""

import datetime
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omniloom.core.errors import PasswordError, TooLargeError, UnreadableError, UsageError
from omniloom.core.protocols import Source
from omniloom.core.values import Loss
from omniloom.inputs.documents.archive import opened
from omniloom.inputs.tabular.grid import Grid
from omniloom.inputs.tabular.sizes import bearable

_BYTES, _CELLS = 256 << 20, 12_000_000
_ENDINGS = {
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": ".xlsb",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
_LEGACY = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def grids(source: Source) -> Iterator[Grid]:
    """Sheet by sheet, the empty ones left out. Option sheet: a name, or a number from 1."""
    book, found = _open(source)
    losses = dict(enumerate(found, -len(found)))
    names = list(book.sheet_names)
    for at in _chosen(names, source.options, source.name):
        try:
            sheet = book.get_sheet_by_index(at)
        except Exception as error:
            if "worksheet" in str(error).lower() and "not found" in str(error).lower():
                continue  # a chart sheet
            raise _broken(source.name, error) from error
        if sheet.height and sheet.width and sheet.start is not None:
            yield _grid(sheet, names[at], losses)
            losses = {}


def _open(source: Source) -> tuple[Any, list[Loss]]:
    """(the workbook, what of it is not read; only known of xlsx)."""
    import python_calamine as calamine

    size = source.path.stat().st_size
    if size > _BYTES:
        raise TooLargeError(f"{source.name!r} has {size} bytes, workbooks are read up to {_BYTES}")
    data, losses = source.path.read_bytes(), list[Loss]()
    if data.startswith(_LEGACY):
        if "EncryptedPackage".encode("utf-16-le") in data[: 1 << 20] + data[-(1 << 20) :]:
            raise PasswordError(f"{source.name!r} is password-protected", hint="save a copy without the password")
    else:
        with opened(data, source.name) as archive:
            losses = [*_cells(*bearable(archive, source.name, _CELLS)), *_beside(archive.namelist())]
    try:
        return _loaded(source), losses
    except calamine.PasswordError as error:
        hint = "save a copy without the password"
        raise PasswordError(f"{source.name!r} is password-protected", hint=hint) from error
    except BaseException as error:
        raise _broken(source.name, error) from error


def _loaded(source: Source) -> Any:
    """By content. Where no format fits, once more by the ending of the stated one: that tells what is wrong with it."""
    import python_calamine as calamine

    try:
        return calamine.load_workbook(str(source.path))
    except calamine.CalamineError as error:
        if "detect" not in str(error):
            raise
    with tempfile.TemporaryDirectory(prefix="omniloom-book-") as folder:
        path = Path(folder) / ("book" + _ENDINGS.get(source.media_type, ".xlsx"))
        shutil.copyfile(source.path, path)
        return calamine.load_workbook(str(path))


def _broken(name: str, error: BaseException) -> Exception:
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    if "Cell limit" in str(error):
        return TooLargeError(f"{name!r}: {error}", hint="delete stray cells far from the table, or export it as CSV")
    return UnreadableError(
        f"{name!r} is truncated or corrupt: {str(error)[:200]}", hint="open it and save it again, or export it as CSV"
    )


def _chosen(names: list[str], options: Mapping[str, Any], name: str) -> list[int]:
    wanted = options.get("sheet")
    if wanted is None:
        return list(range(len(names)))
    if str(wanted) in names:
        return [names.index(str(wanted))]
    number = int(wanted) if str(wanted).isdigit() else 0
    if 1 <= number <= len(names):
        return [number - 1]
    raise UsageError(f"{name!r} has no sheet {wanted!r}", hint=f"its sheets: {', '.join(names[:30])}")


def _cells(errors: int, unsaved: int) -> Iterator[Loss]:
    if errors:
        text = f"{errors} cells of the workbook hold an error such as #DIV/0!; they are read as empty"
        yield Loss(kind="error_cells", severity="reduced", detail=text)
    if unsaved:
        text = f"{unsaved} formulas of the workbook were saved without their value and are read as empty: "
        yield Loss(
            kind="formula_cells", severity="reduced", detail=text + "open it in a spreadsheet program and save it"
        )


def _beside(members: list[str]) -> Iterator[Loss]:
    """What a workbook holds beside cells, by the folders of its archive."""
    kinds = {"charts": "xl/charts/chart", "pictures": "xl/media/", "sheets with notes": "xl/comments"}
    counts = {kind: sum(m.startswith(start) and not m.endswith("/") for m in members) for kind, start in kinds.items()}
    if text := ", ".join(f"{kind}: {count}" for kind, count in counts.items() if count):
        yield Loss(kind="not_seen", severity="reduced", detail=f"only cells are read; what is not read has {text}")


def _grid(sheet: Any, name: str, losses: dict[int, Loss]) -> Grid:
    row, column = sheet.start

    def rows() -> Iterator[list[str]]:
        for cells in sheet.to_python(skip_empty_area=True):
            yield [_text(cell) for cell in cells]

    return Grid(rows, sheet=name, first_row=row + 1, first_column=column + 1, losses=losses)


def _text(value: Any) -> str:
    """As a sheet shows it without a format of its own; numbers to 15 digits, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value)
