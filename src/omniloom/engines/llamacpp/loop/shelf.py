"""Computed states as files in a folder that the parent fills and empties; the parent seals and checks them."""

import contextlib
from pathlib import Path


class Shelf:
    """The parent owns names and places; here are only bytes. A full disk costs a state, not an answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, state: bytes) -> bool:
        """Whether it could be written."""
        path = self._folder / name
        try:
            with path.open("xb") as file:
                file.write(state)
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return False
        return True

    def get(self, name: str) -> bytes | None:
        """The state as it was put there, the parent's seal behind it; None if it is not there."""
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None
