"""Why a query over tables, or what it gave, cannot be what was asked: told to the model, which writes another one.

A small model's wrong queries are of a few kinds that can be told without knowing the answer.
"""

import re
from collections.abc import Sequence
from typing import Any, Protocol

from omniloom.isolation.database import quoted
from omniloom.reasoning import measures
from omniloom.reasoning.selects import View, held
from omniloom.reasoning.wording import MONTHS, keys

_NOTHING = "it gave nothing; ask for fewer or shorter words, or in another column"
_NAMED = "it gave what the question says already"
_ELSE = "it gave something else than the question offers"
_ROWS_BESIDE = 'it gave nothing; what comes before or after a row has its "row" - 1 or + 1'
_ITSELF = "it takes a value from itself; each of the two needs a SELECT with a WHERE of its own"
_STRAY = "it gives the row beside the one that is asked for"
_AS_TEXT = "it looks for a number in a text; a column of numbers is compared with > or <"
_ONE_DAY = "it takes one day of a month; a month is year(...) = {year} AND month(...) = {month}"
_SEVERAL = "it gave several values where one number is asked for: COUNT(*), a SUM, or one SELECT minus another"
_ONE_ROW = (
    'it gave several rows where the one right before or after is asked for: "row" - 1 or + 1, or an ORDER BY "row" '
    'with LIMIT 1 behind "row" < or >'
)
_DOUBTFUL = "{name} is text, as it is in doubt what the signs between its digits mean"
_FIGURES = re.compile(r"[-+]?[$€£]?\s?\d[\d.,' ]*")
_PARTED = re.compile(r"\d[.,' ]\d")
_OF_NUMBERS = (
    r"(?:\w{2,9}est|most|least|average|mean|median|total|sum|maximum|minimum|max|min)(?: of)?(?: the)?(?: total)?"
)
_MORE_OR_LESS = re.compile(r"\bmore or (?:less|fewer)\b|\b(?:less|fewer) or more\b", re.IGNORECASE)
_RIGHT_BESIDE = re.compile(
    r"\b(?:(?:what|which) (?!\w*s\b)\w+|who)\b.*\b(?:next|previous(?:ly)?|before|after|preced\w+|prior to)\b(?! \d)|"
    r"\b(?:before|after|previous to)\b(?! \d).*\b(?:(?:what|which) (?!\w*s\b)\w+|who)\b|"
    r"\bthe (?:next|previous|following|preceding) (?!\w*s\b)\w+",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"\b(?:which|who)\b[^,:;?]{0,120}\b(?:more|less|most|least|first|last|\w{2,9}er|\w{2,9}est)\b[^,:;?]{0,80}"
    r"[,:][^,:;?]{1,80} or [^,:;?]{1,80}\??\s*$",
    re.IGNORECASE,
)
_OFFERED = re.compile(r"\b(?:or|either|both)\b", re.IGNORECASE)
_BESIDE = re.compile(
    r"\b(?:after|before|next|previous(?:ly)?|following|preced\w+|prior|above|below|same|other|besides|except|like)\b",
    re.IGNORECASE,
)
_NEIGHBOUR = re.compile(r"\b(?:next|previous(?:ly)?|following|preced\w+|prior to|above|below)\b", re.IGNORECASE)
_APART = re.compile(
    r"\bdifference\b|\bapart\b|\bhow (?:many|much|far|long)\b.*\b(?:more|longer|older|later|between|than)\b",
    re.IGNORECASE,
)
_MINUS_ITSELF = re.compile(
    r"((?:SUM|AVG|MAX|MIN|COUNT)\([^()]*\)) [-/] \1(?! (?:FILTER|OVER)\b)|(\(SELECT .+\)) [-/] \2"
)
_ROW_BESIDE = re.compile(r" = \(SELECT .*\) [-+] \d")
_APART_BY = re.compile(
    r"\b(?:second|2nd|penultimate|runner|earlier|later|directly|right|just|immediately|behind|ahead|succe\w+|follow\w*|"
    r"than|from|one|two|three|four|five|\d{1,2})\b",
    re.IGNORECASE,
)
_THAN = re.compile(r"\b(?:more|greater|higher|larger|less|fewer|lower) than (\d+)\b", re.IGNORECASE)
_COMPARED = re.compile(r" [<>]=? | BETWEEN | IN \(")
_MONTH = re.compile(
    rf"(?<!\d )(?<!\d(?:st|nd|rd|th) )(?<!(?:st|nd|rd|th) of )\b({'|'.join(MONTHS)}),? (\d{{4}})\b", re.IGNORECASE
)
_EACH = re.compile(r"\b(?:by|and|per|each|every|respectively|top \w+)\b", re.IGNORECASE)
_ONE_NUMBER = re.compile(r"(?:^|[:,]\s*)how (?:many|much)\b", re.IGNORECASE)


class Found(Protocol):
    """What the tool gives, as `tools/sql.py` says."""

    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...
    @property
    def origins(self) -> Sequence[Sequence[tuple[int, int, int]]]: ...
    @property
    def texts(self) -> Sequence[tuple[str, ...]]: ...


def doubtful(said: str, views: Sequence[View]) -> str:
    """Why no query can tell what is asked for: the largest, the mean or the like of numbers that are text; or ""."""
    for view in views:
        for at, column in enumerate(view.columns):
            name = re.escape(column.name)
            if column.kind != "text" or not re.search(rf"\b{_OF_NUMBERS} {name}(?:s\b|(?!\w))", said, re.IGNORECASE):
                continue
            cells = [row[at].strip() for row in view.rows if row[at].strip()]
            if any(map(_PARTED.search, cells)) and all(map(_FIGURES.fullmatch, cells)):
                return _DOUBTFUL.format(name=quoted(column.name))
    return ""


def query(said: str, written: str, views: Sequence[View] = ()) -> str:
    """Why it is not run over these tables; "" where it may be."""
    if _MINUS_ITSELF.search(written):
        return _ITSELF
    if _ROW_BESIDE.search(written) and not _BESIDE.search(said) and not _APART_BY.search(said):
        return _STRAY
    than = _THAN.search(said)
    if than and re.search(rf"ILIKE '%?{than[1]}%?'", written) and not _COMPARED.search(written):
        return _AS_TEXT
    for name, year in _MONTH.findall(said):
        month = MONTHS.index(name.lower()) + 1
        if re.search(rf"(?<![<>!])= '{year}-{month:02}-\d\d'", written):
            return _ONE_DAY.format(year=year, month=month)
    measure = measures.asked(said)
    why = measures.missing(measure, written)
    return "" if why and held(measure, views, written) else why


def result(said: str, query: str, found: Found) -> str:
    """Why a result is no answer: it has no value, none that was made of any row, several where one number or row is
    asked for, or says again what the question names and does not offer ("who came after Ann?": Ann)."""
    if is_nothing(found):
        return _ROWS_BESIDE if _NEIGHBOUR.search(said) and '"row"' not in query else _NOTHING
    listed = " GROUP BY " in query or len(found.rows[0]) > 1 or _EACH.search(said)
    if len(found.rows) > 1 and _ONE_NUMBER.search(said) and not listed:
        return _SEVERAL
    if len(found.rows) > 1 and _RIGHT_BESIDE.search(said):
        return _ONE_ROW
    if _MORE_OR_LESS.search(said):
        return _ELSE
    if _CHOICE.search(said) and not all(_is_offered(said, row) for row in found.texts):
        return _ELSE
    return _NAMED if all(echoes(said, row) for row in found.texts) else ""


def is_nothing(found: Found) -> bool:
    """Whether there is no value, or none that was made of any row."""
    return not any(value is not None for row in found.rows for value in row) or not any(found.origins)


def _is_offered(said: str, row: Sequence[str]) -> bool:
    """Whether a row has a word of the question."""
    asked = frozenset(keys(said))
    return any(asked & frozenset(keys(text)) for text in row)


def echoes(said: str, row: Sequence[str]) -> bool:
    """Whether a row has no number, and no word that does not stand in a question for what is beside something."""
    words = [frozenset(keys(text)) for text in row if text.strip()]
    numbers = any(text.strip().lstrip("-").replace(".", "").isdecimal() for text in row)
    asked = frozenset(keys(said))
    named_beside = _BESIDE.search(said) and not _OFFERED.search(said)
    return bool(named_beside) and not numbers and bool(words) and all(each and each <= asked for each in words)


def magnitude(said: str, query: str, text: str) -> str:
    """How far two values are apart has no sign, in whichever order a query takes them."""
    apart = _APART.search(said) and query.startswith("SELECT (SELECT ") and ") - (" in query
    return text.removeprefix("-") if apart else text
