"""Which encoding a delimited file is in, also where its lines are in two; its text line by line."""

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omniloom.core.errors import UnreadableError, UsageError
from omniloom.inputs.documents.decode import codec
from omniloom.inputs.documents.guess import guess

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 18
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 26, 27, 31})


@dataclass(frozen=True)
class Encoding:
    """name: of the file, or of most lines. other: of the lines that are not in UTF-8, "" if all are in one.

    odd: how many lines those are; odd_line: the first of them, counted from 1.
    """

    name: str
    other: str = ""
    odd: int = 0
    odd_line: int = 0


def encoding_of(path: Path, name: str, stated: str = "") -> Encoding:
    """Raises UnreadableError for what is no text."""
    if stated:
        if not (known := codec(stated)):
            raise UsageError(f"unknown encoding {stated!r}", hint='for example "utf-8", "cp1252" or "shift_jis"')
        return Encoding(known)
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    for mark, known in _MARKS:
        if head.startswith(mark):
            return Encoding(known)
    if wide := _wide(head):
        return Encoding(wide)
    if len(head) - len(head.translate(None, _CONTROLS)) > max(2, len(head) // 50):
        raise no_text(name)
    return _narrow(path, name)


def no_text(name: str) -> UnreadableError:
    return UnreadableError(
        f"{name!r} is not text in any known encoding",
        hint="if it is a table in another format, pass it without a media type; else save it as CSV in UTF-8",
    )


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: the zeros of its ASCII characters stand at every other byte."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) <= len(head) // 6:
        return ""
    if odd > 8 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 8 * odd else ""


def _narrow(path: Path, name: str) -> Encoding:
    """UTF-8, another one, or both: each line tells."""
    good, bad, first, telling = 0, 0, 0, bytearray()
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
                first = first or number
                if len(telling) < _SAMPLE:
                    telling += line[: 1 << 14]
    if not bad:
        return Encoding("utf-8")
    other = guess(bytes(telling)) or ("cp1252" if good else "")
    if not other:
        raise no_text(name)
    other = codec(other) or other
    return Encoding("utf-8", other, bad, first) if good * 20 >= bad else Encoding(other)


def lines(path: Path, encoding: Encoding) -> Iterator[str]:
    """Lines with their ends as they are. Zeros, and bytes that fit neither encoding, become U+FFFD."""
    if not encoding.other:
        with path.open("r", encoding=encoding.name, errors="replace", newline="") as file:
            for line in file:
                yield line.replace("\0", "\ufffd") if "\0" in line else line
        return
    with path.open("rb") as file:
        for line in file:
            try:
                text = line.decode("utf-8").replace("\0", "\ufffd")
            except UnicodeDecodeError:
                text = line.decode(encoding.other, "replace")
            yield from io.StringIO(text, newline="") if "\r" in text[:-2] else (text,)
