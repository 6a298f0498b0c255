"""Where sources that say nearly the same say something else: found by aligning their sentences, without a model.

Two kinds. *Copies*: sources of which half of the sentences, or of the rows, are the same; of what stands between the
same neighbours in both, whatever differs is a contradiction. *Twins*: two sentences of any sources that differ in one
number, date, name in the same role, or negation, and in nothing else.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations

from omniloom.reasoning.aligned import ABOUT, MONTHS, Sentence, changes, is_number, likeness, sentences_of
from omniloom.reasoning.conflicts import Conflict
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.templates import speak_of_two

_MOST_SENTENCES = 3000  # of a source; what is longer is not aligned
_MOST_PAIRS = 20_000
_COPY = 0.5
_ALIKE = 0.5  # of the words of two sentences at one place of two copies
_LEAST_SHARED = 5  # words that twins have in common
_MOST_DIFFERENT = 4
_NEGATIONS = frozenset(
    "not no never without none neither nor nicht kein keine keinen nie pas jamais sans sin nunca não".split()
)
_ROLE = frozenset("by is was are were named called as von durch ist war par est etait por es fue".split())
_YEAR = re.compile(r"1\d{3}|20\d\d")
_SCOPE = frozenset("of in for during since until by to from and im jahr von en de year".split())
_ONCE = re.compile(  # what happens once, so that its year is a fact and no scope
    r"\b(?:born|died|founded|signed|held|built|opened|closed|invented|discovered|established|elected|released|published|"
    r"introduced|completed|destroyed|created|began|ended|started|married|won|became|abolished|adopted|launched|designed|"
    r"crowned|conquered|moved|joined|retired|formed|fought|burned|sank|geboren|gestorben|gegründet|erbaut|eröffnet)\b"
)
_ONE_PLACE = re.compile(r"\b(?:born|founded|signed|held|built|located|died|based|opened|capital|invented|discovered)\b")


def differing(passages: Passages, check: Callable[[], None]) -> list[Conflict]:
    """Pairs of sentences of two sources of which one contradicts the other, the most alike first.

    check is called again and again; what it raises ends the search.
    """
    of = _by_source(passages, check)
    apart = templates(passages, check)
    found: list[Conflict] = []
    for (one, first), (other, second) in combinations(of.items(), 2):
        check()
        if frozenset((one, other)) not in apart and max(len(first), len(second)) <= _MOST_SENTENCES:
            found += _of_copies(first, second)
    known = {(each.first, each.second) for each in found}
    found += [each for each in _twins(of, apart, check) if (each.first, each.second) not in known]
    return sorted(found, key=lambda each: -each.shared)


def templates(passages: Passages, check: Callable[[], None]) -> frozenset[frozenset[str]]:
    """The pairs of sources that are documents of one template and speak of two things, such as two invoices."""
    if ("copies", "templates") not in passages.kept:
        found = set[frozenset[str]]()
        for (one, first), (other, second) in combinations(_by_source(passages, check).items(), 2):
            check()
            names = (passages.names.get(one, ""), passages.names.get(other, ""))
            if max(len(first), len(second)) <= _MOST_SENTENCES and speak_of_two(first, second, names):
                found.add(frozenset((one, other)))
        passages.kept["copies", "templates"] = frozenset(found)
    return passages.kept["copies", "templates"]


def _by_source(passages: Passages, check: Callable[[], None]) -> dict[str, list[Sentence]]:
    of: dict[str, list[Sentence]] = {}
    for index, segment in enumerate(passages.segments):
        check()
        if not segment.made_by.startswith(ABOUT):
            of.setdefault(segment.source, []).extend(sentences_of(passages, index))
    return of


# -- copies ----------------------------------------------------------------------------------------------------------


def _of_copies(first: Sequence[Sentence], second: Sequence[Sentence]) -> Iterator[Conflict]:
    """The sentences that differ where two sources are otherwise the same, in order."""
    one, other = [each.plain for each in first], [each.plain for each in second]
    same = sum((Counter(one) & Counter(other)).values())
    if same < max(1, _COPY * (min(len(one), len(other)) - 1)):
        return
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "replace" and b - a == d - c:
            for left, right in zip(first[a:b], second[c:d], strict=True):
                alike = likeness(left, right)
                clear = not (left.misread or right.misread) and left.row == right.row
                one = len(changes(left, right)) == 1 and not _of_another_year(left, right)
                if alike >= _ALIKE and clear and one:
                    yield Conflict(left.quote, right.quote, "", 100 + alike, sure=True)


# -- twins -----------------------------------------------------------------------------------------------------------


def _twins(
    of: dict[str, list[Sentence]], apart: frozenset[frozenset[str]], check: Callable[[], None]
) -> Iterator[Conflict]:
    """Sentences are looked for under their rarest words, so that only few pairs are compared."""
    under: defaultdict[str, list[Sentence]] = defaultdict(list)
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
            if left.source == right.source or (left.quote, right.quote) in seen or {left.source, right.source} in apart:
                continue
            seen.add((left.quote, right.quote))
            if abs(len(left.words) - len(right.words)) <= _MOST_DIFFERENT and _contradict(left, right):
                yield Conflict(left.quote, right.quote, "", float(len(left.words)), sure=True)


def _contradict(left: Sentence, right: Sentence) -> bool:
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
    if all(is_number(word) for word in (*one, *other)):
        if _is_scope(before, (*one, *other)) and not _ONCE.search(left.plain):
            return False  # "The revenue of 2019" and "the revenue of 2020"
        # "Section 3" and "Section 4" are two things.
        label = left.raw[a - 1][0].isupper() and before not in MONTHS
        return not label and not (left.misread or right.misread)
    if all(word[0].isupper() for word in (*left.raw[a:b], *right.raw[c:d])):
        return before in _ROLE or (before in ("in", "at", "on") and _ONE_PLACE.search(left.plain) is not None)
    return False


def _is_scope(before: str, values: Sequence[str]) -> bool:
    """Whether the values are years, or months, of which a sentence speaks rather than what it says; the month in "the
    fifth of May" is none."""
    years = before in _SCOPE and all(_YEAR.fullmatch(each) for each in values)
    return years or (before in _SCOPE - {"of", "to"} and all(each in MONTHS for each in values))


def _of_another_year(left: Sentence, right: Sentence) -> bool:
    """Whether "the revenue of 2019" stands beside "the revenue of 2020"."""
    codes = SequenceMatcher(None, left.words, right.words, autojunk=False).get_opcodes()
    return _ONCE.search(left.plain) is None and any(
        tag == "replace" and a and left.words[a - 1] == "of" and all(map(_YEAR.fullmatch, left.words[a:b]))
        for tag, a, b, _, _ in codes
    )
