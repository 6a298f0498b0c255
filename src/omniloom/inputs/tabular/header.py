"""Which row names the columns."""

import re
from collections import Counter

from omniloom.inputs.tabular.grid import Grid, Shape, blank, letters, one_line

_NUMBER = re.compile(r"[-+(]?[$€£]?\s?\d[\d.,' ]*([eE][-+]?\d+)?\s?%?\)?")
_YEAR = re.compile(r"(1[89]|20|21)\d\d")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?[./-]\d\d?[./-]\d{2,4}")
_TITLE_ROWS = 12


def shape_of(grid: Grid, sample: list[list[str]]) -> Shape:
    """From the first rows. `width` may grow when the rest is seen."""
    widths = Counter(len(row) for row in sample if not blank(row))
    usual = widths.most_common(1)[0][0] if widths else 0
    width = max(widths, default=0)
    header = _header(sample, usual) if grid.header is None else grid.header
    named = [one_line(cell).strip() for cell in sample[header]] if 0 <= header < len(sample) else []
    if 0 <= header < len(sample) and not grid.fixed:
        usual = len(sample[header])
    names = [
        name or letters(grid.first_column + at)
        for at, name in enumerate(named + [""] * (max(width, usual) - len(named)))
    ]
    return Shape(header=header, names=names, width=max(width, usual), usual=usual)


def _header(sample: list[list[str]], usual: int) -> int:
    """The first row that is not a title above the table, unless it looks like the rows below it."""
    filled = [at for at, row in enumerate(sample) if any(cell.strip() for cell in row)]
    if not filled:
        return -1
    first = filled[0]
    for at in filled[:_TITLE_ROWS]:
        cells = sum(1 for cell in sample[at] if cell.strip())
        if (cells > 1 and cells * 2 > usual) or usual <= 2:
            first = at
            break
    body = [sample[at] for at in filled if at > first][:200]
    return -1 if not body or _votes(sample[first], body) < -1 else first


def _votes(row: list[str], body: list[list[str]]) -> int:
    """Above zero: the row differs from what stands below it, as names do from values."""
    votes = 0
    for at, cell in enumerate(row):
        value = cell.strip()
        below = [each[at].strip() for each in body if at < len(each) and each[at].strip()]
        if len(below) < 2:
            continue
        kind = _kind(value)
        same = sum(_kind(each) == kind for each in below) * 10 >= 9 * len(below)
        if _YEAR.fullmatch(value) and not all(_YEAR.fullmatch(each) for each in below):
            votes += 1
        elif not value:
            continue
        elif kind:
            votes -= 2 if same else 0
        elif not same and sum(bool(_kind(each)) for each in below) * 10 >= 9 * len(below):
            votes += 2
        elif value in below:
            votes -= 1
    return votes


def _kind(value: str) -> str:
    if _DATE.fullmatch(value):
        return "date"
    return "number" if _NUMBER.fullmatch(value) else ""
