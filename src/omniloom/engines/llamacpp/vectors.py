"""The files through which one call's pictures and sounds go to the engine's child, and their vectors come back."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.prompt import Prompt
from omniloom.engines.llamacpp.sight import Shown
from omniloom.engines.llamacpp.states import Kept, shown_to_child, take_in
from omniloom.storage.files import disk_errors


class Vectors:
    """What an encoder made is kept like a KV state: by what it was made of and what made it, sealed by the parent."""

    def __init__(self, kept: Kept, identity: str, prompt: Prompt, slots: Path) -> None:
        self._kept, self._identity, self._slots = kept, identity, slots
        self._shown = {shown.run["name"]: shown for shown in prompt.shown}
        self._given: dict[str, dict[str, str]] = {}
        self._plain: dict[str, str] = {}

    def asked(self, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The runs with their files: what they are made of, and the vectors where they are kept.

        Both, for a kept file may be gone by the time it is wanted.
        """
        for name in {run["name"] for run in runs} - set(self._given):
            path = self._kept.get(self._key(name))
            stored = {"stored": shown_to_child(path, self._slots)} if path is not None else {}
            self._given[name] = {"data": self._data(self._shown[name]), "keep": secrets.token_hex(8)} | stored
        return [run | self._given[run["name"]] for run in runs]

    def heard(self, frame: dict[str, Any]) -> None:
        """What the child says of vectors; it is not trusted, only copied and sealed."""
        if "unreadable" in frame and frame["unreadable"] in self._given:
            self._kept.drop(self._key(frame["unreadable"]))
        given = self._given.get(frame["encoded"]) if "encoded" in frame else None
        if given is None:
            return
        sources = [self._shown[frame["encoded"]].source]
        take_in(self._kept, self._key(frame["encoded"]), self._slots / given["keep"], sources)

    def files(self) -> list[str]:
        """What may lie in the child's folder because of this call."""
        return [*self._plain.values(), *(name for given in self._given.values() for name in given.values())]

    def _data(self, shown: Shown) -> str:
        plain = shown.plain
        if plain.name not in self._plain:
            self._plain[plain.name] = secrets.token_hex(8)
            with disk_errors(self._slots):
                (self._slots / self._plain[plain.name]).write_bytes(plain.data)
        return self._plain[plain.name]

    def _key(self, name: str) -> str:
        return hashlib.sha256(f"vectors {self._identity} {name}".encode()).hexdigest()
