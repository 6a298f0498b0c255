"""Ground a claim: find the places that support it, and the verbatim quotes there.

A model points with `[3]`; the pointer is a hint, never trusted. A claim is supported when the quotes found cover
every number and every name of it and at least half of the weight of its other words. What is not covered by the
passages the model pointed at is looked for in all others; what is nowhere is not supported. A claim that adds nothing
to its quotes but a denial says the opposite of them.
"""

import copy
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from omniloom.core.values import Segment
from omniloom.reasoning import identifiers, profiles
from omniloom.reasoning.absence import NEGATED
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import Word, tokens

_POINTER = re.compile(r"(`[^`\n]*`)|\s*\[\s*[1-9]\d*(?:\s*[,;–-]\s*\d+)*\s*\]")  # what stands in `code` is none
_ALONE = r"\[\s*(\d+)\s*\]"
_HIGHEST = 99  # that a model makes up; what is higher may be a year
_SIGNS = "=:<>+-−*/×÷(,"  # of arithmetic, and of code: behind them brackets hold a value
_WEIGHT = {"number": 3.0, "name": 2.0, "unit": 1.0, "scale": 1.0, "word": 1.0}
_HARD = frozenset({"number", "name", "unit", "scale"})  # a claim without one of these would say something else
_MAX_PASSAGES = 4
_MIN_COVERAGE = 0.5
_MAX_QUOTE = 400
_ANY = 10**9


@dataclass(frozen=True)
class Quote:
    """Characters `start`..`end` of the content of passage `index` (0-based); `keys` are the words it covers."""

    index: int
    start: int
    end: int
    keys: frozenset[str]


@dataclass(frozen=True)
class Grounding:
    """The quotes for a claim, whether they support it, and the share of its weight that they cover (0..1).

    derived: how a number of it was computed from those quotes, "" if none was.
    """

    quotes: tuple[Quote, ...]
    supported: bool
    coverage: float
    derived: str = ""


@dataclass
class Passages:
    """The numbered Segments of one context, with what their words are.

    `kept` holds what others made of them and will need again, by names of theirs; the Segments never change.
    """

    segments: Sequence[Segment]
    names: dict[str, str]
    words: list[list[Word]] = field(init=False)
    wholes: list[list[Word]] = field(init=False)
    keys: list[frozenset[str]] = field(init=False)
    starts: list[list[int]] = field(init=False)
    around: list[frozenset[str]] = field(init=False)
    known: frozenset[str] = field(init=False)
    rarity: dict[str, float] = field(init=False)
    kept: dict[tuple[str, str], Any] = field(init=False, default_factory=dict[tuple[str, str], Any], repr=False)

    def __post_init__(self) -> None:
        self.words = [tokens(segment.text) for segment in self.segments]
        self.wholes = [identifiers.wholes(segment.text) for segment in self.segments]
        self.keys = [_keys(chain(*both)) for both in zip(self.words, self.wholes, strict=True)]
        self.starts = [[word.start for word in words] for words in self.words]
        name_keys = {source: _all_keys(name) for source, name in self.names.items()}
        self.around = [
            _all_keys(segment.context) | name_keys.get(segment.source, frozenset()) for segment in self.segments
        ]
        self.known = frozenset[str]().union(*self.keys)
        found = Counter(key for keys in self.keys for key in keys)
        total = max(len(self.segments), 1)
        self.rarity = {key: math.log(1 + total / count) for key, count in found.items()}

    def weight(self, word: Word) -> float:
        return _WEIGHT[word.kind] * (self.rarity.get(word.key, 1.0) if word.kind == "word" else 1.0)

    def words_in(self, index: int, start: int, end: int) -> list[Word]:
        """The words of passage `index` that stand within its characters `start`..`end`."""
        first, last = (bisect_left(self.starts[index], place) for place in (start, end))
        return [word for word in self.words[index][first:last] if word.end <= end]

    def keys_in(self, index: int, start: int, end: int) -> frozenset[str]:
        """Those of the words and identifiers of passage `index` within its characters `start`..`end`."""
        wholes = (word for word in self.wholes[index] if start <= word.start and word.end <= end)
        return _keys(chain(self.words_in(index, start, end), wholes))

    def lending(self, claim: str) -> "Passages":
        """These, with descriptions of tables only as far as they tell what a claim says."""
        described = [at for at, each in enumerate(self.segments) if each.made_by.startswith(profiles.MADE_BY)]
        if not described:
            return self
        made = copy.copy(self)
        made.words, made.wholes, made.keys, made.starts = self.words[:], self.wholes[:], self.keys[:], self.starts[:]
        for at in described:
            spans = profiles.refused(self.segments[at].text, claim)
            made.words[at], made.wholes[at] = (profiles.lent(each[at], spans) for each in (self.words, self.wholes))
            made.keys[at] = _keys(chain(made.words[at], made.wholes[at]))
            made.starts[at] = [word.start for word in made.words[at]]
        return made


def _keys(words: Iterable[Word]) -> frozenset[str]:
    return frozenset(key for word in words for key in word.keys)


def _all_keys(text: str) -> frozenset[str]:
    return _keys(chain(tokens(text), identifiers.wholes(text)))


def pointers(text: str, count: int = _ANY) -> list[int]:
    """The numbers a text points with, of `count` passages: "[3]", "[3, 4]", "[3-5]"; in order, each once."""
    found: list[int] = []
    for match in _POINTER.finditer(text):
        if not _points(match, count):
            continue
        for first, last in re.findall(r"(\d+)(?:\s*[–-]\s*(\d+))?", match.group()):
            low, high = int(first), int(last or first)
            found.extend(n for n in range(low, min(high, low + 9) + 1) if n not in found)
    return found


def without_pointers(text: str, count: int = _ANY) -> str:
    """The text without what points at one of `count` passages; a year in brackets, code and links stay."""
    plain = _POINTER.sub(lambda match: "" if _points(match, count) else match.group(), text)
    return re.sub(r"\s+([.,;:!?])", r"\1", plain).strip()


def plainly(text: str, passages: Passages, said: str = "") -> str:
    """The text without what points at a passage, nor at one that is not there: a small number alone in brackets that
    stands so neither in the sources nor in `said`."""
    if ("pointers", "own") not in passages.kept:  # those of the sources, such as a list of literature has
        own = (re.findall(_ALONE, each.text + each.context) for each in passages.segments)
        passages.kept["pointers", "own"] = frozenset(number for numbers in own for number in numbers)
    own = passages.kept["pointers", "own"].union(re.findall(_ALONE, said))
    count = len(passages.segments)

    def stray(match: re.Match[str]) -> bool:
        number = re.fullmatch(rf"\s*{_ALONE}", match.group())
        before = match.string[: match.start()].rstrip()[-1:]
        ends = re.match(r"\s*(?:[.,;:!?)\[\n]|\Z)", match.string[match.end() :])
        return (
            number is not None
            and ends is not None
            and number[1] not in own
            and before not in _SIGNS
            and _points(match, _HIGHEST)
        )

    aimed = _POINTER.sub(lambda match: "" if stray(match) else match.group(), text)
    return without_pointers(aimed, count)


def renumbered(text: str, numbers: Mapping[int, int]) -> str:
    """The text with every pointer's numbers replaced, a range by its numbers one by one."""

    def other(match: re.Match[str]) -> str:
        found = match.group()
        if not _points(match, len(numbers)):
            return found
        listed = ", ".join(str(numbers[number]) for number in pointers(found) if number in numbers)
        return f"{found[: len(found) - len(found.lstrip())]}[{listed}]"

    return _POINTER.sub(other, text)


def _points(match: re.Match[str], count: int) -> bool:
    """Whether brackets point at a passage: not code, not a link, not within a word, and not at what is not there."""
    if match[1]:
        return False
    text, start, end = match.string, match.start(), match.end()
    within = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum() and text[start] == "["
    return not within and not text.startswith("(", end) and int(re.findall(r"\d+", match.group())[0]) <= count


def ground(claim: str, pointed: Iterable[int], passages: Passages, within: Sequence[int] | None = None) -> Grounding:
    """The fewest places that support `claim`. `pointed` are 1-based passage numbers; unknown ones are ignored.

    `within` are the 0-based passages that may be quoted; all without it.
    """
    words = _needs(claim, passages)
    passages = passages.lending(claim)
    allowed = range(len(passages.segments)) if within is None else within
    if not words or not allowed:
        return Grounding((), False, 0.0)
    hinted = [number - 1 for number in pointed if number - 1 in allowed]
    if all(word.kind == "number" for word in words):
        allowed = hinted  # a bare number stands somewhere in any long source: only where the model points does it count
    chosen = _cover(words, hinted, passages, allowed)
    quotes = tuple(quote for index in chosen for quote in _quotes(index, words, passages))
    covered = frozenset(key for quote in quotes for key in quote.keys)
    nearby = covered.union(*(passages.around[quote.index] for quote in quotes))
    total = sum(passages.weight(word) for word in words)
    coverage = sum(passages.weight(word) for word in words if word.key in nearby) / total
    hard = all(word.key in (covered if word.kind == "number" else nearby) for word in words if word.kind in _HARD)
    supported = bool(quotes) and hard and coverage >= _MIN_COVERAGE and not _adds_denial(claim, words, quotes, passages)
    return Grounding(quotes, supported, round(coverage, 4))


def _adds_denial(claim: str, words: Sequence[Word], quotes: Sequence[Quote], passages: Passages) -> bool:
    """Whether a claim denies what its quotes say without a denial, and has no word else that they lack."""
    if NEGATED.search(claim) is None:
        return False
    there = frozenset(key for quote in quotes for key in quote.keys | passages.around[quote.index])
    told = (passages.segments[quote.index].text[quote.start : quote.end] for quote in quotes)
    return all(word.key in there or NEGATED.fullmatch(word.key) for word in words) and not any(
        map(NEGATED.search, told)
    )


def _needs(claim: str, passages: Passages) -> list[Word]:
    """The words a claim must find in the sources, each once; a source's whole name names it, and is not among them."""
    for name in passages.names.values():
        claim = claim.replace(name, " ")
    needs: dict[str, Word] = {}
    plain = False  # whether the number before was found as it is, so that its power of ten is said already
    for word in identifiers.words(without_pointers(claim, len(passages.segments))):
        if word.kind == "scale" and plain:
            continue
        plain = word.kind == "number" and (word.key in passages.known or word.also not in passages.known)
        if word.kind == "number" and not plain:
            word = replace(word, key=word.also, also="")
        if word.key not in needs or _WEIGHT[word.kind] > _WEIGHT[needs[word.key].kind]:
            needs[word.key] = word
    return list(needs.values())


def _cover(words: list[Word], hinted: list[int], passages: Passages, allowed: Sequence[int]) -> list[int]:
    """Greedy weighted set cover; a hinted passage wins a tie and gets a small head start."""
    left = {word.key: passages.weight(word) for word in words}
    if not allowed:
        return []
    total = sum(left.values())
    hard = {word.key for word in words if word.kind in _HARD}
    chosen: list[int] = []
    while left and len(chosen) < _MAX_PASSAGES:

        def gain(index: int, left: dict[str, float] = left) -> float:
            found = sum(left.get(key, 0.0) for key in passages.keys[index] & left.keys())
            context = sum(left.get(key, 0.0) for key in passages.around[index] & left.keys() - passages.keys[index])
            return (found + 0.5 * context) * (1.25 if index in hinted else 1.0)

        best = max(allowed, key=lambda index: (gain(index), index in hinted, -index))
        new = passages.keys[best] & left.keys()
        if best in chosen or not new or (chosen and not new & hard and gain(best) < 0.25 * sum(left.values())):
            break
        chosen.append(best)
        left = {key: weight for key, weight in left.items() if key not in passages.keys[best] | passages.around[best]}
        if not left.keys() & hard and sum(left.values()) <= (1 - _MIN_COVERAGE) * total:
            break
    return chosen + [index for index in hinted if index not in chosen and _alone(index, words, total, passages)]


def _alone(index: int, words: list[Word], total: float, passages: Passages) -> bool:
    """Whether one sentence of the passage supports the claim by itself: then a model that points at it too is right."""
    if len(_quotes(index, words, passages)) != 1:
        return False
    found = passages.keys[index] | passages.around[index]
    hard = all(word.key in passages.keys[index] for word in words if word.kind != "word")
    return hard and sum(passages.weight(word) for word in words if word.key in found) >= _MIN_COVERAGE * total


def _quotes(index: int, words: list[Word], passages: Passages) -> list[Quote]:
    """The sentences of one passage that cover what the claim needs of it: the best one, and others for numbers."""
    needed = {word.key: passages.weight(word) for word in words}
    hard = {word.key for word in words if word.kind in _HARD}
    text = passages.segments[index].text
    spans = [_trimmed(span) for span in sentences(text)] or [(0, len(text))]
    keys_of = [passages.keys_in(index, start, end) for start, end in spans]
    open_keys, picked = set(needed) & passages.keys[index], list[int]()
    while open_keys and len(picked) < 3:
        best = max(range(len(spans)), key=lambda i: (sum(needed[key] for key in keys_of[i] & open_keys), -i))
        new = keys_of[best] & open_keys
        if not new or (picked and not new & hard):
            break
        picked.append(best)
        open_keys -= new
    return [Quote(index, *spans[i], keys_of[i] & needed.keys()) for i in sorted(picked)]


def _trimmed(span: tuple[int, int]) -> tuple[int, int]:
    return (span[0], min(span[1], span[0] + _MAX_QUOTE))
