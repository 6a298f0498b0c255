"""Writing systems: which characters make a word, where no spaces stand between words.

Text in a script without spaces is compared by its pairs of neighbouring characters, which need no dictionary (Nie, Gao,
Zhang & Zhou, "On the use of words and n-grams for Chinese information retrieval", 2000).
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

# For use inside [...]: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul; their digits and currency signs are left out.
UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)


def _ranges(codes: Iterator[int]) -> str:
    """The characters of rising codes, as ranges for use inside [...]."""
    runs = (list(group) for _, group in groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


# Marks that belong to the letter before them, such as the vowel signs of Hindi or the points of Hebrew.
MARKS = _ranges(code for code in range(0x300, 0x1E00) if unicodedata.category(chr(code)).startswith("M"))
_LETTER = rf"[^\W\d_{UNSPACED}]"
WORD = rf"{_LETTER}(?:{_LETTER}|[{MARKS}])*"
RUN = rf"[{UNSPACED}]+"
_RUN = re.compile(RUN)


def fold(text: str) -> str:
    """Lower case without accents, in compatibility form: "Café" and "cafe", "８２０" and "820" are alike."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return unicodedata.normalize("NFC", "".join(each for each in plain if not unicodedata.combining(each)))


def pairs(run: str) -> Iterator[tuple[int, str]]:
    """(position, two neighbouring characters) of an unspaced run; a single character stands alone."""
    if len(run) == 1:
        yield 0, run
    for position in range(len(run) - 1):
        yield position, run[position : position + 2]


def edges(text: str) -> tuple[str, str]:
    """Patterns for before and after `text` that keep it from being found inside a longer word.

    Words of scripts without spaces touch their neighbours, so there is nothing to keep apart.
    """
    before = "" if _RUN.match(text[:1]) else rf"(?<![^\W{UNSPACED}])"
    after = "" if _RUN.match(text[-1:]) else rf"(?![^\W{UNSPACED}])"
    return before, after
