"""The folder of one model: which of its files were verified, so that none is hashed at every start.

`verified.json` keeps size, time and sha256 of each file as it was when its hash was right. A file that changed since
is hashed again, and is as good as missing if it is another one.
"""

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from omniloom.storage.files import flush, fresh_name

_NOTES = "verified.json"


class Folder:
    """`path` need not exist; reading never writes except to note that a changed time was looked into."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def digest(self, name: str) -> str:
        """The sha256 of a verified file; "" if it is missing, was never verified, or is another one now."""
        note, place = self._notes().get(name), self.path / name
        try:
            state = place.stat()
            if note is None or state.st_size != note["bytes"]:
                return ""
            if state.st_mtime_ns != note["mtime_ns"]:
                if sha256_of(place) != note["sha256"]:
                    return ""
                with contextlib.suppress(OSError):  # a shared folder may be read-only
                    self.note(name, note["sha256"])
        except (OSError, KeyError, TypeError):
            return ""
        return str(note["sha256"])

    def note(self, name: str, digest: str) -> None:
        """The file is verified as it is now."""
        state = (self.path / name).stat()
        notes = self._notes() | {name: {"sha256": digest, "bytes": state.st_size, "mtime_ns": state.st_mtime_ns}}
        # Weights are nobody's secret, and their folder may be shared: the notes are as readable as the weights.
        fresh = fresh_name(self.path, _NOTES)
        with fresh.open("wb") as file:
            file.write(json.dumps(notes, indent=1).encode())
            flush(file)
        fresh.replace(self.path / _NOTES)

    def adopted(self, name: str, digest: str, size: int) -> bool:
        """Whether the file is whole though nobody noted it: the process died right after it had got its name."""
        place = self.path / name
        if not digest or not place.is_file() or place.stat().st_size != size or sha256_of(place) != digest:
            return False
        self.note(name, digest)
        return True

    def was_verified(self, name: str) -> bool:
        """True if it was right once, whatever it is now."""
        return name in self._notes()

    def _notes(self) -> dict[str, Any]:
        try:
            notes = json.loads((self.path / _NOTES).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
