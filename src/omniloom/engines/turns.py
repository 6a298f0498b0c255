"""Turns in the order of asking."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event as Flag

from omniloom.core.errors import CancelledError

_POLL = 0.02


class Turns:
    """A fair lock whose waiting can be cancelled: who asked first goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def mine(self, cancel: Flag | None = None) -> Iterator[None]:
        """Wait for the turn and hold it. Raises CancelledError within 0.02 s of `cancel`."""
        turn = threading.Event()
        with self._lock:
            self._waiting.append(turn)
            if len(self._waiting) == 1:
                turn.set()
        try:
            while not turn.wait(_POLL):
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the call was cancelled while it waited for its turn")
            yield
        finally:
            with self._lock:
                self._waiting.remove(turn)
                if self._waiting:
                    self._waiting[0].set()
