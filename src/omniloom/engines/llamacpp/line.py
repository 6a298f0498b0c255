"""The parent's side of the child that runs the loop: frames both ways, any number of calls at once."""

import contextlib
import itertools
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import CancelledError, EngineError, IsolationError, OmniloomError, TooLargeError, WeightsError
from omniloom.engines.llamacpp import host
from omniloom.engines.llamacpp.beside import Drafter
from omniloom.engines.llamacpp.process import POLL, Lost, Process, Settings
from omniloom.isolation import Child, Limits
from omniloom.isolation.reasons import from_frame

log = logging.getLogger("omniloom.engines")
_TARGET = "omniloom.engines.llamacpp.loop.inside:run"
_JOIN_SECONDS = 5.0
_NAME = re.compile(r"[0-9a-f]{16}")
_Inbox = SimpleQueue[dict[str, Any] | None]


class Line(Process):
    """template: the model's chat template. pooling: of an embedding model. at_once: sequences computed side by side.
    together: their answers share steps. splice: cells of passages may come from other texts. projector: beside the
    model, and `kinds`, what its header says it takes. draft: a draft model. adapters: LoRA adapters by the names that
    sequences give."""

    def __init__(
        self,
        model: Path,
        settings: Settings,
        slots: Path,
        *,
        template: str,
        pooling: int | None,
        at_once: int,
        together: bool = False,
        splice: bool = False,
        projector: Path | None = None,
        kinds: Sequence[str] = (),
        draft: Drafter | None = None,
        adapters: Mapping[str, Path] | None = None,
    ) -> None:
        super().__init__(model, settings, slots)
        self._told: dict[str, Any] = {"template": template, "pooling": pooling, "at_once": at_once}
        self._told |= {"together": together, "splice": splice}
        self._told |= {"projector": str(projector) if projector else "", "kinds": sorted(kinds)}
        self._told |= {"draft": str(draft.path) if draft else "", "draft_context": draft.context if draft else 0}
        self._projector, self._adapters = projector, dict(adapters or {})
        self._told["adapters"] = {name: str(path) for name, path in self._adapters.items()}
        self.draft = draft
        self._beside = [path for path in (projector, draft.path if draft else None) if path is not None]
        self._beside += self._adapters.values()
        self._wire: _Wire | None = None
        self.on_measured: Callable[[dict[str, Any]], None] = lambda _: None  # for any thread

    def post(self, path: str, body: dict[str, Any], cancel: Flag | None = None) -> Any:
        """One short question. Raises Lost, EngineError, CancelledError."""
        return next(self._frames({"ask": path, "body": body}, cancel, "answer"))["answer"]

    def run(self, sequence: dict[str, Any], cancel: Flag | None) -> Iterator[dict[str, Any]]:
        """The frames of one sequence, up to and with its end; leaving early stops its computation at once."""
        return self._frames({"run": sequence}, cancel, "ended")

    def busy(self) -> bool:
        """Whether anything is computed."""
        return bool(self.post("/busy", {})["busy"])

    def _frames(self, frame: dict[str, Any], cancel: Flag | None, last: str) -> Iterator[dict[str, Any]]:
        wire = self._wire
        if wire is None:
            raise Lost("the engine's process is not running")
        ended = False
        key, inbox = wire.ask(frame)
        try:
            while not ended:
                told = wire.next(inbox, cancel)
                if told is None:
                    raise self._lost(wire.child, wire.why)
                ended = last in told or "refused" in told
                if "refused" in told:
                    raise from_frame(told["refused"], Limits())
                yield told
        finally:
            wire.leave(key, ended)

    def _size(self) -> int:
        return super()._size() + sum(path.stat().st_size for path in self._beside if path.exists())

    def _launch(self) -> None:
        """Once more where it crashes before it listens: one start in a thousand or so does under load, and the same
        files then load (docs/PROGRESS.md). Files that crash it do so again."""
        try:
            self._begin()
        except WeightsError as error:
            if "SIGSEGV" not in str(error.__cause__):
                raise
            tail = self._child.stderr_tail() if self._child is not None else ""
            log.warning("the engine's process crashed before it listened, and is started once more: %s", tail)
            self._end()
            self._begin()

    def _begin(self) -> None:
        payload = self._settings.model_dump() | self._told
        payload |= {"model": str(self._model), "slots": str(self.slots), "memory": _free_memory()}
        self._child = Child(
            _TARGET,
            payload,
            readable=[self._model, self.slots.parent, *self._beside],
            writable=[self.slots],
            limits=self._limits(),
        )
        self._listening(self._child)
        self._wire = _Wire(self._child, self.slots, lambda frame: self.on_measured(frame))

    def _listening(self, child: Child) -> None:
        """Wait until it listens. Before, it says which adapter it tries, for that may end it."""
        beside, what = self._projector, "projector"
        try:
            while (told := child.receive()) is not None and "adapter" in told:
                beside, what = self._adapters.get(str(told["adapter"]), beside), "adapter"
        except (IsolationError, EngineError, TooLargeError) as error:
            raise self._load_error(error, beside, what) from error
        if told is None:
            raise EngineError("the engine's process ended before it listened")

    def _end(self) -> None:
        if self._wire is not None:
            self._wire.end()
        super()._end()
        self._wire = None


class _Wire:
    """One child's pipe. A thread of its own sends, for a child that is stopped reads nothing; another one hears."""

    def __init__(self, child: Child, slots: Path, on_measured: Callable[[dict[str, Any]], None]) -> None:
        self.child, self.why, self._on_measured = child, "", on_measured
        self._slots = slots
        self._numbers = itertools.count(1)
        self._calls: dict[str, _Inbox] = {}
        self._outgoing: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._ended = False
        self._heard = self._pinged = time.monotonic()
        works = (self._send, self._hear)
        self._threads = [threading.Thread(target=work, daemon=True, name="omniloom-wire") for work in works]
        for thread in self._threads:
            thread.start()

    def ask(self, frame: dict[str, Any]) -> tuple[str, _Inbox]:
        """Say it; the answers come to the inbox, and None if the child ends first."""
        inbox: _Inbox = SimpleQueue()
        with self._lock:
            key = str(next(self._numbers))
            self._calls[key] = inbox
            if self._ended:
                inbox.put(None)
            elif len(self._calls) == 1:
                self._heard = self._pinged = time.monotonic()  # nobody listened before: its silence meant nothing
        self._outgoing.put({"id": key, **frame})
        return key, inbox

    def next(self, inbox: _Inbox, cancel: Flag | None) -> dict[str, Any] | None:
        """Raises CancelledError within 0.02 s of `cancel`. A child that does not even answer a ping is ended."""
        while True:
            if cancel is not None and cancel.is_set():
                raise CancelledError("the call was cancelled")
            with contextlib.suppress(Empty):
                return inbox.get(timeout=POLL)
            self._watch()

    def leave(self, key: str, ended: bool) -> None:
        with self._lock:
            self._calls.pop(key, None)
        if not ended:
            self._outgoing.put({"drop": key})

    def end(self) -> None:
        """End the child, and wait until nobody reads from its pipes: their descriptors may then be closed."""
        self.child.kill()
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)

    def _watch(self) -> None:
        now, limit = time.monotonic(), host._SILENT_SECONDS
        if now - self._heard > limit:
            self.child.kill()
        elif now - max(self._heard, self._pinged) > limit / 2:
            self._pinged = now
            self._outgoing.put({"ping": 0})

    def _send(self) -> None:
        with contextlib.suppress(OmniloomError):
            while (frame := self._outgoing.get()) is not None:
                self.child.send(frame)

    def _hear(self) -> None:
        try:
            while (frame := self.child.receive()) is not None:
                self._heard = time.monotonic()
                self._deliver(frame)
        except (OmniloomError, OSError, ValueError) as error:
            self.why = str(error)
        with self._lock:
            self._ended = True
            for inbox in self._calls.values():
                inbox.put(None)
        self._outgoing.put(None)

    def _deliver(self, frame: dict[str, Any]) -> None:
        with self._lock:
            inbox = self._calls.get(str(frame.get("id")))
        if inbox is not None:
            inbox.put(frame)
        elif "id" not in frame:
            self._on_measured(frame)
        elif not {"kept", "encoded", "lifted"}.isdisjoint(frame) and _NAME.fullmatch(name := str(frame.get("name"))):
            (self._slots / name).unlink(missing_ok=True)  # nobody waits for this state any more


def _free_memory() -> int:
    """Bytes; 0 if the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
