"""Verdicts over a word that a question quotes: is “been” in the document too?

"Yes" and "no" stand in no source; the word does, in those that have it. For a yes each source that the question names
has it, for a no some of them lack it, and it is cited where it stands.
"""

import re

from omniloom.reasoning.evidence import Evidence
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.joined import KINDS, NO, YES
from omniloom.reasoning.wording import keys, tokens

_QUOTED = re.compile(r"“([^”]{1,200})”|\"([^\"]{1,200})\"|«\s?([^»]{1,200}?)\s?»|„([^“]{1,200})“")
_TOO = re.compile(r"(?i)\b(?:also|too|both|as well|auch|aussi|también)\b")


def in_several(value: object, passages: Passages, question: str) -> Evidence | None:
    """Where the one quoted word of a question stands, if the answer follows from that; None elsewhere."""
    said = str(value).strip(" .").lower()
    quoted = ["".join(found) for found in _QUOTED.findall(question)]
    if said not in YES | NO or len(quoted) != 1 or not _TOO.search(question):
        return None
    named = _named(passages, _every(_QUOTED.sub(" ", question)))
    places = [_place(quoted[0], source, passages) for source in named]
    found = [place for place in places if place is not None]
    if len(named) < 2 or not found or (len(found) == len(named)) != (said in YES):
        return None
    where = ", ".join(passages.names.get(passages.segments[place.index].source, "") for place in found)
    return Evidence(tuple(found), 1.0, derived=f"“{quoted[0]}” in {where}")


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
