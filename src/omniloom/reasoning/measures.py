"""Measures that a question asks for by their name and a query computes in one form: a share, a percentage, a median.

A small model writes a sum, a product or a mean in their place; so where no column holds them a query has their form.
"""

import re
from collections.abc import Iterable
from typing import Literal

Measure = Literal["", "share", "percent", "median"]
_SHARE = re.compile(
    r"\bwhat (?:share|proportion|fraction|percent(?:age)?) (?:of|is|are|was|were|do|does|did)\b|"
    r"\bhow many percent\b(?! points?)|"
    r"\b(?:is|was|are|were|give|find|calculate|compute) the "
    r"(?:(?:share|proportion|percentage|fraction) of|(?:\w+ )?ratio (?:of|between))\b|"
    r"\bas a (?:share|proportion|percentage|fraction) of\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\bpercent", re.IGNORECASE)
_IS_MEDIAN = re.compile(
    r"\b(?:what|how (?:much|many|old|long|large|big|high|tall)) (?:\w+ ){0,2}the median\b", re.IGNORECASE
)
_MEDIAN = re.compile(r"\bmedians?\b", re.IGNORECASE)
_OF_EACH = re.compile(r"\b(?:each|every|per|by|respectively)\b", re.IGNORECASE)
_HELD = re.compile(r"%|\b(?:percent(?:ages?)?|pct|shares?|proportions?|fractions?|ratios?|rates?)\b", re.IGNORECASE)
_JOINED = re.compile(r"_|(?<=[a-z])(?=[A-Z])")  # "market_share", "MedianIncome"
_NAMES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_QUOTIENT = re.compile(r"\) / \(SELECT |^SELECT (?:(?!\bFROM\b)[^()]|\([^()]*\))* / ")
_WHY = {
    "share": "it has no division, and what is asked for is one: SELECT (SELECT ...) / (SELECT ...)",
    "percent": "it has no division, and what is asked for is one: SELECT (SELECT ...) / (SELECT ...) * 100",
    "median": "it has no MEDIAN(...), which is asked for",
}


def asked(said: str) -> Measure:
    if _MEDIAN.search(said):
        return "median"
    found = _SHARE.search(said)
    return "" if found is None else "percent" if _PERCENT.search(found.group()) else "share"


def is_median(said: str) -> bool:
    """Whether the median is the answer, and not what others are compared with."""
    return _IS_MEDIAN.search(said) is not None


def only(said: str) -> bool:
    """Whether it is asked for once, not for each group."""
    return _OF_EACH.search(said) is None


def holds(measure: Measure, texts: Iterable[str]) -> bool:
    """Whether a column is of it by its name, its notes or its cells, which are `texts`."""
    words = _MEDIAN if measure == "median" else _HELD
    return any(words.search(_JOINED.sub(" ", text)) for text in texts)


def missing(measure: Measure, query: str) -> str:
    """Why a query does not compute it; "" where it does."""
    form = _NAMES.sub("x", query)
    done = not measure or ("MEDIAN(" in form if measure == "median" else _QUOTIENT.search(form))
    return "" if done else _WHY[measure]
