"""The store: files by the sha256 of their content, the journal beside them, and how all of it is forgotten.

blobs/ab/abcd…   the content, mode 0600, whole or absent     incoming/   being written; cleared when its writer has died
kv/              states of engines                           journal.sqlite
"""

import contextlib
import hashlib
import io
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from omniloom.core.base import Value
from omniloom.core.errors import StorageError, TooLargeError, UnreadableError, UsageError
from omniloom.storage.files import (
    copy_hashed,
    create,
    disk_errors,
    flush,
    flush_folder,
    fresh_name,
    is_left_over,
    private_folder,
    too_large,
)
from omniloom.storage.home import cache_bytes, home, max_bytes
from omniloom.storage.journal import Journal
from omniloom.storage.kv import KVStore

_DIGEST = re.compile(r"[0-9a-f]{64}")
_IDLE_SECONDS = 600.0  # what was used within this time may be open somewhere: making room does not touch it
_SMALL_BYTES = 1 << 20  # hashing this much is quicker than looking whether it may be here


class Footprint(Value):
    """What the store holds, in bytes; `blobs` counts files."""

    blobs: int
    blob_bytes: int
    kv_bytes: int
    journal_bytes: int

    @property
    def total(self) -> int:
        return self.blob_bytes + self.kv_bytes + self.journal_bytes


class Store:
    """Safe from several threads and processes; a process killed at any moment leaves it whole.

    root: the folder; `home()` without it. Sizes are kept under OMNILOOM_CACHE_BYTES, half of it for KV states.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = private_folder(Path(root).absolute()) if root is not None else home()
        self.cap_bytes = cache_bytes()
        self._blobs = private_folder(self.root / "blobs")
        self._incoming = private_folder(self.root / "incoming")
        self.kv = KVStore(self.root / "kv", self.cap_bytes // 2)
        self.journal = Journal(self.root / "journal.sqlite")
        self._grown: int | None = None
        self._clean_incoming()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.journal.close()

    def put(self, data: bytes | Path) -> str:
        """Keep the content; returns its sha256. Nothing is written if it is already here.

        Raises UnreadableError (missing, a folder, not a plain file), TooLargeError, StorageError (disk full).
        """
        return self.put_counted(data)[0]

    def put_counted(self, data: bytes | Path) -> tuple[str, int, bool]:
        """`put`, which also tells the size in bytes, and whether the content is new."""
        if isinstance(data, Path):
            with open_plain(data) as file:
                return self._put(file, os.fstat(file.fileno()).st_size, data.name)
        if len(data) >= max_bytes():
            raise too_large("these bytes", len(data), max_bytes())
        return self._put(io.BytesIO(data), len(data), "these bytes")

    def has(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def path(self, digest: str) -> Path:
        """Where the content lies, marked as used now. Raises StorageError if it is not here."""
        place = self._path(digest)
        try:
            os.utime(place)
        except FileNotFoundError:
            raise StorageError(
                f"the content {digest[:12]} is no longer stored",
                hint="give the file again; it was forgotten or evicted",
            ) from None
        except PermissionError:
            pass  # a store that may only be read
        return place

    def get(self, digest: str) -> bytes:
        """The content. Raises StorageError if it is missing, or is not what was put in (a damaged disk)."""
        place = self.path(digest)
        content = place.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            place.unlink(missing_ok=True)
            raise StorageError(f"the stored content {digest[:12]} was damaged", hint="give the file again")
        return content

    def footprint(self) -> Footprint:
        blobs = self._by_use()
        return Footprint(
            blobs=len(blobs),
            blob_bytes=sum(size for _, size, _ in blobs),
            kv_bytes=self.kv.size(),
            journal_bytes=self.journal.size(),
        )

    def size(self) -> int:
        """Bytes of everything kept: contents, KV states, journal."""
        return self.footprint().total

    def shrink(self, cap_bytes: int, *, idle_seconds: float = 0.0) -> None:
        """Remove what was used longest ago until at most `cap_bytes` are kept: half of it for KV states at most,
        a quarter for the journal at most. Contents used within `idle_seconds` stay."""
        self.kv.shrink(cap_bytes // 2)
        if self.journal.size() > cap_bytes // 4:
            self.journal.shrink(cap_bytes // 4)
        blobs = self._by_use()
        total = sum(size for _, size, _ in blobs) + self.kv.size() + self.journal.size()
        for used, size, place in blobs:
            if total <= cap_bytes or used > time.time() - idle_seconds:
                break
            with self._lock(), contextlib.suppress(FileNotFoundError):
                if place.stat().st_mtime == used:  # not used again since we looked
                    place.unlink()
                    total -= size

    def clear(self) -> None:
        """Remove everything kept. Weights are not kept here and stay."""
        self.journal.clear()
        self.kv.clear()
        with self._lock():
            for _, _, place in self._by_use():
                place.unlink(missing_ok=True)
        self._clean_incoming()

    def forget(self, part_id: str) -> dict[str, int]:
        """Remove the content of the part and everything made from it; returns how many things of each kind went."""
        gone, derived = self.journal.forget(part_id)
        gone["kv"] = self.kv.drop(part_id)
        gone["blobs"] = 0
        with self._lock():
            for digest in (part_id, *derived):
                if _DIGEST.fullmatch(digest) and self.has(digest):
                    self._path(digest).unlink(missing_ok=True)
                    gone["blobs"] += 1
        self._clean_incoming()
        return gone

    def discard(self, digest: str) -> None:
        """Remove one content from which nothing was made."""
        with self._lock():
            self._path(digest).unlink(missing_ok=True)

    def _put(self, source: BinaryIO, size: int, name: str) -> tuple[str, int, bool]:
        limit = max_bytes()
        if size >= limit:
            raise too_large(name, size, limit)
        if size <= _SMALL_BYTES or any(kept == size for _, kept, _ in self._by_use()):
            # It may be here: hash first, write nothing. What was hashed is what is stored, even if the file changes.
            digest, count = copy_hashed(source, None, limit, name)
            with self._lock():
                known = self._touch_whole(digest, count)
            if known:
                self._make_room(0)  # answers about known files fill the journal too
                return digest, count, False
            source.seek(0)
        fresh = fresh_name(self._incoming)
        try:
            digest, count = self._write(source, fresh, limit, name)
            place = self._path(digest)
            with disk_errors(self.root), self._lock():
                if self._touch_whole(digest, count):
                    return digest, count, False
                private_folder(place.parent)
                fresh.replace(place)
                flush_folder(place.parent)
        finally:
            fresh.unlink(missing_ok=True)
        self._make_room(count)
        return digest, count, True

    def _write(self, source: BinaryIO, fresh: Path, limit: int, name: str) -> tuple[str, int]:
        with disk_errors(self.root), create(fresh) as target:
            digest, count = copy_hashed(source, target, limit, name)
            flush(target)
        return digest, count

    def _touch_whole(self, digest: str, size: int) -> bool:
        """True, and marked as used, if the content is here with the size it should have."""
        place = self._path(digest)
        try:
            if place.stat().st_size != size:
                return False
            os.utime(place)
        except OSError:
            return False
        return True

    def _make_room(self, added: int) -> None:
        """Look at the sizes on the first content, then whenever a twentieth of the cap has been added."""
        self._grown = None if self._grown is None else self._grown + added
        if self._grown is None or self._grown > self.cap_bytes // 20:
            self.shrink(self.cap_bytes, idle_seconds=_IDLE_SECONDS)
            self._grown = 0

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise UsageError(f"{digest!r} is not a sha256 digest in lower-case hex")
        return self._blobs / digest[:2] / digest

    def _by_use(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, place) of each content, oldest first."""
        found: list[tuple[float, int, Path]] = []
        for place in self._blobs.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                state = place.stat()
                found.append((state.st_mtime, state.st_size, place))
        return sorted(found)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Between looking at a content and using or removing it, no other process removes or uses it."""
        from filelock import FileLock

        with disk_errors(self.root), FileLock(self.root / "blobs.lock", mode=0o600):
            yield

    def _clean_incoming(self) -> None:
        now = time.time()
        for partial in self._incoming.glob("*.partial"):
            if is_left_over(partial, now):
                partial.unlink(missing_ok=True)


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading, never a folder, pipe or device. Raises UnreadableError."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            hint = "give its files; Model.batch asks the same of each file of a folder"
            raise UnreadableError(f"{str(path)!r} is a folder", hint=hint)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise UnreadableError(
            f"{str(path)!r} does not exist", hint=f"check the path; relative ones start from {str(Path.cwd())!r}"
        ) from None
    except PermissionError:
        raise UnreadableError(f"{str(path)!r} may not be read", hint="check its permissions") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{str(path)!r} cannot be opened: {error}", hint="check the path") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableError(f"{str(path)!r} is not a plain file", hint="write its content into a file first")
    return os.fdopen(descriptor, "rb")


def digest_of(path: Path) -> str:
    """The id a file would have as a part, without storing it. Raises UnreadableError, TooLargeError."""
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size >= max_bytes():
            raise TooLargeError(f"{path.name!r} has {size} bytes", hint="raise OMNILOOM_MAX_BYTES")
        return copy_hashed(file, None, max_bytes(), path.name)[0]
