"""Whether an answer says what is known to be right: numbers as numbers, words as words, and not in the negative.

Text becomes tokens: numbers with their units, words, and single characters of scripts without spaces. An answer says a
target whose tokens stand in it in a row, in a clause that does not deny it.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from omniloom.reasoning.numerals import GLUED, NUMBER_WORDS, SCALES, TENS, UNITS, readings
from omniloom.reasoning.scripts import MARKS, UNSPACED, fold

_LETTER = rf"[^\W_{UNSPACED}]"
_FREE = rf"(?<![^\W{UNSPACED}])"  # no letter or digit before, except those of scripts without spaces
_SPACES = "\u00a0\u202f\u2009 "
_TOKEN = re.compile(
    rf"(?P<joined>{_FREE}\d+(?:[:/–-]\d+)+(?!\w)|{_FREE}\d+(?:\.\d+){{2,}}(?<!\.\d\d\d)(?!\w))|"
    rf"(?P<number>(?:(?<![\w)])[+−-])?[$€£¥₹]?{_FREE}"
    rf"(?:\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\d)(?:[.,]\d+)?|\d[\d.,٫٬'’]*\d|\d|\.\d+))"
    rf"(?P<unit>\s?(?:[%€£¥₹$°]|[{''.join(GLUED)}]|{_LETTER}+))?|"
    rf"(?P<character>[{UNSPACED}])|"
    rf"(?P<initials>(?:[^\W\d_]\.){{2,}})|"
    rf"(?P<word>{_LETTER}(?:{_LETTER}|[{MARKS}]|['’](?={_LETTER}))*)|"
    r"(?P<end>[.,;:!?()\n。、，；：！？।…])"
)
_CURRENCY = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen", "₹": "rupee"}
_OPTIONAL = {*_CURRENCY.values(), "percent"}  # a question such as "How many percent?" leaves them out
_ARTICLES = {"a", "an", "the"}
_BUT = {*"but sondern mais sino pero però ma mas maar lecz ale но а".split()}
_NOT = {
    *"not no nor never none neither cannot nt nicht nie niemals kein keine keiner keinem keinen keines pas".split(),
    *"jamais ne".split(),
    *"nunca jamás não nem non mai niet geen nooit inte ikke nej nigdy не нет ни δεν δε değil không".split(),
    *"tidak bukan ليس ليست لم لا لن नहीं לא".split(),
}
# What takes the denial out of a "not" before it: at once, where a "than" follows, or between it
# and what is said.
_NO_DENIAL = {*"only just merely simply solely least nur seulement solo sólo soltanto".split()}
_COMPARED = {
    *"later earlier more less fewer longer sooner other greater larger higher lower smaller older younger".split(),
    *"mehr weniger später früher plus moins más menos più meno mais".split(),
}
_THAN = {*"than als de que di".split()}
_UNTIL = {*"until till til hasta até".split()}
_NOT_UNSPACED = re.compile(
    "不(?:是|会|會|能|在|曾|属|屬|含|包括|为|為|算|对|對)|没|沒|[并並](?:非|不)|[从從][未不]|未(?:签|簽|曾|能|有|被|提)|"
    "(?<![少危切汚幼])な[いかく](?![かぎ])|ません|じゃな|ではな|아니|않|없|못|ไม่"
)
_BEFORE, _AFTER = 5, 4  # words of one clause between a target and what denies it
_WIDER = 3  # times as many characters of a script without spaces


class _Token(NamedTuple):
    """kind: "number", "word", "character" or "end". values: of a number, as most read it, then the other way."""

    kind: str
    text: str
    values: tuple[str, str] = ("", "")
    unit: str = ""


def says(answer: str, target: str, question: str = "") -> bool:
    """Whether the answer says the target. question: where it asks in the negative, an answer may repeat that."""
    said, wanted = _tokens(answer), [each for each in _tokens(target) if each.kind != "end"]
    if not wanted:
        return _plain(answer).strip() == _plain(target).strip() != ""
    denied = not _denials(_tokens(question)) and not _denials(wanted)
    places = [at for at, each in enumerate(said) if each.kind != "end"]
    for first in range(len(places) - len(wanted) + 1):
        found = [said[at] for at in places[first : first + len(wanted)]]
        if all(map(_same, found, wanted)):
            start, end = places[first], places[first + len(wanted) - 1]
            if not (denied and _denied(said, start, end)):
                return True
    return False


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _tokens(text: str) -> list[_Token]:
    return _summed(list(_read(unicodedata.normalize("NFKC", text).replace("−", "-"))))


def _read(text: str) -> Iterator[_Token]:
    at = 0
    while match := _TOKEN.search(text, at):
        at = match.end()
        kind, found = match.lastgroup, match[0].casefold()
        if match["number"]:
            token, at = _number(match, text)
            yield token
        elif kind == "joined":
            yield _Token("word", found.replace("–", "-"))
        elif kind == "word":
            yield from _words(found)
        elif kind == "initials":
            yield _Token("word", found.replace(".", ""))
        elif kind in ("character", "end"):
            yield _Token(kind, found)


def _words(found: str) -> Iterator[_Token]:
    """Without an English genitive; "didn't" is "did" and "nt"."""
    found = found.replace("’", "'")
    stem = found.removesuffix("'s")
    if stem.endswith("n't"):
        yield _Token("word", stem[:-3])
        stem = "nt"
    elif re.fullmatch(r"(?:[ld]|qu|n|s|j|dell|nell|all|un)'.+", stem):  # an elision
        left, _, stem = stem.partition("'")
        if left == "n":
            yield _Token("word", "ne")
    plain = stem.replace("'", "")
    value = NUMBER_WORDS.get(fold(plain))
    if value is not None:
        yield _Token("number", plain, (str(value), ""))
    elif plain not in _ARTICLES:
        yield _Token("word", plain)


def _number(match: re.Match[str], text: str) -> tuple[_Token, int]:
    """The number, and where it ends: what stands behind belongs to it if it is a unit, or makes a word of it."""
    raw, behind = match["number"], (match["unit"] or "")
    unit = next((_CURRENCY[each] for each in raw if each in _CURRENCY), "")
    sign = "-" if raw.startswith("-") else ""
    values = [_scaled(each, 1) for each in readings(raw.strip("+-$€£¥₹").translate(dict.fromkeys(map(ord, _SPACES))))]
    word, end = behind.strip(), match.end("number")
    scale = SCALES.get(fold(word)) or GLUED.get(word)
    if scale:
        values, end = [_scaled(each, scale) for each in values], match.end()
        after = re.compile(rf"\s?({_LETTER}+|[%€£¥₹$])").match(text, end)
        word = after[1] if after else ""
        name = _CURRENCY.get(word) or UNITS.get(fold(word), "")
        unit, end = (unit or name, after.end() if after and name else end)
    elif name := (_CURRENCY.get(word) or UNITS.get(fold(word), "")):
        unit, end = unit or name, match.end()
    elif word and behind[:1] == word[:1] and word[0].isalpha():  # "15th", "7b"
        return _Token("word", raw.casefold() + word.casefold()), match.end()
    first, other = (sign + each if each else "" for each in values)
    return _Token("number", raw, (first, other), unit), end


def _scaled(value: str, scale: int) -> str:
    from decimal import Decimal, InvalidOperation

    if not value:
        return ""
    try:
        return f"{(Decimal(value) * scale).normalize():f}"
    except InvalidOperation:
        return value


def _summed(tokens: Sequence[_Token]) -> list[_Token]:
    """ "Twenty" and "five" become 25; what is a scale behind a word multiplies it."""
    found: list[_Token] = []
    for each in tokens:
        last = found[-1] if found else None
        digit = each.kind == "number" and each.text.isalpha() and each.values[0] in "123456789"
        if last and last.kind == "number" and last.text in TENS and digit:
            total = str(int(last.values[0]) + int(each.values[0]))
            found[-1] = _Token("number", each.text, (total, ""))
            continue
        if last and last.kind == "number" and last.text.isalpha() and each.kind == "word":
            if scale := SCALES.get(fold(each.text)):
                found[-1] = _Token("number", each.text, (_scaled(last.values[0], scale), ""), last.unit)
                continue
            if name := UNITS.get(fold(each.text)):
                found[-1] = last._replace(unit=name)
                continue
        found.append(each)
    return found


def _same(said: _Token, wanted: _Token) -> bool:
    if said.kind != wanted.kind:
        return False
    if said.kind != "number":
        return said.text == wanted.text
    if wanted.unit and said.unit != wanted.unit and (said.unit or wanted.unit not in _OPTIONAL):
        return False
    if said.values[0] == wanted.values[0]:
        return True
    # "1.500" is 1500 where a comma begins the decimals. That reading counts only as thousands.
    shared = set(said.values) & set(wanted.values) - {""}
    return any("." not in each and len(each.lstrip("-")) > 3 for each in shared)


def _denied(tokens: Sequence[_Token], start: int, end: int) -> bool:
    """Whether the clause around the tokens from `start` to `end` says that it is not so."""
    before = _clause(tokens[:start][::-1], _BEFORE)
    until = next((at for at, each in enumerate(before) if each.text in _UNTIL), len(before))
    before = before[:until][::-1]  # "did not open until 1999" denies the time before
    after = _clause(tokens[end + 1 :], _AFTER)
    inside = list(tokens[start : end + 1])
    return _denials([*before, *inside, *after])


def _clause(tokens: Sequence[_Token], most: int) -> list[_Token]:
    """The tokens up to the end of the clause, or so many words."""
    found: list[_Token] = []
    room = float(most)
    for each in tokens:
        room -= 1 / _WIDER if each.kind == "character" else 1
        if each.kind == "end" or each.text in _BUT or room < -1e-9:
            break
        found.append(each)
    return found


def _denials(tokens: Sequence[_Token]) -> bool:
    if _NOT_UNSPACED.search("".join(each.text if each.kind == "character" else " " for each in tokens)):
        return True
    words = [*(each.text for each in tokens), "", ""]
    for at, text in enumerate(words[:-2]):
        following, third = words[at + 1 : at + 3]
        numbered = text == "no" and tokens[at + 1 : at + 2] and tokens[at + 1].kind == "number"  # "No 5"
        bound = following in _COMPARED and third in _THAN  # "no later than", but "no longer" denies
        if text in _NOT and not (following in _NO_DENIAL or bound or numbered):
            return True
    return False
