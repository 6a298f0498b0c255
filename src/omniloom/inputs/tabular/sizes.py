"""How many cells a workbook would take in memory, from its XML as a stream; nothing is built."""

import re
import zipfile

from omniloom.core.errors import TooLargeError, UnreadableError

_STEP = 1 << 20
_CELL = re.compile(rb'<(?:\w+:)?c\s[^<>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"')
_REPEATED = re.compile(rb'number-(rows|columns)-repeated="(\d{1,9})"')


def bearable(archive: zipfile.ZipFile, name: str, most: int) -> None:
    """Raises TooLargeError where the cells of a sheet span more than `most`: two far corners are enough for that."""
    for entry in archive.infolist():
        member = entry.filename.lower()
        if re.fullmatch(r"xl/worksheets/[^/]+\.xml", member):
            _within(_span(archive, entry, name), name, entry.filename, most)


def _within(cells: int, name: str, member: str, most: int) -> None:
    if cells > most:
        raise TooLargeError(
            f"{name!r} spans {cells} cells in {member!r}; at most {most} are read",
            hint="delete stray cells far from the table, or export the table as CSV or Parquet",
        )


def _span(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> int:
    top, bottom, left, right = 1 << 30, 0, 1 << 30, 0
    rest = b""
    try:
        with archive.open(entry) as file:
            while piece := file.read(_STEP):
                block = rest + piece
                for letters, digits in set(_CELL.findall(block)):
                    row, column = int(digits), _number(letters)
                    top, bottom = min(top, row), max(bottom, row)
                    left, right = min(left, column), max(right, column)
                rest = block[-300:]
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError) as error:
        raise _corrupt(name, entry.filename, error) from error
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise _corrupt(name, entry.filename, error) from error
    return max(0, bottom - top + 1) * max(0, right - left + 1)


def _corrupt(name: str, member: str, error: Exception) -> UnreadableError:
    return UnreadableError(f"{name!r} is corrupt in {member!r}: {error}", hint="open it and save it again")


def _number(letters: bytes) -> int:
    value = 0
    for letter in letters:
        value = value * 26 + letter - 64
    return value
