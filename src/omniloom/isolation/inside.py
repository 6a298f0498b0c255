"""The child's side: confine, import the target, call it, send back what it gives or why it failed."""

import errno
import importlib
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from omniloom.core.errors import OmniloomError
from omniloom.isolation.frames import MAX_FRAME, decode, encode
from omniloom.isolation.sandbox import confine

_TEXT_LIMIT = 2000


class Channel:
    """Frames to and from the parent. `receive` gives None once the parent has closed its end."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, frame: dict[str, Any]) -> None:
        self._outgoing.write(encode(frame))
        self._outgoing.flush()

    def receive(self) -> dict[str, Any] | None:
        line = self._incoming.readline(MAX_FRAME)
        return decode(line) if line else None


def serve(setup: dict[str, Any], incoming: BinaryIO, outgoing: BinaryIO) -> int:
    """Run the target to its end; the exit status is 0 also when it raised, because that was told in a frame."""
    channel = Channel(incoming, outgoing)
    try:
        level = confine(setup)
        function = _find(setup["target"])
        channel.send({"ready": level})
        if setup["conversation"]:
            function(setup["payload"], channel)
        else:
            for item in function(setup["payload"]):
                channel.send({"item": item})
        channel.send({"end": True})
    except BrokenPipeError:
        return 1
    except BaseException as error:
        traceback.print_exc()
        channel.send({"error": _describe(error)})
    return 0


def _find(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _describe(error: BaseException) -> dict[str, Any]:
    if isinstance(error, OmniloomError):
        extra = {key: value for key, value in vars(error).items() if key == "path" and isinstance(value, str)}
        return {"code": error.code, "message": error.message, "hint": error.hint, **extra}
    text = f"{type(error).__name__}: {error}"[:_TEXT_LIMIT]
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return {"code": "memory", "message": text, "hint": ""}
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return {"code": "file_size", "message": text, "hint": ""}
    return {"code": "crash", "message": text, "hint": ""}
