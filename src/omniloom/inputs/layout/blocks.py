"""Reading order and paragraphs: lines of a page → blocks, as one would read them.

Columns are found by their gutter: an x that few lines cross, with lines on both sides at the same height. Lines that
cross it (titles, wide figures) cut the page into bands, each read column by column. Coordinates as in `words`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from omniloom.inputs.layout.tables import BULLET, baselines, tables
from omniloom.inputs.layout.words import Block, Line, on_one_baseline, right_to_left

_MARGIN = 0.08  # head and foot of a page, as a share of its height
_PROSE = 18  # characters to a line; less than this on one side is no column of prose
_LONGEST = 1800  # characters after which a paragraph is continued in another block


@dataclass(slots=True)
class Region:
    """What is ordered: a line, or the rows of a table, which no column cuts through."""

    left: float
    top: float
    right: float
    bottom: float
    lines: list[Line]
    rows: list[Block] = field(default_factory=list)


def blocks(lines: Sequence[Line], width: float, height: float, *, ordered: bool = True) -> list[Block]:
    """Paragraphs and table rows in reading order; head of the page first, foot last.

    width, height: of the page. ordered: the words' order is that of a file, not of OCR.
    """
    whole, rest = tables(lines, ordered=ordered, alone=False)
    regions = [_around([line], []) for line in rest]
    regions.extend(_around([line for row in rows for line in row.lines], rows) for rows in whole)
    leading = _leading(lines)
    return [
        block for group in _margins(regions, height) for block in _paragraphs(_in_order(group, width, ordered), leading)
    ]


def has_columns(lines: Sequence[Line], width: float) -> bool:
    """Whether the lines, given in no known order, stand in two columns of prose."""
    regions = [_around([line], []) for line in lines]
    return len(regions) > 3 and _gutter(regions, width, ordered=False) is not None


def _around(inside: list[Line], rows: list[Block]) -> Region:
    left, top = min(line.left for line in inside), min(line.top for line in inside)
    right, bottom = max(line.right for line in inside), max(line.bottom for line in inside)
    return Region(left, top, right, bottom, inside, rows)


def _margins(regions: list[Region], height: float) -> tuple[list[Region], list[Region], list[Region]]:
    """Head and foot are what stands in the margin, set off from the body by more than a line."""
    regions = sorted(regions, key=lambda r: (r.top, r.left))
    top = _set_off([(r.top, r.bottom) for r in regions], lambda edge: edge < height * _MARGIN)
    below = sorted((height - r.bottom, height - r.top) for r in regions)
    foot = height - _set_off(below, lambda edge: edge < height * _MARGIN)
    heads = [r for r in regions if r.bottom <= top]
    feet = [r for r in regions if r.top >= foot and r.bottom > top]
    taken = {id(r) for r in (*heads, *feet)}
    return heads, [r for r in regions if id(r) not in taken], feet


def _set_off(spans: list[tuple[float, float]], inside: Callable[[float], bool]) -> float:
    """How far (from the edge) what is set off reaches; 0 if nothing is."""
    reach = 0.0
    for number, (start, end) in enumerate(spans):
        if not inside(end):
            return reach if number and start - reach > 0.8 * max(spans[0][1] - spans[0][0], 1.0) else 0.0
        reach = max(reach, end)
    return 0.0


def _in_order(regions: list[Region], width: float, ordered: bool) -> list[Region]:
    gutter = _gutter(regions, width, ordered) if len(regions) > 3 else None
    if gutter is None:
        return _by_rows(_with_tables(regions, ordered))
    bands: list[list[Region]] = [[]]
    crossing = False
    for region in sorted(regions, key=lambda r: (r.top, r.left)):
        if (region.left < gutter < region.right) != crossing:
            crossing = not crossing
            bands.append([])
        bands[-1].append(region)
    mirrored = right_to_left(" ".join(line.text for region in regions for line in region.lines))
    done: list[Region] = []
    for band in bands:
        sides = [[r for r in band if r.right <= gutter], [r for r in band if r.left >= gutter]]
        if not any(sides):
            sides = [band]
        for side in reversed(sides) if mirrored else sides:
            done.extend(_in_order(side, width, ordered))
    return done


def _with_tables(regions: list[Region], ordered: bool) -> list[Region]:
    """Regions of one column, the lines of each table in it joined."""
    lines = [region.lines[0] for region in regions if not region.rows]
    found, rest = tables(lines, ordered=ordered, alone=True)
    kept = {id(line) for line in rest}
    done = [region for region in regions if region.rows or id(region.lines[0]) in kept]
    return done + [_around([line for row in rows for line in row.lines], rows) for rows in found]


def _by_rows(regions: list[Region]) -> list[Region]:
    """Top down; what stands on one baseline in the direction of the script."""
    rows: list[list[Region]] = []
    for region in sorted(regions, key=lambda r: (r.top + r.bottom) / 2):
        if rows and any(_level(other, region) for other in rows[-1]):
            rows[-1].append(region)
        else:
            rows.append([region])
    done: list[Region] = []
    for row in rows:
        mirrored = right_to_left(" ".join(line.text for r in row for line in r.lines))
        done.extend(sorted(row, key=lambda r: -r.right if mirrored else r.left))
    return done


def _level(first: Region, second: Region) -> bool:
    shared = min(first.bottom, second.bottom) - max(first.top, second.top)
    heights = first.bottom - first.top, second.bottom - second.top
    return shared > 0.6 * min(heights) and max(heights) < 2.5 * min(heights)


def _gutter(regions: list[Region], width: float, ordered: bool) -> float | None:
    """The x of the best gutter: most lines on its poorer side, fewest crossing; None if there is no second column."""
    grain = max(width / 300, 0.5)
    edges = sorted({math.ceil(r.right / grain) * grain for r in regions})
    best: tuple[float, float] | None = None
    for edge in edges:
        starts = sorted(r.left for r in regions if r.left >= edge)
        if not starts:
            continue
        start = starts[len(starts) // 12]  # a page number may stand within the gutter
        x = (edge + start) / 2
        left = [r for r in regions if r.right <= x]
        right = [r for r in regions if r.left >= x]
        score = _two_columns(left, right, len(regions) - len(left) - len(right), start - edge, ordered)
        if score > 0 and (best is None or score > best[0]):
            best = (score, x)
    return best[1] if best else None


def _two_columns(left: list[Region], right: list[Region], crossing: int, space: float, ordered: bool) -> float:
    """How much this looks like two columns; 0 or less if it does not."""
    few = min(sum(len(r.lines) for r in side) for side in (left, right))
    if few < 3:
        return 0.0
    em = median([line.size for r in [*left, *right] for line in r.lines])
    top, bottom = (
        max(min(r.top for r in s) for s in (left, right)),
        min(max(r.bottom for r in s) for s in (left, right)),
    )
    if space < 0.5 * em or bottom - top < 2 * em:
        return 0.0
    if min(_fill(left), _fill(right)) < _PROSE and not (ordered and _read_apart(left, right)):
        return 0.0
    return few - 0.7 * crossing + min(space / em, 3.0)


def _fill(side: list[Region]) -> float:
    """Characters to a line of the page, over what is split on one baseline."""
    lines = [line for region in side for line in region.lines]
    return sum(len(line.text) for line in lines) / max(len(baselines(lines)), 1)


def _read_apart(left: list[Region], right: list[Region]) -> bool:
    """Whether the file goes down each side, and not from the left to the right side row by row."""
    sides = {line.order: number for number, side in enumerate((left, right)) for r in side for line in r.lines}
    changes = sum(1 for first, second in pairwise(sorted(sides)) if sides[first] != sides[second])
    return changes <= 0.3 * min(len(left), len(right))


def _leading(lines: Sequence[Line]) -> float:
    """The usual distance between lines of a paragraph, as a multiple of their height."""
    ordered = sorted(lines, key=lambda line: line.order)
    steps = [
        (below.top - above.bottom) / max(above.size, 1.0)
        for above, below in pairwise(ordered)
        if below.top > above.middle and abs(below.left - above.left) < 2 * above.size
    ]
    usual = [step for step in steps if -0.6 < step < 1.5]
    return median(usual) if usual else 0.2


def _paragraphs(regions: list[Region], leading: float) -> list[Block]:
    done: list[Block] = []
    open_block: Block | None = None
    for region in regions:
        if region.rows:
            done.extend(region.rows)
            open_block = None
            continue
        line = region.lines[0]
        if open_block is not None and _belongs(open_block, line, leading):
            open_block.lines.append(line)
        else:
            open_block = Block([line])
            done.append(open_block)
    return done


def _belongs(block: Block, line: Line, leading: float) -> bool:
    """Whether `line` goes on the paragraph: close below it, alike in size, neither indented nor a new item."""
    last = block.lines[-1]
    em = max(last.size, 1.0)
    if on_one_baseline(last, line):
        return abs(max(last.left, line.left) - min(last.right, line.right)) < 3 * em
    step = (line.top - last.bottom) / em
    if line.top < last.middle or step > max(leading + 0.45, 0.35) or abs(line.size - last.size) > 0.2 * em:
        return False
    if min(line.right, block.right) - max(line.left, block.left) <= 0 or BULLET.match(line.words[0].text):
        return False
    if sum(len(each.text) for each in block.lines) > _LONGEST or line.bold != block.lines[-1].bold:
        return False  # a heading of the text's own size is told by its weight
    return not _starts_anew(block, line, em)


def _starts_anew(block: Block, line: Line, em: float) -> bool:
    """An indented first line, or a line after one that ended a paragraph short of the margin."""
    last = block.lines[-1]
    wide = block.right - block.left
    if right_to_left(line.text):
        return block.right - line.right > em and len(block.lines) > 1
    indented = line.left - min(each.left for each in block.lines) > 0.9 * em and line.left - last.left > 0.9 * em
    ended = last.text[-1:] in ".!?:" and block.right - last.right > 0.25 * wide and len(block.lines) > 1
    return (indented and len(block.lines) > 1 and not BULLET.match(block.lines[0].words[0].text)) or ended
