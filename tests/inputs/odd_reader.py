"""A third party's reader, and one that misbehaves: what `Source.name` says is what it does."""

from collections.abc import Iterator

from omniloom.core.events import Progress
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.isolation import Limits

MEDIA_TYPES = frozenset({"text/x-odd"})
VERSION = 7
WEIGHTS = ("a-model",)
EXTRA = ""
LIMITS = Limits(wall_seconds=1.5)


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    yield Progress(step="read", done=1, total=2, unit="pages")
    yield Segment(source=source.id, locator=Locator(page=1), content=source.path.read_text(), made_by="odd/7")
    yield Loss(kind="odd", severity="reduced", part=source.id, detail=source.weights["model"].read_text())
    yield Progress(step="read", done=2, total=2, unit="pages")
    if source.name == "liar":
        yield Segment(source="another", content="forged", made_by="odd/7")
    if source.name == "bug":
        raise ZeroDivisionError("deep inside a decoder")
    if source.name == "deep":
        raise RecursionError
    if source.name == "stranger":
        yield "no segment"  # type: ignore[misc]
    while source.name == "endless":
        yield Progress(step="read", done=2, total=2, unit="pages")
