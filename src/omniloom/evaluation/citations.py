"""Whether citations hold: checked against the readings in the store, not against what the answer says."""

from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.core.locators import parse_fragment
from omniloom.core.values import Citation, Part, Response, Segment
from omniloom.inputs import read_part
from omniloom.storage.store import Store


def holds(citation: Citation, response: Response) -> bool:
    """Whether its source is one of the answer's, its address opens its place, and its quote stands there verbatim."""
    part = next((part for part in response.sources if part.id == citation.source), None)
    if part is None or not citation.quote:
        return False
    try:
        if parse_fragment(citation.url.partition("#")[2]) != parse_fragment(citation.locator.fragment):
            return False
        return any(_stands(citation, segment) for segment in _segments(part))
    except (ValueError, OmniloomError):  # an address that is none, or a reading that is no longer kept
        return False


def _stands(citation: Citation, segment: Segment) -> bool:
    at = segment.text.find(citation.quote)
    while at >= 0:
        if segment.locate(at, at + len(citation.quote)) == citation.locator:
            return True
        at = segment.text.find(citation.quote, at + 1)
    return False


def _segments(part: Part) -> tuple[Segment, ...]:
    """What was read in the part when the question was answered; it is not read again."""
    above = Path(part.path or "").parents  # root/blobs/ab/abcd…, where the answer's sources lie
    if len(above) < 3 or not (above[2] / "journal.sqlite").is_file():
        return ()
    with Store(above[2]) as store:
        return read_part(part, store, weights=_none).segments


def _none(name: str) -> Any:
    raise OmniloomError(f"{name} is needed, so the part was not read before")
