"""How claims and sources are compared: words, numbers, units and names, normalised alike on both sides.

Numbers are compared by value ("1,024", "1024" and "1024.0" agree; "eighteen" and "18" do, and "1.5 million" and
"1,500,000"), units by meaning ("18 %" and "18 percent"), words by a light stem, scripts without spaces by pairs of
characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from omniloom.reasoning import numerals, scripts
from omniloom.reasoning.numerals import NUMBER_WORDS, SCALES, TENS, number_key, readings, scaled, unit_of

Kind = Literal["number", "name", "unit", "scale", "word"]
_LETTER = rf"[^\W\d_{scripts.UNSPACED}]"
# Codes of currencies that stand right before their amount; of other letters before figures both are one name.
_CODES = "RM|Rs|Rp|kr|USD|EUR|GBP|CHF|JPY|CNY|INR|MYR|SGD|IDR|THB|AUD|CAD|NZD|HKD|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|TRY"
_AMOUNT = r"\d[\d.,]*[.,]\d{2}(?!\w)|\d{2,}(?![\w.,]*\w)"
_TOKEN = re.compile(
    r"(?P<address>https?://[^\s<>\"')\]]+|www\.[^\s<>\"')\]]+|(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+)"
    rf"|(?P<sign>{numerals.SIGNS})|(?P<clock>{numerals.CLOCK})|(?P<figures>{numerals.FIGURES})|(?P<run>{scripts.RUN})"
    rf"|(?P<dotted>(?<![^\W_])(?:{_LETTER}\.){{2,}})|(?<![^\W_])(?:{_CODES})(?={_AMOUNT})|{_LETTER}+\d(?:{_LETTER}|\d)*"
    rf"|{scripts.WORD}(?:['’]{scripts.WORD})?"
)
ASKING = r"\b(?:who|whose|whom|what|which|when|where|why|how)\b"
"""A pattern of the words that ask, in English."""
MONTHS = "january february march april may june july august september october november december".split()
"""In English, in their order."""
_BETWEEN = " -\u00a0\u202f"
_LONGEST = 100  # digits of a number that is added to: Python refuses to read thousands
_HAN = re.compile(rf"[{numerals.HAN_FIGURES}]+")
_MINUS = re.compile(r"(?:^|[\s(\[:;,|=])([-−–][$€£]?|minus )\Z", re.IGNORECASE)
_OPENERS = "based built born founded located published released introduced see using key note insgesamt hay".split()
_CAPITAL_LANGUAGES = "ca cs da de el en es et fi fr hr hu id it lt lv nl no pl pt ro ru sk sl sv tr uk vi".split()
_STOP = frozenset(
    "a an the of to in on at by for from with and or but is are was were be been it its this that these those as not "
    "no do does did has have had will would can could should may might than then so such there their they he she his "
    "her we our you your i my me who whom which what when where how why if into over under about also both each only "
    "source sources according states says said say stated document text passage passages report reports reported "
    "mentions mention indicates shows show per yes however therefore thus moreover furthermore overall "
    "der die das dem des ein eine einen einem einer und oder ist sind waren mit im auf fur es er sie "
    "le la les une du de et ou est sont dans il elle ils elles el los las y en para por que gli della dei os da".split()
)


@dataclass(frozen=True)
class Word:
    """One word at `start`..`end` of its text; `also` is the other value that a number may have.

    "1.000" may be 1 or 1000, and "1.5 million" is 1500000, or 1.5 of what a table counts in millions.
    """

    start: int
    end: int
    key: str
    kind: Kind
    also: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, self.also) if self.also else (self.key,)


def tokens(text: str, *, stop_words: bool = False) -> list[Word]:
    """The words of a text that carry content, in order; stop words are left out unless asked for."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text):
        start, end, raw = match.start(), match.end(), match.group()
        if match["address"]:
            found.append(Word(start, end, raw.lower().rstrip(".,;:!?"), "name"))
        elif match["sign"]:
            found.append(Word(start, end, unit_of(raw), "unit" if _touches_number(text, start, end) else "word"))
        elif match["clock"]:
            found.append(Word(start, end, ":".join(map(number_key, raw.split(":"))), "number"))
        elif match["figures"]:
            found.extend(_figures(text, start, raw))
        elif match["run"]:
            found.extend(_unspaced(start, raw, found))
        else:
            found.extend(_spelled(text, start, end, found, stop_words))
    return sorted(found, key=lambda word: word.start)


def keys(text: str) -> list[str]:
    """The words of a text in the form in which they are compared, a number with both its values."""
    return [key for word in tokens(text) for key in word.keys]


def _spelled(text: str, start: int, end: int, before: list[Word], stop_words: bool) -> Iterator[Word]:
    """A word of letters: a number, a power of ten or a unit after a number, a name, or a word."""
    raw = text[start:end]
    lower = fold(raw.replace(".", ""))
    counted = (
        bool(before) and before[-1].kind in ("number", "scale") and not text[before[-1].end : start].strip(_BETWEEN)
    )
    if lower in NUMBER_WORDS and (lower != "one" or fold(text[end + 1 :].split(" ", 1)[0]) in SCALES):
        if not (before and _added(text, start, end, NUMBER_WORDS[lower], before)):
            yield Word(start, end, str(NUMBER_WORDS[lower]), "number")
    elif counted and (power := _power_of(raw, lower, start, before)):
        before[-1] = replace(before[-1], end=end, key=scaled(before[-1].key, power), also=before[-1].key)
        yield Word(start, end, f"x{power}", "scale")
    elif counted and (unit := unit_of(raw, after_number=True) or (lower if len(raw) < 4 and _is_unit(lower) else "")):
        yield Word(start, end, unit, "unit")
    elif stop_words or lower not in _STOP:
        key = f"x{SCALES[lower]}" if lower in SCALES else unit_of(raw) or stem(lower)
        named = (raw[0].isupper() or raw[-1].isdecimal()) and not _opens(text, start, lower)
        yield Word(start, end, key, "name" if named else "word")


def _added(text: str, start: int, end: int, value: int, before: list[Word]) -> bool:
    """Adds to the number before what belongs to it: "twenty five" is 25, "two hundred and fifty" is 250."""
    last = before[-1]
    gap = text[last.end : start]
    if last.kind == "number" and 0 < value < 10 and gap in (" ", "-") and fold(text[last.start : last.end]) in TENS:
        before[-1] = Word(last.start, end, str(int(last.key) + value), "number")
        return True
    if last.kind == "scale" and last.key in ("x100", "x1000") and value < 100 and gap in (" ", " and ", "-"):
        before.pop()
        counted = before[-1]
        if counted.key.isdecimal() and len(counted.key) <= _LONGEST:
            before[-1] = Word(counted.start, end, str(int(counted.key) + value), "number")
            return True
        before.append(last)
    return False


def _power_of(raw: str, lower: str, start: int, before: list[Word]) -> int:
    """The power of ten that a word or a glued letter right after a number means, 0 if it means none."""
    last = before[-1]
    if last.kind != "number":
        return 0
    if last.end == start and len(raw) == 1:
        money = len(before) > 1 and before[-2].kind == "unit"
        return (numerals.LETTERS_OF_MONEY if money else numerals.LETTERS).get(raw, 0)
    return SCALES.get(lower, 0)


@cache
def _function_words() -> frozenset[str]:
    """The words of all languages with capital letters that say nothing by themselves."""
    import stopwordsiso

    known = (fold(word) for name in _CAPITAL_LANGUAGES for word in stopwordsiso.stopwords(name))
    return frozenset([*known, *_OPENERS])


def _is_unit(lower: str) -> bool:
    return lower not in _STOP and lower not in _function_words()


def _opens(text: str, start: int, lower: str) -> bool:
    """Whether a word opens a sentence and is no name, in spite of its capital: "Additionally", "Today", "Fue"."""
    first = text[:start].rstrip()[-1:] in ("", ".", "!", "?", ":", "-", "*")
    return first and (lower.endswith("ly") or lower in _function_words())


def _touches_number(text: str, start: int, end: int) -> bool:
    return text[:start].rstrip(" \u00a0\u202f")[-1:].isdecimal() or text[end:].lstrip(" \u00a0\u202f")[:1].isdecimal()


def _unspaced(start: int, run: str, before: list[Word]) -> Iterator[Word]:
    """The numbers of a run without spaces, and its pairs of characters; "万" after figures belongs to them."""
    last = before[-1] if before else None
    if last is not None and last.kind == "number" and last.end == start and run[0] in numerals.GLUED:
        before[-1] = replace(last, end=start + 1, key=scaled(last.key, numerals.GLUED[run[0]]), also="")
    for match in _HAN.finditer(run):
        if value := numerals.han_value(match.group(), run[match.end() : match.end() + 1]):
            yield Word(start + match.start(), start + match.end(), value, "number")
    for position, pair in scripts.pairs(run):
        yield Word(start + position, start + position + len(pair), fold(pair), "word")


def _figures(text: str, start: int, raw: str) -> Iterator[Word]:
    """One number, or several where the points are those of a date such as 16.03.2018; a version is one."""
    if text[start - 1 : start] == "_" and start:
        yield Word(start, start + len(raw), raw, "word")  # a part of a name such as top_5_percent
    elif re.fullmatch(r"\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})|\d{4}\.\d{1,2}\.\d{1,2}", raw):
        for match in re.finditer(r"\d+", raw):
            yield Word(start + match.start(), start + match.end(), number_key(match.group()), "number")
    elif re.fullmatch(r"\d+(?:\.\d+){2,}", raw) and not re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", raw):
        yield Word(start, start + len(raw), raw, "number")
    else:
        sign = _MINUS.search(text[max(0, start - 7) : start])
        length = len(sign.group(1)) if sign else 0
        key, also = ("-" * bool(sign) + value if value else "" for value in readings(raw))
        yield Word(start - length, start + len(raw), key, "number", also)


def fold(word: str) -> str:
    """Lower case without accents, with one kind of apostrophe."""
    return scripts.fold(word).replace("’", "'")


def stem(word: str) -> str:
    """A light stem: enough that "doubled" meets "doubling" and "jobs" meets "job"."""
    word = word.removesuffix("'s")
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word.removesuffix("e") if len(word) > 4 else word
