"""The numbers of sources that others may be computed from: which belong together, and of which year each is said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from omniloom.reasoning.evidence import column
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.wording import Word

MOST_NUMBERS = 60  # of one group; pairs are looked at both ways
YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_FROM = re.compile(r"\b(?:from|von|desde|depuis)\s+[$€£]?\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Operand:
    """A number of a source: its value, and where it stands.

    year: of which it is said, 0 where that is not told. first: whether it is what a change is told to begin from.
    """

    value: Decimal
    quote: Quote
    year: int = 0
    first: bool = False


def groups(passages: Passages, near: Sequence[int]) -> Iterator[list[Operand]]:
    """Columns and rows of the tables near the claim, then the numbers of each passage near it, then of all of them."""
    yield from _lines(passages, near)
    each = [numbers(passages, index) for index in near]
    yield from (group for group in each if group)
    yield [operand for group in each for operand in group][:MOST_NUMBERS]


def _lines(passages: Passages, near: Sequence[int]) -> Iterator[list[Operand]]:
    """The numbers of each column, then of each row, over all passages of the tables that `near` belongs to."""
    for source in dict.fromkeys(passages.segments[index].source for index in near):
        if ("lines", source) not in passages.kept:  # every leaf of a JSON looks through the same ones
            passages.kept["lines", source] = _lines_of(passages, source)
        yield from passages.kept["lines", source]


def _lines_of(passages: Passages, source: str) -> list[list[Operand]]:
    columns: dict[int, list[Operand]] = {}
    rows: dict[int, list[Operand]] = {}
    for index, segment in enumerate(passages.segments):
        if segment.source != source or segment.locator.cells is None or not segment.text.startswith("row "):
            continue
        for operand in numbers(passages, index):
            cells = segment.locate(operand.quote.start, operand.quote.end).cells
            if cells is not None and cells[0] == cells[2] and cells[1] == cells[3]:
                columns.setdefault(cells[1], []).append(operand)
                rows.setdefault(cells[0], []).append(operand)
    return [*columns.values(), *rows.values()]


def numbers(passages: Passages, index: int) -> list[Operand]:
    """The numbers of a passage; those that say which row it is are none."""
    if ("numbers", str(index)) not in passages.kept:
        passages.kept["numbers", str(index)] = list(_numbers_of(passages, index))
    return passages.kept["numbers", str(index)]


def _numbers_of(passages: Passages, index: int) -> Iterator[Operand]:
    segment = passages.segments[index]
    found = [
        word
        for word in passages.words[index]
        if word.kind == "number" and not segment.text.endswith("row ", 0, word.start)
    ]
    for at, word in enumerate(found):
        value = decimal_of(word.key)
        if value is not None:
            quote = Quote(index, word.start, word.end, frozenset(word.keys))
            named = YEAR.search(column(segment, quote))
            year = int(named.group()) if named else _year(segment.text, found, at)
            yield Operand(
                value, quote, year, _FROM.search(segment.text, max(0, word.start - 12), word.start) is not None
            )


def _year(text: str, numbers: Sequence[Word], at: int) -> int:
    """The year beside a number in its clause: the one after it ("200 in 2018"), else the one before; 0 without one."""
    word = numbers[at]
    for other, ends in ((at + 1, r"[,;.!?|](?:\s|\Z)|\n"), (at - 1, r"[;.!?](?:\s|\Z)|\n")):
        if 0 <= other < len(numbers) and YEAR.fullmatch(numbers[other].key):
            between = text[min(word.end, numbers[other].end) : max(word.start, numbers[other].start)]
            if not re.search(ends, between):
                return int(numbers[other].key)
    return 0


def decimal_of(key: str) -> Decimal | None:
    try:
        value = Decimal(key)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 20 else None


def year_of(passages: Passages, quote: Quote) -> int:
    """The year of a cell: that of its column's name, or the next one above it in its column, or in the first column;
    0 where there is none, or it stands in no table."""
    segment = passages.segments[quote.index]
    cells = segment.locate(quote.start, quote.end).cells
    if cells is None:
        return 0
    if named := YEAR.search(column(segment, quote)):
        return int(named.group())
    if ("years", segment.source) not in passages.kept:
        passages.kept["years", segment.source] = _years(passages, segment.source)
    years: dict[tuple[int, int], int] = passages.kept["years", segment.source]
    above = ([at for at in years if at[0] < cells[0] and at[1] == place] for place in (cells[1], 1))
    return next((years[max(found)] for found in above if found), 0)


def _years(passages: Passages, source: str) -> dict[tuple[int, int], int]:
    """The cells of a source that name a year, by row and column."""
    found: dict[tuple[int, int], int] = {}
    for segment in passages.segments:
        for anchor in segment.anchors if segment.source == source else ():
            cells, text = anchor.locator.cells, segment.text[anchor.start : anchor.end].strip()
            named = YEAR.search(text)
            if cells is not None and named and (len(text) == 4 or re.search(r"[^\W\d]", text)):
                found[cells[0], cells[1]] = int(named.group())
    return found
