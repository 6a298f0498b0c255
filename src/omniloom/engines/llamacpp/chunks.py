"""The files through which the cells of one call's passages come and go: what is spliced (loop/splices.py)."""

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.prompt import Passage, Prompt
from omniloom.engines.llamacpp.states import Kept, shown_to_child, take_in


class Chunks:
    """Cells are kept like a KV state: by their tokens and what computed them, sealed by the parent.

    They hold something of all that stood before them where they were computed: so they are forgotten with any of those
    sources, and are never used for another user, who has another store.
    """

    def __init__(self, kept: Kept, identity: str, prompt: Prompt, slots: Path) -> None:
        self._kept, self._prompt, self._slots = kept, prompt, slots
        self._read_by = f"{identity} adapter {prompt.adapter}"
        self._given: dict[int, tuple[Passage, dict[str, Any]]] = {}

    def asked(self, tokens: int, places: bool) -> list[dict[str, Any]]:
        """Those that end within the first `tokens`. places: what is kept may be used; else all is computed."""
        for passage in (each for each in self._prompt.passages if each.end < tokens):
            chunk: dict[str, Any] = {"start": passage.start, "end": passage.end}
            path = self._kept.get(self._key(passage))
            if path is None:
                chunk["keep"] = secrets.token_hex(8)
            elif places:
                chunk["stored"] = shown_to_child(path, self._slots)
            self._given[passage.end] = (passage, chunk)
        return [chunk for _, chunk in self._given.values()]

    def heard(self, frame: dict[str, Any]) -> None:
        """What the child says of them; it is not trusted, only copied and sealed."""
        if "unplaced" in frame and frame["unplaced"] in self._given:
            self._kept.drop(self._key(self._given[frame["unplaced"]][0]))
        passage, chunk = self._given.get(frame.get("lifted"), (None, {}))  # type: ignore[arg-type]
        if passage is None or "keep" not in chunk:
            return
        before = list(dict.fromkeys(self._prompt.sources[: passage.sources]))
        take_in(self._kept, self._key(passage), self._slots / chunk.pop("keep"), before)

    def files(self) -> list[str]:
        """What may lie in the child's folder because of this call."""
        return [chunk[name] for _, chunk in self._given.values() for name in ("stored", "keep") if name in chunk]

    def _key(self, passage: Passage) -> str:
        material = json.dumps([self._read_by, self._prompt.tokens[passage.start : passage.end]])
        return hashlib.sha256(f"chunk {material}".encode()).hexdigest()
