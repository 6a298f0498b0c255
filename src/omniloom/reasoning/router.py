"""Which strategy answers: told by the question, the kinds of the sources and what may be spent, before anything is asked."""

import re
from collections.abc import Collection
from dataclasses import dataclass

_VALUE = re.compile(
    r"\b(?:which|who|whose|whom|when|where|what|how (?:many|much|long|old|often|far|big|large|tall|high)|list|name|count|"
    r"total|sum|average|mean|median|minimum|maximum|most|least|fewest|highest|lowest|difference|percent(?:age)?)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:why|how (?:do|does|did|can|should|would|could|might|is|are|was|were)|explain\w*|describ\w*|summar\w*|discuss\w*|review\w*|"
    r"outline\w*|overview|tell me (?:about|more)|what (?:does|do) .{1,80} (?:say|mean|show|tell)|translat\w*|rewrit\w*)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\bhow (?:many|much|long|old|far|often)\b|\bwhat (?:is|was|are|percent\w*)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Choice:
    strategy: str
    why: str


def choose(said: str, kinds: Collection[str], budget: int, *, promised: bool) -> Choice:
    """said: the question. kinds: of the sources. budget: tokens of reasoning. promised: whether a risk is to be held."""
    if promised:
        return Choice("direct", "max_risk weighs a direct answer")
    if kinds and {*kinds} == {"table"} and _VALUE.search(said) and not _OPEN.search(said):
        return Choice("program", "values are asked for, and every source is a table")
    if not kinds and budget and _AMOUNT.search(said) and len(_NUMBER.findall(said)) > 1:
        return Choice("sample", "a problem with numbers and no source: what most of several answers say is surer")
    return Choice("direct", "it thinks first" if budget else "one answer, and no budget for more")
