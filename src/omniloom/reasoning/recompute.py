"""Recompute: whether a number that stands in no source is a sum, difference, ratio, change or count of some that do.

Looked for, in this order: among the cells of one column or one row of a table, then among the numbers of the passages
that share words with the claim. Exact in decimal arithmetic; a claim may round, as far as its own digits show. The
search is bounded: at most two operands but for sums of whole columns and rows and of runs of neighbours.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import islice, pairwise, permutations
from typing import Literal

from omniloom.reasoning import identifiers
from omniloom.reasoning.ground import Grounding, Passages, Quote, ground
from omniloom.reasoning.operands import MOST_NUMBERS, YEAR, Operand, decimal_of, groups
from omniloom.reasoning.wording import Word, tokens

Operation = Literal["sum", "difference", "ratio", "percentage", "percent change", "count", "comparison"]
_MOST_GROUPS = 40
_MOST_NEAR = 8
_MOST_CITED = 12
_FALLS = re.compile(
    r"(?i)\b(?:f[ae]ll\w*|dropp?\w*|decreas\w*|declin\w*|low\w*|shr[aiu]nk\w*|reduc\w*|los[ts]\w*|down|"
    r"(?:less|fewer)(?!\s+than\s+[$€£]?\d))\b"
)
_RISES = re.compile(
    r"(?i)\b(?:ris(?:e|es|en|ing)|rose|increas\w*|gr[eo]w\w*|climb\w*|gain\w*|jump\w*|soar\w*|surg\w*|high\w*|up|"
    r"more(?!\s+than\s+[$€£]?\d))\b"
)
_CLAUSE_ENDS = re.compile(
    r"(?i)[,;:](?=\s)|\b(?:despite|although|though|while|whereas|because|but|and|as|with|after|in spite)\b"
)
_PERCENT = re.compile(r"\s*(?:%|percent\b|per cent\b|Prozent\b|pct\b)", re.IGNORECASE)
_PERCENT_ASKED = re.compile(r"%|\bpercent|\bper cent|\bProzent", re.IGNORECASE)
# What in a claim says that a number of it was computed, and how.
_SAYS: tuple[tuple[Operation, str], ...] = (
    ("percent change", r"\b(?:ris|rose|increas|grew|grow|fell|fall|declin|decreas|drop|chang|up|down|more|less)\w*"),
    ("percentage", r"\b(?:share|percentage|proportion|of the total|of all|account\w*|made up|Anteil)\b"),
    ("ratio", r"\b(?:ratio|times|per|twice|fold|average|mean|Verhältnis|durchschnitt\w*)\b|"
     r"(?<=\w)\s+[/÷]\s+(?=[$€£]?\d)"),
    ("difference", r"\b(?:difference|differ\w*|(?:more|less)(?=\b.{0,80}?\bthan\b)|fewer|change\w*|increas\w*|"
     r"decreas\w*|rose|fell|gap|higher|lower|older|longer|Unterschied|Differenz)\b|"
     r"(?<=\w)\s+[-−–]\s+(?=[$€£]?\d)"),
    ("sum", r"\b(?:sum|total\w*|together|combined|in all|altogether|overall|both|insgesamt|zusammen|Summe)\b|"
     r"(?<=\w)\s+\+\s+(?=[$€£]?\d)"),
    ("count", r"\b(?:how many|number of|count|rows?|entries|times|Anzahl)\b"),
)  # fmt: skip


@dataclass(frozen=True)
class Derived:
    """How a number was made. `said` is it as arithmetic: "410 + 820 = 1230"."""

    operation: Operation
    operands: tuple[Operand, ...]
    said: str

    @property
    def cited(self) -> tuple[Quote, ...]:
        """The places of the first dozen operands."""
        return tuple(operand.quote for operand in self.operands[:_MOST_CITED])


@dataclass(frozen=True)
class _Wanted:
    """A number that was claimed; `digits` after its point; `percent`: whether that is its unit.

    falls, rises: whether the claim speaks of less, and so may leave out the sign, or of more; both: it cannot be told.
    """

    value: Decimal
    digits: int
    percent: bool
    falls: bool
    rises: bool

    def is_met(self, value: Decimal) -> bool:
        """Whether `value` is the number, rounded as far as its digits show; "fell by 11%" leaves out the sign."""
        said = -self.value if self.falls and self.value > 0 > value else self.value
        return abs(said - value) * 2 <= Decimal(1).scaleb(-self.digits)


@dataclass(frozen=True)
class _Asked:
    """What is looked for: the operations that words speak of, and the keys of those words."""

    operations: tuple[Operation, ...]
    keys: frozenset[str]
    named: frozenset[str]


def reground(claim: str, pointed: Iterable[int], passages: Passages, question: str = "") -> Grounding | None:
    """The grounding of a claim of which a number was computed: its operands, and the places of its other words.

    None where a number of it can be made of nothing, or where its other words are not supported.
    """
    numbers = [word for word in identifiers.words(claim) if word.kind == "number"]
    missing = [word for word in numbers if not passages.known.intersection(word.keys)]
    if not missing:
        return None
    pointed = [number for number in pointed if number <= len(passages.segments)]
    rest = _without(claim, missing)
    found = ground(rest, pointed, passages)
    near = [quote.index for quote in found.quotes] + [number - 1 for number in pointed]
    near = near or _about(f"{question} {rest}", passages)
    if not _speak(near, rest, _units(claim, missing), passages):
        return None
    made = derived(claim, missing, passages, near, question)
    if not made:
        return None
    quotes = [*(quote for each in made for quote in each.cited), *(found.quotes if found.supported else ())]
    once = {(each.index, each.start, each.end): each for each in quotes}
    return Grounding(tuple(once.values()), True, found.coverage, "; ".join(each.said for each in made))


def _units(claim: str, missing: Sequence[Word]) -> frozenset[str]:
    """The units of those numbers, but for percent, which a change may have that is made of anything."""
    words = tokens(claim)
    after = [later for word, later in pairwise(words) if word in missing]
    return frozenset(word.key for word in after if word.kind == "unit" and word.key != "percent")


def _speak(near: Sequence[int], rest: str, units: frozenset[str], passages: Passages) -> bool:
    """Whether passages hold, with their headers, all names and units and half of the words that a claim has beside
    its computed numbers."""
    there = frozenset[str]().union(*(passages.keys[index] | passages.around[index] for index in near))
    needed = {word.key: word for word in identifiers.words(rest)}
    held = [word for word in needed.values() if there.intersection(word.keys)]
    hard = all(word in held for word in needed.values() if word.kind in ("name", "number", "unit"))
    return units <= there and hard and 2 * len(held) >= len(needed)


def _without(claim: str, words: Sequence[Word]) -> str:
    """The claim without the numbers that were computed, their percent signs, and the words that say how."""
    for word in reversed(words):
        after = _PERCENT.match(claim, word.end)
        claim = f"{claim[: word.start]} {claim[after.end() if after else word.end :]}"
    for _, pattern in _SAYS:
        claim = re.sub(pattern, " ", claim, flags=re.IGNORECASE)
    return claim


def _about(text: str, passages: Passages) -> list[int]:
    """The passages that share most with a text."""
    keys = {key for word in tokens(text) for key in word.keys}

    def shared(index: int) -> float:
        return sum(passages.rarity.get(key, 1.0) for key in keys & (passages.keys[index] | passages.around[index]))

    best = sorted(range(len(passages.segments)), key=lambda index: (-shared(index), index))[:_MOST_NEAR]
    return [index for index in best if shared(index) > 0]


def value_made(value: object, pointer: str, passages: Passages, question: str) -> Derived | None:
    """How a number of a JSON result was made that stands in no source; the question and its field's name say how."""
    if isinstance(value, bool) or not re.fullmatch(r"[-−]?[\d.,]*\d\s*%?", str(value).strip()):
        return None
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", pointer).replace("_", " ").replace("/", " ")
    claim = f"{name}: {value}"
    missing = [word for word in tokens(claim) if word.kind == "number"][-1:]
    made = derived(claim, missing, passages, _about(f"{question} {name}", passages), question)
    return made[0] if made else None


def derived(
    claim: str, missing: Sequence[Word], passages: Passages, near: Sequence[int], question: str = ""
) -> list[Derived] | None:
    """How each of the numbers `missing` of a claim was made; None where one was not made of anything.

    near: the 0-based passages that hold the other words of the claim; their rows and columns come first.
    """
    found: list[Derived] = []
    near = list(dict.fromkeys(near))[:_MOST_NEAR]
    lists = list(islice(groups(passages, near), _MOST_GROUPS))
    for word in missing:
        wanted = _wanted(word, claim)
        asked = _asked(claim, question, word, wanted is not None and wanted.percent)
        made = _made(wanted, asked, lists) if wanted is not None else None
        if made is None and wanted is not None and "count" in asked.operations:
            made = _rows_counted(wanted, asked, passages, near)
        if made is None:
            return None
        found.append(made)
    return found


def _asked(claim: str, question: str, word: Word, percent: bool) -> _Asked:
    told = f"{question} {claim}"
    of_percent: tuple[Operation, ...] = ("percent change", "percentage")
    is_percent = percent or _PERCENT_ASKED.search(question) is not None
    spoken: list[Operation] = [
        operation
        for operation, words in _SAYS
        if (operation in of_percent) == is_percent and re.search(words, told, re.IGNORECASE)
    ]
    if is_percent and not spoken:
        spoken = ["percent change"]
    keys = frozenset(each.key for each in tokens(told) if each.key != word.key)
    return _Asked(tuple(spoken), keys, frozenset(each.key for each in tokens(told) if each.kind == "number"))


def _wanted(word: Word, claim: str) -> _Wanted | None:
    value = decimal_of(word.key)
    if not value:
        return None
    exponent = value.as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    # "rose by 11% despite lower costs": what its own clause says counts first.
    ends = [0, *(match.start() for match in _CLAUSE_ENDS.finditer(claim)), len(claim)]
    start, end = max(at for at in ends if at <= word.start), min(at for at in ends if at >= word.end)
    told = next((text for text in (claim[start:end], claim) if _FALLS.search(text) or _RISES.search(text)), "")
    percent = _PERCENT.match(claim, word.end) is not None
    return _Wanted(value, digits, percent, _FALLS.search(told) is not None, _RISES.search(told) is not None)


# -- what can be made of them ----------------------------------------------------------------------------------------


def _made(wanted: _Wanted, asked: _Asked, groups: Sequence[Sequence[Operand]]) -> Derived | None:
    """The first way in which the number is made; those that words speak of are tried, and no others: of any dozen
    numbers some pair makes nearly any small one."""
    with localcontext() as context:
        context.prec = 28
        for operation in asked.operations:
            for group in groups if operation in _WAYS else ():
                if (made := _WAYS[operation](wanted, group, asked.named)) is not None:
                    return made
    return None


def _sum(wanted: _Wanted, group: Sequence[Operand], named: frozenset[str]) -> Derived | None:
    """Of all of a group, of the numbers that the claim names, or of both where there are two: of some neighbours in a
    column nearly any number is the sum."""
    for some in _summands(group, named):
        if wanted.is_met(sum((each.value for each in some), Decimal(0))):
            return _told("sum", some, " + ", wanted)
    return None


def _summands(group: Sequence[Operand], named: frozenset[str]) -> Iterator[Sequence[Operand]]:
    if len(group) > 1:
        yield group
    chosen = _once([each for each in group if each.quote.keys & named])
    if len(chosen) > 1:
        yield chosen


def _once(operands: Iterable[Operand]) -> list[Operand]:
    return list({each.value: each for each in operands}.values())


def _pairs(group: Sequence[Operand], named: frozenset[str]) -> Iterator[tuple[Operand, Operand]]:
    """Ordered pairs of two numbers; where the claim names numbers of the group, only pairs of which one is named. Years
    are not computed with."""
    few = [each for each in group if not YEAR.fullmatch(str(each.value))][:MOST_NUMBERS]
    chosen = [each for each in few if each.quote.keys & named]
    for one, other in permutations(few, 2):
        if one.value != other.value and (not chosen or one in chosen or other in chosen):
            yield one, other


def _only(found: Iterable[tuple[Operand, Operand]]) -> tuple[Operand, Operand] | None:
    """The pair that makes the number, if it is one: of many numbers several pairs make it, and none is meant."""
    pairs = list(islice({(one.value, other.value): (one, other) for one, other in found}.values(), 2))
    return pairs[0] if len(pairs) == 1 else None


def _difference(wanted: _Wanted, group: Sequence[Operand], named: frozenset[str]) -> Derived | None:
    pair = _only(
        (one, other)
        for one, other in _pairs(group, named)
        if one.value > other.value
        and not (wanted.rises and _is_later(other, one))
        and not (wanted.falls and _is_later(one, other))
        and wanted.is_met(one.value - other.value)
    )
    return _told("difference", pair, " - ", wanted) if pair else None


def _ratio(wanted: _Wanted, group: Sequence[Operand], named: frozenset[str]) -> Derived | None:
    pair = _only(
        (one, other) for one, other in _pairs(group, named) if other.value and wanted.is_met(one.value / other.value)
    )
    if pair:
        return _told("ratio", pair, " / ", wanted)
    if len(group) > 1 and wanted.is_met(sum((each.value for each in group), Decimal(0)) / len(group)):
        return Derived("ratio", tuple(group), f"mean of {len(group)} numbers = {wanted.value:f}")
    return None


def _percentage(wanted: _Wanted, group: Sequence[Operand], named: frozenset[str]) -> Derived | None:
    pair = _only(
        (one, other)
        for one, other in _pairs(group, named)
        if other.value and wanted.is_met(100 * one.value / other.value)
    )
    return _told("percentage", pair, " / ", wanted, "%") if pair else None


def _percent_change(wanted: _Wanted, group: Sequence[Operand], named: frozenset[str]) -> Derived | None:
    pair = _only(
        (one, other)
        for one, other in _pairs(group, named)
        if other.value
        and not _is_later(other, one)
        and not (wanted.rises and one.value < other.value)
        and not (wanted.falls and one.value > other.value)
        and wanted.is_met(100 * (one.value - other.value) / abs(other.value))
    )
    if pair is None:
        return None
    one, other = pair
    sign = "-" if one.value < other.value and wanted.value > 0 else ""
    said = f"({one.value:f} - {other.value:f}) / {other.value:f} = {sign}{wanted.value:f}%"
    return Derived("percent change", pair, said)


def _is_later(base: Operand, other: Operand) -> bool:
    """Whether what a change would be counted from is told to come after the other number."""
    if base.year and other.year and base.year != other.year:
        return base.year > other.year
    return other.first and not base.first


def _rows_counted(wanted: _Wanted, asked: _Asked, passages: Passages, near: Sequence[int]) -> Derived | None:
    """How many rows of a table hold all those words that were asked for and stand in some of its rows, not in all."""
    for source in dict.fromkeys(passages.segments[index].source for index in near):
        rows = list(_rows(passages, source))
        held = [keys & asked.keys for _, keys in rows]
        sought = frozenset[str]().union(*held) - frozenset(rows[0][1] if rows else ()).intersection(
            *(k for _, k in rows)
        )
        chosen = [quote for (quote, _), keys in zip(rows, held, strict=True) if sought <= keys]
        if sought and wanted.value == len(chosen):
            operands = tuple(Operand(Decimal(1), quote) for quote in chosen)
            return Derived("count", operands, f"{len(chosen)} rows")
    return None


def _rows(passages: Passages, source: str) -> Iterator[tuple[Quote, frozenset[str]]]:
    for index, segment in enumerate(passages.segments):
        if segment.source != source or segment.locator.cells is None:
            continue
        for match in re.finditer(r"^row \d+: (.*)$", segment.text, re.MULTILINE):
            words = passages.words_in(index, *match.span(1))
            keys = frozenset(key for word in words for key in word.keys)
            yield Quote(index, *match.span(), keys), keys


def _told(operation: Operation, some: Sequence[Operand], sign: str, wanted: _Wanted, unit: str = "") -> Derived:
    told = sign.join(f"{each.value:f}" for each in some)
    if len(told) > 200:
        told = f"{operation} of {len(some)} numbers"
    return Derived(operation, tuple(some), f"{told} = {wanted.value:f}{unit}")


_Way = Callable[[_Wanted, Sequence[Operand], frozenset[str]], Derived | None]
_WAYS: dict[Operation, _Way] = {
    "sum": _sum,
    "difference": _difference,
    "ratio": _ratio,
    "percentage": _percentage,
    "percent change": _percent_change,
}
