"""What stood in the sources of an answer, from the store in which the log was made. What is gone is said in place.

Nothing is read again: the readings that the answers came from are kept. Only pictures of pages are drawn anew.
"""

import io
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from omniloom.core.errors import OmniloomError
from omniloom.core.locators import parse_fragment
from omniloom.core.values import Locator, Part, Segment
from omniloom.evaluation.log import Origin, Record
from omniloom.evaluation.viewing.places import Found, find, pieces, rows
from omniloom.rendering.place import in_words
from omniloom.rendering.report import Piece, Shown
from omniloom.storage.home import home
from omniloom.storage.store import Store

_GONE = "the store that the log names is not here"
_NO_PART = "the source is no longer in the store"
_UNNAMED = "the log does not say which content had this name"
_NO_READING = "what was read in it is no longer kept"
_NOWHERE = "this does not stand in what was read"
_MOST_TRACE, _MOST_PLACES, _READINGS = 6000, 8, 64


class Pictures:
    """How many pictures may still be drawn: each takes about a second, and 20 to 60 kB of the page."""

    def __init__(self, most: int = 30) -> None:
        self.left = most


class Sources:
    """Of one log. store: the folder it names. Opened only where it is a store: nothing is made."""

    def __init__(self, store: str, pictures: Pictures) -> None:
        root = Path(store) if store else home()
        self._pictures = pictures
        self._store = Store(root) if (root / "journal.sqlite").is_file() else None
        self._home = "" if root == home() else f"OMNILOOM_HOME={shlex.quote(str(root))} "
        self._readings: dict[tuple[str, str], tuple[Segment, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()

    def trace(self, trace_id: str) -> str:
        """The tree of the trace as text; why there is none."""
        from rich.console import Console

        from omniloom.rendering.trace import trace_tree

        if not trace_id or self._store is None:
            return _GONE if trace_id else ""
        try:
            trace = self._store.journal.trace(trace_id)
        except OmniloomError:
            return f"trace {trace_id} is no longer kept"
        out = io.StringIO()
        Console(file=out, width=110, color_system=None, force_terminal=False, legacy_windows=False).print(
            trace_tree(trace)
        )
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())[:_MOST_TRACE]

    def cited(self, record: Record, *, drawn: bool) -> Iterator[Shown]:
        """The places that the answer cites, each once, in the order of its markers."""
        kept = {each.source: each.part for claim in record.claims for each in claim.citations}
        given = dict.fromkeys(
            (each.source, each.fragment, each.quote) for claim in record.claims for each in claim.citations
        )
        parts = self._parts(record) if given else {}
        for at, (name, fragment, quote) in enumerate(list(given)[:_MOST_PLACES], 1):
            part = parts.get(kept[name])
            answer = f"{self._home}omniloom show {at} --trace {shlex.quote(record.trace_id)}"
            yield self._shown(name, part, fragment, quote, drawn=drawn, command=answer if self._has(record) else "")

    def wanted(self, record: Record, *, drawn: bool) -> Iterator[Shown]:
        """The places that were expected."""
        parts = {part.name: part for part in self._parts(record).values()} if record.places else {}
        for place in record.places[:_MOST_PLACES]:
            yield self._shown(place.source, parts.get(place.source), place.fragment, place.quote, drawn=drawn)

    def _has(self, record: Record) -> bool:
        if self._store is None or not record.trace_id:
            return False
        return self._store.journal.response(record.trace_id) is not None

    def _parts(self, record: Record) -> dict[str, Part]:
        """By id: as the answer was given them, or as the log names them."""
        found = {origin.id: _part(origin) for origin in record.sources}
        if self._store is not None and record.trace_id:
            response = self._store.journal.response(record.trace_id)
            found |= {part.id: part for part in response.sources} if response is not None else {}
        return found

    def _shown(
        self, name: str, part: Part | None, fragment: str, quote: str, *, drawn: bool, command: str = ""
    ) -> Shown:
        try:
            locator = parse_fragment(fragment)
        except ValueError:
            return Shown(f"{name}#{fragment}", quote, missing="this address is none")
        place = f"{name}, {in_words(locator)}" if fragment else name
        if self._store is None:
            return Shown(place, quote, missing=_GONE)
        if part is None:
            return Shown(place, quote, missing=_UNNAMED)
        if not self._store.has(part.id):
            return Shown(place, quote, missing=_NO_PART)
        part = part.model_copy(update={"path": str(self._store.path(part.id))})
        segments = self._segments(part)
        found = find(segments, locator, quote) if segments else None
        if found is not None and not fragment:
            locator = found.segment.locate(found.start, found.end)
            place = f"{name}, {in_words(locator)}"
        command = command or self._opens(part, locator)
        if drawn and part.kind in ("pdf", "image") and (picture := self._drawn(part, locator)):
            return Shown(place, quote, picture=picture, command=command)
        if found is None:
            return Shown(place, quote, missing=_NOWHERE if segments else _NO_READING, command=command)
        return _of(place, quote, found, command)

    def _segments(self, part: Part) -> tuple[Segment, ...]:
        """Of the kept reading; none if it is not kept. The last ones stay at hand."""
        key = (part.id, repr(sorted(part.options.items())))
        if key not in self._readings:
            while len(self._readings) >= _READINGS:
                del self._readings[next(iter(self._readings))]
            self._readings[key] = self._read(part)
        return self._readings[key]

    def _read(self, part: Part) -> tuple[Segment, ...]:
        from omniloom.inputs import kept_reading

        try:
            reading = kept_reading(part, self._store) if self._store is not None else None
        except OmniloomError:  # of a type that no reader of this installation takes
            return ()
        return reading.segments if reading is not None else ()

    def _drawn(self, part: Part, locator: Locator) -> bytes:
        """A picture, while some may be drawn; b"" for a place that cannot be."""
        from omniloom.rendering.show import show_small

        if self._pictures.left <= 0:
            return b""
        self._pictures.left -= 1
        try:
            return show_small(part, locator)
        except OmniloomError:
            return b""

    def _opens(self, part: Part, locator: Locator) -> str:
        """The command for a place that no answer cites: of the stored file, if that tells its kind without its name."""
        from omniloom.storage.intake import as_part

        try:
            if as_part(Path(part.path or "")).kind != part.kind:
                return ""
        except OmniloomError:
            return ""
        return f"{self._home}omniloom show {shlex.quote(f'{part.path}#{locator.fragment}')}"


def _part(origin: Origin) -> Part:
    fields: dict[str, Any] = {"kind": origin.kind, "media_type": origin.media_type, "name": origin.name}
    return Part.model_construct(**fields, id=origin.id, text=None, data=None, path=None, options={}, frame=None)


def _of(place: str, quote: str, found: Found, command: str) -> Shown:
    grid = rows(found)
    if grid:
        return Shown(place, quote, rows=grid, command=command)
    shown: tuple[Piece, ...] = pieces(found)
    return Shown(place, quote, pieces=shown, command=command)
