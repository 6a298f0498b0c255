"""KV states of engines on disk: found again by content, dropped with the parts they were made from.

Each state is one file, `<digest>.kv`, whole or absent: the bytes, then a note, then the note's seal.

    bytes | note: {key, parts, bytes, sha256} | HMAC of the note, 32 bytes | length of the note, 4 bytes | "omnikv1"

The key lies beside the folder (`kv.key`), where no engine's process may read. A file whose seal is not of this key, or
whose bytes are others than were sealed, is removed and counts as absent; another user's counts as absent. So an engine,
or a disk, can spoil a state but not pass a wrong one off as right.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from omniloom.core.errors import StorageError
from omniloom.storage.files import (
    CHUNK,
    create,
    disk_errors,
    fresh_name,
    is_alive,
    is_left_over,
    private_folder,
    process_token,
)
from omniloom.storage.seals import SEAL_BYTES, Sealer, is_mine, is_own, open_own

log = logging.getLogger("omniloom.storage")

_TAIL = struct.Struct(f"<{SEAL_BYTES}sI8s")
_MAGIC = b"omnikv1\0"
_MOST_NOTE = 1 << 24
_MARK_SECONDS = 10.0  # how exactly the last use is known: marking it changes the times that other processes go by
_AHEAD_BYTES = 64 << 20
_TICK_NS = 20_000_000  # a change within one tick of the system's clock leaves the times as they were

_Identity = tuple[int, ...]  # of a file and its content: device, number, size, and both times of change


class KVStore:
    """A flat private folder of states, at most `cap_bytes` of them; safe from several threads and processes.

    A state is hashed when it is first looked up, not again while it is the same file with the same times. That is
    safe because nobody writes into a stored file: what an engine wrote is copied into a new one, a state is replaced
    by renaming, and a program that changes the bytes in place cannot set back the time of change (ctime). Not seen is
    what a failing disk does to a file after it was hashed and has left the system's memory, until the next process.
    """

    def __init__(self, root: Path, cap_bytes: int) -> None:
        self.root = private_folder(root)
        self.cap_bytes = cap_bytes
        self._sealer = Sealer(root.with_name(f"{root.name}.key"))
        self._looking = threading.Lock()
        self._whole: dict[Path, _Identity] = {}
        self._remove_left_over()

    def path_for(self, key: str) -> Path:
        """Where this thread may write the state of `key`; it counts from `commit` on."""
        return self.root / f"{_name(key)}.{process_token()}.{threading.get_native_id()}.partial"

    def commit(self, key: str, parts: Sequence[str], bytes: int | None = None, path: Path | None = None) -> Path | None:
        """Seal and keep what was written at `path_for(key)` (or at `path`), which goes. Returns its final place.

        parts: ids of all parts in the state. bytes: its size as the writer knows it; another size on disk is a
        StorageError and nothing is kept. None if it is larger than the whole cap. It is copied, and sealed as it is
        copied: who wrote it may still have it open.
        """
        written = path or self.path_for(key)
        final, fresh = self._final(key), fresh_name(self.root, _name(key))
        try:
            with disk_errors(self.root), open_own(written) as source:
                size = os.fstat(source.fileno()).st_size
                if bytes is not None and size != bytes:
                    raise StorageError(f"the state of {key!r} has {size} bytes on disk, {bytes} were written")
                if size > self.cap_bytes:
                    return None
                with create(fresh) as target:
                    found = {"key": key, "parts": sorted(set(parts)), "bytes": size}
                    note = json.dumps(found | {"sha256": _copied(source, target, size)}).encode()
                    target.write(note + _TAIL.pack(self._sealer.seal(note), len(note), _MAGIC))
                # Not flushed to the disk: what a power cut leaves of it has no seal that holds.
                fresh.replace(final)
        finally:
            fresh.unlink(missing_ok=True)
            written.unlink(missing_ok=True)
        self.shrink(self.cap_bytes, keep=final)
        return final

    def lookup(self, key: str, used: bool = True) -> Path | None:
        """The whole state of `key`, marked as used now if it is `used`; None if there is none. The bytes stand at its
        beginning."""
        final = self._final(key)
        try:
            looked = final.lstat()
            if not is_own(looked):
                if is_mine(looked):
                    self._remove(final)
                return None
            with self._looking, open_own(final) as file:
                if self._is_whole(final, file, key, used):
                    return final
                if final.stat().st_ino == os.fstat(file.fileno()).st_ino:  # not replaced by a good one meanwhile
                    self._remove(final)
        except OSError:
            pass
        return None

    def look_ahead(self) -> None:
        """Look up the states used last, 64 MiB of them: while weights are loaded, so that a question need not wait."""
        left = _AHEAD_BYTES
        for _, size, final in reversed(self._by_use()):
            left -= size
            if left < 0:
                return
            with contextlib.suppress(OSError), open_own(final) as file:
                note = self._note(file)
                if note is not None:
                    self.lookup(note["key"], used=False)

    def get(self, key: str) -> Path | None:
        """`lookup`, as engines call it."""
        return self.lookup(key)

    def put(self, key: str, path: Path, sources: Sequence[str] = ()) -> None:
        """`commit` of a file, as engines call it.

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
            parts = self._parts_of(final)
            if parts is None or name in parts or final == self._final(name):
                dropped += self._remove(final)
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
        self._remove_left_over()

    def _final(self, key: str) -> Path:
        return self.root / f"{_name(key)}.kv"

    def _states(self) -> Iterator[Path]:
        return iter(list(self.root.glob("*.kv")))

    def _by_use(self) -> list[tuple[float, int, Path]]:
        found: list[tuple[float, int, Path]] = []
        for final in self._states():
            with contextlib.suppress(FileNotFoundError):
                state = final.lstat()
                found.append((state.st_mtime, state.st_size, final))
        return sorted(found)

    def _remove(self, final: Path) -> int:
        self._whole.pop(final, None)
        try:
            final.unlink()
        except (FileNotFoundError, IsADirectoryError):
            return 0
        return 1

    def _is_whole(self, final: Path, file: BinaryIO, key: str, used: bool) -> bool:
        known = self._whole.get(final) == _identity(os.fstat(file.fileno()))
        if used:
            _mark_used(final, os.fstat(file.fileno()).st_mtime)
        identity = _identity(os.fstat(file.fileno()))
        if known:
            self._whole[final] = identity
            return True
        note = self._note(file)
        if note is None or note["key"] != key:
            return False
        file.seek(0)
        if _copied(file, None, note["bytes"]) != note["sha256"]:
            return False
        if time.time_ns() - identity[-1] > _TICK_NS:
            self._whole[final] = identity
        return True

    def _note(self, file: BinaryIO) -> dict[str, Any] | None:
        """What its note says, if the seal holds."""
        size = file.seek(0, os.SEEK_END)
        if size < _TAIL.size:
            return None
        file.seek(size - _TAIL.size)
        seal, length, magic = _TAIL.unpack(file.read(_TAIL.size))
        start = size - _TAIL.size - length
        if magic != _MAGIC or length > _MOST_NOTE or start < 0:
            return None
        file.seek(start)
        said = file.read(length)
        if not self._sealer.holds(said, seal):
            return None
        note = json.loads(said)
        return note if note["bytes"] == start else None

    def _parts_of(self, final: Path) -> list[str] | None:
        """None if it cannot be told: whoever forgets a part must then take it for a state of that part."""
        try:
            with open_own(final) as file:
                note = self._note(file)
        except OSError:
            return None
        return note["parts"] if note else None

    def _remove_left_over(self) -> None:
        """Remove what processes that died left behind, and the notes that once lay beside states."""
        for note in self.root.glob("*.json"):
            note.unlink(missing_ok=True)
        now = time.time()
        for partial in self.root.glob("*.partial"):
            if is_left_over(partial, now):
                partial.unlink(missing_ok=True)
        # Through these folders engines give and take states, not sealed yet: `live.<process token>.…`.
        for folder in self.root.glob("live.*.*"):
            if not is_alive(folder.name.split(".")[1]):
                shutil.rmtree(folder, ignore_errors=True)


def _name(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _identity(state: os.stat_result) -> _Identity:
    return (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _mark_used(final: Path, used: float) -> None:
    if not 0 <= time.time() - used < _MARK_SECONDS:
        with contextlib.suppress(OSError):  # a store that may only be read
            os.utime(final)


def _copied(source: BinaryIO, target: BinaryIO | None, size: int) -> str:
    """The sha256 of the next `size` bytes, which go to `target`, if there is one. Raises StorageError if they end."""
    digest, left = hashlib.sha256(), size
    while left > 0:
        if not (block := source.read(min(left, CHUNK))):
            raise StorageError(f"a state of {size} bytes ended {left} bytes early")
        digest.update(block)
        if target is not None:
            target.write(block)
        left -= len(block)
    return digest.hexdigest()
