"""The child's side of reading: import the reader, read the source, send each item back as JSON."""

import importlib
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import OmniloomError, TooLargeError, UnreadableError
from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

_KINDS: tuple[tuple[type, str], ...] = ((Segment, "segment"), (Loss, "loss"), (Progress, "progress"))


def read(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"module", "source"}; yields {"segment" | "loss" | "progress": value}.

    A decoder that fails in a way of its own means that the file is not readable.
    """
    source = Source.model_validate(payload["source"])
    module = importlib.import_module(payload["module"])
    try:
        for item in module.read(source):
            yield _frame(item)
    except (OmniloomError, MemoryError, GeneratorExit, ImportError):
        raise
    except RecursionError as error:
        raise TooLargeError(f"{source.name!r} is nested too deeply") from error
    except Exception as error:
        raise UnreadableError(
            f"{source.name!r} cannot be read as {source.media_type}: {type(error).__name__}: {str(error)[:300]}",
            hint="the file may be truncated or corrupt; open it with the program that made it and save it again",
        ) from error


def _frame(item: Any) -> dict[str, Any]:
    for kind, name in _KINDS:
        if isinstance(item, kind):
            return {name: item.model_dump(mode="json", exclude_defaults=True)}
    raise TypeError(f"a reader yields Segment, Loss or Progress, not {type(item).__name__}")
