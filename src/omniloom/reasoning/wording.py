"""How claims and sources are compared: words, numbers, units and names, normalised alike on both sides.

Numbers are compared by value ("1,024", "1024" and "1024.0" agree; "eighteen" and "18" do, and "1.5 million" and
"1,500,000"), units by meaning ("18 %" and "18 percent"), words by a light stem, scripts without spaces by pairs of
characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from omniloom.reasoning import scripts
from omniloom.reasoning.numerals import (
    FIGURES,
    HAN_FIGURES,
    NUMBER_WORDS,
    SCALES,
    SIGNS,
    TENS,
    han_value,
    number_key,
    readings,
    scaled,
    unit_of,
)

Kind = Literal["number", "name", "unit", "scale", "word"]
_TOKEN = re.compile(
    rf"(?P<figures>{FIGURES})|(?P<run>{scripts.RUN})|(?P<sign>{SIGNS})|{scripts.WORD}(?:['’]{scripts.WORD})?"
)
_BETWEEN = " -\u00a0\u202f"
_HAN = re.compile(rf"[{HAN_FIGURES}]+")
_STOP = frozenset(
    "a an the of to in on at by for from with and or but is are was were be been it its this that these those as not "
    "no do does did has have had will would can could should may might than then so such there their they he she his "
    "her we our you your i my me who whom which what when where how why if into over under about also both each only "
    "source sources according states says said say stated document text passage passages report reports reported "
    "mentions mention indicates shows show per yes however therefore thus moreover furthermore overall "
    "der die das dem des ein eine einen einem einer und oder ist sind waren mit im auf fur es er sie "
    "le la les une du de et ou est sont dans il elle ils elles el los las y en para por que gli della dei os da".split()
)


# Words that often open a sentence: there they stand in capitals, and are no names.
_OPENERS = frozenset(
    "see using given based founded located published released introduced during after before since while although "
    "because unlike like built born here among between within without until "
    "through another other some many most all several few every any following including "
    "fue fueron era eran hay hubo tiene tenia tenian se su sus segun cuando donde desde hasta durante tras tambien "
    "ademas sin sobre entre esta este estos foi foram ha tem tinha sao segundo quando onde ate apos sem seu sua c'e "
    "sono ha aveva secondo dal dalla nel nella con per ce c'est il s'agit selon dans avec depuis apres avant ses son "
    "laut gemass nach bei seit wahrend durch zudem ausserdem man wir ihr sein seine dieser diese dieses nein wurde "
    "wurden hat hatte haben also dann da dort hier alle viele".split()
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
        if match["figures"]:
            found.extend(_figures(text, start, raw))
        elif match["run"]:
            found.extend(_unspaced(start, raw))
        elif match["sign"]:
            found.append(Word(start, end, unit_of(raw), "unit" if _touches_number(text, start, end) else "word"))
        else:
            found.extend(_spelled(text, start, raw, found, stop_words))
    return sorted(found, key=lambda word: word.start)


def keys(text: str) -> list[str]:
    """The words of a text in the form in which they are compared, a number with both its values."""
    return [key for word in tokens(text) for key in word.keys]


def _spelled(text: str, start: int, raw: str, before: list[Word], stop_words: bool) -> Iterator[Word]:
    """A word of letters: a number, a power of ten or a unit after a number, a name, or a word."""
    lower, end = fold(raw), start + len(raw)
    last = before[-1] if before else None
    counted = last is not None and last.kind in ("number", "scale") and not text[last.end : start].strip(_BETWEEN)
    value = NUMBER_WORDS.get(lower, 0)
    if counted and last is not None and 0 < value < 10 and fold(text[last.start : last.end]) in TENS:
        before[-1] = Word(last.start, end, str(int(last.key) + value), "number")  # "twenty five" is 25
    elif lower in NUMBER_WORDS and lower != "one":
        yield Word(start, end, str(value), "number")
    elif counted and last is not None and lower in SCALES and last.kind == "number":
        before[-1] = replace(last, end=end, key=scaled(last.key, SCALES[lower]), also=last.key)
        yield Word(start, end, _power(SCALES[lower]), "scale")
    elif counted and (unit := unit_of(raw, after_number=True)):
        yield Word(start, end, unit, "unit")
    elif stop_words or lower not in _STOP:
        key = _power(SCALES[lower]) if lower in SCALES else unit_of(raw) or stem(lower)
        yield Word(start, end, key, "name" if raw[0].isupper() and not _opens(text, start, lower) else "word")


def _power(power: int) -> str:
    return f"x{power}"


def _opens(text: str, start: int, lower: str) -> bool:
    """Whether a word opens a sentence and is no name, in spite of its capital: "Additionally", "Founded", "Fue"."""
    first = text[:start].rstrip()[-1:] in ("", ".", "!", "?", ":", "-", "*")
    return first and (lower.endswith("ly") or lower in _OPENERS)


def _touches_number(text: str, start: int, end: int) -> bool:
    return text[:start].rstrip(" \u00a0\u202f")[-1:].isdecimal() or text[end:].lstrip(" \u00a0\u202f")[:1].isdecimal()


def _unspaced(start: int, run: str) -> Iterator[Word]:
    """The numbers of a run without spaces, and its pairs of characters."""
    for match in _HAN.finditer(run):
        if value := han_value(match.group()):
            yield Word(start + match.start(), start + match.end(), value, "number")
    for position, pair in scripts.pairs(run):
        yield Word(start + position, start + position + len(pair), fold(pair), "word")


def _figures(text: str, start: int, raw: str) -> Iterator[Word]:
    """One number, or several where the points are those of a date such as 16.03.2018."""
    if text[start - 1 : start] == "_" and start:
        yield Word(start, start + len(raw), raw, "word")  # a part of a name such as top_5_percent
    elif re.fullmatch(r"\d{1,4}(\.\d{1,4}){2}", raw) and not re.fullmatch(r"\d{1,3}(\.\d{3}){2}", raw):
        for match in re.finditer(r"\d+", raw):
            yield Word(start + match.start(), start + match.end(), number_key(match.group()), "number")
    else:
        sign = _sign(text, start)
        key, also = ("-" * bool(sign) + value if value else "" for value in readings(raw))
        yield Word(start - sign, start + len(raw), key, "number", also)


def _sign(text: str, start: int) -> int:
    """How many characters before the number that begins at `start` are its minus sign, a currency in between included.

    The dash of a range or of a date is none.
    """
    found = re.search(r"(?:^|[\s(\[:;,|=])([-−][$€£]?)$", text[max(0, start - 3) : start])
    return len(found.group(1)) if found else 0


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
