"""Start a child interpreter with a small environment and pipes of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from omniloom.core.errors import IsolationError
from omniloom.isolation.limits import allowed_threads

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


def environment(folder: Path, threads: int) -> dict[str, str]:
    """Nothing of the parent's environment but what the loader needs: keys and tokens stay with the parent."""
    kept = {key: os.environ[key] for key in _PASSED if key in os.environ}
    count = {key: str(allowed_threads(threads)) for key in _THREADS}
    own = {key: str(folder) for key in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME", "USERPROFILE")}
    return kept | count | own | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "LC_ALL": "C.UTF-8"}


class _Spawner:
    """One thread that lasts as long as the process: Linux ends a child with the thread that started it.

    A daemon, not a pool: a pool's threads end with the main thread, while other threads of the user still ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._owner = 0

    def run(self, function: Callable[[], _T]) -> _T:
        future: Future[_T] = Future()
        with self._lock:
            if self._owner != os.getpid():  # threads do not survive a fork
                self._orders = SimpleQueue()
                threading.Thread(target=_serve, args=(self._orders,), name="omniloom-spawn", daemon=True).start()
                self._owner = os.getpid()
            self._orders.put((future, function))
        return future.result()


def _serve(orders: "SimpleQueue[tuple[Future[Any], Callable[[], Any]]]") -> None:
    while True:
        future, function = orders.get()
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)
        del future, function  # nothing of an order is held until the next one


_from_lasting_thread = _Spawner().run
