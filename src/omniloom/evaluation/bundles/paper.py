"""Paragraphs set into a PDF with a text layer, where every letter's place is known.

Written by hand: the set needs bytes that are the same everywhere, and the base install has nothing that writes text
into a PDF. Courier is one of the fonts that every reader has, and each of its letters is 0.6 em wide: so where a word
stands follows from its column.
"""

import re
import textwrap
from dataclasses import dataclass, field

from omniloom.core.errors import UsageError
from omniloom.core.locators import Locator, union

_WIDTH, _HEIGHT, _MARGIN = 595, 842, 60
_SIZE, _STEP, _COLUMNS = 10, 14, 79
_ADVANCE = 0.6 * _SIZE
_TITLE, _FIRST = 90, 130  # baselines from the top of the page
_LINES = (_HEIGHT - _MARGIN - _FIRST) // _STEP


@dataclass(frozen=True)
class Paper:
    """A PDF, one page for each of `pages` (texts with single spaces)."""

    title: str
    pages: tuple[str, ...]
    data: bytes = field(repr=False)

    def locate(self, page: int, start: int, end: int) -> Locator:
        """The place of the characters `start`..`end` (half-open) of the text of a page, which counts from 1."""
        boxes: list[Locator] = []
        for number, (at, line) in enumerate(_lines(self.pages[page - 1])):
            first, last = max(start - at, 0), min(end - at, len(line))
            if first < last:
                top = _FIRST + number * _STEP - 0.8 * _SIZE
                left, width = _MARGIN + first * _ADVANCE, (last - first) * _ADVANCE
                box = (left / _WIDTH, top / _HEIGHT, width / _WIDTH, _SIZE / _HEIGHT)
                boxes.append(Locator(page=page, box=box))
        return union(boxes)


def typeset(title: str, paragraphs: tuple[str, ...]) -> Paper:
    """One page a paragraph. Raises UsageError for what does not fit on a page, or has letters that Courier lacks."""
    pages = tuple(" ".join(each.split()) for each in paragraphs)
    for text in (title, *pages):
        if not can_set(text):
            raise UsageError(f"{text[:60]!r} cannot be set", hint=f"letters of Windows-1252, at most {_LINES} lines")
    drawn = [_drawn(title, page) for page in pages]
    return Paper(title, pages, _file(drawn))


def can_set(text: str) -> bool:
    """Whether a text has only letters that the font has, and fits on a page."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return len(_lines(" ".join(text.split()))) <= _LINES


def _lines(text: str) -> list[tuple[int, str]]:
    """(offset in the text, line)."""
    found: list[tuple[int, str]] = []
    at = 0
    for line in textwrap.wrap(text, _COLUMNS, break_on_hyphens=False):
        at = text.index(line, at)
        found.append((at, line))
        at += len(line)
    return found


def _drawn(title: str, text: str) -> bytes:
    shown = [b"BT /F2 14 Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % (_MARGIN, _HEIGHT - _TITLE, _quoted(title))]
    for number, (_, line) in enumerate(_lines(text)):
        baseline = _HEIGHT - _FIRST - number * _STEP
        shown.append(b"BT /F1 %d Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % (_SIZE, _MARGIN, baseline, _quoted(line)))
    return b"\n".join(shown)


def _quoted(text: str) -> bytes:
    return re.sub(rb"([()\\])", rb"\\\1", text.encode("cp1252"))


def _file(pages: list[bytes]) -> bytes:
    kids = b" ".join(b"%d 0 R" % (5 + 2 * number) for number in range(len(pages)))
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        font % b"Courier",
        font % b"Courier-Bold",
    ]
    for number, drawn in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (_WIDTH, _HEIGHT, 6 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
    written, places = b"%PDF-1.4\n", list[int]()
    for number, each in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
