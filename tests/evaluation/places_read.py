"""Whether a labelled place is where omniloom's own readers find its words."""

from collections.abc import Iterable
from pathlib import Path

from omniloom.core.locators import parse_fragment
from omniloom.core.protocols import Source
from omniloom.core.values import Part, Segment
from omniloom.evaluation.scorers import overlaps
from omniloom.evaluation.values import Place, Sample
from omniloom.inputs import audio, image, pdf, table

_TYPES = {
    "pdf": (pdf, "application/pdf"),
    "table": (table, "text/csv"),
    "image": (image, "image/jpeg"),
    "audio": (audio, "audio/wav"),
}


def read(part: Part, folder: Path, weights: dict[str, Path] | None = None) -> list[Segment]:
    """What a reader makes of it."""
    module, media_type = _TYPES[part.kind]
    path = folder / part.name
    path.write_bytes(part.data or b"")
    source = Source(id="a" * 64, path=path, name=part.name, media_type=media_type, weights=weights or {})
    return [item for item in module.read(source) if isinstance(item, Segment)]


def stands(place: Place, segments: Iterable[Segment]) -> bool:
    """Whether the quote is read in the labelled region; a cell is to be met exactly."""
    wanted = parse_fragment(place.fragment)
    for segment in segments:
        at = segment.text.find(place.quote)
        while at >= 0:
            found = segment.locate(at, at + len(place.quote))
            if overlaps(found, wanted) and found.cells == wanted.cells:
                return True
            at = segment.text.find(place.quote, at + 1)
    return False


def source(sample: Sample, name: str) -> Part:
    return next(each for each in sample.inputs if isinstance(each, Part) and each.name == name)


def unresolved(samples: Iterable[Sample], folder: Path) -> tuple[int, list[Place]]:
    """How many places in PDFs and tables there are, and those of them that do not hold."""
    known: dict[tuple[str, str], list[Segment]] = {}
    wrong: list[Place] = []
    count = 0
    for sample in samples:
        for place in sample.places:
            part = source(sample, place.source)
            if part.kind not in ("pdf", "table"):
                continue
            count += 1
            key = (sample.group, part.name)
            known[key] = known.get(key) or read(part, folder)
            wrong += [] if stands(place, known[key]) else [place]
    return count, wrong
