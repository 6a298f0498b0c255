"""A picture with text → Segments: pages without a text layer, figures, photographs, receipts."""

from collections.abc import Callable, Iterator
from statistics import fmean
from typing import Any

from omniloom.core.locators import Box, Locator
from omniloom.core.values import Loss, Segment
from omniloom.inputs.layout.blocks import blocks, has_columns
from omniloom.inputs.layout.ocr import MIN_SCORE, recognise
from omniloom.inputs.layout.ocr import Line as Recognised
from omniloom.inputs.layout.segments import segment
from omniloom.inputs.layout.tables import baselines
from omniloom.inputs.layout.words import Block, Line, Word

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_UNKNOWN = 4  # lines below which nothing is said: specks are taken for text
_PROSE = 40  # characters of a line of running text


def read_scan(
    image: Any,
    base: Locator,
    *,
    source: str,
    made_by: str,
    region: Box = WHOLE,
    rows: bool = False,
    wanted: Callable[[Recognised], bool] | None = None,
) -> Iterator[Segment | Loss]:
    """The text of a PIL image, in reading order, and a Loss for lines that could not be recognised.

    region: which part of the page or picture named by `base` the image shows; boxes are fractions of the whole.
    rows: unless it is running text or columns, one Segment per row, what stands on one baseline joined left to right.
    wanted: which recognised lines to keep.
    """
    every = [line for line in recognise(image, at_least=0.0) if wanted is None or wanted(line)]
    read = [line for line in every if line.score >= MIN_SCORE]
    if read:
        width, height = (image.height, image.width) if read[0].turn in (90, 270) else (image.width, image.height)
        lines = _lines(read, width, height, region)
        if rows and not _is_prose(lines) and not has_columns(lines, width):
            found = [Block(_joined(row), kind="row") for row in baselines(lines)]
        else:
            found = blocks(lines, width, height, ordered=False)
        for block in found:
            yield segment(block, base, source=source, made_by=made_by)
    if len(every) - len(read) >= _UNKNOWN:
        yield _unrecognised(len(every) - len(read), len(read), base, source, rows)


def _unrecognised(count: int, read: int, base: Locator, source: str, rows: bool) -> Loss:
    """A page of which most cannot be recognised is lost; on photographs texture is taken for text now and then."""
    return Loss(
        kind="text_unrecognised",
        severity="lost" if count > read and not rows else "reduced",
        part=source,
        detail=f"{'' if base.page is None else f'page {base.page}: '}{count} lines that look like text were not "
        "recognised: a script the OCR does not know, or handwriting",
        locator=base,
    )


def _lines(read: list[Recognised], width: float, height: float, region: Box) -> list[Line]:
    """Recognised lines as lines of words in pixels of the upright picture."""
    done: list[Line] = []
    order = 0
    for line in read:
        words: list[Word] = []
        for word in line.words:
            left, top, wide, high = word.upright
            upright = (left * width, top * height, (left + wide) * width, (top + high) * height)
            size = line.upright[3] * height
            words.append(Word(word.text, *upright, size, order, line.score, box=_within(word.box, region)))
            order += 1
        done.append(Line(words))
        order += 1
    return done


def _within(box: Box, region: Box) -> Box:
    left, top, wide, high = region
    return left + box[0] * wide, top + box[1] * high, box[2] * wide, box[3] * high


def _is_prose(lines: list[Line]) -> bool:
    """Whether most of the rows are single lines of running text."""
    rows = baselines(lines)
    long = [row for row in rows if fmean(len(line.text) for line in row) >= _PROSE]
    return len(rows) > 3 and len(long) >= 0.6 * len(rows)


def _joined(row: list[Line]) -> list[Line]:
    """One line of all the words on a baseline."""
    return [Line([word for line in row for word in line.words])]
