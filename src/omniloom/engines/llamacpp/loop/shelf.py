"""Computed states as files in a folder that the parent fills and empties; a check sum stands behind each."""

import contextlib
import struct
import zlib
from pathlib import Path

_SEAL = struct.Struct("<8sI")


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
                file.write(_SEAL.pack(b"crc32", zlib.crc32(state)))
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return False
        return True

    def get(self, name: str) -> bytes | None:
        """The state, bit for bit as it was put there; None if it is not."""
        try:
            data = (self._folder / name).read_bytes()
        except OSError:
            return None
        state, seal = data[: -_SEAL.size], data[-_SEAL.size :]
        return state if seal == _SEAL.pack(b"crc32", zlib.crc32(state)) else None
