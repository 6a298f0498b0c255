"""CSV and its like: which encoding, which delimiter, which escapes; then rows, read as a stream."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from omniloom.core.errors import TooLargeError, UnreadableError
from omniloom.core.locators import Locator
from omniloom.core.values import Loss
from omniloom.inputs.tabular.encoding import Encoding, lines

_SAMPLE_LINES, _SAMPLE = 400, 1 << 17
_DELIMITERS = ",\t;|"
_FIELD = 8 << 20
_NAMED = re.compile(r"(?:\ufeff)?sep=(.)\r?\n?", re.IGNORECASE)  # a first line for Excel, no part of the table


@dataclass(frozen=True)
class Dialect:
    """escapes: a backslash before a quote takes its meaning away. quoting: False where quotes are plain characters.

    spaced: a space comes between the delimiter and an opening quote.
    """

    delimiter: str
    escapes: bool = False
    quoting: bool = True
    spaced: bool = False

    def reader(self, text: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(
            text,
            delimiter=self.delimiter,
            escapechar="\\" if self.escapes else None,
            skipinitialspace=self.spaced,
            quoting=csv.QUOTE_MINIMAL if self.quoting else csv.QUOTE_NONE,
        )


def dialect_of(path: Path, encoding: Encoding, media_type: str, stated: str = "") -> Dialect:
    """From the first lines. `stated`: the delimiter, if the user gave it."""
    sample: list[str] = []
    size = 0
    for line in islice(lines(path, encoding), _SAMPLE_LINES):
        sample.append(line[:_SAMPLE])
        size += len(line)
        if size > _SAMPLE:
            break
    named = _NAMED.fullmatch(sample[0]) if sample else None
    sample = sample[1:] if named else sample
    stated = stated or (named[1] if named else "")
    text = "".join(sample)
    usual = "\t" if media_type == "text/tab-separated-values" else ","
    scores = {each: _score(sample, each, each == usual) for each in _DELIMITERS}
    best = max(scores, key=lambda each: scores[each])
    delimiter = stated or (best if scores[best] > 0.1 else usual)
    spaced = delimiter != "\t" and re.search(rf'{re.escape(delimiter)} +"', text) is not None
    spaced = spaced and re.search(rf'{re.escape(delimiter)}"[^ ]', text) is None
    return Dialect(delimiter, _escapes(text, delimiter), _quotes(sample, delimiter), spaced)


def _score(sample: list[str], delimiter: str, usual: bool) -> float:
    """How much of the sample is one table with this delimiter: the share of rows as wide as most, the first among."""
    try:
        rows = list(
            csv.reader(sample, delimiter=delimiter, escapechar="\\" if _escapes("".join(sample), delimiter) else None)
        )
    except csv.Error:
        return 0.0
    rows = [row for row in rows if row]
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0.0
    width, count = widths.most_common(1)[0]
    if width < 2:
        # One column, here and there cut: better than nothing only for the usual one.
        return 0.05 + 0.1 * (len(widths) > 1) if usual else 0.0
    split = sum(cell.count('"') % 2 for row in rows for cell in row) / max(1, sum(map(len, rows)))
    first = 0.1 * (len(rows[0]) == width)
    return 0.2 + 0.7 * count / len(rows) + first + 0.05 * usual - split


def _escapes(text: str, delimiter: str) -> bool:
    """Whether there is a backslash and quote inside a quoted value, where doubled quotes do not explain it."""
    end = re.escape(delimiter) + "\r\n"
    inner = len(re.findall(r'(?<!\\)(?:\\\\)*\\"(?=[^"' + end + r'])|\\""(?=[' + end + "])", text))
    return inner > 0 and inner >= len(re.findall(r"(?<=[^\\" + end + r'])""(?=[^"' + end + "])", text))


def _quotes(sample: list[str], delimiter: str) -> bool:
    """False where a quote opens that never closes: then quotes are inches, ditto marks, or plain text."""
    text = "".join(sample)
    if '"' not in text:
        return True
    starts = re.findall(rf'(?:^|{re.escape(delimiter)})"', text, re.MULTILINE)
    ends = re.findall(rf'"(?:{re.escape(delimiter)}|\r?$|\Z)', text, re.MULTILINE)
    return not starts or len(ends) * 2 >= len(starts)


class Rows:
    """The rows of a delimited file, from the top each time it is called."""

    def __init__(self, path: Path, encoding: Encoding, dialect: Dialect, name: str) -> None:
        self.path, self.encoding, self.dialect, self.name = path, encoding, dialect, name
        self.losses: dict[int, Loss] = {}
        if not dialect.quoting:
            text = "quotes open that never close: quotes are read as plain characters"
            self.losses[-1] = Loss(kind="unclosed_quote", severity="reduced", detail=text)

    def __call__(self) -> Iterator[list[str]]:
        csv.field_size_limit(_FIELD)
        last = _Last(lines(self.path, self.encoding))
        count = 0
        try:
            for row in self.dialect.reader(last):
                count += 1
                yield row if count > 1 or not _NAMED.fullmatch(self.dialect.delimiter.join(row)) else []
        except csv.Error as error:
            if "limit" in str(error):
                raise TooLargeError(
                    f"{self.name!r} has a cell of more than {_FIELD >> 20} MiB after row {count}",
                    hint="a quote may be open that never closes",
                ) from error
            raise UnreadableError(f"{self.name!r}, after row {count}: {error}") from error
        if count and self.dialect.quoting and last.open(self.dialect):
            self.losses[0] = Loss(
                kind="unclosed_quote",
                severity="reduced",
                detail=f"the file ends inside a quoted value of row {count}: it may be cut off",
                locator=Locator(cells=(count, 1, count, 1)),
            )


class _Last:
    """Lines that pass, with the last ones kept: enough to see how the file ends."""

    def __init__(self, text: Iterator[str]) -> None:
        self.text, self.end = text, ""

    def __iter__(self) -> Iterator[str]:
        for line in self.text:
            self.end = line
            yield line

    def open(self, dialect: Dialect) -> bool:
        """The last line, taken alone, ends inside quotes, and not because they began before it."""
        return self._ends_inside("", dialect) and not self._ends_inside('"', dialect)

    def _ends_inside(self, before: str, dialect: Dialect) -> bool:
        try:
            for _ in csv.reader(
                io.StringIO(before + self.end, newline=""),
                delimiter=dialect.delimiter,
                escapechar="\\" if dialect.escapes else None,
                strict=True,
            ):
                pass
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False
