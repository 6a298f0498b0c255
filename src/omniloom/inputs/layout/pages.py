"""One PDF page: its text layer where that can be trusted, otherwise its picture recognised."""

from collections.abc import Iterator
from typing import Any

from omniloom.core.locators import Box, Locator
from omniloom.core.values import Loss, Segment
from omniloom.inputs.layout.blocks import blocks
from omniloom.inputs.layout.segments import segment
from omniloom.inputs.layout.textlayer import TextLayer, read_layer, upright_size
from omniloom.inputs.layout.words import Line, Word, lines

DPI = 200
_PIXELS = 12_000_000
_FEW = 40  # characters: fewer, and a picture on the page: the picture is the page


def read_page(page: Any, number: int, source: str) -> Iterator[Segment | Loss]:
    """`page` is a pypdfium2 PdfPage, `number` counts from 1."""
    layer = read_layer(page)
    if usable(page, layer):
        yield from from_layer(layer, number, source)
    else:
        yield from from_picture(render(page), number, source, layer)


def usable(page: Any, layer: TextLayer) -> bool:
    if layer.count == 0 or layer.bad > 0.1 * layer.count:
        return False
    return not (layer.count < _FEW and picture_share(page) > 0.3)


def picture_share(page: Any) -> float:
    """The largest picture's area as a share of the page."""
    import pypdfium2.raw as raw

    width, height = page.get_size()
    share = 0.0
    for drawn in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        left, bottom, right, top = drawn.get_bounds()
        share = max(share, abs(right - left) * abs(top - bottom) / max(width * height, 1.0))
    return share


def render(page: Any, dpi: int = DPI) -> Any:
    """The page as a PIL image in its displayed orientation, at most 12 million pixels."""
    width, height = page.get_size()
    scale = min(dpi / 72, (_PIXELS / max(width * height, 1.0)) ** 0.5)
    return page.render(scale=scale, may_draw_forms=True).to_pil()


def from_layer(layer: TextLayer, number: int, source: str) -> Iterator[Segment | Loss]:
    """The dominant direction of writing first, then what stands sideways to it."""
    for turn in sorted(layer.words, key=lambda t: -len(layer.words[t])):
        width, height = upright_size(layer, turn)

        def place(word: Word, turn: int = turn, width: float = width, height: float = height) -> Box:
            return _displayed(word, turn, width, height)

        for block in blocks(lines(layer.words[turn]), width, height):
            yield segment(block, place, source=source, page=number, made_by="pdf.text/1")


def from_picture(image: Any, number: int, source: str, layer: TextLayer) -> Iterator[Segment | Loss]:
    from omniloom.inputs.layout.ocr import recognise

    read = recognise(image)
    if not read:
        return
    turn = read[0].turn
    width, height = upright_size(layer, turn)

    def place(word: Word) -> Box:
        return _displayed(word, turn, width, height)

    for block in blocks(ocr_lines(read, width, height), width, height, ordered=False):
        yield segment(block, place, source=source, page=number, made_by="pdf.ocr/1")


def ocr_lines(read: list[Any], width: float, height: float) -> list[Line]:
    """Recognised lines (fractions) as lines of words in points of the upright page."""
    done: list[Line] = []
    order = 0
    for line in read:
        words: list[Word] = []
        for word in line.words:
            left, top, wide, high = word.upright
            box = (left * width, top * height, (left + wide) * width, (top + high) * height)
            words.append(Word(word.text, *box, line.upright[3] * height, order, line.score))
            order += 1
        done.append(Line(words))
        order += 1
    return done


def _displayed(word: Word, turn: int, width: float, height: float) -> Box:
    from omniloom.inputs.layout.ocr import unturned

    box = (word.left / width, word.top / height, (word.right - word.left) / width, word.height / height)
    return unturned(box, turn)


def unreadable(number: int, source: str, error: Exception) -> Loss:
    return Loss(
        kind="page_unreadable",
        severity="lost",
        part=source,
        detail=f"page {number} cannot be read: {type(error).__name__}: {str(error)[:200]}",
        locator=Locator(page=number),
    )
