"""Letters that can be shown: fonts that have them, and no control characters.

Pillow's own font holds little more than ASCII, so text with other letters is drawn with a font of the system that has
them. Where there is none, a letter becomes its nearest relative ("é" an "e"), so that a picture stays readable.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

_FONTS = (
    *("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf"),
    *("segoeui.ttf", "Arial Unicode.ttf", "NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "PingFang.ttc", "msyh.ttc"),
    *("NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NEAREST = str.maketrans("–—−‐‑‒“”‘’•·×→ßøØłŁđĐıæÆœŒ", "-----" + '-""' + "''" + "**x>soOlLdDiaAoO")


def printable(text: str) -> str:
    """The text without what steers a terminal or turns its order round: sources and models write what they like."""
    return _CONTROL.sub("\ufffd", _COLOUR.sub("", text).replace("\r\n", "\n"))


@lru_cache(maxsize=32)
def _opened(name: str, size: int) -> Any:
    """The font, or None where the system lacks it; an empty name is Pillow's own."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    face = _opened(name, 18)
    return letter.isspace() or bytes(face.getmask(letter)) != bytes(face.getmask("\U0010ffff"))


class Face:
    """A font of one size for certain letters."""

    def __init__(self, size: int, letters: str = "") -> None:
        wanted = sorted(set(letters))
        self._name, lacking = "", [each for each in wanted if not _has("", each)]
        for name in _FONTS:
            if not lacking:
                break
            if _opened(name, size) is not None and len(less := [x for x in wanted if not _has(name, x)]) < len(lacking):
                self._name, lacking = name, less
        self.font = _opened(self._name, size)
        self._replaced = {ord(each): _nearest(self._name, each) for each in lacking}

    def legible(self, text: str) -> str:
        """The text with each letter that the font lacks replaced by one that it has; the length stays."""
        return text.translate(self._replaced)


def _nearest(name: str, letter: str) -> str:
    for other in (letter.translate(_NEAREST), unicodedata.normalize("NFKD", letter)[0]):
        if other != letter and _has(name, other):
            return other
    return " " if unicodedata.category(letter) in ("Cc", "Cf", "Mn") else "?"
