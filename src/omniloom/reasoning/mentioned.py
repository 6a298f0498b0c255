"""Verdicts over a word that a question quotes: is “been” in the document too?

"Yes" and "no" stand in no source; the word does, in those that have it. For a yes each source that the question names
has it, for a no some of them lack it, and it is cited where it stands.
"""

import re
from collections.abc import Collection, Iterator

from omniloom.reasoning.absence import NEGATED
from omniloom.reasoning.evidence import Evidence
from omniloom.reasoning.focus import KIND_WORDS
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.joined import EITHER, KINDS, NO, YES, around
from omniloom.reasoning.operands import numbers
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import keys, tokens

_QUOTED = re.compile(r"“([^”]{1,200})”|\"([^\"]{1,200})\"|«\s?([^»]{1,200}?)\s?»|„([^“]{1,200})“")
_WHAT = frozenset(keys(" ".join(KIND_WORDS.values()).replace("|", " ")))  # "the receipt" stands in receipts, too
_LACKS = re.compile(rf"{NEGATED.pattern}|(?i:\b(?:missing|absent|lack\w*|without|omit\w*)\b)", NEGATED.flags)
_TOO = re.compile(r"(?i)\b(?:also|too|both|as well|auch|aussi|también)\b")


def in_several(value: object, passages: Passages, question: str) -> Evidence | None:
    """Where the one quoted word of a question stands, if the answer follows from that; None elsewhere."""
    said = str(value).strip(" .").lower()
    quoted = ["".join(found) for found in _QUOTED.findall(question)]
    if (
        said not in YES | NO
        or len(quoted) != 1
        or not _TOO.search(question)
        or _LACKS.search(EITHER.sub(" ", question))
    ):
        return None
    named = _named(passages, _every(_QUOTED.sub(" ", question)))
    places = [_place(quoted[0], source, passages) for source in named]
    found = [place for place in places if place is not None]
    if len(named) < 2 or not found or (len(found) == len(named)) != (said in YES):
        return None
    where = ", ".join(passages.names.get(passages.segments[place.index].source, "") for place in found)
    if said in NO:  # it may stand in what was not shown
        return Evidence(tuple(found), 0.0, open=True)
    return Evidence(tuple(found), 1.0, derived=f"“{quoted[0]}” in {where}")


def spoken_of(question: str, sources: Collection[str], passages: Passages) -> Evidence | None:
    """Where two sources or more that a question names speak of what it asks: in each the sentence, line or cell that
    has most of its words, the last of equals, for totals stand below. For answers that stand nowhere and follow by no
    rule."""
    if len(sources) < 2:
        return None
    wanted = frozenset(keys(question)) - _WHAT
    found = [place for source in sources if (place := _nearest(wanted, source, passages)) is not None]
    return Evidence(tuple(found), 0.0, open=True) if found else None


def _nearest(wanted: frozenset[str], source: str, passages: Passages) -> Quote | None:
    """None where nothing has any of the words, but for a source that is one piece: what is read out need not say so."""
    own = [index for index, segment in enumerate(passages.segments) if segment.source == source]
    pieces = [piece for index in own for piece in _pieces(index, passages)]
    weights = [sum(passages.rarity.get(key, 1.0) for key in wanted & words) for _, words in pieces]
    if len(pieces) == 1 or any(weights):
        return max(zip(weights, range(len(pieces)), pieces, strict=True))[2][0]
    return None


def _pieces(index: int, passages: Passages) -> Iterator[tuple[Quote, frozenset[str]]]:
    """The sentences of a passage with their words; the cells with numbers of a table, with those of their rows."""
    segment = passages.segments[index]
    if segment.locator.cells is not None:
        if not segment.text.startswith("row "):  # what is told of a table as a whole
            return
        for operand in numbers(passages, index):
            yield operand.quote, frozenset(around(operand, passages))
        return
    for start, end in sentences(segment.text):
        words = frozenset(key for word in passages.words_in(index, start, end) for key in word.keys)
        yield Quote(index, start, end, words), words


def _named(passages: Passages, asked: frozenset[str]) -> list[str]:
    """The sources that a question names, by their names or by what they are."""
    by_name, by_kind = list[str](), list[str]()
    for source in dict.fromkeys(segment.source for segment in passages.segments):
        locator = next(segment.locator for segment in passages.segments if segment.source == source)
        kinds = next((words for name, words in KINDS if getattr(locator, name) is not None), "")
        if asked & _every(kinds):
            by_kind.append(source)
        elif asked & frozenset(keys(passages.names.get(source, ""))):
            by_name.append(source)
    return by_kind + by_name


def _every(text: str) -> frozenset[str]:
    """All words: "document" is none that carries content elsewhere."""
    return frozenset(word.key for word in tokens(text, stop_words=True))


def _place(word: str, source: str, passages: Passages) -> Quote | None:
    """The first place of a word, or words, in one source."""
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
    for index, segment in enumerate(passages.segments):
        if segment.source == source and (match := pattern.search(segment.text)):
            return Quote(index, match.start(), match.end(), frozenset(keys(word)))
    return None
