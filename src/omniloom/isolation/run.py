"""Run one generator function in a confined child and stream what it yields."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import CancelledError, IsolationError
from omniloom.isolation.child import Child
from omniloom.isolation.limits import Limits


def run_isolated(
    target: str,
    payload: dict[str, Any],
    *,
    readable: Sequence[Path] = (),
    writable: Sequence[Path] = (),
    limits: Limits | None = None,
    cancel: threading.Event | None = None,
    packages: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Yield each JSON object that `target` ("module:function") yields for `payload`, as it comes.

    Raises what the target raised (OmniloomErrors as themselves), TooLargeError over a limit on memory or bytes,
    IsolationError over a limit on time or when the process died, CancelledError within 0.2 s of `cancel`.
    packages: further modules that the target imports by name.
    The child is ended and its private folder removed when this iterator ends or is closed.
    """
    if cancel is not None and cancel.is_set():
        raise CancelledError("the caller cancelled")
    with Child(
        target,
        payload,
        readable=readable,
        writable=writable,
        limits=limits,
        conversation=False,
        cancel=cancel,
        packages=packages,
    ) as child:
        while (frame := child.receive()) is not None:
            item = frame.get("item")
            if not isinstance(item, dict):
                raise IsolationError("the child process sent a frame of an unknown kind")
            yield item
