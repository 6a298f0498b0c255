"""Whether citations hold: checked against the readings in the store, not against what the answer says."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.core.locators import parse_fragment
from omniloom.core.values import Citation, Part, Response, Segment
from omniloom.inputs import read_part
from omniloom.storage.store import Store


class _Open:
    """The stores that are open, by their roots."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack, self._stores = stack, dict[Path, Store]()

    def at(self, root: Path) -> Store:
        if root not in self._stores:
            self._stores[root] = self._stack.enter_context(Store(root))
        return self._stores[root]


_OPEN: ContextVar[_Open | None] = ContextVar("open_stores", default=None)


@contextmanager
def open_once() -> Iterator[None]:
    """Within it each store is opened once, however many citations are checked; outside once for each citation."""
    with ExitStack() as stack:
        token = _OPEN.set(_Open(stack))
        try:
            yield
        finally:
            _OPEN.reset(token)


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
    opened = _OPEN.get()
    if opened is not None:
        return read_part(part, opened.at(above[2]), weights=_none).segments
    with Store(above[2]) as store:
        return read_part(part, store, weights=_none).segments


def _none(name: str) -> Any:
    raise OmniloomError(f"{name} is needed, so the part was not read before")
