"""Which strategy answers, told before a model is asked: by the question, the kinds of the sources and the budget.

A query is taken only where it surely is what was asked: the question, one sentence in English, begins with what it asks
for, has one such word, asks for what is and not for what to think of it, and shares a word with the tables.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from omniloom.reasoning.problems import is_problem
from omniloom.reasoning.wording import ASKING, fold, keys

_BEFORE = (
    r"(?:according to|other than|previous to|above|after|among|at|before|below|besides|between|by|combined|during|for|"
    r"from|in|of|on|over|since|to|under|until|with|within)\b"
)
_IS = r"(?:is|are|was|were|do|does|did|has|have|had)\b"
_VALUE = (
    r"(?:year|month|day|date|number|amount|difference|average|mean|median|sum|percentage|share|total|time|name|place|"
    r"city|country|team|score|first|last|next|only|most|least|\w+est)\b"
)
# Behind "In 1900," or "According to the table:", and "in", at most.
_ASKS = re.compile(
    rf"(?:{_BEFORE}[^.?!:;]{{0,80}}[,:]\s+)?(?:{_BEFORE}\s+)?(?:(?:which|who|whose|whom|list|name|count)\b|"
    rf"(?:when|where)\s+{_IS}|how\s+(?:many|much|long|old|often|far|big|large|tall|high)\b|"
    rf"what\s+(?:{_VALUE}|\w+\s+(?:{_IS}|\w+ed\b)|{_IS}\s+the\s+(?:\w+\s+){{0,2}}{_VALUE}|"
    rf"{_IS}\s+the\b.{{1,80}}\b(?:19|20)\d\d\b))",
    re.IGNORECASE,
)
# A second question, or a sentence beside it; "St. Louis" ends none.
_MORE = re.compile(
    rf"{ASKING}.*{ASKING}|(?:,\s*and|\band(?=\s+d))\s+{_IS}|[?!;\n]\s*[^\s?!.]|\w{{4}}\.\s+\S", re.I | re.DOTALL
)
_OPEN = re.compile(
    r"\b(?:explain\w*|describ\w*|summar\w*|discuss\w*|review\w*|outline\w*|overview|trends?|stands? out|about|"
    r"translat\w*|rewrit\w*|write|fix|correct|wrong|complete|"
    r"impacts?|reasons?|outlook|risks?|polic(?:y|ies)|meaning|effects?|causes?|quality|role|strateg(?:y|ies)|opinions?|"
    r"significance|importance|purpose|views?|context|i|you|your|can|could|might|should|will|would)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Choice:
    strategy: str
    why: str


def choose(
    said: str,
    kinds: Collection[str],
    budget: int,
    *,
    promised: bool,
    texts: Iterable[str] = (),
    against: str = "",
    priced: bool = False,
    thinks: bool = False,
) -> Choice:
    """said: the question. kinds: of the sources. budget: tokens. promised: whether a risk is to be held. texts: of the
    tables. against: why this call is none for a query, whatever is asked. priced: whether each token has to bring what
    it costs. thinks: whether the model was taught to think before it answers."""
    if promised:
        return Choice("direct", "max_risk weighs a direct answer")
    if kinds and {*kinds} == {"table"}:
        why = against or _no_query(said.strip(), texts)
        asked = Choice("program", "values are asked for, and the sources that it is about are tables")
        return Choice("direct", why) if why else asked
    if thinks and budget and not priced:
        return Choice("direct", "the model thinks first, as it was taught to")
    if not kinds and budget and is_problem(said):
        return Choice("sample", "a problem with numbers and no source")
    if priced:
        return Choice("direct", "further answers are not expected to help here")
    return Choice("direct", "it thinks first" if budget else "there is no budget for more than one answer")


def _no_query(said: str, texts: Iterable[str]) -> str:
    """Why a question is none that a query surely answers; "" if it is."""
    if not _ASKS.match(said):
        return "it does not begin with the value that it asks for"
    if _MORE.search(said):
        return "it says more than one question"
    if _OPEN.search(said):
        return "it asks for more than what a table says"
    return "" if _shares(said, texts) else "no word of it stands in the tables"


def _shares(said: str, texts: Iterable[str]) -> bool:
    """A text is taken apart only where it may hold a word: a table may have many."""
    asked = frozenset(keys(said))
    like = (text for text in texts if any(key in fold(text) for key in asked))
    return any(not asked.isdisjoint(keys(text)) for text in like)
