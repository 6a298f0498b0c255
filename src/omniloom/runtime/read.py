"""Take the inputs in and read every source into Segments, in the order they were given."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from omniloom.catalog import ensure
from omniloom.core.errors import UsageError
from omniloom.core.events import Progress
from omniloom.core.protocols import Capabilities
from omniloom.core.values import Loss, Part, Segment
from omniloom.inputs import read_part
from omniloom.runtime.call import whole_text
from omniloom.runtime.run import EngineRun
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store

_LONGEST_NAME = 100
_LONGEST_PATH = 500


def taken_in(inputs: Sequence[Any], store: Store) -> list[Part]:
    """Every input as a Part; sources are snapshotted and hashed, and get names of their own where two are alike."""
    parts: list[Part] = []
    names: dict[str, str] = {}
    for each in inputs:
        part = as_part(each)
        if part.is_source:
            part = take_in(part, store)
            name = _one_line(part.name)
            copies = 2
            while names.get(name, part.id) != part.id:
                stem, dot, ending = _one_line(part.name).rpartition(".")
                name = f"{stem or ending} ({copies}){dot}{ending}" if stem else f"{ending} ({copies})"
                copies += 1
            names[name] = part.id
            part = part.model_copy(update={"name": name})
        else:
            part = part.model_copy(update={"text": whole_text(part.text or "")})
        parts.append(part)
    return parts


def named_files(parts: Sequence[Part]) -> list[Loss]:
    """Of texts that are said to the model those that are the name of a file: its content was meant, most likely."""
    said = [part.text for part in parts if not part.is_source and part.text and names_file(part.text)]
    told = "there is such a file, but a string is said as it is, and the file is not read: give Path({!r})"
    return [Loss(kind="not_read", severity="reduced", part=text, detail=told.format(text)) for text in said]


def names_file(text: str) -> bool:
    with suppress(OSError, ValueError):
        return len(text) < _LONGEST_PATH and "\n" not in text and Path(text).is_file()
    return False


def read_all(sources: Sequence[Part], run: EngineRun, capabilities: Capabilities) -> tuple[list[Segment], list[Loss]]:
    """The Segments of all sources in order, and what was lost or reduced on the way."""

    def say(text: str) -> None:
        run.emit(Progress(step=text, done=0, unit="note"))

    def weights(name: str) -> Mapping[str, Path]:
        return ensure(name, on_progress=run.emit, say=say).paths

    segments: list[Segment] = []
    losses: list[Loss] = []
    for part in sources:
        run.check()
        with run.span("read", part.name, part=part.id, kind=part.kind) as kept:

            def progress(step: Progress, name: str = part.name) -> None:
                run.emit(step.model_copy(update={"step": f"read {name}"}))

            reading = read_part(part, run.store, weights=weights, on_progress=progress, cancel=run.cancel)
            kept.update(cached=reading.cached, segments=len(reading.segments), **reading.counts)
        segments += reading.segments
        native = part.kind in capabilities.input_kinds - {"text"}
        losses += [
            loss.model_copy(update={"part": part.name})
            for loss in reading.losses
            if not (native and loss.kind in ("not_seen", "not_heard"))
        ]
    return segments, losses


def _one_line(name: str) -> str:
    """A file name stands in prompts: it may not look like a line of ours, or like a tag of ours."""
    plain = "".join(char if char.isprintable() and char not in "⟨⟩" else " " for char in name)
    return " ".join(plain.split())[:_LONGEST_NAME] or "unnamed"


def once_each(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The sources, each once. Raises UsageError where one is given twice in two ways: its places would be confused."""
    sources: dict[str, Part] = {}
    for part in parts:
        if not part.is_source:
            continue
        first = sources.setdefault(part.id, part)
        if first.options != part.options:
            differ = sorted(
                key for key in {*first.options, *part.options} if first.options.get(key) != part.options.get(key)
            )
            raise UsageError(
                f"{part.name!r} is given twice, with other {' and '.join(differ)}",
                hint='give it once, with all that is needed of it, such as pages="1,3"',
            )
    return tuple(sources.values())
