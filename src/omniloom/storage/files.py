"""Files that are private, whole or absent, and that say clearly when the disk refuses them."""

import contextlib
import errno
import functools
import hashlib
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from omniloom.core.errors import StorageError, TooLargeError, UnreadableError

CHUNK = 1 << 20
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
STALE_SECONDS = 24 * 3600.0


@contextlib.contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn an OSError of writing into `place` into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            hint = "free some space, run `omniloom cache clear`, or set OMNILOOM_HOME to another disk"
        elif error.errno in _FORBIDDEN:
            hint = "make it writable, or set OMNILOOM_HOME to a folder of yours"
        else:
            hint = "check the disk, or set OMNILOOM_HOME to another one"
        raise StorageError(f"cannot write into {str(place)!r}: {reason}", hint=hint) from error


def private_folder(path: Path) -> Path:
    """`path` as a folder, made with mode 0700 if it is missing; an existing folder keeps its mode."""
    with disk_errors(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def fresh_name(folder: Path, stem: str = "") -> Path:
    """A path in `folder` that nobody else writes; `is_left_over` tells later whether its writer has died."""
    return folder / f"{stem}{'.' if stem else ''}{process_token()}.{uuid.uuid4().hex[:12]}.partial"


def create(path: Path) -> BinaryIO:
    """A new file of mode 0600, whatever the umask; an existing one is an error."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600)
    return os.fdopen(descriptor, "wb")


def copy_hashed(source: BinaryIO, target: BinaryIO | None, limit: int, name: str) -> tuple[str, int]:
    """Stream `source` into `target`; returns (sha256, bytes) of exactly what was written.

    Raises TooLargeError as soon as `limit` bytes are reached: the file may grow after its size was looked at;
    UnreadableError where the source's disk fails.
    """
    digest, size = hashlib.sha256(), 0
    while block := _read(source, name):
        size += len(block)
        if size >= limit:
            raise too_large(name, size, limit)
        digest.update(block)
        if target is not None:
            target.write(block)
    return digest.hexdigest(), size


def _read(source: BinaryIO, name: str) -> bytes:
    try:
        return source.read(CHUNK)
    except OSError as error:
        raise UnreadableError(f"{name!r} cannot be read: {error.strerror}", hint="check the disk it is on") from error


def too_large(name: str, size: int, limit: int) -> TooLargeError:
    return TooLargeError(
        f"{name!r} has {size / 1e9:.2f} GB or more; the limit is {limit / 1e9:.2f} GB",
        hint="split the file, or raise OMNILOOM_MAX_BYTES",
    )


def flush(file: BinaryIO) -> None:
    """Make what was written survive a crash of the machine."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a crash of the machine. Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that it is there as a whole or not at all."""
    fresh = fresh_name(path.parent, path.name)
    try:
        with create(fresh) as file:
            file.write(content)
            flush(file)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def is_left_over(path: Path, now: float) -> bool:
    """True for a `fresh_name` file whose process has died, or that is a day old."""
    fields = path.name.split(".")
    if fields[-1] != "partial" or len(fields) < 3:
        return False
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return False
    return age > STALE_SECONDS or not is_alive(fields[-3])


def process_token() -> str:
    """Names this process, on this boot of this machine; without dots."""
    return _token_of(os.getpid())


def is_alive(token: str) -> bool:
    """True while the process that `process_token` named runs; a reused process id is not mistaken for it."""
    number = token.split("-")[0]
    if not number.isdigit():
        return False
    if sys.platform == "win32":
        return True  # signal 0 ends a process there; what the dead leave is cleared by its age
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return _token_of(int(number)) == token


def _token_of(pid: int) -> str:
    return f"{pid}-{_start_of(pid)}-{_boot()}"


def _start_of(pid: int) -> str:
    """When the process started, in clock ticks since boot (field 22 of proc(5) stat); "0" where that is not told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


@functools.cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "0"
