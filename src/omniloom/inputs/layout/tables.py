"""Tables told by alignment: consecutive rows whose gaps stand below each other.

Cells of a row must follow each other in the file (text layers), or be short (OCR, whose order says nothing): that is
what tells a table from columns of prose. Spanning header cells stand in the first column they span.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import fmean

from omniloom.inputs.layout.words import Block, Line, Word, on_one_baseline, right_to_left

_PROSE = 28  # characters a row; two columns filled like this are prose
_SHORT = 20
_APART = 2.0  # em between rows of one table
_NARROWEST = 0.2  # em of a gap all rows share
_SUPPORT = 0.4  # share of the rows that must be split at a gap: the others may have words close to each other
_HEADERS = 3
_CAPTION = re.compile(r"(?i)(table|figure|fig|example|listing|tab|tabelle|abbildung|tableau|tabla|tabella)\W{0,2}\d")
BULLET = re.compile(r"^([•◦▪‣·●○■□►–—*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d+\])$")

Gap = tuple[float, float]


@dataclass(slots=True)
class _Group:
    """Rows, and the gaps between words that all of them share."""

    rows: list[list[Line]]
    gaps: list[Gap]

    @property
    def full(self) -> list[list[Line]]:
        return [row for row in self.rows if len(row) > 1]


def tables(lines: Sequence[Line], *, ordered: bool, alone: bool) -> tuple[list[list[Block]], list[Line]]:
    """(rows of each table, the lines left over).

    ordered: the order of words is that of a file, not of OCR. alone: the lines are of one column of the page; without
    it a table beside a column of prose is not taken, lest the prose be taken for a cell.
    """
    rows = baselines(lines)
    found: list[list[Block]] = []
    used: set[int] = set()
    for start, whole in _groups(rows):
        heads, group = _without_heads(whole)
        if _is_table(group, ordered, alone):
            above = [row for row in rows[max(0, start - _HEADERS) : start] if id(row[0]) not in used]
            blocks = _blocks(_heads([*above, *heads], group), group)
            found.append(blocks)
            used.update(id(line) for block in blocks for line in block.lines)
    return found, [line for line in lines if id(line) not in used]


def baselines(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped by baseline, top down, each group from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: each.middle):
        if rows and on_one_baseline(rows[-1][0], line) and on_one_baseline(rows[-1][-1], line):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _groups(rows: list[list[Line]]) -> list[tuple[int, _Group]]:
    """(number of the first row, group) for each run of rows that share a gap; single lines may stand between them."""
    groups: list[tuple[int, _Group]] = []
    start, group, waiting = 0, _Group([], []), list[list[Line]]()
    for number, row in enumerate(rows):
        last = waiting[-1] if waiting else group.rows[-1] if group.rows else None
        goes_on = last is not None and _near(last, row) and not _CAPTION.match(row[0].text)
        gaps = _shared(group.gaps, _gaps(row), _em(row)) if goes_on else []
        before = len(_supported(group.gaps, group.full))
        goes_on = goes_on and len(_supported(gaps, group.full)) * 2 >= max(before, 1)
        if goes_on and len(row) > 1:
            group.rows.extend([*waiting, row])
            group.gaps, waiting = gaps, []
        elif goes_on and len(waiting) < 3:
            waiting.append(row)
        else:
            groups.append((start, group))
            start, waiting = number, []
            fresh = len(row) > 1 and not _CAPTION.match(row[0].text)
            group = _Group([row], _gaps(row)) if fresh else _Group([], [])
    groups.append((start, group))
    return [(start, group) for start, group in groups if len(group.full) > 1]


def _without_heads(group: _Group) -> tuple[list[list[Line]], _Group]:
    """(first rows, the rest): rows of spanning headers are set apart where the others then have more columns."""
    best, most = 0, len(_columns(group))
    rest = group
    for number in range(1, min(_HEADERS, len(group.rows) - 3) + 1):
        rows = group.rows[number:]
        if len(rows[0]) < 2:
            continue
        gaps = _gaps(rows[0])
        for row in rows[1:]:
            gaps = _shared(gaps, _gaps(row), _em(row))
        without = _Group(rows, gaps)
        if len(_columns(without)) > most and len(without.full) >= 3:
            best, most, rest = number, len(_columns(without)), without
    return group.rows[:best], rest


def _em(row: list[Line]) -> float:
    return max(max(line.size for line in row), 0.1)


def _near(above: list[Line], below: list[Line]) -> bool:
    return min(line.top for line in below) - max(line.bottom for line in above) < _APART * _em(above)


def _gaps(row: list[Line]) -> list[Gap]:
    """Between words, and beside the row without end."""
    words = sorted((word for line in row for word in line.words), key=lambda word: word.left)
    between: list[Gap] = []
    reach = words[0].right
    for word in words[1:]:
        if word.left > reach:
            between.append((reach, word.left))
        reach = max(reach, word.right)
    return [(-inf, words[0].left), *between, (reach, inf)]


def _shared(first: list[Gap], second: list[Gap], em: float) -> list[Gap]:
    both = [(max(a[0], b[0]), min(a[1], b[1])) for a in first for b in second]
    return [gap for gap in both if gap[1] - gap[0] > _NARROWEST * em]


def _supported(gaps: list[Gap], rows: list[list[Line]]) -> list[Gap]:
    """Those of the shared gaps that stand between columns, and not between words of one."""
    inner = sorted((start, end) for start, end in gaps if start != -inf and end != inf)
    before = [-inf, *(end for _, end in inner)]
    after = [*(start for start, _ in inner[1:]), inf]
    return [gap for gap, left, right in zip(inner, before, after, strict=False) if _is_split(gap, left, right, rows)]


def _is_split(gap: Gap, left: float, right: float, rows: list[list[Line]]) -> bool:
    """Whether enough rows are split into lines at the gap. left, right: how far the columns beside it reach.

    Where some rows have a word on both sides in one line, cells on both sides must show that there are two columns.
    """
    start, end = gap
    middle = (start + end) / 2
    merged = sum(1 for row in rows if any(line.left < middle < line.right for line in row))
    split = sum(
        1
        for row in rows
        if any(start < b.left < right and a.right < end and (not merged or a.right > left) for a, b in pairwise(row))
    )
    return split >= max(1 if len(rows) < 3 else 2, _SUPPORT * (split + merged))


def _columns(group: _Group) -> list[tuple[float, float]]:
    """x ranges from the middle of one gap to the middle of the next."""
    cuts = sorted((start + end) / 2 for start, end in _supported(group.gaps, group.full))
    return list(pairwise([-inf, *cuts, inf]))


def _is_table(group: _Group, ordered: bool, alone: bool) -> bool:
    columns = _columns(group)
    rows = group.full
    if len(columns) < 2 or len(rows) < (3 if len(columns) == 2 else 2) or len(group.rows) > 2 * len(rows):
        return False
    cells = [_cells(row, columns) for row in rows]
    if all(BULLET.match(_text(row[0])) for row in cells if row[0]) or (len(rows) == 2 and not all(map(all, cells))):
        return False
    filled = sorted(
        fmean(len(_text(c[n])) for c in cells if c[n]) for n in range(len(columns)) if any(c[n] for c in cells)
    )
    if len(filled) < 2 or filled[-2] >= _PROSE or (len(rows) == 2 and filled[-1] >= _PROSE):
        return False
    if not ordered:
        return alone or filled[-1] < _SHORT
    return all(_follows(cells, number) for number in range(1, len(columns)))


def _follows(cells: list[list[list[Word]]], column: int) -> bool:
    """Whether the cells of a column come right after their neighbours in the file, in most rows that have both."""
    steps: list[bool] = []
    for row in cells:
        before = next((cell for cell in reversed(row[:column]) if cell), None)
        if before and row[column]:
            first, second = (row[column], before) if right_to_left(_text(row[column])) else (before, row[column])
            steps.append(0 < min(w.order for w in second) - max(w.order for w in first) <= 2)
    return sum(steps) >= 0.6 * len(steps)


def _text(cell: list[Word]) -> str:
    return " ".join(word.text for word in cell)


def _heads(above: list[list[Line]], group: _Group) -> list[list[Line]]:
    """Rows right above the table that are short, within its width, and set against its columns."""
    left = min(line.left for row in group.rows for line in row)
    right = max(line.right for row in group.rows for line in row)
    heads: list[list[Line]] = []
    below = group.rows[0]
    for row in reversed(above):
        em = _em(row)
        if _CAPTION.match(row[0].text):
            break
        inside = row[0].left > left - 2 * em and row[-1].right < right + 2 * em
        short = sum(len(line.text) for line in row) < 0.75 * (right - left) / (0.5 * em)
        if not (inside and short and _near(row, below)) or (
            len(row) == 1 and row[0].left < left + 0.2 * (right - left)
        ):
            break
        heads.insert(0, row)
        below = row
    return heads if any(len(row) > 1 for row in heads) else []


def _blocks(heads: list[list[Line]], group: _Group) -> list[Block]:
    """One block a row; a line that goes on a cell of the row above is part of that row."""
    columns = _columns(group)
    blocks: list[Block] = []
    for row in group.rows:
        cells = _cells(row, columns)
        filled = [number for number, cell in enumerate(cells) if cell]
        if len(row) == 1 and blocks and filled != [0]:
            blocks[-1].lines.extend(row)
            for number in filled:
                blocks[-1].cells[number].extend(cells[number])
        else:
            blocks.append(Block(list(row), kind="row", cells=cells))
    if heads:
        merged: list[list[Word]] = [[] for _ in columns]
        for row in heads:
            for number, cell in enumerate(_cells(row, columns)):
                merged[number].extend(cell)
        blocks.insert(0, Block([line for row in heads for line in row], kind="row", cells=merged))
    header = " | ".join(_text(cell) for cell in blocks[0].cells)
    for block in blocks[1:]:
        block.header = header
    if right_to_left(header + " ".join(_text(cell) for block in blocks for cell in block.cells)):
        for block in blocks:
            block.cells.reverse()
    return blocks


def _cells(row: list[Line], columns: list[tuple[float, float]]) -> list[list[Word]]:
    """The words of each column. A line that crosses a column's edge within a word stands in the first it spans."""
    cells: list[list[Word]] = [[] for _ in columns]
    for line in row:
        spanned = [n for n, (start, end) in enumerate(columns) if line.left < end and line.right > start]
        cut = all(not (word.left < columns[n][0] < word.right) for n in spanned[1:] for word in line.words)
        for word in line.words:
            middle = (word.left + word.right) / 2
            inside = next((n for n in spanned if columns[n][0] <= middle <= columns[n][1]), spanned[0])
            cells[inside if cut else spanned[0]].append(word)
    return cells
