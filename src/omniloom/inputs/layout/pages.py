"""One PDF page: its text layer where that can be trusted, otherwise its picture recognised; then its figures."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from omniloom.core.locators import Box, Locator
from omniloom.core.values import Loss, Segment
from omniloom.inputs.layout.blocks import blocks
from omniloom.inputs.layout.figures import figures, read_figures, read_outlines
from omniloom.inputs.layout.render import MUCH_INK, bare, blank, ink_beside, render
from omniloom.inputs.layout.segments import segment
from omniloom.inputs.layout.textlayer import TextLayer, read_layer, upright_size
from omniloom.inputs.layout.words import Line, lines

_FEW = 40  # characters: fewer, and a picture on the page: the picture is the page
_PICTURE = 0.3  # of the page
_BAD = 0.1  # share of characters without a meaning, above which the layer is not used
_AGREES = 0.6
_SAMPLE = 5


def read_page(page: Any, number: int, source: str) -> Iterator[Segment | Loss]:
    """`page` is a pypdfium2 PdfPage, `number` counts from 1. Every page gives a Segment or a Loss."""
    layer = read_layer(page)
    drawn = figures(page)
    empty = True
    if text := _cover(page, layer):
        empty = False
        what = f"{len(text)} characters cannot be seen, as they are covered or of the colour behind them: {text[:40]!r}"
        yield _loss("hidden_text", "reduced", what, number, source)
        layer = _visible(layer, drawn=True)
    for item in _items(page, layer, drawn, number, source):
        empty = False
        yield item
    if empty:
        yield _loss("page_empty", "reduced", "no text stands on it", number, source)


def _items(page: Any, layer: TextLayer, drawn: Any, number: int, source: str) -> Iterator[Segment | Loss]:
    picture: Any = None
    checked = False
    if layer.hidden:
        picture = render(page)
        checked = _agrees(layer, picture, hidden=True, believed=drawn.largest > _PICTURE)
        if not checked:
            yield _loss("hidden_text", "reduced", f"{layer.hidden} characters drawn invisibly", number, source)
            layer = _visible(layer)
    stamp = layer.count < _FEW and drawn.largest > _PICTURE
    if _meant(layer) and (checked or not stamp) and (checked or not _odd(layer) or _agrees(layer, render(page))):
        yield from from_layer(layer, number, source)
        yield from read_figures(page, drawn, layer, number, source)
        yield from read_outlines(page, drawn, layer, number, source)
    elif drawn.anything and not blank(page):
        yield from _recognised(picture or render(page), layer, number, source)


def _cover(page: Any, layer: TextLayer) -> str:
    """The text of words drawn where nothing can be seen; they are marked as covered."""
    words = [word for found in layer.words.values() for word in found if not word.hidden]
    if not words:
        return ""
    for word, covered in zip(words, bare(page, [word.box for word in words]), strict=True):
        word.covered = covered
    return " ".join(word.text for word in words if word.covered)


def _recognised(picture: Any, layer: TextLayer, number: int, source: str) -> Iterator[Segment | Loss]:
    from omniloom.inputs.layout.scan import read_scan

    found = list(read_scan(picture, Locator(page=number), source=source, made_by="pdf.ocr/1"))
    if not any(isinstance(item, Segment) for item in found) and layer.count > 2 * layer.bad:
        # A script that is not recognised: a layer that is mostly understood is better than nothing.
        yield from from_layer(layer, number, source)
        yield _loss("encoding_unsure", "reduced", f"{layer.bad} characters have no meaning", number, source)
        return
    yield from found
    boxes = [item.locator.box for item in found if isinstance(item, Segment) and item.locator.box is not None]
    if not boxes or ink_beside(picture, boxes) > MUCH_INK:
        yield _loss("not_seen", "reduced", "read by OCR: what it shows beside text is not seen", number, source)


def from_layer(layer: TextLayer, number: int, source: str) -> Iterator[Segment]:
    """The dominant direction of writing first, then what stands sideways to it."""
    for turn in sorted(layer.words, key=lambda t: -len(layer.words[t])):
        width, height = upright_size(layer, turn)
        for block in blocks(lines(layer.words[turn]), width, height):
            yield segment(block, Locator(page=number), source=source, made_by="pdf.text/1")


def _meant(layer: TextLayer) -> bool:
    """Whether there is a text layer, and its characters have meanings."""
    return layer.count > 0 and layer.bad <= _BAD * layer.count


def _odd(layer: TextLayer) -> bool:
    """Whether the letters are not those of a language: fonts with shuffled codes give plausible characters.

    Only Latin script is judged, by its share of vowels (0.3 to 0.5 in the languages it writes).
    """
    text = "".join(word.text for words in layer.words.values() for word in words).lower()
    latin = [char for char in text if "a" <= char <= "z" or "ß" <= char <= "ɏ"]
    if len(latin) < 200 or len(latin) < 0.5 * len(text):
        return False
    vowels = sum(1 for char in latin if char in "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿāēīōūąęěőůűıœ")
    return not 0.25 <= vowels / len(latin) <= 0.6


def _agrees(layer: TextLayer, picture: Any, *, hidden: bool = False, believed: bool = True) -> bool:
    """Whether a sample of the layer's lines reads the same in the picture of the page; of hidden ones if `hidden`.

    believed: the answer without the ocr extra.
    """
    from omniloom.core.errors import UnsupportedError
    from omniloom.inputs.layout.ocr import read_regions

    upright = [word for word in layer.words.get(0, []) if word.hidden or not hidden]
    sample = sorted(lines(upright), key=lambda line: -len(line.text))[:_SAMPLE]
    if not sample:
        return False
    try:
        read = read_regions(picture, [_box(line, layer) for line in sample])
    except UnsupportedError:
        return believed
    scores = [_alike(line.text, text) for line, (text, _) in zip(sample, read, strict=False)]
    return sum(scores) / len(sample) >= _AGREES


def _alike(first: str, second: str) -> float:
    """0..1, without regard to spaces and case."""
    return SequenceMatcher(None, "".join(first.split()).lower(), "".join(second.split()).lower()).ratio()


def _box(line: Line, layer: TextLayer) -> Box:
    """A little more than the line: hidden layers lie over their picture only roughly."""
    beside, above = 1.5 * line.size, 0.15 * line.size
    left, top = max(line.left - beside, 0.0), max(line.top - above, 0.0)
    right, bottom = min(line.right + beside, layer.width), min(line.bottom + above, layer.height)
    return left / layer.width, top / layer.height, (right - left) / layer.width, (bottom - top) / layer.height


def _visible(layer: TextLayer, *, drawn: bool = False) -> TextLayer:
    """Without the words in the invisible mode; `drawn`: without the covered ones instead."""
    words = {
        turn: [word for word in found if not (word.covered if drawn else word.hidden)]
        for turn, found in layer.words.items()
    }
    words = {turn: found for turn, found in words.items() if found}
    count = sum(len(word.text) for found in words.values() for word in found)
    hidden = min(layer.hidden, count) if drawn else 0
    return TextLayer(layer.width, layer.height, words, count, min(layer.bad, count), hidden)


def _loss(kind: str, severity: Any, what: str, number: int, source: str) -> Loss:
    return Loss(
        kind=kind, severity=severity, part=source, detail=f"page {number}: {what}", locator=Locator(page=number)
    )


def unreadable(number: int, source: str, error: Exception) -> Loss:
    """The Loss of a page that cannot be read at all."""
    return _loss("page_unreadable", "lost", f"{type(error).__name__}: {str(error)[:200]}", number, source)
