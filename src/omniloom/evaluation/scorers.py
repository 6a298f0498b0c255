"""Scorers that several tasks share, and how answers are compared with references.

A scorer takes a Sample and a Response, also an empty one (that of a call that failed), and gives numbers by name.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

from omniloom.core.locators import Locator, parse_fragment
from omniloom.core.values import Citation, Response
from omniloom.evaluation.citations import holds
from omniloom.evaluation.values import Place, Sample, Score
from omniloom.reasoning.absence import NEGATED, says_absent
from omniloom.reasoning.wording import tokens

# -- texts -----------------------------------------------------------------------------------------------------------


def normalized(text: str) -> str:
    """As SQuAD's evaluation does (Rajpurkar et al., 2016): lower case, no punctuation, no articles, single spaces."""
    plain = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def exact(answer: str, references: Sequence[str]) -> float:
    return float(any(normalized(answer) == normalized(reference) for reference in references))


def token_f1(answer: str, references: Sequence[str]) -> float:
    """The best token F1 over the references."""
    return max(
        (_f1(normalized(answer).split(), normalized(reference).split()) for reference in references), default=0.0
    )


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference)) if shared else 0.0


def same_said(answer: str, references: Sequence[str]) -> float:
    """Whether it is a reference, or differs in how much of the same it tells ("Denver Broncos", "Broncos"): the words
    of one stand in the other, in a row, and are at least half of both (token F1), with the same numbers and powers of
    ten, no other unit or currency, as many denials, and no more things in a list."""
    return float(any(_same(answer, reference) for reference in references))


def _same(answer: str, reference: str) -> bool:
    # "9–18" is "9-18", and "24-yard" two words.
    apart = [re.sub(r"[^\w\s.,:]", " ", text) for text in (answer, reference)]
    one, other = (normalized(text).split() for text in apart)
    if normalized(answer) == normalized(reference) or _items(one) == _items(other):
        return True
    holds = f" {' '.join(one)} " in f" {' '.join(other)} " or f" {' '.join(other)} " in f" {' '.join(one)} "
    lists = [len(re.findall(r"[;,]\s", text)) for text in (answer, reference)]
    figures, units = (
        [_keys(text, kinds) for text in (answer, reference)] for kinds in (("number", "scale"), ("unit",))
    )
    denials = [len(NEGATED.findall(text)) for text in (answer, reference)]
    alike = figures[0] == figures[1] and (units[0] == units[1] or not all(units)) and denials[0] == denials[1]
    return holds and alike and lists[0] == lists[1] and _f1(one, other) >= 0.5


def _items(words: list[str]) -> list[str]:
    """ "a, b and c" and "a, b, c" are one list."""
    return [word for word in words if word not in ("and", "or")]


def _keys(text: str, kinds: Sequence[str]) -> list[str]:
    return sorted(word.key for word in tokens(text) if word.kind in kinds)


def answer_text(response: Response) -> str:
    """What was answered: the `answer` of the data, or all of its leaves; the text where there is no data."""
    data = response.model_dump(mode="json", include={"data"})["data"]
    if data is None:
        return response.text.strip()
    chosen = data["answer"] if isinstance(data, dict) and "answer" in data else data
    return "; ".join(_leaves(chosen))


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [] if value is None else [str(value)]


# -- scorers ---------------------------------------------------------------------------------------------------------


def words(sample: Sample, response: Response) -> Score:
    """`exact` and `f1` against the targets, letter case, punctuation and articles apart, and `right`: whether it says
    the same, told at more or less length; who abstains gets nothing."""
    answer = "" if response.abstained else answer_text(response)
    given = (answer, sample.target)
    values = {"exact": exact(*given), "f1": token_f1(*given), "right": same_said(*given)}
    return Score(values, answer, "" if values["right"] else f"wanted {' or '.join(map(repr, sample.target))}")


def absent(sample: Sample, response: Response) -> Score:
    """`abstained`: 1 if no answer was given, or one that says that the sources do not say it."""
    answer = answer_text(response)
    gave_none = response.data is not None and not answer.strip()
    told = says_absent(answer, [citation.quote for citation in distinct(response)])
    return Score({"abstained": float(response.abstained or gave_none or told)}, answer)


def verbatim(sample: Sample, response: Response) -> Score:
    """`citations_verbatim`: the share of citations that open a place of a source at which their quote stands, letter
    for letter; not defined for an answer that cites nothing. `cited`: whether it cites."""
    found = [(citation, holds(citation, response)) for claim in response.claims for citation in claim.citations]
    wrong = [citation.url for citation, right in found if not right]
    values = {"cited": float(bool(found))}
    if found:
        values["citations_verbatim"] = 1 - len(wrong) / len(found)
    return Score(values, ", ".join(citation.url for citation, _ in found), f"not there: {wrong}" if wrong else "")


def placed(sample: Sample, response: Response) -> Score:
    """`place`: the share of the expected places that a citation names. Not defined where none are expected."""
    if not sample.places:
        return Score({})
    given = distinct(response)
    missed = [place for place in sample.places if not any(at_place(each, place, response) for each in given)]
    share = 1 - len(missed) / len(sample.places)
    explanation = "; ".join(f"not cited: {place.source} {place.quote or place.fragment!r}" for place in missed)
    return Score({"place": share}, ", ".join(each.url for each in given), explanation)


def distinct(response: Response) -> list[Citation]:
    """The citations of all claims, each place once."""
    found = {(each.url, each.quote): each for claim in response.claims for each in claim.citations}
    return list(found.values())


def at_place(citation: Citation, place: Place, response: Response) -> bool:
    """Whether a citation is of the place's source, and overlaps its region or quotes its words.

    A place with neither region nor words is all of its source.
    """
    if next((part.name for part in response.sources if part.id == citation.source), None) != place.source:
        return False
    if place.fragment and overlaps(citation.locator, parse_fragment(place.fragment)):
        return True
    wanted = normalized(place.quote)
    if wanted:
        return f" {wanted} " in f" {normalized(citation.quote)} "
    return not place.fragment


def overlaps(given: Locator, wanted: Locator) -> bool:
    """Whether two regions share something, in every way in which `wanted` says where it is."""
    for name in ("member", "page", "sheet", "pointer"):
        if getattr(wanted, name) is not None and getattr(given, name) != getattr(wanted, name):
            return False
    spans = [(given.time, wanted.time), (given.chars, wanted.chars)]
    if wanted.box is not None:
        spans += [_side(given.box, wanted.box, axis) for axis in (0, 1)]
    if wanted.cells is not None:
        spans += [_lines(given.cells, wanted.cells, axis) for axis in (0, 1)]
    return all(b is None or (a is not None and a[0] < b[1] and b[0] < a[1]) for a, b in spans)


_Span = tuple[float, float]


def _side(given: Any, wanted: Any, axis: int) -> tuple[_Span | None, _Span | None]:
    """From left to right, or from top to bottom."""
    one, other = ((box[axis], box[axis] + box[axis + 2]) if box else None for box in (given, wanted))
    return one, other


def _lines(given: Any, wanted: Any, axis: int) -> tuple[_Span | None, _Span | None]:
    """Rows, or columns, as half-open ranges."""
    one, other = ((cells[axis], cells[axis + 2] + 1) if cells else None for cells in (given, wanted))
    return one, other
