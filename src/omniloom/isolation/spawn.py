"""Start a child interpreter with a private folder, a small environment and pipes of its own."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from omniloom.core.errors import IsolationError

_T = TypeVar("_T")
_PASSED = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "TZ") + (
    ("PATH",) if os.name == "nt" else ()
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS")


def start(entry: Path, folder: Path, threads: int) -> "subprocess.Popen[bytes]":
    """A fresh interpreter that runs `entry` in `folder`, in a session of its own; nothing is inherited but pipes."""
    if not sys.executable:
        raise IsolationError("this Python does not know its own executable, so no child process can be started")
    command = [sys.executable, "-I", "-B", "-X", "utf8", str(entry)]

    def spawn() -> "subprocess.Popen[bytes]":
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            bufsize=0,
            cwd=folder,
            env=environment(folder, threads),
            close_fds=True,
            start_new_session=os.name == "posix",
        )

    try:
        return _from_lasting_thread(spawn)
    except OSError as error:
        raise IsolationError(f"a child process could not be started: {error}") from error


def private_folder() -> Path:
    """A folder of the child's own, readable by the user alone; `remove` it after."""
    return Path(tempfile.mkdtemp(prefix="omniloom-")).resolve()


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


def environment(folder: Path, threads: int) -> dict[str, str]:
    """Nothing of the parent's environment but what the loader needs: keys and tokens stay with the parent."""
    kept = {key: os.environ[key] for key in _PASSED if key in os.environ}
    count = {key: str(threads) for key in _THREADS}
    own = {key: str(folder) for key in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "USERPROFILE")}
    return kept | count | own | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "LC_ALL": "C.UTF-8"}


class _Spawner:
    """One thread that lasts as long as the process: Linux ends a child with the thread that started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._owner = 0

    def run(self, function: Callable[[], _T]) -> _T:
        with self._lock:
            if self._pool is None or self._owner != os.getpid():  # threads do not survive a fork
                self._pool, self._owner = ThreadPoolExecutor(1, "omniloom-spawn"), os.getpid()
            future = self._pool.submit(function)
        return future.result()


_from_lasting_thread = _Spawner().run
