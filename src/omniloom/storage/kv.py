"""KV states of engines on disk: found again by content, dropped with the parts they were made from.

Each state is two files: `<digest>.kv`, and `<digest>.json` that says which parts it was made from. The second is
written first, so a state whose parts are unknown never exists.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from omniloom.core.errors import StorageError
from omniloom.storage.files import disk_errors, is_alive, is_left_over, private_folder, process_token, write_whole

log = logging.getLogger("omniloom.storage")


class KVStore:
    """A flat private folder of states, at most `cap_bytes` of them; safe from several threads and processes."""

    def __init__(self, root: Path, cap_bytes: int) -> None:
        self.root = private_folder(root)
        self.cap_bytes = cap_bytes
        self._remove_left_over()

    def path_for(self, key: str) -> Path:
        """Where this thread shall write the state of `key`, in the folder of `lookup`; it counts from `commit` on."""
        return self.root / f"{_name(key)}.{process_token()}.{threading.get_native_id()}.partial"

    def commit(self, key: str, parts: Sequence[str], bytes: int | None = None, path: Path | None = None) -> Path | None:
        """Keep what was written at `path_for(key)` (or at `path`, in the same folder). Returns its final place.

        parts: ids of all parts in the state. bytes: its size as the writer knows it; another size on disk is a
        StorageError and nothing is kept. None if it is larger than the whole cap.
        """
        written = path or self.path_for(key)
        final = self._final(key)
        try:
            with disk_errors(self.root):
                size = written.stat().st_size
                if bytes is not None and size != bytes:
                    raise StorageError(f"the state of {key!r} has {size} bytes on disk, {bytes} were written")
                if size > self.cap_bytes:
                    return None
                written.chmod(0o600)
                with written.open("rb+") as file:
                    os.fsync(file.fileno())
                note = {"key": key, "parts": sorted(set(parts)), "bytes": size}
                write_whole(final.with_suffix(".json"), json.dumps(note).encode())
                written.replace(final)
        finally:
            written.unlink(missing_ok=True)
        self.shrink(self.cap_bytes, keep=final)
        return final

    def lookup(self, key: str) -> Path | None:
        """The whole state of `key`, marked as used now; None if there is none."""
        final = self._final(key)
        try:
            note = json.loads(final.with_suffix(".json").read_bytes())
            if final.stat().st_size != note["bytes"]:
                return None
            os.utime(final)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return final

    def get(self, key: str) -> Path | None:
        """`lookup`, as engines call it."""
        return self.lookup(key)

    def put(self, key: str, path: Path, sources: Sequence[str] = ()) -> None:
        """`commit` of a whole file, as engines call it; `path` is on the same disk as the folder.

        A full disk is logged, not raised: the next call loses time, this one not its answer.
        """
        try:
            self.commit(key, sources, path=path)
        except StorageError as error:
            log.warning("a document's state was not kept: %s", error)

    def drop(self, name: str) -> int:
        """Remove every state that holds the part `name`, the state whose key is `name`, and whatever cannot say what
        it holds. Returns how many."""
        dropped = 0
        for final in self._states():
            parts = _parts_of(final.with_suffix(".json"))
            if parts is None or name in parts or final == self._final(name):
                dropped += self._remove(final)
        for note in self.root.glob("*.json"):  # of a state whose writer died before it was there, or was gone first
            if not note.with_suffix(".kv").exists() and name in (_parts_of(note) or [name]):
                note.unlink(missing_ok=True)
        self._remove_left_over()
        return dropped

    def size(self) -> int:
        """Bytes of all states."""
        return sum(size for _, size, _ in self._by_use())

    def shrink(self, cap_bytes: int, keep: Path | None = None) -> None:
        """Remove the states used longest ago until at most `cap_bytes` are left."""
        states = self._by_use()
        total = sum(size for _, size, _ in states)
        for _, size, final in states:
            if total <= cap_bytes:
                return
            if final != keep:
                self._remove(final)
                total -= size

    def clear(self) -> None:
        """Remove all states."""
        for final in self._states():
            self._remove(final)
        for note in self.root.glob("*.json"):
            note.unlink(missing_ok=True)
        self._remove_left_over()

    def _final(self, key: str) -> Path:
        return self.root / f"{_name(key)}.kv"

    def _states(self) -> Iterator[Path]:
        return iter(list(self.root.glob("*.kv")))

    def _by_use(self) -> list[tuple[float, int, Path]]:
        found: list[tuple[float, int, Path]] = []
        for final in self._states():
            with contextlib.suppress(FileNotFoundError):
                state = final.stat()
                found.append((state.st_mtime, state.st_size, final))
        return sorted(found)

    def _remove(self, final: Path) -> int:
        try:
            final.unlink()
        except FileNotFoundError:
            return 0
        final.with_suffix(".json").unlink(missing_ok=True)
        return 1

    def _remove_left_over(self) -> None:
        """Remove what processes that died were writing."""
        now = time.time()
        for partial in self.root.glob("*.partial"):
            if is_left_over(partial, now):
                partial.unlink(missing_ok=True)
        # Engines write in folders `live-<process id>-…` beside the states.
        for folder in self.root.glob("live-*"):
            if not is_alive(folder.name.split("-")[1], exact=False):
                shutil.rmtree(folder, ignore_errors=True)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _parts_of(note: Path) -> list[str] | None:
    try:
        parts = json.loads(note.read_bytes())["parts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return parts if isinstance(parts, list) else None
