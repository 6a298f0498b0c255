"""A child with a model in it: started when first needed, counted when it dies, started again, ended with its owner."""

import contextlib
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from threading import Event as Flag

from omniloom.core.base import Value
from omniloom.core.errors import CancelledError, EngineError, OmniloomError, UsageError, WeightsError
from omniloom.isolation import Child, Limits

POLL = 0.02
_DEATHS_IN_A_ROW = 3
_LOAD_SECONDS, _LOAD_BYTES = 120.0, 20e6  # what loading may take: so long, and a second for so many bytes
_LAST_WORDS = 1.0  # seconds: what the library printed may come after the news that it failed


class Settings(Value):
    """How the child runs the model. context, batch: tokens. threads: of the computation."""

    context: int
    batch: int
    threads: int
    embedding: bool = False


class Lost(Exception):
    """The child ended while a call was in it; `words` says what it printed last, `child` which one it was."""

    def __init__(self, words: str, child: int = 0) -> None:
        super().__init__(words)
        self.child = child


class Process:
    """One child at a time. Safe to use from several threads. Subclasses say what runs in it and how it is spoken to."""

    def __init__(self, model: Path, settings: Settings, slots: Path) -> None:
        self.slots = slots
        self._model, self._settings = model, settings
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._starting: Future[None] | None = None
        self._closed = False
        self._deaths = 0
        self._mourned = 0

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.alive() else None

    def ensure(self, cancel: Flag | None = None) -> None:
        """Wait until the child is ready. Raises WeightsError, EngineError, CancelledError."""
        with self._lock:
            if self._closed:
                raise UsageError("the engine is closed")
            if self._starting is None or (self._starting.done() and self.pid is None):
                self._starting = Future()
                threading.Thread(target=self._start, args=(self._starting,), daemon=True).start()
            starting = self._starting
        while True:
            try:
                return starting.result(timeout=POLL)
            except NotYet:
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the call was cancelled while the model was loading") from None

    def worked(self) -> None:
        """A call came to its end: earlier deaths no longer count."""
        self._deaths = 0

    def died(self, lost: Lost) -> None:
        """Count a death, once however many calls it ended. Raises EngineError once it dies again and again."""
        with self._lock:
            if lost.child and lost.child == self._mourned:
                return
            self._mourned = lost.child
            self._deaths += 1
            if self._deaths < _DEATHS_IN_A_ROW:
                return
            self._deaths = 0
        raise EngineError(f"the engine's process died {_DEATHS_IN_A_ROW} times in a row: {str(lost)[-600:]!r}")

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Ends the child, also one that is still loading."""
        with self._lock:
            self._closed = True
            starting = self._starting
        while starting is not None and not starting.done():
            self.kill()
            with contextlib.suppress(Exception):
                starting.result(timeout=POLL)
        self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.close()
        self._child = None

    def _start(self, result: "Future[None]") -> None:
        late = threading.Event()
        limit = _LOAD_SECONDS + self._size() / _LOAD_BYTES
        watch = threading.Timer(limit, self._too_late, [late])
        watch.daemon = True
        try:
            self._end()
            watch.start()
            self._launch()
            watch.cancel()
            result.set_result(None)
        except BaseException as error:
            watch.cancel()
            slow = WeightsError(f"the engine did not load {self._model.name!r} within {limit:.0f} s")
            result.set_exception(slow if late.is_set() else error)

    def _too_late(self, late: Flag) -> None:
        late.set()
        self.kill()

    def _size(self) -> int:
        return self._model.stat().st_size if self._model.exists() else 0

    def _launch(self) -> None:
        """Start the child and wait until it is ready."""
        raise NotImplementedError

    def _limits(self) -> Limits:
        return Limits(
            memory_bytes=None,
            cpu_seconds=None,
            wall_seconds=None,
            file_bytes=None,
            output_bytes=None,
            threads=self._settings.threads,
        )

    def _load_error(self, error: OmniloomError, beside: Path | None = None, what: str = "projector") -> WeightsError:
        """beside: the projector or adapter that was loaded last."""
        tail = self._child.stderr_tail(_LAST_WORDS).strip() if self._child is not None else ""
        lines = [line for line in tail.splitlines() if " E " in line or "rror" in line]
        why = "; ".join([error.message[:200], "; ".join(lines[-3:])[-400:]])
        loaded, hint = repr(self._model.name), "is it a language model?"
        if beside is not None:
            loaded, hint = f"{loaded} with {beside.name!r}", f"take the {what} that was published with this model"
        return WeightsError(f"the engine cannot load {loaded}: {why}", hint=hint)

    def _lost(self, child: Child | None, why: str) -> Lost:
        """What ended, with its last words."""
        if child is None:
            return Lost(why)
        deadline = time.monotonic() + 1.0
        while child.alive() and time.monotonic() < deadline:
            time.sleep(POLL)  # the connection closes a moment before the process is gone
        child.kill()
        return Lost(child.stderr_tail().strip() or why, child.pid)
