"""The files through which one call's pictures and sounds go to the engine's child, and their vectors come back."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

from omniloom.core.errors import StorageError
from omniloom.engines.llamacpp.prompt import Prompt
from omniloom.engines.llamacpp.sight import Shown
from omniloom.engines.llamacpp.states import Kept, shown_to_child
from omniloom.storage.files import disk_errors


class Vectors:
    """What an encoder made is kept like a KV state: by what it was made of and what made it, sealed by the parent."""

    def __init__(self, kept: Kept, identity: str, prompt: Prompt, slots: Path) -> None:
        self._kept, self._identity, self._slots = kept, identity, slots
        self._shown = {shown.run["name"]: shown for shown in prompt.shown}
        self._names: dict[str, str] = {}
        self._others: dict[str, str] = {}

    def asked(self, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The runs with their files: the vectors where they are kept, otherwise what they are made of."""
        return [run | self._files(self._shown[run["name"]]) for run in runs]

    def heard(self, frame: dict[str, Any]) -> None:
        """What the child says of vectors; it is not trusted, only copied and sealed."""
        if "unreadable" in frame and frame["unreadable"] in self._shown:
            self._kept.drop(self._key(frame["unreadable"]))
        name = self._names.pop(frame["encoded"], None) if "encoded" in frame else None
        if name is None:
            return
        path = self._slots / name
        try:
            self._kept.put(self._key(frame["encoded"]), path, [self._shown[frame["encoded"]].source])
        except (StorageError, OSError):
            pass  # as for a state: the next call computes it again
        finally:
            path.unlink(missing_ok=True)

    def files(self) -> list[str]:
        """What may lie in the child's folder because of this call."""
        return [*self._names.values(), *self._others.values()]

    def _files(self, shown: Shown) -> dict[str, str]:
        name = shown.run["name"]
        path = self._kept.get(self._key(name))
        if path is not None:
            self._others[name] = shown_to_child(path, self._slots)
            return {"stored": self._others[name]}
        if shown.plain.name not in self._others:
            self._others[shown.plain.name] = secrets.token_hex(8)
            with disk_errors(self._slots):
                (self._slots / self._others[shown.plain.name]).write_bytes(shown.plain.data)
        self._names[name] = secrets.token_hex(8)
        return {"data": self._others[shown.plain.name], "keep": self._names[name]}

    def _key(self, name: str) -> str:
        return hashlib.sha256(f"vectors {self._identity} {name}".encode()).hexdigest()
