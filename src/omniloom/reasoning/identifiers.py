"""Identifiers such as A-9, B12-7 and INV-2024-017: each is one name, which a source has whole or not at all.

What is joined by - or _ is one where it begins with capitals, a single letter or letters with digits, and has a digit.
"mid-2024" and "well-known" are words and numbers as they stand, "5-9" is a range, "2024-03-03" a date, and "Q1-Q3" goes
from one to the other.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from omniloom.reasoning import scripts
from omniloom.reasoning.wording import Word, fold, tokens

_LETTER = rf"[^\W\d_{scripts.UNSPACED}]"
_JOINT = r"[-_\u2010\u2011]"
_RUN = re.compile(
    rf"(?<!\w)(?<!\w[-\u2010\u2011])(?=[\w\-\u2010\u2011]*\d){_LETTER}(?:{_LETTER}|\d)*"
    rf"(?:{_JOINT}(?:{_LETTER}|\d)+(?:\.\d+)*)*"
)
_DASHED = re.compile(r"(?<=[^\W\d_])[\u2013\u2212](?=\d)")  # as printers join "EMP–001"
_APART = re.compile(r"(?<!\w)[A-Z]{2,} \d+(?!\w)")  # "COVID 19", as some write it
_TURN = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
_YEAR = re.compile(r"(?:1\d|20|21)\d\d")


def wholes(text: str) -> list[Word]:
    """What a source may call an identifier, in order, spelled with or without - before its digits: "A9" is A-9."""
    text = _DASHED.sub("-", text)
    found = [
        Word(start, end, _key("-".join(parts)), "name")
        for start, end, parts in _runs(text)
        if any(map(_has_digit, parts))
    ]
    return found + [Word(*each.span(), _key(each.group().replace(" ", "-")), "name") for each in _APART.finditer(text)]


def words(text: str) -> list[Word]:
    """The words of a claim, each identifier of it as one name."""
    ids = [Word(start, end, _key("-".join(parts)), "name") for start, end, parts in _runs(text) if _is_one(parts)]
    if not ids:
        return tokens(text)
    others = [word for word in tokens(text) if not any(each.start <= word.start < each.end for each in ids)]
    return sorted([*others, *ids], key=lambda word: word.start)


def _runs(text: str) -> Iterator[tuple[int, int, Sequence[str]]]:
    """(start, end, parts) of what is joined, without the words at its ends: "post-" and "-related"."""
    for match in _RUN.finditer(text):
        parts = re.split(_JOINT, match.group())
        start = match.start()
        while len(parts) > 2 and len(parts[0]) > 1 and parts[0].islower() and parts[1][0].isalpha():
            start += len(parts.pop(0)) + 1
        kept = [parts[0], *takewhile(_is_part, parts[1:])]
        yield start, start + len("-".join(kept)), kept


def _is_part(text: str) -> bool:
    return _has_digit(text) or text.isupper() or len(text) == 1


def _has_digit(text: str) -> bool:
    return any(map(str.isdecimal, text))


def _is_one(parts: Sequence[str]) -> bool:
    first, *others = parts
    letters = [part for part in parts if part.isalpha()]
    if not others or not any(map(_has_digit, parts)) or len({*letters}) < len(letters):
        return False
    if _has_digit(first) and len(others) == 1:
        return others[0].isdecimal() and not _YEAR.fullmatch(others[0])  # "Q1-Q3" and "Q1-2024" are none
    return first.isupper() or len(first) == 1 or _has_digit(first)


def _key(text: str) -> str:
    """One spelling for all: "B12-7", "b12_7" and "B-12-7" are alike, and several "F-16s" are F-16."""
    return re.sub(r"(?<=\d)-s\Z", "", _TURN.sub("-", fold(text)))
