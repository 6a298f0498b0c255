"""Whether what is computed now is to be given up: a byte that the library looks at between any two operations."""

import ctypes
import threading
from collections.abc import Callable


class Stop:
    """asked: whether it is to be given up, by what is computed now and who has left; for any thread.

    The library calls a function some 700 times a token. One of Python's costs 1 ms of 43 there (docs/lab-log.md); so it
    gets C's strlen, and the length of a text that is empty, or one character long, is the answer.
    """

    def __init__(self, asked: Callable[[], bool] = lambda: False) -> None:
        self._asked, self._lock = asked, threading.Lock()
        self._text = ctypes.create_string_buffer(2)
        self.function = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        self.address = ctypes.cast(self._text, ctypes.c_void_p)

    def __bool__(self) -> bool:
        return self._text.raw[0] != 0

    def look(self) -> None:
        """Ask anew: before a step, and when anything has changed that the answer depends on."""
        with self._lock:
            self._text[0] = 1 if self._asked() else 0
