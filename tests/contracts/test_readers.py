"""One suite over every reader of `inputs/`: what it declares, where its Segments stand, how it meets bad files."""

import importlib
import random
import time
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from reader_samples import MAKERS, Sample, reader_names

from omniloom.core.errors import InputError, OmniloomError, UnsupportedError, WeightsError
from omniloom.core.events import Progress
from omniloom.core.locators import Locator, parse_fragment
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.isolation import Limits, run_isolated

READERS = reader_names()
ID = "5" * 64
LIMITS = Limits(memory_bytes=3 << 30, cpu_seconds=90, wall_seconds=90)


def reader(name: str) -> ModuleType:
    return importlib.import_module(f"omniloom.inputs.{name}")


def sampled() -> list[tuple[str, str]]:
    """(reader, media type) for each media type that there is a sample of."""
    return [(name, kind) for name in READERS for kind in sorted(reader(name).MEDIA_TYPES & MAKERS.keys())]


def weights(module: ModuleType) -> dict[str, Path]:
    """The weights that are here already; nothing is pulled for this suite."""
    found: dict[str, Path] = {}
    for name in module.WEIGHTS:
        kept = importlib.import_module("omniloom.catalog").installed(name)
        if kept is None:
            raise WeightsError(f"{name} is not here")
        found |= dict(kept.paths)
    return found


def read(name: str, kind: str, data: bytes, folder: Path, given: dict[str, Path]) -> list[Segment | Loss | Progress]:
    """Through the child, as the runtime does. Checks the time it takes."""
    path = folder / "content"
    path.write_bytes(data)
    source = Source(id=ID, path=path, name="sample", media_type=kind, weights=given)
    payload = {"module": f"omniloom.inputs.{name}", "source": source.model_dump(mode="json")}
    places = [path, *given.values(), *(place.parent for place in given.values())]
    started = time.monotonic()
    try:
        frames = list(run_isolated("omniloom.inputs.child:read", payload, readable=places, limits=LIMITS))
    finally:
        assert time.monotonic() - started < 90
    return [_value(frame) for frame in frames]


def _value(frame: dict[str, Any]) -> Segment | Loss | Progress:
    if "segment" in frame:
        return Segment.model_validate(frame["segment"])
    return Loss.model_validate(frame["loss"]) if "loss" in frame else Progress.model_validate(frame["progress"])


@cache
def made(kind: str) -> Sample:
    try:
        return MAKERS[kind]()
    except ImportError as error:
        pytest.skip(f"{error.name} is needed to make a {kind} file")


@cache
def valid(name: str, kind: str, folder: Path) -> list[Segment | Loss | Progress]:
    try:
        return read(name, kind, made(kind).data, folder, weights(reader(name)))
    except (UnsupportedError, WeightsError, ImportError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers")


@pytest.mark.parametrize("name", READERS)
def test_declares_itself(name: str) -> None:
    module = reader(name)
    assert isinstance(module.MEDIA_TYPES, frozenset) and module.MEDIA_TYPES
    assert isinstance(module.VERSION, int) and module.VERSION >= 1
    assert isinstance(module.WEIGHTS, tuple) and module.EXTRA in ("", "ocr", "media")
    assert callable(module.read) and module.__doc__
    assert module.MEDIA_TYPES & MAKERS.keys(), "add a sample to reader_samples.py"


@pytest.mark.parametrize(("name", "kind"), sampled())
def test_what_it_gives(name: str, kind: str, shared: Path) -> None:
    items = valid(name, kind, shared)
    segments = [item for item in items if isinstance(item, Segment)]
    assert segments or any(isinstance(item, Loss) for item in items) or kind.startswith("audio/")
    assert any(isinstance(item, Progress) and item.step == "read" and item.unit for item in items)
    for segment in segments:
        family, _, version = segment.made_by.rpartition("/")
        assert segment.source == ID and family.count(".") <= 1 and version.isdigit()
        assert segment.confidence is None or 0 <= segment.confidence <= 1
        assert not isinstance(segment.content, str) or segment.content.strip()


@pytest.mark.parametrize(("name", "kind"), sampled())
def test_every_place_is_inside_the_source(name: str, kind: str, shared: Path) -> None:
    for item in valid(name, kind, shared):
        if isinstance(item, Segment):
            for locator in (item.locator, *(anchor.locator for anchor in item.anchors)):
                _inside(locator, made(kind))
            assert item.locator != Locator() or kind.startswith("image/")


def _inside(locator: Locator, sample: Sample) -> None:
    assert locator.page is None or 1 <= locator.page <= (sample.pages or 1)
    assert locator.box is None or (
        locator.box[0] + locator.box[2] <= 1.0001 and locator.box[1] + locator.box[3] <= 1.0001
    )
    if locator.time is not None:
        assert sample.seconds is not None and locator.time[1] <= sample.seconds + 0.25
    if locator.cells is not None:
        assert sample.rows is not None and locator.cells[2] <= sample.rows
        assert sample.columns is not None and locator.cells[3] <= sample.columns
    if locator.chars is not None:
        assert locator.chars[1] <= 4 * len(sample.data)


@pytest.mark.parametrize(("name", "kind"), sampled())
def test_fragments_round_trip(name: str, kind: str, shared: Path) -> None:
    for item in valid(name, kind, shared):
        if isinstance(item, Segment):
            for locator in (item.locator, *(anchor.locator for anchor in item.anchors)):
                again = parse_fragment(locator.fragment)
                assert again.fragment == locator.fragment
                assert again.model_copy(update={"time": locator.time, "box": locator.box}) == locator


@pytest.mark.parametrize(("name", "kind"), sampled())
def test_anchors_are_ordered_and_inside(name: str, kind: str, shared: Path) -> None:
    for item in valid(name, kind, shared):
        if isinstance(item, Segment) and item.anchors:
            assert all(0 <= anchor.start < anchor.end <= len(item.text) for anchor in item.anchors)
            assert all(one.end <= two.start for one, two in pairwise(item.anchors))
            assert item.locate(0, len(item.text)).fragment


@pytest.mark.parametrize(("name", "kind"), sampled())
def test_says_the_same_again(name: str, kind: str, shared: Path, tmp_path: Path) -> None:
    """Only for those that cost nothing: a reader is a pure function of its file."""
    if reader(name).WEIGHTS or reader(name).EXTRA or kind.startswith(("image/", "video/", "audio/")):
        pytest.skip("recognition is tested by its own room")
    assert read(name, kind, made(kind).data, tmp_path, {}) == valid(name, kind, shared)


def bad_files(sample: Sample) -> Iterator[tuple[str, bytes]]:
    rng = random.Random(7)
    data = sample.data
    yield "empty", b""
    yield "one byte", data[:1]
    yield "head", data[:64]
    yield "half", data[: len(data) // 2]
    yield "end missing", data[:-7]
    yield "random", rng.randbytes(20_000)
    yield "random after the head", data[:64] + rng.randbytes(20_000)
    flipped = bytearray(data)
    for _ in range(max(4, len(data) // 500)):
        flipped[rng.randrange(min(16, len(data) - 1), len(data))] ^= 1 << rng.randrange(8)
    yield "flipped bits", bytes(flipped)


@pytest.mark.parametrize("damage", [name for name, _ in bad_files(Sample(b"x" * 100, ""))])
@pytest.mark.parametrize(("name", "kind"), sampled())
def test_bad_files_give_typed_errors(name: str, kind: str, damage: str, tmp_path: Path) -> None:
    sample = made(kind)
    if damage not in ("empty", "random", "half") and (kind.startswith("video/") or kind == "image/tiff"):
        pytest.skip("costs seconds; the room's own tests go deeper")
    data = dict(bad_files(sample))[damage]
    try:
        given = weights(reader(name))
    except (WeightsError, ImportError):
        given = {}
    try:
        items = read(name, kind, data, tmp_path, given)
    except (InputError, UnsupportedError, WeightsError) as error:
        assert error.message and "Traceback" not in str(error)
    except OmniloomError as error:
        pytest.fail(f"{damage}: the child died or broke a limit: {error!r}")
    else:
        assert damage not in ("empty", "random"), f"{kind} of random bytes was read as {items[:2]}"
        for item in items:
            if isinstance(item, Segment):
                assert item.source == ID
