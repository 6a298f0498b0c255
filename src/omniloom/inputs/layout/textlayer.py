"""The text layer of a PDF page: characters with boxes, as words in the page's displayed frame.

PDFium gives characters in the order of the file, right-to-left text already in logical order. What it says of each is
kept: whether it is drawn invisibly, and whether its code maps to a Unicode character at all.
"""

import ctypes
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from omniloom.core.locators import Box
from omniloom.inputs.layout.words import Word, on_one_baseline, right_to_left

_INVISIBLE = 3
_UNIT = 1_000_000  # device pixels a page side is mapped to, so that PDFium's integers lose nothing
_LEADERS = re.compile(r"[.·…_]+")
_LONG_LEADERS = re.compile(r"[.·_]{5,}")
_BOLD = re.compile(rb"(?i)bold|black|heavy|-medi|cmbx|semibd")
_HYPHENS = {"\x02": "-", "\xad": "-", "\u2010": "-", "\ufffe": "-"}


@dataclass(slots=True)
class Glyph:
    """One character. Box in points of the displayed page, y down. turn: degrees clockwise that make it upright."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    turn: int
    hidden: bool
    mapped: bool
    bold: bool = False


_SPACE = Glyph(" ", 0, 0, 0, 0, 0, 0, False, True)


@dataclass(slots=True)
class TextLayer:
    """Words per turn (0, 90, 180, 270), each in the frame in which they stand upright; counts are of characters."""

    width: float
    height: float
    words: dict[int, list[Word]] = field(default_factory=dict)
    count: int = 0
    bad: int = 0
    hidden: int = 0


def read_layer(page: Any) -> TextLayer:
    """`page` is a pypdfium2 PdfPage. Never raises for a page without text: its layer is empty."""
    width, height = (max(side, 1.0) for side in page.get_size())
    layer = TextLayer(width, height)
    glyphs = _glyphs(page, width, height)
    glyphs = [glyph for glyph in glyphs if _on_page(glyph, width, height)]
    real = [glyph for glyph in glyphs if glyph.text.strip()]
    layer.count = len(real)
    layer.bad = sum(1 for glyph in real if not glyph.mapped)
    layer.hidden = sum(1 for glyph in real if glyph.hidden)
    for turn in sorted({glyph.turn for glyph in real}):
        layer.words[turn] = _words(glyphs, turn, width, height)
    return layer


def _on_page(glyph: Glyph, width: float, height: float) -> bool:
    """What stands outside the page as displayed (crop marks, hidden notes) is not on it."""
    return not glyph.text.strip() or (
        -1 <= (glyph.left + glyph.right) / 2 <= width + 1 and -1 <= (glyph.top + glyph.bottom) / 2 <= height + 1
    )


def upright_size(layer: TextLayer, turn: int) -> tuple[float, float]:
    return (layer.height, layer.width) if turn in (90, 270) else (layer.width, layer.height)


def _glyphs(page: Any, width: float, height: float) -> list[Glyph]:
    import pypdfium2.raw as raw

    text = page.get_textpage()
    try:
        matrix = to_display(page, width, height)
        objects: dict[int, tuple[bool, bool]] = {}
        return [
            glyph
            for index in range(raw.FPDFText_CountChars(text))
            if (glyph := _glyph(raw, text, index, matrix, objects)) is not None
        ]
    finally:
        text.close()


def to_display(page: Any, width: float, height: float) -> tuple[float, ...]:
    """a, b, c, d, e, f with x' = a x + c y + e and y' = b x + d y + f, page space → displayed points."""
    import pypdfium2.raw as raw

    x, y = ctypes.c_int(), ctypes.c_int()
    points: list[tuple[float, float]] = []
    far = 1000.0
    for at in ((0.0, 0.0), (far, 0.0), (0.0, far)):
        raw.FPDF_PageToDevice(page, 0, 0, _UNIT, _UNIT, 0, *at, x, y)
        points.append((x.value / _UNIT * width, y.value / _UNIT * height))
    (e, f), (ax, bx), (cx, dx) = points
    return ((ax - e) / far, (bx - f) / far, (cx - e) / far, (dx - f) / far, e, f)


def _glyph(
    raw: Any, text: Any, index: int, matrix: tuple[float, ...], objects: dict[int, tuple[bool, bool]]
) -> Glyph | None:
    code = raw.FPDFText_GetUnicode(text, index)
    char = chr(code) if code < 0x110000 else "\ufffd"
    char = _HYPHENS.get(char, char)
    if char.isspace() or raw.FPDFText_IsGenerated(text, index) == 1:
        return _SPACE
    box = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text, index, box):
        return None
    left, top, right, bottom = display_box(matrix, box.left, box.bottom, box.right, box.top)
    angle = raw.FPDFText_GetCharAngle(text, index)
    drawn = raw.FPDFText_GetTextObject(text, index)
    key = ctypes.cast(drawn, ctypes.c_void_p).value or 0
    if key not in objects:
        objects[key] = (_invisible(raw, drawn), _bold(raw, drawn)) if drawn else (False, False)
    mapped = raw.FPDFText_HasUnicodeMapError(text, index) != 1 and not _unreadable(char)
    turn = _turn(angle, matrix)
    size = (bottom - top) if turn in (0, 180) else (right - left)
    return Glyph(char, left, top, right, bottom, size, turn, objects[key][0], mapped, objects[key][1])


def _invisible(raw: Any, drawn: Any) -> bool:
    """Drawn in the invisible mode, or in a colour that is wholly transparent."""
    if raw.FPDFTextObj_GetTextRenderMode(drawn) == _INVISIBLE:
        return True
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    return bool(raw.FPDFPageObj_GetFillColor(drawn, red, green, blue, alpha)) and alpha.value == 0


def _bold(raw: Any, drawn: Any) -> bool:
    """By the name of the font, which is more often right than the weight it claims."""
    font = raw.FPDFTextObj_GetFont(drawn)
    name = ctypes.create_string_buffer(128)
    return bool(font) and raw.FPDFFont_GetBaseFontName(font, name, 128) > 0 and bool(_BOLD.search(name.value))


def _unreadable(char: str) -> bool:
    return unicodedata.category(char) in ("Co", "Cn", "Cc", "Cs") or char == "\ufffd"


def display_box(matrix: tuple[float, ...], *box: float) -> tuple[float, float, float, float]:
    """left, bottom, right, top in page space → left, top, right, bottom in displayed points."""
    a, b, c, d, e, f = matrix
    xs = [a * x + c * y + e for x in (box[0], box[2]) for y in (box[1], box[3])]
    ys = [b * x + d * y + f for x in (box[0], box[2]) for y in (box[1], box[3])]
    return min(xs), min(ys), max(xs), max(ys)


def _turn(angle: float, matrix: tuple[float, ...]) -> int:
    """Degrees clockwise (to the next 90) which make a character of this angle (radians, page space) upright."""
    import math

    if angle < 0:
        return 0
    x, y = math.cos(angle), math.sin(angle)
    a, b, c, d = matrix[:4]
    along = math.degrees(math.atan2(b * x + d * y, a * x + c * y))
    return round(-along / 90) % 4 * 90


def _words(glyphs: list[Glyph], turn: int, width: float, height: float) -> list[Word]:
    words: list[Word] = []
    run: list[Glyph] = []
    for glyph, following in zip([*glyphs, _SPACE], [*glyphs[1:], _SPACE, _SPACE], strict=True):
        if glyph.text.strip() and (glyph.turn != turn or (run and not _adjacent(run[-1], glyph, turn))):
            _finish(run, words, turn, width, height)
            run = []
        if not glyph.text.strip():
            if unicodedata.combining(following.text[0]) and run and _adjacent(run[-1], following, turn):
                continue  # a vowel sign that its font draws aside is no new word
            _finish(run, words, turn, width, height)
            run = []
        elif glyph.turn == turn:
            run.append(glyph)
    return _without_leaders(words)


def _adjacent(last: Glyph, glyph: Glyph, turn: int) -> bool:
    """Whether two characters that follow each other may be of one word: no jump, forward or to another line."""
    em = max(last.size, glyph.size, 0.1)
    down = (last.top, last.bottom, glyph.top, glyph.bottom)
    right = (last.left, last.right, glyph.left, glyph.right)
    across, along = (down, right) if turn in (0, 180) else (right, down)
    shared = min(across[1], across[3]) - max(across[0], across[2])
    distance = max(along[0], along[2]) - min(along[1], along[3])
    return shared > 0.2 * min(last.size, glyph.size) and distance < 0.6 * em


def _finish(run: list[Glyph], words: list[Word], turn: int, width: float, height: float) -> None:
    if not run:
        return
    text = unicodedata.normalize("NFC", "".join(_logical(run)))
    left, top = min(g.left for g in run), min(g.top for g in run)
    right, bottom = max(g.right for g in run), max(g.bottom for g in run)
    box = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    left, top, right, bottom = _turned((left, top, right, bottom), turn, width, height)
    size = sorted(g.size for g in run)[len(run) // 2]
    hidden = all(g.hidden for g in run)
    word = Word(text, left, top, right, bottom, size, len(words), hidden=hidden, box=box)
    word.bold = 2 * sum(g.bold for g in run) > len(run)
    words.append(word)


def _without_leaders(words: list[Word]) -> list[Word]:
    """Dots that lead from an entry to its page become one mark."""
    kept: list[Word] = []
    for word in words:
        if _LEADERS.fullmatch(word.text) and kept and on_one_baseline(kept[-1], word):
            last = kept[-1]
            if last.text == "…" or _LEADERS.fullmatch(last.text):
                last.text, last.right = "…", max(last.right, word.right)
                last.box = _both(last.box, word.box)
                continue
        word.text = _LONG_LEADERS.sub("…", word.text)
        word.order = len(kept)
        kept.append(word)
    return kept


def _both(first: Box, second: Box) -> Box:
    left, top = min(first[0], second[0]), min(first[1], second[1])
    right, bottom = max(first[0] + first[2], second[0] + second[2]), max(first[1] + first[3], second[1] + second[3])
    return left, top, right - left, bottom - top


def _turned(
    box: tuple[float, float, float, float], turn: int, width: float, height: float
) -> tuple[float, float, float, float]:
    """The box after the page has been turned clockwise by `turn` degrees."""
    left, top, right, bottom = box
    if turn == 90:
        return height - bottom, left, height - top, right
    if turn == 180:
        return width - right, height - bottom, width - left, height - top
    if turn == 270:
        return top, width - right, bottom, width - left
    return box


def _logical(run: list[Glyph]) -> list[str]:
    """The characters in logical order.

    One glyph may stand for several characters (lam-alef): PDFium turns right-to-left runs around character by
    character, so those of one glyph come out reversed; they are told by their common box.
    """
    texts = [unicodedata.normalize("NFKC", g.text) if _compatible(g.text) else g.text for g in run]
    if not right_to_left("".join(texts)):
        return texts
    done: list[str] = []
    at = 0
    while at < len(run):
        end = at + 1
        while end < len(run) and _same_place(run[at], run[end]):
            end += 1
        done.extend(reversed(texts[at:end]))
        at = end
    for at in range(len(run) - 1):
        sign, base = run[at], run[at + 1]
        if unicodedata.combining(sign.text[0]) and base.left <= (sign.left + sign.right) / 2 <= base.right:
            done[at], done[at + 1] = done[at + 1], done[at]
    return done


def _compatible(char: str) -> bool:
    """Ligatures and presentation forms, which readers and search expect as plain letters."""
    return "\ufb00" <= char <= "\ufdff" or "\ufe70" <= char <= "\ufefc"


def _same_place(first: Glyph, second: Glyph) -> bool:
    return abs(first.left - second.left) < 0.01 and abs(first.right - second.right) < 0.01
