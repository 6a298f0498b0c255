"""What stands in the sources of a sample, as we read them (OCR and speech included): the same text for every side."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from omniloom.catalog import ensure
from omniloom.core.locators import Locator, union
from omniloom.core.values import Part, Segment
from omniloom.evaluation.values import Sample
from omniloom.inputs import read_part
from omniloom.runtime.read import taken_in
from omniloom.storage.store import Store


class Piece(NamedTuple):
    """A segment, and where it begins in the text."""

    start: int
    segment: Segment


class Source(NamedTuple):
    """A source as text. part: with the name that all sides call it by."""

    part: Part
    text: str
    pieces: tuple[Piece, ...]

    def find(self, quote: str) -> Locator | None:
        """The place of a quote that stands in the text letter for letter, white space apart; None where it does not.

        It may run over several segments: its place is all of them.
        """
        words = quote.split()
        found = re.search(r"\s+".join(map(re.escape, words)), self.text) if words else None
        if found is None:
            return None
        places = [
            segment.locate(max(0, found.start() - start), min(len(segment.text), found.end() - start))
            for start, segment in self.pieces
            if start < found.end() and start + len(segment.text) > found.start()
        ]
        return union(places) if places else Locator()


def sources_of(sample: Sample, store: Store) -> list[Source]:
    """Read once; the next side finds it in the store."""
    parts = [part for part in taken_in(sample.inputs, store) if part.is_source]
    return [source_of(part, read_part(part, store, weights=_weights).segments) for part in parts]


def source_of(part: Part, segments: tuple[Segment, ...]) -> Source:
    """A line a segment; what belongs to its place (the header of a table) stands before the first it belongs to."""
    text, context, pieces = "", "", list[Piece]()
    for segment in segments:
        if segment.context and segment.context != context:
            context = segment.context
            text += f"{context}\n"
        pieces.append(Piece(len(text), segment))
        text += f"{segment.text}\n"
    return Source(part, text, tuple(pieces))


def _weights(name: str) -> Mapping[str, Path]:
    return ensure(name).paths
