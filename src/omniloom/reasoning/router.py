"""Which strategy answers, told before a model is asked: by the question, the kinds of the sources and the budget."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from omniloom.reasoning.problems import is_problem

# What a query can give: a value that a word asks for, not a judgement about the table.
_VALUE = re.compile(
    r"\b(?:which|who|whose|whom|when|where|how (?:many|much|long|old|often|far|big|large|tall|high)|most|least|fewest|"
    r"highest|lowest|largest|smallest|longest|shortest|oldest|youngest|average|median|percent(?:age)?|"
    r"what (?:year|month|day|date|number|amount|percentage|share|total|time|name|place|city|country|team|score)|"
    r"what (?:is|was|are|were) the (?:\w+ ){0,2}"
    r"(?:sum|total|number|amount|difference|average|mean|median|name|date|year)|"
    r"what (?:is|was|are|were) the .{1,80}\b(?:in|of|for|at|on|during) .{0,20}(?:19|20)\d\d)\b|"
    r"^\s*(?:list|name|count)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:why|explain\w*|describ\w*|summar\w*|discuss\w*|review\w*|outline\w*|overview|trends?|stands? out|"
    r"how (?:do|does|did|can|should|would|could|might|is|are|was|were)|tell me (?:about|more)|about|"
    r"what (?:does|do) .{1,80} (?:say|mean|show|tell)|translat\w*|rewrit\w*|fix|correct|wrong|complete|"
    r"impacts?|reasons?|outlook|risks?|polic(?:y|ies)|meaning|effects?|causes?|quality|role|strateg(?:y|ies)|opinions?|"
    r"significance|importance|purpose|views?|context)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Choice:
    strategy: str
    why: str


def choose(
    said: str, kinds: Collection[str], budget: int, *, promised: bool, priced: bool = False, thinks: bool = False
) -> Choice:
    """said: the question. kinds: of the sources. budget: tokens. promised: whether a risk is to be held. priced:
    whether each token has to bring what it costs. thinks: whether the model was taught to think before it answers."""
    if promised:
        return Choice("direct", "max_risk weighs a direct answer")
    if kinds and {*kinds} == {"table"} and _VALUE.search(said) and not _OPEN.search(said):
        return Choice("program", "values are asked for, and the sources that it is about are tables")
    if thinks and budget and not priced:
        return Choice("direct", "the model thinks first, as it was taught to")
    if not kinds and budget and is_problem(said):
        return Choice("sample", "a problem with numbers and no source")
    if priced:
        return Choice("direct", "further answers are not expected to help here")
    return Choice("direct", "it thinks first" if budget else "there is no budget for more than one answer")
