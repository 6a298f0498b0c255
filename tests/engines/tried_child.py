"""A child that tries one file after the other; another one takes its place when it dies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.isolation import Child, Limits

LOAD_SECONDS = 20.0


class Loader:
    """target, payload: what the child runs. frame: what it is told of the file. readable: files and folders."""

    def __init__(self, target: str, payload: dict[str, Any], frame: dict[str, Any], readable: Sequence[Path]) -> None:
        self._started = (target, payload, list(readable))
        self._frame = frame
        self._child: Child | None = None

    def end(self) -> str:
        """What became of the file: "loaded", "refused" or "died"."""
        if self._child is None:
            target, payload, readable = self._started
            limits = Limits(cpu_seconds=None, wall_seconds=None, stall_seconds=LOAD_SECONDS, threads=1)
            self._child = Child(target, payload, readable=readable, limits=limits)
        try:
            self._child.send(self._frame)
            told = self._child.receive()
        except OmniloomError:
            self.close()
            return "died"
        return "refused" if told is not None and "refused" in told else "loaded"

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None
