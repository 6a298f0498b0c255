"""Text and tables drawn with Pillow: black on white, what is cited on yellow."""

import io
import re
import textwrap
from collections.abc import Sequence
from typing import Any

from omniloom.core.locators import Locator
from omniloom.rendering.letters import Face

INK, PAPER, MARK, EDGE, GREY = (30, 30, 34), (255, 255, 255), (255, 236, 140), (214, 92, 20), (120, 120, 128)
_SIZE, _LINE, _MARGIN, _WIDTH = 18, 27, 28, 92
_MOST_CELL, _MOST_COLUMNS = 40, 12


def png(image: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def draw_lines(text: str, marked: tuple[int, int], *, title: str) -> bytes:
    """The text wrapped to lines, the characters `marked` (half-open) on yellow."""
    from PIL import Image, ImageDraw

    face, small = Face(_SIZE, text), Face(15, title)
    font = face.font
    # One space for one character of white space: places count characters.
    lines = list(_wrapped(re.sub(r"[^\S\n]", " ", face.legible(text))))
    width = max(980, *(int(font.getlength(line)) + 2 * _MARGIN for _, line in lines))
    image = Image.new("RGB", (width, 2 * _MARGIN + _LINE * (len(lines) + 2)), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN), small.legible(title), fill=GREY, font=small.font)
    top = _MARGIN + 2 * _LINE
    for start, line in lines:
        first, last = max(marked[0] - start, 0), min(marked[1] - start, len(line))
        if first < last:
            left = _MARGIN + draw.textlength(line[:first], font=font)
            right = left + draw.textlength(line[first:last], font=font)
            draw.rectangle((left, top - 2, right, top + _LINE - 5), fill=MARK)
        draw.text((_MARGIN, top), line, fill=INK, font=font)
        top += _LINE
    return png(image)


def _wrapped(text: str) -> "list[tuple[int, str]]":
    """(offset in the text, line) of every line of at most _WIDTH characters."""
    lines: list[tuple[int, str]] = []
    start = 0
    for paragraph in text.split("\n"):
        at = start
        for line in textwrap.wrap(paragraph, _WIDTH, break_long_words=True) or [""]:
            found = text.find(line[:20], at) if line else at
            at = found if found >= 0 else at
            lines.append((at, line))
            at += len(line)
        start += len(paragraph) + 1
    return lines


def draw_table(rows: Sequence[Sequence[str]], locator: Locator, *, title: str) -> bytes:
    """Rows that begin with their number, the header first; the cells of the locator on yellow."""
    from PIL import Image, ImageDraw

    numbers, shown = _columns(rows, locator)
    face, small = Face(_SIZE, "".join("".join(row) for row in shown)), Face(15, title)
    shown = [[face.legible(cell) for cell in row] for row in shown]
    measure = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    widths = [
        max(measure.textlength(row[at], font=face.font) for row in shown if at < len(row)) + 24
        for at in range(len(numbers))
    ]
    size = (int(sum(widths)) + 2 * _MARGIN, 2 * _MARGIN + (_LINE + 6) * (len(shown) + 1))
    image = Image.new("RGB", (max(size[0], 360), size[1]), PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_MARGIN, _MARGIN - 8), small.legible(title), fill=GREY, font=small.font)
    for line, row in enumerate(shown):
        left, top = _MARGIN, _MARGIN + (_LINE + 6) * (line + 1)
        for at, cell in enumerate(row):
            box = (left, top, left + widths[at], top + _LINE + 6)
            if at and _is_cited(row[0], numbers[at], locator):
                draw.rectangle(box, fill=MARK)
            draw.rectangle(box, outline=(222, 222, 228))
            draw.text((left + 12, top + 5), cell, fill=GREY if at == 0 or line == 0 else INK, font=face.font)
            left += widths[at]
    return png(image)


def _columns(rows: Sequence[Sequence[str]], locator: Locator) -> tuple[list[int], list[list[str]]]:
    """The numbers of the columns that are drawn, those cited among them, and what stands in them, shortened."""
    given = rows or [["", "(no rows)"]]
    count = max(len(row) for row in given)
    cited = min(locator.cells[3], count - 1) if locator.cells else 0
    first = 1 if cited <= _MOST_COLUMNS else max(1, min(locator.cells[1] if locator.cells else 1, cited) - 1)
    numbers = [0, *range(first, min(first + _MOST_COLUMNS, count))]
    return numbers, [[" ".join(row[at].split())[:_MOST_CELL] for at in numbers if at < len(row)] for row in given]


def _is_cited(number: str, column: int, locator: Locator) -> bool:
    if locator.cells is None or not number.isdigit():
        return False
    first, left, last, right = locator.cells
    return first <= int(number) <= last and left <= column <= right
