"""Whether citations lie where the answer stands, by the places that a sample is labelled with."""

from collections.abc import Sequence

from omniloom.core.locators import Locator, parse_fragment
from omniloom.core.values import Citation, Response
from omniloom.evaluation.values import Place, Sample, Score


def citations(sample: Sample, response: Response) -> Score:
    """`citation_precision`: the share of citations that are right; `citation_recall`: the share of the labelled places
    that one of them is right for. Neither is defined for a question that the sources do not answer, and precision not
    for an answer that cites nothing."""
    given = cited(response)
    if not sample.places:
        return Score({}, "", f"{len(given)} citations, none wanted" if given else "")
    right = [[is_right(each, place, response, sample.target) for place in sample.places] for each in given]
    reached = [place for at, place in enumerate(sample.places) if any(row[at] for row in right)]
    values = {"citation_recall": len(reached) / len(sample.places)}
    if given:
        values["citation_precision"] = sum(map(any, right)) / len(given)
    missed = [f"{place.source}#{place.fragment} {place.quote!r}" for place in sample.places if place not in reached]
    wrong = [f"{each.url} {each.quote[:80]!r}" for each, row in zip(given, right, strict=True) if not any(row)]
    why = [f"not cited: {'; '.join(missed)}"] if missed else []
    why += [f"cited in vain: {'; '.join(wrong)}"] if wrong else []
    return Score(values, "; ".join(each.url for each in given), ". ".join(why))


def cited(response: Response) -> list[Citation]:
    """Each place once, in the order of the answer."""
    found = {(each.url, each.quote): each for claim in response.claims for each in claim.citations}
    return list(found.values())


def is_right(citation: Citation, place: Place, response: Response, answers: Sequence[str] = ()) -> bool:
    """Right is a citation of the labelled source whose region overlaps the labelled one, or whose quote has the words
    of the place or one of the answers in it. Where the label names no region, any of the source is right."""
    name = next((part.name for part in response.sources if part.id == citation.source), "")
    if name != place.source:
        return False
    if not place.fragment or overlaps(citation.locator, parse_fragment(place.fragment)):
        return True
    quote = _plain(citation.quote)
    return any(_plain(each).strip() and _plain(each) in quote for each in (place.quote, *answers))


def overlaps(one: Locator, label: Locator) -> bool:
    """Whether a locator shares something with the label in each way in which the label says where it is: a locator
    that does not name a page, say, is not on it."""
    if any(
        getattr(label, name) is not None and getattr(one, name) != getattr(label, name)
        for name in ("member", "page", "sheet", "pointer")
    ):
        return False
    pairs = [(one.chars, label.chars), (one.time, label.time)]
    if label.box is not None:
        pairs += [_sides(one.box, label.box, 0), _sides(one.box, label.box, 1)]
    if label.cells is not None:
        pairs += [_rows(one.cells, label.cells, at) for at in (0, 1)]
    return all(wanted is None or (given is not None and _meet(given, wanted)) for given, wanted in pairs)


Span = tuple[float, float]


def _meet(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def _sides(one: Sequence[float] | None, label: Sequence[float], at: int) -> tuple[Span | None, Span]:
    return ((one[at], one[at] + one[at + 2]) if one else None), (label[at], label[at] + label[at + 2])


def _rows(one: Sequence[float] | None, label: Sequence[float], at: int) -> tuple[Span | None, Span]:
    return ((one[at], one[at + 2] + 1) if one else None), (label[at], label[at + 2] + 1)


def _plain(text: str) -> str:
    """Words in lower case between single spaces, so that no word is found inside another."""
    return f" {' '.join(text.casefold().replace(',', '').split())} ".translate(
        {ord(mark): " " for mark in "“”\"'.;:()"}
    )
