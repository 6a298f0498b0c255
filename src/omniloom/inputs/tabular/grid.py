"""A grid of cells that can be gone through again and again, and what is known of its shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omniloom.core.values import Loss

SAMPLE_ROWS = 1000
MAX_COLUMNS = 16_384


@dataclass
class Native:
    """relation: SQL that gives the data rows as text columns c0, c1, ... on `connection`. count: how many rows."""

    connection: Any
    relation: str
    count: int


@dataclass
class Grid:
    """One table of a file.

    rows: starts from the top each time; a row is its cells as text, "" for an empty one.
    first_row, first_column: where the first cell of the first row stands, as a spreadsheet counts.
    fixed: the number of cells is given by the format (else a row of another width is ragged).
    header: the place in `rows` of the header, None to be found out, -1 for none.
    native: where DuckDB reads the file itself, so that its rows need not be written out for the profile.
    losses: filled while the rows are gone through, by row, so that the second time adds nothing.
    delimiter: of delimited text.
    """

    rows: Callable[[], Iterator[list[str]]]
    sheet: str | None = None
    first_row: int = 1
    first_column: int = 1
    fixed: bool = True
    header: int | None = None
    native: "Native | None" = None
    losses: dict[int, Loss] = field(default_factory=dict)
    delimiter: str = ""


@dataclass
class Shape:
    """header: its place in the rows (-1: none). width: most cells in a row. usual: cells in most rows.

    data: rows below the header that are not blank; `profiled` of them are counted in the profile.
    rows: all rows, blank ones and header among them. comma: it parts the whole of a number from its decimals.
    """

    header: int
    names: list[str]
    width: int
    usual: int
    data: int = 0
    rows: int = 0
    profiled: int = 0
    comma: bool = False
    profile: list[str] = field(default_factory=list)


def letters(column: int) -> str:
    """A for 1, Z for 26, AA for 27."""
    text = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def one_line(value: str) -> str:
    """The value with its line ends as spaces."""
    return " ".join(value.splitlines()) if "\n" in value or "\r" in value else value


def blank(row: list[str]) -> bool:
    """Whether there is nothing but spaces in it."""
    return not any(row) or not any(cell.strip() for cell in row)
