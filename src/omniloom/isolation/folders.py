"""The private folder of a child: made, removed, and removed by the next process if its own was killed."""

import contextlib
import os
import secrets
import sys
import tempfile
from pathlib import Path

_swept: set[tuple[int, str]] = set()


def private_folder() -> Path:
    """A folder of the child's own, readable by the user alone; `remove` it after.

    Its name tells whose it is. What killed processes left, which may hold content of the user's files, is removed
    once per process.
    """
    place = tempfile.gettempdir()
    if (os.getpid(), place) not in _swept:
        _swept.add((os.getpid(), place))
        _sweep(Path(place))
    return Path(tempfile.mkdtemp(prefix=f"{_owner(os.getpid())}-")).resolve()


def remove(folder: Path) -> None:
    """The folder and what a child left in it, however deep and whatever its modes; links are not followed.

    What stands in a folder is moved up before the folder is removed, so no path grows and nothing recurses.
    """
    number, free = 0, secrets.token_hex(8)
    with contextlib.suppress(OSError):
        while entries := list(os.scandir(folder)):
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    Path(entry.path).unlink()
                    continue
                Path(entry.path).chmod(0o700)
                for inner in list(os.scandir(entry.path)):
                    if inner.is_dir(follow_symlinks=False):
                        Path(inner.path).chmod(0o700)
                    number += 1
                    Path(inner.path).rename(folder / f"{free} {number}")
                Path(entry.path).rmdir()
        folder.rmdir()


def _sweep(place: Path) -> None:
    """Remove folders of processes that died: ours by the owner of the folder, and numbered as ours are."""
    if not sys.platform.startswith("linux"):
        return  # whether a process lives is asked of /proc
    with contextlib.suppress(OSError):
        for entry in os.scandir(place):
            fields = entry.name.split("-")
            if len(fields) != 5 or fields[0] != "omniloom" or not fields[2].isdecimal():
                continue
            if not entry.is_dir(follow_symlinks=False) or entry.stat(follow_symlinks=False).st_uid != os.getuid():
                continue
            if fields[1] == _namespace() and fields[3] != _start_of(int(fields[2])):
                remove(Path(entry.path))


def _owner(pid: int) -> str:
    """omniloom-namespace-pid-start: no other process is ever called so on this boot."""
    return f"omniloom-{_namespace()}-{pid}-{_start_of(pid)}"


def _namespace() -> str:
    """In which numbering of processes a pid stands: containers may share a folder."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _start_of(pid: int) -> str:
    """When the process started, in clock ticks since boot (field 22 of proc(5) stat); "0" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"
