"""Figures on a PDF page that has a text layer: where they are, and the text that stands inside them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from omniloom.core.errors import UnsupportedError
from omniloom.core.locators import Box, Locator
from omniloom.core.values import Loss, Segment
from omniloom.inputs.layout.render import MUCH_INK, ink_beside, render
from omniloom.inputs.layout.textlayer import TextLayer

_SHOWN = 0.03  # of the page: smaller pictures are logos and ornaments
_MOST = 8  # pictures of a page that are recognised
_OBJECTS = 4000
_STROKES = 12  # curves and slanted strokes make a drawing; rules and boxes alone are a table
_LITTLE = 500  # characters of a page's layer, up to which text may be drawn as shapes
_COVERED = 15  # words of the text layer inside a picture: it is the page's background


@dataclass(slots=True)
class Figures:
    """pictures, drawings: boxes as fractions of the page. anything: whether the page draws anything at all."""

    pictures: list[Box] = field(default_factory=list)
    drawings: list[Box] = field(default_factory=list)
    anything: bool = False

    @property
    def largest(self) -> float:
        return max((box[2] * box[3] for box in self.pictures), default=0.0)

    @property
    def shown(self) -> list[Box]:
        return [box for box in (*self.pictures, *self.drawings) if box[2] * box[3] >= _SHOWN]


def figures(page: Any) -> Figures:
    """Pictures and drawings of a pypdfium2 PdfPage, from its objects alone; nothing is decoded."""
    import pypdfium2.raw as raw

    from omniloom.inputs.layout.textlayer import display_box, to_display

    width, height = (max(side, 1.0) for side in page.get_size())
    matrix = to_display(page, width, height)
    found = Figures(anything=raw.FPDFPage_GetAnnotCount(page) > 0)
    strokes: list[Box] = []
    for number, drawn in enumerate(page.get_objects(max_depth=4)):
        if number >= _OBJECTS:
            break
        found.anything = True
        if drawn.type not in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING):
            continue
        left, top, right, bottom = display_box(matrix, *drawn.get_bounds())
        box = _cut((left / width, top / height, right / width, bottom / height))
        if drawn.type != raw.FPDF_PAGEOBJ_PATH:
            found.pictures.append(box)
        elif _slanted(raw, drawn):
            strokes.append(box)
    if len(strokes) >= _STROKES:
        found.drawings.append(_around(strokes))
    return found


def _cut(edges: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in edges)
    return left, top, right - left, bottom - top


def _around(boxes: list[Box]) -> Box:
    left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
    return left, top, max(b[0] + b[2] for b in boxes) - left, max(b[1] + b[3] for b in boxes) - top


def _slanted(raw: Any, path: Any) -> bool:
    """Whether a path has a curve, or more corners than a box."""
    count = raw.FPDFPath_CountSegments(path)
    if count > 6:
        return True
    kinds = [raw.FPDFPathSegment_GetType(raw.FPDFPath_GetPathSegment(path, at)) for at in range(max(count, 0))]
    return raw.FPDF_SEGMENT_BEZIERTO in kinds


def read_figures(page: Any, drawn: Figures, layer: TextLayer, number: int, source: str) -> Iterator[Segment | Loss]:
    """Text inside large pictures, recognised, and one Loss for what figures show beside it."""
    shown = drawn.shown
    if not shown:
        return
    picture: Any = None
    for box in sorted((b for b in drawn.pictures if b[2] * b[3] >= _SHOWN), key=lambda b: -b[2] * b[3])[:_MOST]:
        if _words_inside(layer, box) >= _COVERED:
            continue
        picture = picture or render(page)
        try:
            yield from _recognised(picture, box, layer, number, source)
        except UnsupportedError as error:
            detail = f"page {number}: text in pictures is not read; {error.hint}"
            yield Loss(kind="not_read", severity="lost", part=source, detail=detail, locator=Locator(page=number))
            break
    yield Loss(
        kind="not_seen",
        severity="reduced",
        part=source,
        detail=f"page {number}: what its figures show beside text is not seen",
        locator=Locator(page=number, box=_around(shown)),
    )


def read_outlines(page: Any, drawn: Figures, layer: TextLayer, number: int, source: str) -> Iterator[Segment | Loss]:
    """Text drawn as shapes on a page whose layer has little: recognised where much ink is beside the known words."""
    if layer.count > _LITTLE or not drawn.anything or _ink_beside(page, drawn, layer) < MUCH_INK:
        return
    try:
        yield from _recognised(render(page), (0.0, 0.0, 1.0, 1.0), layer, number, source)
    except UnsupportedError:
        return


def _ink_beside(page: Any, drawn: Figures, layer: TextLayer) -> float:
    return ink_beside(render(page, 50), [w.box for words in layer.words.values() for w in words] + drawn.pictures)


def _recognised(picture: Any, box: Box, layer: TextLayer, number: int, source: str) -> Iterator[Segment | Loss]:
    from omniloom.inputs.layout.scan import read_scan

    left, top = int(box[0] * picture.width), int(box[1] * picture.height)
    right, bottom = round((box[0] + box[2]) * picture.width), round((box[1] + box[3]) * picture.height)
    if right - left < 16 or bottom - top < 16:
        return
    part = picture.crop((left, top, right, bottom))
    region = (left / picture.width, top / picture.height, part.width / picture.width, part.height / picture.height)
    known = [word.box for words in layer.words.values() for word in words]
    yield from read_scan(
        part,
        Locator(page=number),
        source=source,
        made_by="pdf.ocr/1",
        region=region,
        rows=True,
        wanted=lambda line: not _known(line.box, region, known),
    )


def _known(box: Box, region: Box, known: list[Box]) -> bool:
    """Whether the text layer has a word where this line stands."""
    x = region[0] + (box[0] + box[2] / 2) * region[2]
    y = region[1] + (box[1] + box[3] / 2) * region[3]
    high, wide = box[3] * region[3] / 2, box[2] * region[2] / 2
    return any(
        left < x + wide and left + width > x - wide and top < y + 0.3 * high and top + height > y - 0.3 * high
        for left, top, width, height in known
    )


def _words_inside(layer: TextLayer, box: Box) -> int:
    left, top, wide, high = box
    return sum(
        1
        for words in layer.words.values()
        for word in words
        if left < word.box[0] + word.box[2] / 2 < left + wide and top < word.box[1] + word.box[3] / 2 < top + high
    )
