"""How many cells a workbook would take in memory, from its XML as a stream; nothing is built."""

import re
import zipfile

from omniloom.core.errors import TooLargeError, UnreadableError

_STEP = 1 << 20
_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"')
_UNSAVED = re.compile(
    rb'<(?:\w+:)?c(?![^<>]{0,200}\bt="str")\s[^<>]{0,200}>\s*<(?:\w+:)?f\b[^<>]{0,200}(?:/>|>[^<]{0,8192}</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_WRONG = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?\bt="e"')


def bearable(archive: zipfile.ZipFile, name: str, most: int) -> tuple[int, int]:
    """How many cells hold an error such as #DIV/0!, and how many a formula whose value was not saved.

    Raises TooLargeError where the cells of a sheet span more than `most`: two far corners are enough for that.
    """
    errors = unsaved = 0
    for entry in archive.infolist():
        member = entry.filename.lower()
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member):
            cells, wrong, without = _span(archive, entry, name)
            _within(cells, name, entry.filename, most)
            errors, unsaved = errors + wrong, unsaved + without
    return errors, unsaved


def _within(cells: int, name: str, member: str, most: int) -> None:
    if cells > most:
        raise TooLargeError(
            f"{name!r} spans {cells} cells in {member!r}; at most {most} are read",
            hint="delete stray cells far from the table, or export the table as CSV or Parquet",
        )


def _span(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> tuple[int, int, int]:
    """(cells between the corners, cells with an error, formulas without a value)."""
    unsaved, wrong, top, bottom, left, right = 0, 0, 1 << 30, 0, 1 << 30, 0
    rest = b""
    try:
        with archive.open(entry) as file:
            while piece := file.read(_STEP):
                block = rest + piece
                for letters, digits in set(_CELL.findall(block)):
                    row, column = int(digits), _number(letters)
                    top, bottom = min(top, row), max(bottom, row)
                    left, right = min(left, column), max(right, column)
                wrong += len(_WRONG.findall(block))
                unsaved += len(_UNSAVED.findall(block))
                tail = block.rfind(b"<")
                rest = block[tail:] if len(block) - tail < 400 else b""
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise _corrupt(name, entry.filename, error) from error
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise _corrupt(name, entry.filename, error) from error
    return max(0, bottom - top + 1) * max(0, right - left + 1), wrong, unsaved


def _corrupt(name: str, member: str, error: Exception) -> UnreadableError:
    return UnreadableError(f"{name!r} is corrupt in {member!r}: {error}", hint="open it and save it again")


def _number(letters: bytes) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + letter - 64
    return value
