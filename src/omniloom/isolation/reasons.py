"""Why a child ended, as one of our errors."""

import signal
from typing import Any

from omniloom.core import errors
from omniloom.core.errors import CancelledError, IsolationError, OmniloomError, TooLargeError
from omniloom.isolation.limits import MIB, Limits
from omniloom.isolation.sandbox import MEMORY_STATUS

_TEXT_LIMIT = 4000
_LESS = "give less at once, or allow more"


def _tree(root: type[OmniloomError]) -> dict[str, type[OmniloomError]]:
    """Code → class, of the public tree alone: a private subclass elsewhere inherits its parent's code."""
    found = {root.code: root}
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            found |= _tree(child)
    return found


_ERRORS = _tree(OmniloomError)


def from_frame(frame: Any, limits: Limits) -> OmniloomError:
    """The error a child told of; whatever it sends, the result is an error of our tree with bounded text."""
    fields = frame if isinstance(frame, dict) else {}
    code, message, hint, path = (str(fields.get(k, ""))[:_TEXT_LIMIT] for k in ("code", "message", "hint", "path"))
    if code == "memory":
        return _memory(limits)
    if code == "file_size":
        return _files(limits)
    kind = _ERRORS.get(code)
    if kind is None:
        return IsolationError(f"the child process failed with {message}")
    error = kind(message, hint=hint)
    if isinstance(error, errors.SchemaError):
        error.path = path
    return error


def ending(reason: str, status: int | None, limits: Limits, tail: str) -> OmniloomError:
    """The error for a child that ended without a word: `reason` is the watch's, `status` the exit status."""
    said = tail.strip().splitlines()[-1][-300:] if tail.strip() else ""
    hint = f"its last words: {said!r}" if said else ""
    if reason == "cancelled":
        return CancelledError("the caller cancelled")
    if reason == "memory" or status == MEMORY_STATUS:
        return _memory(limits)
    if reason == "files":
        return _files(limits)
    if reason == "output":
        return TooLargeError(f"gave more than {(limits.output_bytes or 0) // MIB} MiB of output", hint=_LESS)
    messages = {
        "wall": f"took longer than {limits.wall_seconds:g} s" if limits.wall_seconds else "",
        "cpu": f"used more than {limits.cpu_seconds:g} s of processor time" if limits.cpu_seconds else "",
        "stall": f"gave no sign for {limits.stall_seconds:g} s" if limits.stall_seconds else "",
        "printed": "printed without end",
        "killed": "was killed",
        "closed": "was closed",
    }
    if reason in messages:
        more = _LESS if reason in ("wall", "cpu", "stall", "printed") else ""
        return IsolationError(f"the child process {messages[reason]}", hint=hint or more)
    if status is not None and status < 0:
        return IsolationError(_signal(-status, limits), hint=hint)
    return IsolationError(f"the child process ended with status {status} without a result", hint=hint)


def _signal(number: int, limits: Limits) -> str:
    if number == getattr(signal, "SIGXCPU", None):  # before the watch looked
        return f"the child process used more than {limits.cpu_seconds:g} s of processor time"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"the child process died of {name}"


def _memory(limits: Limits) -> TooLargeError:
    cap = (
        f"more than {limits.memory_bytes // MIB} MiB of memory" if limits.memory_bytes else "more memory than there is"
    )
    return TooLargeError(f"needed {cap}", hint=_LESS)


def _files(limits: Limits) -> TooLargeError:
    size = (limits.file_bytes or 0) // MIB
    return TooLargeError(f"wrote more than {size} MiB of files", hint=_LESS)
