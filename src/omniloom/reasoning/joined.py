"""Verdicts over two things of the sources: which is larger, is it earlier, what are both together.

"The table", "yes" and "before" stand in no source; what they were made of does. Both sides of such a question are
looked for by its words, and cited where the verdict, or the number, follows from them.
"""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from omniloom.reasoning.evidence import column
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.operands import YEAR, Operand, decimal_of, numbers
from omniloom.reasoning.recompute import Derived
from omniloom.reasoning.wording import keys, tokens

_LEAST = 0.6  # of the words of a side that have to stand around its number
_MOST_TIED = 6
_LONGEST = 500  # characters of a question: what is longer asks for more than this
_MORE = r"larger|greater|bigger|higher|more"  # "longer" or "heavier" would be right of some numbers only
_LESS = r"smaller|less|lower|fewer"
_AFTER_IT = re.compile(r"[ -]?([^\W\d_]+|%)")
_WHICH = re.compile(
    rf"(?is)\bwhich\b[^:,]*?\b(?:(?P<more>{_MORE})|{_LESS})\b[^:,]*[:,](?P<a>.+?),?\s+or\s+(?P<b>[^?]+)\?"
)
_IS = re.compile(rf"(?is)^(?P<a>.+?)\b(?:(?P<more>{_MORE})|{_LESS})\s+than\b(?P<b>[^?]+)\?")
_WHEN = re.compile(r"(?is)^(?P<a>.+?)\b(?:before\s+or\s+after|earlier\s+or\s+later\s+than)\b(?P<b>[^?]+)\?")
_COUNTED = re.compile(r"(?is)^(?P<a>.+?)\b(?:(?P<plus>plus|added to)|minus)\b(?P<b>[^?,]+)[?,]")
_SIGNS = "$€£¥₹"
YES, NO = frozenset({"yes", "true", "ja", "oui"}), frozenset({"no", "false", "nein", "non"})
EITHER = re.compile(r"(?i)\b(?:yes or no|ja oder nein|oui ou non|true or false)\b")
_POLAR = re.compile(
    r"(?i)(?:^|[.?!:,]\s+|\n)(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must)(?:n['’]t)?\s[^?]{1,500}\?"
)
_BEFORE, _AFTER = frozenset({"before", "earlier"}), frozenset({"after", "later"})
KINDS = (("cells", "table spreadsheet sheet"), ("time", "recording audio video"), ("page", "document paper pdf"))


@dataclass(frozen=True)
class _Asked:
    sides: tuple[str, str]
    holds: Callable[[Decimal, Decimal], bool]
    sign: str
    years: bool = False


def is_verdict(value: object, question: str) -> bool:
    """Whether it is the yes or no that a question asks for: where a source has such a word, it does not say that."""
    said = str(value).strip(" .").lower()
    return said in YES | NO and (_POLAR.search(question) is not None or EITHER.search(question) is not None)


def is_concluded(value: object, question: str) -> bool:
    """Whether it can be an answer that stands in no source: a verdict, one of what the question names, or a number."""
    said = str(value).strip(" .").lower()
    own = frozenset(word.key for word in tokens(said, stop_words=True))
    chosen = own <= frozenset(word.key for word in tokens(question, stop_words=True))
    return bool(own) and (chosen or is_verdict(value, question) or decimal_of(said.replace(",", "")) is not None)


def joined(value: object, passages: Passages, question: str) -> Derived | None:
    """What an answer was made of that two places give together; None where it does not follow from them."""
    said = " ".join(str(value).split()).strip(" .").lower()
    asked = _asked(said, question) if len(question) <= _LONGEST else None
    if asked is None:
        return None
    one, other = (list(_found(side, passages, asked.years)) for side in asked.sides)
    if max(len(one), len(other)) > _MOST_TIED:
        return None
    pairs = [(a, b) for a, b in product(one, other) if a.quote != b.quote]
    right = [pair for pair in pairs if asked.holds(pair[0].value, pair[1].value)]
    if not right or len(right) < len(pairs):  # of several numbers each has to say it
        return None
    if not asked.years and not all(_of_one_kind(pair, passages, frozenset(keys(question))) for pair in pairs):
        return None
    a, b = right[0]
    sum_of = f"{a.value:f} {asked.sign} {b.value:f}"
    if asked.sign in "<>":
        return Derived("comparison", (a, b), sum_of)
    return Derived("sum" if asked.sign == "+" else "difference", (a, b), f"{sum_of} = {value}")


def _asked(said: str, question: str) -> _Asked | None:
    """The two sides of a question, and what has to hold of them for the answer to be right."""
    if found := _WHICH.search(question):
        sides = (found["a"], found["b"])
        own, a, b = (frozenset(keys(text)) for text in (said, *sides))
        if not own or (own <= a) == (own <= b):
            return None
        return _compared(sides, bool(found["more"]) == (own <= a))
    if (found := _WHEN.search(question)) and said in _BEFORE | _AFTER:
        return _compared((found["a"], found["b"]), said in _AFTER, years=True)
    if (found := _IS.search(question)) and said in YES | NO:
        return _compared((found["a"], found["b"]), bool(found["more"]) == (said in YES))
    wanted = decimal_of(said.replace(",", ""))
    if (found := _COUNTED.search(question)) and wanted is not None:
        made = operator.add if found["plus"] else operator.sub
        return _Asked((found["a"], found["b"]), lambda a, b: made(a, b) == wanted, "+" if found["plus"] else "-")
    return None


def _compared(sides: tuple[str, str], larger: bool, *, years: bool = False) -> _Asked:
    return _Asked(sides, operator.gt if larger else operator.lt, ">" if larger else "<", years)


def _found(side: str, passages: Passages, years: bool) -> Iterator[Operand]:
    """The numbers that the words of a side stand around most, each value once; none where too few stand anywhere."""
    wanted = frozenset(keys(side))
    best: list[Operand] = []
    most = 0.0
    for index in range(len(passages.segments)):
        for operand in numbers(passages, index):
            if years and not YEAR.fullmatch(str(operand.value)):
                continue
            share = _share(wanted, operand, passages)
            if share > most:
                best, most = [], share
            if share == most:
                best.append(operand)
    if most >= _LEAST:
        yield from {each.value: each for each in reversed(best)}.values()


def _of_one_kind(pair: tuple[Operand, Operand], passages: Passages, asked: frozenset[str]) -> bool:
    """Whether two numbers have one unit, and what they count is asked for: the word after each, or its column's name.

    Two years say when something was, not how large it is.
    """
    if all(YEAR.fullmatch(str(each.value)) for each in pair):
        return False
    units = list[tuple[str, frozenset[str]]]()
    for operand in pair:
        segment, quote = passages.segments[operand.quote.index], operand.quote
        after = _AFTER_IT.match(segment.text, quote.end)
        sign = segment.text[max(0, quote.start - 1) : quote.start].strip()
        units.append((sign if sign in _SIGNS else "", frozenset(keys(after[1])) if after else frozenset()))
        for name in (after[1] if after else "", column(segment, quote)):
            if (named := frozenset(keys(name))) and not asked & named:
                return False
    return units[0] == units[1]


def _share(wanted: frozenset[str], operand: Operand, passages: Passages) -> float:
    return len(wanted & around(operand, passages)) / max(len(wanted), 1)


def around(operand: Operand, passages: Passages) -> set[str]:
    """The words that stand in the line of a number, in its column's name, or name its source or its kind."""
    quote = operand.quote
    segment = passages.segments[quote.index]
    start, end = segment.text.rfind("\n", 0, quote.start) + 1, segment.text.find("\n", quote.end)
    line = passages.words_in(quote.index, start, end if end >= 0 else len(segment.text))
    named = next((words for name, words in KINDS if getattr(segment.locator, name) is not None), "")
    there = {key for word in line for key in word.keys} | set(keys(named))
    name = column(segment, quote)
    # The words of other columns say nothing of this cell.
    if not name:
        return there | passages.around[quote.index]
    return there | set(keys(name)) | set(keys(passages.names.get(segment.source, "")))
