"""The parent's side of reading: which reader takes a Part, its child, and the journal that keeps what was read."""

import importlib
import pkgutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from pydantic import ValidationError

from omniloom import inputs
from omniloom.catalog import installed
from omniloom.core.errors import CancelledError, IsolationError, TooLargeError, UnsupportedError, UsageError
from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Part, Segment
from omniloom.isolation import Limits, run_isolated
from omniloom.isolation.limits import GIB
from omniloom.storage.journal import Reading

if TYPE_CHECKING:
    from omniloom.storage.store import Store

_HOUR = 3600.0
_LIMITS = {
    "text": Limits(cpu_seconds=120, wall_seconds=240),
    "table": Limits(cpu_seconds=600, wall_seconds=600),
    "image": Limits(cpu_seconds=600, wall_seconds=600, stall_seconds=300),
    # A long scan or recording is hours of honest work; what ends a bad one is that it stops reporting.
    "pdf": Limits(cpu_seconds=8 * _HOUR, wall_seconds=8 * _HOUR, stall_seconds=300, output_bytes=GIB),
    "audio": Limits(cpu_seconds=24 * _HOUR, wall_seconds=24 * _HOUR, stall_seconds=600, memory_bytes=3 * GIB),
    "video": Limits(cpu_seconds=24 * _HOUR, wall_seconds=24 * _HOUR, stall_seconds=600, memory_bytes=3 * GIB),
}

_turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_turns_lock = threading.Lock()


@cache
def readers() -> Mapping[str, ModuleType]:
    """Name → reader module: those of this folder, then installed third-party ones under names not yet taken."""
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(inputs.__path__):
        module = importlib.import_module(f"{inputs.__name__}.{info.name}")
        if hasattr(module, "MEDIA_TYPES"):
            found[info.name] = module
    for point in entry_points(group="omniloom.inputs"):
        try:
            found.setdefault(point.name, point.load())
        except Exception as error:  # a broken package must not stop the reading of everything else
            warnings.warn(f"the reader {point.name!r} ({point.value}) cannot be loaded: {error!r}", stacklevel=2)
    return found


def reader_for(part: Part) -> tuple[str, ModuleType]:
    """The reader for this Part's media type, the one named like its kind first. Raises UnsupportedError."""
    known = readers()
    for name in dict.fromkeys([part.kind, *known]):
        if name in known and part.media_type in known[name].MEDIA_TYPES:
            return name, known[name]
    raise UnsupportedError(
        f"no reader takes {part.media_type!r}, the type of {part.name!r}",
        hint=f"taken are {', '.join(sorted(set().union(*(m.MEDIA_TYPES for m in known.values()))))}",
    )


def read_part(
    part: Part,
    store: "Store",
    *,
    weights: Callable[[str], Mapping[str, Path]],
    on_progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> Reading:
    """What stands in `part` (taken in: with id and path), from the journal or read now and kept.

    weights: catalog name → role → path; asked only when the part is read now. Raises InputErrors for the file,
    UnsupportedError for a type or a missing extra, IsolationError, CancelledError. The counts of the Reading are
    what was read now: none when it comes from the journal.
    """
    if not part.is_source or not part.id or part.path is None:
        raise UsageError(f"{part.name or part.kind!r} has no stored content to read", hint="take it in first")
    name, module = reader_for(part)
    needed = (*module.WEIGHTS, *_optional(module))
    options = _options(part, module)
    with _turn(part.id, cancel):
        kept = kept_reading(part, store)
        if kept is not None:
            return kept.model_copy(update={"counts": {}})
        items, counts = _read_now(part, module, _paths(needed, weights), on_progress, cancel)
        store.journal.keep_reading(part.id, name, module.VERSION, options, items, counts)
    segments = tuple(item for item in items if isinstance(item, Segment))
    return Reading(segments=segments, losses=tuple(i for i in items if isinstance(i, Loss)), counts=counts)


def kept_reading(part: Part, store: "Store") -> Reading | None:
    """What was read in `part` before, with the same options; nothing is read now. Raises UnsupportedError."""
    name, module = reader_for(part)
    return store.journal.reading(part.id, name, module.VERSION, _options(part, module))


def _options(part: Part, module: ModuleType) -> dict[str, Any]:
    """What a reading depends on beside the content."""
    options: dict[str, Any] = {key: value for key, value in part.options.items() if key != "password"}
    more = _optional(module)
    return options | ({"weights": " ".join(more)} if more else {})


def _optional(module: ModuleType) -> tuple[str, ...]:
    return tuple(name for name in getattr(module, "OPTIONAL_WEIGHTS", ()) if installed(name) is not None)


def _paths(names: tuple[str, ...], weights: Callable[[str], Mapping[str, Path]]) -> dict[str, Path]:
    """Role → path, over all the weights."""
    return {role: Path(place) for name in names for role, place in weights(name).items()}


@contextmanager
def _turn(part_id: str, cancel: threading.Event | None) -> Iterator[None]:
    """One thread at a time reads a part; the next finds what it kept. Raises CancelledError while waiting."""
    with _turns_lock:
        turn = _turns.setdefault(part_id, threading.Lock())
    while not turn.acquire(timeout=0.1):
        if cancel is not None and cancel.is_set():
            raise CancelledError("the caller cancelled")
    try:
        yield
    finally:
        turn.release()


def _read_now(
    part: Part,
    module: ModuleType,
    weights: dict[str, Path],
    on_progress: Callable[[Progress], None] | None,
    cancel: threading.Event | None,
) -> tuple[list[Segment | Loss], dict[str, float]]:
    """The items in the order of the source, and by unit how much of it was read."""
    items: list[Segment | Loss] = []
    counts: dict[str, float] = {}
    for item in _items(part, module, weights, cancel):
        if isinstance(item, Progress):
            counts[item.unit] = max(counts.get(item.unit, 0.0), item.done)
            if on_progress is not None:
                on_progress(item)
        else:
            items.append(item)
    return items, counts


def _items(
    part: Part,
    module: ModuleType,
    weights: dict[str, Path],
    cancel: threading.Event | None,
) -> Iterator[Segment | Loss | Progress]:
    assert part.path is not None
    source = Source(
        id=part.id,
        path=Path(part.path),
        name=part.name or Path(part.path).name,
        media_type=part.media_type,
        options=part.options,
        weights=weights,
    )
    payload = {"module": module.__name__, "source": source.model_dump(mode="json")}
    limits = getattr(module, "LIMITS", None) or _LIMITS.get(part.kind, Limits())
    # Weights of several files lie in one folder, and a model file may name its neighbours.
    places = [source.path, *weights.values(), *(place.parent for place in weights.values() if place.is_file())]
    try:
        for frame in run_isolated(
            "omniloom.inputs.child:read",
            payload,
            readable=places,
            limits=limits,
            cancel=cancel,
            packages=(module.__name__,),
        ):
            yield _value(frame, part)
    except (TooLargeError, IsolationError) as error:
        if repr(source.name) in error.message:
            raise
        raise type(error)(f"reading {source.name!r}: {error.message}", hint=error.hint) from error


def _value(frame: dict[str, Any], part: Part) -> Segment | Loss | Progress:
    """The value in a frame. The child has met untrusted content, so its word is checked, not taken."""
    try:
        if "segment" in frame:
            segment = Segment.model_validate(frame["segment"])
            if segment.source != part.id:
                raise IsolationError(f"the reader named {segment.source!r} as the source of what it read")
            return segment
        return Loss.model_validate(frame["loss"]) if "loss" in frame else Progress.model_validate(frame["progress"])
    except (ValidationError, KeyError) as error:
        raise IsolationError(f"the reader sent what is no segment, loss or progress: {str(error)[:200]}") from error
