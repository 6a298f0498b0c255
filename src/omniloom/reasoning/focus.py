"""Which of several sources a question is about: those are shown first, and all of them only if they do not answer.

A small model that is shown several sources answers from the wrong one, or from none (docs/lab-log.md). What a question
names is taken at its word: a file, or "the receipt"; else the sources are taken of which a passage has its words, where
the others hardly have any. A question about all of them, or one that does not tell, is asked of all.
"""

import re
from collections.abc import Iterator, Sequence

from omniloom.core.values import Part
from omniloom.reasoning.answerable import asked
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.wording import keys

_CLEAR, _FAR = 0.4, 0.5  # the share of its words around the best passage; of that share, what others may have at most
_WRITTEN = "document|pdf|paper|article|report|letter|contract|agreement|lease|invoice|memo|note|mail|text|slides"
KIND_WORDS = {
    "image": "image|picture|photo|photograph|scan|screenshot|receipt|invoice|bill",
    "audio": "recording|audio|call|podcast|voice message|interview",
    "video": "video|clip|film|recording|interview",
    "table": "table|spreadsheet|sheet|csv|workbook",
} | dict.fromkeys(("pdf", "text", "document"), _WRITTEN)
_KINDS = frozenset("|".join(KIND_WORDS.values()).split("|")) | {"passage", "source"}
_TOO = re.compile(r"(?i)\b(?:also|too|as well|plus|minus|than the)\b")
_THE = r"(?:the|this|that|my|our|attached)"
_SAID = rf"\b(?:in|on|from|of|to|by|with|according to|does|did|do) {_THE} (?:\w+ )?(?:{{kind}})\b"
_SAYS = rf"\b{_THE} (?:{{kind}}) (?:says?|states?|shows?|gives?|lists?|answers)\b"
_ALL = re.compile(
    r"\b(?:all|each|every|both|any|several|compare\w*|contrast|differ\w*|agree\w*|disagree\w*|contradict\w*|consistent|"
    r"conflict\w*|across|between|sources?|files?|documents|papers|alle|jede\w?|beide\w?|quellen?|dateien|tous|toutes|"
    r"chaque|todos|todas|ambos|cada)\b|\?.*\?|\band (?:who|whose|what|when|where|which|how|why)\b",
    re.IGNORECASE | re.DOTALL,
)


def focus(question: str, parts: Sequence[Part], passages: Passages) -> frozenset[str]:
    """The ids of the sources that a question is about; empty where it is, or may be, about all of them."""
    shown = [part for part in parts if any(segment.source == part.id for segment in passages.segments)]
    if len(shown) < 2 or not question or _ALL.search(question):
        return frozenset()
    chosen = frozenset(named(question, shown)) or frozenset(_worded(question, shown, passages))
    return chosen if len(chosen) < len(shown) else frozenset()


def named(question: str, parts: Sequence[Part]) -> Iterator[str]:
    """Those whose whole name stands in it; without such, those whose stem does; without such, those of a kind that is
    spoken of as one that is there."""
    said = question.casefold()
    files = filed(question, parts) or {part.id for part in parts if _is_called(part.name.casefold(), said)}
    yield from (part.id for part in parts if part.id in files)
    for part in parts if not files else ():
        kinds = KIND_WORDS.get(part.kind, "")
        pattern = "|".join(form.format(kind=kinds) for form in (_SAID, _SAYS))
        if kinds and re.search(pattern, said):
            yield part.id


def filed(question: str, parts: Sequence[Part]) -> frozenset[str]:
    """Those whose whole name stands in it, beyond doubt: "mill.txt", where "the mill" may be any."""
    said = question.casefold()
    return frozenset(part.id for part in parts if "." in part.name and _stands(part.name.casefold(), said))


def tabled(question: str, parts: Sequence[Part]) -> frozenset[str]:
    """The ids of all tables, where a question names one of them and nothing else: a query may have to join them."""
    tables = frozenset(part.id for part in parts if part.kind == "table")
    chosen = frozenset() if _ALL.search(question) or _TOO.search(question) else frozenset(named(question, parts))
    return tables if chosen and chosen <= tables else frozenset()


def _is_called(name: str, said: str) -> bool:
    """Whether the stem of a name stands in it; what has no name of its own is called by its kind."""
    stem = name.rpartition(".")[0] or ("" if name in _KINDS else name)
    return len(stem) > 3 and _stands(stem, said)


def _stands(name: str, said: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) is not None


def _worded(question: str, parts: Sequence[Part], passages: Passages) -> Iterator[str]:
    """Those of which a passage has most of the question's words, where it is clear which these are, and no word of it
    stands in others alone: "the company that issued the invoice" may be told of elsewhere."""
    shares = {part.id: _share(question, part, passages) for part in parts}
    best = max(shares.values())
    chosen = {source for source, share in shares.items() if share > _FAR * best}
    asked = frozenset(keys(question))
    inside, outside = frozenset[str](), frozenset[str]()
    for at, segment in enumerate(passages.segments):
        if segment.source in chosen:
            inside |= passages.keys[at] | passages.around[at]
        else:
            outside |= passages.keys[at]
    if best >= _CLEAR and len(asked) > 1 and not asked & outside - inside:
        yield from chosen


def _share(question: str, part: Part, passages: Passages) -> float:
    places = [at for at, segment in enumerate(passages.segments) if segment.source == part.id]
    return max((asked(question, [at], passages) or 0.0 for at in places), default=0.0)
