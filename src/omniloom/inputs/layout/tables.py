"""Tables told by alignment: consecutive rows of short cells that share their columns.

A row is taken for one of a table when its cells follow each other in the file (text layers) or when they are short
(OCR, whose order says nothing). Merged cells and nested headers come out as plain rows.
"""

from collections.abc import Sequence
from itertools import pairwise

from omniloom.inputs.layout.blocks import Block
from omniloom.inputs.layout.words import Line, Word, on_one_baseline, right_to_left

_LONG = 30  # characters; a row of nothing but cells this long is prose in columns
_APART = 2.0  # em between rows of one table


def tables(lines: Sequence[Line], *, ordered: bool) -> tuple[list[list[Block]], list[Line]]:
    """(rows of each table, the lines left over). ordered: the order of words is that of a file, not of OCR."""
    rows = baselines(lines)
    found: list[list[Block]] = []
    used: set[int] = set()
    for group in _groups(rows, ordered):
        columns = _columns([row for row in group if len(row) > 1])
        if len(columns) < 2:
            continue
        blocks = _rows(group, columns)
        found.append(blocks)
        used.update(id(line) for row in group for line in row)
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


def _groups(rows: list[list[Line]], ordered: bool) -> list[list[list[Line]]]:
    """Runs of rows that may be tables: tabular ones, and between them single lines that go on a cell."""
    groups: list[list[list[Line]]] = []
    group: list[list[Line]] = []
    waiting: list[list[Line]] = []
    for row in rows:
        close = not group or _near([*group, *waiting][-1], row)
        if _tabular(row, ordered) and close:
            group.extend([*waiting, row])
            waiting = []
        elif group and close and len(row) == 1 and len(waiting) < 3:
            waiting.append(row)
        else:
            groups.append(group)
            group, waiting = ([row] if _tabular(row, ordered) else []), []
    groups.append(group)
    return [group for group in groups if _convincing(group)]


def _near(above: list[Line], below: list[Line]) -> bool:
    em = max(line.size for line in above)
    return min(line.top for line in below) - max(line.bottom for line in above) < _APART * em


def _tabular(row: list[Line], ordered: bool) -> bool:
    if len(row) < 2 or all(len(line.text) >= _LONG for line in row):
        return False
    if not ordered:
        return True
    if right_to_left(" ".join(line.text for line in row)):
        row = row[::-1]
    steps = [right.order - left.words[-1].order for left, right in pairwise(row)]
    return sum(1 for step in steps if step == 1) * 2 >= len(steps)


def _convincing(group: list[list[Line]]) -> bool:
    counts = [len(row) for row in group if len(row) > 1]
    return len(counts) >= 3 or (len(counts) == 2 and min(counts) >= 3)


def _columns(rows: list[list[Line]]) -> list[tuple[float, float]]:
    """The x ranges of columns: where cells of different rows overlap, but for the few that span columns."""
    spans = sorted((line.left, line.right) for row in rows for line in row)
    edges = sorted({x for span in spans for x in span})
    needed = max(1, len(rows) // 5)
    columns: list[tuple[float, float]] = []
    for start, end in pairwise(edges):
        middle = (start + end) / 2
        covered = sum(1 for left, right in spans if left < middle < right)
        if covered < needed:
            continue
        if columns and columns[-1][1] >= start:
            columns[-1] = (columns[-1][0], end)
        else:
            columns.append((start, end))
    return columns


def _rows(group: list[list[Line]], columns: list[tuple[float, float]]) -> list[Block]:
    blocks: list[Block] = []
    for row in group:
        cells = _cells(row, columns)
        filled = [number for number, cell in enumerate(cells) if cell]
        if len(row) == 1 and blocks and filled != [0]:
            blocks[-1].lines.extend(row)
            for number in filled:
                blocks[-1].cells[number].extend(cells[number])
        else:
            blocks.append(Block(list(row), kind="row", cells=cells))
    header = " | ".join(" ".join(word.text for word in cell) for cell in blocks[0].cells)
    for block in blocks[1:]:
        block.header = header
    return blocks


def _cells(row: list[Line], columns: list[tuple[float, float]]) -> list[list[Word]]:
    """The words of each column; a cell that spans columns stands in the first of them."""
    cells: list[list[Word]] = [[] for _ in columns]
    for line in row:
        spanned = [n for n, (start, end) in enumerate(columns) if line.left < end and line.right > start]
        for word in line.words:
            middle = (word.left + word.right) / 2
            inside = [n for n in spanned if columns[n][0] <= middle <= columns[n][1]]
            split = len(spanned) > 1 and _between(line, columns, spanned)
            number = inside[0] if inside and split else (spanned or [_nearest(middle, columns)])[0]
            cells[number].append(word)
    if right_to_left(" ".join(line.text for line in row)):
        cells.reverse()
    return cells


def _between(line: Line, columns: list[tuple[float, float]], spanned: list[int]) -> bool:
    """Whether the line's own gaps stand where those between its columns are."""
    for number in spanned[1:]:
        start, end = columns[number - 1][1], columns[number][0]
        if any(word.left < (start + end) / 2 < word.right for word in line.words):
            return False
    return True


def _nearest(x: float, columns: list[tuple[float, float]]) -> int:
    return min(range(len(columns)), key=lambda n: abs((columns[n][0] + columns[n][1]) / 2 - x))
