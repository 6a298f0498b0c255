"""Whether citations resolve: checked against the readings in the store, not against what the answer says."""

from typing import Any

from omniloom.core.locators import parse_fragment
from omniloom.core.values import Response


def check(response: Response, model: Any) -> dict[str, Any]:
    """One entry a citation: 1 if its source is known, its fragment parses back, and its quote stands verbatim there."""
    return {"verbatim": [float(_holds(c, response, model)) for claim in response.claims for c in claim.citations]}


def _holds(citation: Any, response: Response, model: Any) -> bool:
    part = next((part for part in response.sources if part.id == citation.source), None)
    if part is None or not citation.quote:
        return False
    fragment = citation.url.partition("#")[2]
    if parse_fragment(fragment) != parse_fragment(citation.locator.fragment):
        return False
    from omniloom.inputs import read_part

    reading = read_part(part, model.store, weights=_none)
    for segment in reading.segments:
        at = segment.text.find(citation.quote)
        while at >= 0:
            if segment.locate(at, at + len(citation.quote)) == citation.locator:
                return True
            at = segment.text.find(citation.quote, at + 1)
    return False


def _none(name: str) -> Any:
    raise AssertionError(f"{name} is needed, so the part was not read before")
