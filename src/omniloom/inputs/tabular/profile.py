"""One line a column: its type, how many values differ, the least and the greatest; counted by DuckDB."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omniloom.core.errors import UnreadableError
from omniloom.inputs.tabular.engine import connect
from omniloom.inputs.tabular.grid import MAX_COLUMNS, SAMPLE_ROWS, Grid, Shape, blank, one_line
from omniloom.inputs.tabular.header import shape_of
from omniloom.isolation.database import literal

PROFILED = 400
_SHOWN, _KEPT, _EXACT = 40, 400, 3_000_000
_SPOOL, _AT_ONCE = 300 << 20, 6_000_000
_SPLIT = "\x1f"
_YEAR = re.compile(r"(1[0-9]|20|21)\d\d")
_NUMBER = r"[-+]?[$€£]?(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?([eE][-+]?\d+)?%?"
_WHOLE = r"[-+]?(\d+|\d{1,3}(,\d{3})+)"
_SWAP = str.maketrans(",.", ".,")
# What can only be a number with a decimal point; with the marks swapped, one with a decimal comma.
_POINT = re.compile(r"[-+]?(\d*\.(\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(,\d{3})+\.\d+)")


def survey(grid: Grid) -> Shape:
    """Goes through all rows once (twice where late rows are the widest)."""
    sample: list[list[str]] = []
    for row in grid.rows():
        sample.append(row)
        if len(sample) == SAMPLE_ROWS:
            break
    shape = shape_of(grid, sample)
    if shape.width > MAX_COLUMNS:
        raise UnreadableError(f"a row has {shape.width} cells; at most {MAX_COLUMNS} are read")
    shape.comma = not grid.fixed and _has_decimal_commas(sample, grid.delimiter)
    if grid.native:
        shape.data = shape.profiled = grid.native.count
        shape.rows = shape.data + 1
        shape.profile = _profile(grid.native.connection, grid.native.relation, shape)
        return shape
    with tempfile.TemporaryDirectory(prefix="omniloom-rows-") as folder:
        path = Path(folder) / "rows.txt"
        if _spool(grid, shape, path):
            _spool(grid, shape, path)
        connection = connect([path])
        try:
            shape.profile = _profile(connection, _spooled(path, shape), shape)
        finally:
            connection.close()
    return shape


def _has_decimal_commas(sample: list[list[str]], delimiter: str) -> bool:
    """By the numbers that can be read in one way only; if there are none, semicolons are there to spare the comma."""
    points = commas = 0
    for row in sample:
        for cell in row:
            value = cell.strip()
            points += _POINT.fullmatch(value) is not None
            commas += "," in value and _POINT.fullmatch(value.translate(_SWAP)) is not None
    return commas > points or (delimiter == ";" and not points)


def _spool(grid: Grid, shape: Shape, path: Path) -> bool:
    """Writes the data rows, all of one width, for DuckDB. True if a wider row came: then it must be done again."""
    written = shape.width
    shape.data = shape.rows = shape.profiled = size = 0
    columns = min(written, PROFILED)
    table = str.maketrans({_SPLIT: " ", "\n": " ", "\r": " ", "\0": " "})
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        for at, row in enumerate(grid.rows()):
            shape.rows += 1
            if at <= shape.header or blank(row):
                continue
            shape.data += 1
            if len(row) > shape.width:
                if len(row) > MAX_COLUMNS:
                    raise UnreadableError(f"a row has {len(row)} cells; at most {MAX_COLUMNS} are read")
                shape.names += [f"column {n}" for n in range(len(shape.names) + 1, len(row) + 1)]
                shape.width = len(row)
            cells = [cell[:_KEPT].translate(table) for cell in row[:columns]]
            if size < _SPOOL:
                size += file.write(_SPLIT.join(cells) + _SPLIT * (columns - len(cells)) + "\n")
                shape.profiled += 1
    return columns < min(shape.width, PROFILED)


def _spooled(path: Path, shape: Shape) -> str:
    types = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(min(shape.width, PROFILED)))
    return (
        f"read_csv({literal(str(path))}, columns={{{types}}}, auto_detect=false, header=false, delim='{_SPLIT}', "
        "quote='', escape='', nullstr='', max_line_size=20000000)"
    )


def _profile(connection: Any, relation: str, shape: Shape) -> list[str]:
    """All columns in one query, as rows of (column, value): an aggregate a column takes far longer to plan."""
    names = shape.names[: min(shape.width, PROFILED)]
    if not shape.profiled:
        return [f"{name[:80]}: empty" for name in names]
    columns = ", ".join(f"c{n}" for n in range(len(names)))
    found: dict[str, tuple[Any, ...]] = {}
    measured = _measure("v", shape.profiled, shape.comma)
    step = max(1, _AT_ONCE // shape.profiled)
    for start in range(0, len(names), step):
        some = ", ".join(f"c{n}" for n in range(start, min(start + step, len(names))))
        statement = (
            f"SELECT name, {measured} FROM (UNPIVOT (SELECT {columns} FROM {relation}) "  # noqa: S608
            f"ON {some} INTO NAME name VALUE v) GROUP BY name"
        )
        found |= {row[0]: row[1:] for row in connection.execute(statement).fetchall()}
    return [_line(name, found.get(f"c{n}", (0,)), shape) for n, name in enumerate(names)]


def _measure(name: str, rows: int, comma: bool) -> str:
    """Thirteen aggregates of a column of text. The sum is exact to six decimals, and NULL beside percentages."""
    value = f"nullif(trim({name}), '')"
    pointed = f"translate({value}, ',.', '.,')" if comma else value
    plain = f"regexp_replace({pointed}, '[,$€£%]', '', 'g')"
    number = f"CASE WHEN regexp_full_match({pointed}, '{_NUMBER}') THEN try_cast({plain} AS DOUBLE) END"
    distinct = "count(DISTINCT {})" if rows <= _EXACT else "approx_count_distinct({})"
    when = f"try_cast({value} AS TIMESTAMP)"
    return ", ".join(
        (
            f"count({value})",
            distinct.format(value),
            f"count(*) FILTER (regexp_full_match({pointed}, '{_WHOLE}'))",
            f"count({number})",
            f"count(try_cast({value} AS DATE)) FILTER (NOT contains({value}, ':'))",
            f"count({when})",
            f"count(*) FILTER (lower({value}) IN ('true', 'false'))",
            f"arg_min({value}, {number})",
            f"arg_max({value}, {number})",
            f"arg_min({value}, {when})",
            f"arg_max({value}, {when})",
            f"[min({value}), max({value})]",
            f"CASE WHEN count(*) FILTER (contains({value}, '%')) = 0 THEN sum(try_cast({plain} AS DECIMAL(32, 6))) END",
        )
    )


def _line(name: str, values: tuple[Any, ...], shape: Shape) -> str:
    if not values[0]:
        return f"{one_line(name)[:80]}: empty"
    rows = shape.profiled
    filled, distinct, whole, numbers, dates, times, truths, *ends = values
    distinct = min(distinct, filled)
    low, high, first, last, (least, most), total = ends
    if truths == filled:
        kind = "true or false"
    elif whole == filled:
        kind, least, most = "whole numbers", low, high
    elif numbers >= 0.8 * filled:
        kind, least, most = "numbers", low, high
    elif times >= 0.9 * filled:
        kind, least, most = ("dates" if dates >= 0.9 * filled else "times"), first, last
    else:
        kind = "text"
    others = filled - numbers if kind == "numbers" else filled - times if kind in ("dates", "times") else 0
    text = _worded(name, kind, distinct, (least, most), rows - filled, others, rows > _EXACT)
    counts = whole == distinct == filled and _plain(high) - _plain(low) == filled - 1
    if counts or numbers < filled:
        return text
    total = _sum(total, whole == filled, (low, high))
    return text + (f", sum {total.translate(_SWAP) if shape.comma else total}" if total else "")


def _sum(total: Any, whole: bool, ends: tuple[str, str]) -> str:
    """What the numbers of a column come to; years are not summed."""
    if total is None or (whole and all(_YEAR.fullmatch(end) for end in ends)):
        return ""
    text = f"{total:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _plain(number: str) -> int:
    """A whole number as it may be written: 1,234 or 1.234."""
    return int(number.strip().replace(",", "").replace(".", ""))


def _worded(name: str, kind: str, distinct: int, ends: tuple[str, str], empty: int, others: int, about: bool) -> str:
    text = f"{one_line(name)[:80]}: {kind}, {'about ' if about else ''}{distinct} distinct"
    text += f", min {_cut(ends[0])}, max {_cut(ends[1])}"
    if others:
        text += f", {others} not"
    return text + (f", {empty} empty" if empty else "")


def _cut(value: str) -> str:
    flat = one_line(value)
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def batches(lines: list[str], size: int) -> Iterator[tuple[int, list[str]]]:
    """(place of the first, lines), each of at most `size` characters in all."""
    start, room = 0, 0
    for at, line in enumerate(lines):
        if room and room + len(line) > size:
            yield start, lines[start:at]
            start, room = at, 0
        room += len(line) + 1
    if lines[start:]:
        yield start, lines[start:]
