"""Where sources that say nearly the same say something else: found by aligning their sentences, without a model.

Two kinds. *Copies*: sources of which half of the sentences, or of the rows, are the same; of what stands between the
same neighbours in both, whatever differs is a contradiction. *Twins*: two sentences of any sources that differ in one
number, date, name in the same role, or negation, and in nothing else.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations

from omniloom.reasoning.conflicts import Conflict
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.numerals import NUMBER_WORDS, number_key
from omniloom.reasoning.scripts import fold
from omniloom.reasoning.sentences import sentences

_MOST_SENTENCES = 3000  # of a source; what is longer is not aligned
_MOST_PAIRS = 20_000
_COPY = 0.5
_ALIKE = 0.5  # of the words of two sentences at one place of two copies
_LONGEST = 120
_LEAST_SHARED = 5  # words that twins have in common
_MOST_DIFFERENT = 4
_MISREAD = ("ocr", "audio", "speech", "whisper", "video")  # readers that may misread a word themselves
_ABOUT = ("table.profile", "pdf.meta")  # what a reader says of a source is not said by it
_NOT = re.compile(r"\b(can|could|do|does|did|is|are|was|were|has|have|had|will|would)n['’]t\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+(?:[.,:][^\W_]+)*|[%$€£¥]")
_NEGATIONS = frozenset(
    "not no never without none neither nor nicht kein keine keinen nie pas jamais sans sin nunca não".split()
)
_MONTHS = frozenset(
    "january february march april may june july august september october november december "
    "januar februar marz mai juni juli oktober dezember".split()
)
_ROLE = frozenset("by is was are were named called as von durch ist war par est etait por es fue".split())
_ONE_PLACE = re.compile(r"\b(?:born|founded|signed|held|built|located|died|based|opened|capital|invented|discovered)\b")


@dataclass(frozen=True)
class _Sentence:
    quote: Quote
    source: str
    plain: str
    words: tuple[str, ...]
    raw: tuple[str, ...]
    row: bool
    misread: bool


def differing(passages: Passages, check: Callable[[], None]) -> list[Conflict]:
    """Pairs of sentences of two sources of which one contradicts the other, the most alike first.

    check is called again and again; what it raises ends the search.
    """
    of: dict[str, list[_Sentence]] = {}
    for index, segment in enumerate(passages.segments):
        check()
        if segment.made_by.startswith(_ABOUT):
            continue
        of.setdefault(segment.source, []).extend(_sentences(passages, index))
    found: list[Conflict] = []
    for (one, first), (other, second) in combinations(of.items(), 2):
        check()
        if one != other and max(len(first), len(second)) <= _MOST_SENTENCES:
            found += _of_copies(first, second)
    known = {(each.first, each.second) for each in found}
    found += [each for each in _twins(of, check) if (each.first, each.second) not in known]
    return sorted(found, key=lambda each: -each.shared)


def _sentences(passages: Passages, index: int) -> Iterator[_Sentence]:
    segment = passages.segments[index]
    for start, end in sentences(segment.text):
        text = segment.text[start:end]
        raw = tuple(_spelled(text))
        if 0 < len(raw) <= _LONGEST:
            words = tuple(_key(word) for word in raw)
            row = segment.locator.cells is not None and text.startswith("row ")
            quote = Quote(index, start, end, frozenset(words))
            misread = any(reader in segment.made_by for reader in _MISREAD)
            yield _Sentence(quote, segment.source, " ".join(words), words, raw, row, misread)


def _spelled(text: str) -> list[str]:
    return _WORDS.findall(_NOT.sub(r"\1 not", text))


def _key(word: str) -> str:
    if word[0].isdecimal():
        return number_key(word) or word
    lower = fold(word)
    return str(NUMBER_WORDS[lower]) if lower in NUMBER_WORDS else lower


# -- copies ----------------------------------------------------------------------------------------------------------


def _of_copies(first: Sequence[_Sentence], second: Sequence[_Sentence]) -> Iterator[Conflict]:
    """The sentences that differ where two sources are otherwise the same, in order."""
    one, other = [each.plain for each in first], [each.plain for each in second]
    same = sum((Counter(one) & Counter(other)).values())
    if same < max(1, _COPY * (min(len(one), len(other)) - 1)):
        return
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "replace" and b - a == d - c:
            for left, right in zip(first[a:b], second[c:d], strict=True):
                likeness = _likeness(left, right)
                clear = not (left.misread or right.misread) and left.row == right.row
                if likeness >= _ALIKE and clear and len(_changes(left, right)) == 1:
                    yield Conflict(left.quote, right.quote, "", 100 + likeness, sure=True)


def _likeness(left: _Sentence, right: _Sentence) -> float:
    return SequenceMatcher(None, left.words, right.words, autojunk=False).ratio()


def _changes(left: _Sentence, right: _Sentence) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What was put for what: two things at once are no change of one sentence ("the blue mill was built in 1902").

    A single word between two changes belongs to them: "a shortage of timber", "the fear of floods".
    """
    spans: list[list[int]] = []
    for tag, a, b, c, d in SequenceMatcher(None, left.words, right.words, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if spans and a - spans[-1][1] <= 1 and c - spans[-1][3] <= 1:
            spans[-1][1], spans[-1][3] = b, d
        else:
            spans.append([a, b, c, d])
    return {(left.words[a:b], right.words[c:d]) for a, b, c, d in spans}


# -- twins -----------------------------------------------------------------------------------------------------------


def _twins(of: dict[str, list[_Sentence]], check: Callable[[], None]) -> Iterator[Conflict]:
    """Sentences are looked for under their rarest words, so that only few pairs are compared."""
    under: defaultdict[str, list[_Sentence]] = defaultdict(list)
    for each in (each for some in of.values() for each in some if not each.row and len(each.words) > _LEAST_SHARED):
        for word in set(each.words):
            under[word].append(each)
    seen: set[tuple[Quote, Quote]] = set()
    pairs = 0
    for some in sorted(under.values(), key=len):
        for left, right in combinations(some, 2):
            pairs += 1
            if pairs % 500 == 0:
                check()
            if pairs > _MOST_PAIRS:
                return
            if left.source == right.source or (left.quote, right.quote) in seen:
                continue
            seen.add((left.quote, right.quote))
            if abs(len(left.words) - len(right.words)) <= _MOST_DIFFERENT and _contradict(left, right):
                yield Conflict(left.quote, right.quote, "", float(len(left.words)), sure=True)


def _contradict(left: _Sentence, right: _Sentence) -> bool:
    """Whether two sentences differ in one thing of which only one can be."""
    codes = SequenceMatcher(None, left.words, right.words, autojunk=False).get_opcodes()
    changed = [code for code in codes if code[0] != "equal"]
    shared = sum(b - a for tag, a, b, _, _ in codes if tag == "equal")
    if len(changed) != 1 or shared < _LEAST_SHARED:
        return False
    _, a, b, c, d = changed[0]
    one, other = left.words[a:b], right.words[c:d]
    if not one or not other:
        return len(one) + len(other) == 1 and (one + other)[0] in _NEGATIONS
    if max(len(one), len(other)) > _MOST_DIFFERENT or a < 2:  # "In 2019 ..." and "In 2020 ..." speak of two things
        return False
    before = left.words[a - 1]
    if all(_is_number(word) for word in (*one, *other)):
        # "Section 3" and "Section 4" are two things.
        label = left.raw[a - 1][0].isupper() and before not in _MONTHS
        return not label and not (left.misread or right.misread)
    if all(word[0].isupper() for word in (*left.raw[a:b], *right.raw[c:d])):
        return before in _ROLE or (before in ("in", "at", "on") and _ONE_PLACE.search(left.plain) is not None)
    return False


def _is_number(word: str) -> bool:
    return word[0].isdecimal() or word in _MONTHS
