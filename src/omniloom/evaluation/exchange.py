"""An answer exchanged for another of the same kind: a number for a number, a name for a name."""

import random
import re
from collections.abc import Sequence

_ONES: Sequence[str] = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty".split()
)
_MONTHS: Sequence[str] = "January February March April May June July August September October November December".split()
_DAYS: Sequence[str] = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_PAIRS: Sequence[str] = (
    "yes no more less male female before after first last higher lower north south east west old new".split()
)
_NAMES = (
    *("Halvorsen", "Marbury", "Quillon", "Tessaly", "Ostrander", "Bellhaven", "Corvane", "Drummore", "Ellingham"),
    *("Farnsby", "Greystoke", "Hesterly", "Ivarsen", "Jorvale", "Kestrick", "Lorimond", "Mandeville", "Norwick"),
)
_PHRASES = (
    *("a shortage of timber", "glazed pottery", "the shape of the coast", "a long quarrel over grazing rights"),
    *("warm winters", "coloured glass", "the price of salt", "a chain of small workshops", "wandering musicians"),
    *("a thin layer of clay", "river pilots", "two kinds of lichen", "the fear of floods", "unpaid volunteers"),
)
_NUMBER = re.compile(r"\d+(?:,\d{3})*")


def exchanged(answer: str, chance: random.Random) -> str:
    """Another answer of the same form; never the same words."""
    if match := _NUMBER.search(answer):
        return answer[: match.start()] + _number(match.group(), chance) + answer[match.end() :]
    for words in (_ONES, _MONTHS, _DAYS):
        if match := re.search(rf"(?i)\b(?:{'|'.join(words)})\b", answer):
            return answer[: match.start()] + _other(match.group(), words, chance) + answer[match.end() :]
    if answer.lower() in _PAIRS:
        return _like(answer, _PAIRS[_PAIRS.index(answer.lower()) ^ 1])
    if re.search(r"[^\W\d_]", answer) and answer != answer.lower():
        count = min(len(answer.split()), 2)
        return " ".join(chance.sample([name for name in _NAMES if name not in answer], count))
    return chance.choice([phrase for phrase in _PHRASES if phrase != answer])


def _number(text: str, chance: random.Random) -> str:
    """As many digits: years move by some years, days and months stay such."""
    value = int(text.replace(",", ""))
    if re.fullmatch(r"1\d{3}|20\d\d", text):
        return str(value + chance.choice([-1, 1]) * chance.randint(3, 40))
    digits = len(str(value))
    low = max(1, 10 ** (digits - 1))
    most = next((end for end in (12, 28) if value <= end and digits > 1), 10**digits - 1)
    other = chance.choice([number for number in (chance.randint(low, most) for _ in range(50)) if number != value])
    return f"{other:,}" if "," in text else str(other).zfill(len(text)) if text.startswith("0") else str(other)


def _other(word: str, words: Sequence[str], chance: random.Random) -> str:
    return _like(word, chance.choice([each for each in words if each.lower() != word.lower()]))


def _like(word: str, other: str) -> str:
    """The other in the letter case of the word."""
    if word.isupper() and len(word) > 1:
        return other.upper()
    return other.capitalize() if word[0].isupper() else other.lower()
