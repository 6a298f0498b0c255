"""Run Python that a model wrote, in a strict child, and say what came of it."""

import threading
import time
from pathlib import Path
from typing import Any, Literal

from omniloom.core.base import Value
from omniloom.core.errors import CancelledError, IsolationError, OmniloomError, TooLargeError, UnsupportedError
from omniloom.isolation.child import Child
from omniloom.isolation.level import level
from omniloom.isolation.limits import KIB, MIB, Level, Limits

PROGRAM_LIMITS = Limits(
    memory_bytes=512 * MIB,
    cpu_seconds=10,
    wall_seconds=15,
    output_bytes=4 * MIB,
    file_bytes=0,
    open_files=64,
    threads=1,
)
CODE_BYTES = 256 * KIB
Confinement = Literal["full", "weak"]
Part = Literal["output", "value", "error"]
Stopped = Literal["time", "processor", "memory", "output", "died"]
_STOPPED: dict[str, Stopped] = {"wall": "time", "stall": "time", "cpu": "processor", "memory": "memory"}
_STOPPED |= {"output": "output", "printed": "output", "files": "output"}
_TEXTS: tuple[Part, ...] = ("value", "error")


class Outcome(Value):
    """What came of one program. It is what the program says of itself: check it, as all that a model wrote.

    output: what it printed. value: its last expression, or else its variable `result`, as text; None if there is
    neither. error: the lines of the program that led to it, and the exception; `line` is the last of them. cut: of
    which of the three there was more. stopped: the limit that ended it, or "died" where it brought its process down.
    seconds: from when it was given to its end, by the clock of the parent.
    """

    output: str = ""
    cut: tuple[Part, ...] = ()
    value: str | None = None
    error: str = ""
    line: int | None = None
    stopped: Stopped | None = None
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.error and self.stopped is None

    @property
    def text(self) -> str:
        """All of it in one text, as a model is told."""
        ends = {part: f"\n[the {part} was cut here]" for part in self.cut}
        parts = [self.output.rstrip("\n") + ends.get("output", "")]
        parts += [f"value: {self.value}{ends.get('value', '')}" if self.value is not None else ""]
        parts += [f"error: {self.error}{ends.get('error', '')}" if self.error else ""]
        return "\n".join(part for part in parts if part)


def run_program(
    code: str,
    *,
    limits: Limits = PROGRAM_LIMITS,
    shown_bytes: int = 16 * KIB,
    confinement: Confinement = "full",
    component: Path | None = None,
    cancel: threading.Event | None = None,
) -> Outcome:
    """Run `code` in a process of its own that reads nothing but Python and its packages, and writes nowhere.

    shown_bytes: how much of the output, of the value and of the error is kept.
    confinement: "weak" runs it also where this system cannot keep it from files and network.
    component: what `building.prepare` made; the program then runs inside WebAssembly, inside that process.
    Raises UnsupportedError on such a system otherwise, TooLargeError for too much code, CancelledError, and
    IsolationError if no process could be started; what the program does is told by the Outcome, never raised.
    """
    if (size := len(code.encode("utf-8", "replace"))) > CODE_BYTES:
        raise TooLargeError(
            f"a program of {size} bytes is over the {CODE_BYTES} that are run", hint="write a shorter one"
        )
    _refuse_weaker(level(), confinement)
    if cancel is not None and cancel.is_set():
        raise CancelledError("the caller cancelled")
    heard = _Heard(shown_bytes)
    target, payload, readable = "omniloom.isolation.interpreter:interpret", {}, []
    if component is not None:
        target, readable = "omniloom.isolation.wasi:serve", [component]
        payload = {"component": str(component), "memory_bytes": limits.memory_bytes}
    with Child(target, payload, readable=readable, limits=limits, cancel=cancel, strict=True) as child:
        child.receive()
        if child.level is None:
            raise IsolationError("the child process did not say what holds it back")
        _refuse_weaker(child.level, confinement)
        started = time.monotonic()
        try:
            child.send({"code": code, "most": shown_bytes})
            while (frame := child.receive()) is not None and heard.more(frame):
                pass
            why = ""
        except OmniloomError as error:
            if isinstance(error, CancelledError) and cancel is not None and cancel.is_set():
                raise
            why = error.message
        return heard.outcome(time.monotonic() - started, child.ended_by, why)


def confined(here: Level) -> bool:
    """Whether this system keeps a program from files, network and other processes."""
    return here.landlock_abi > 0 and here.seccomp


def _refuse_weaker(here: Level, confinement: Confinement) -> None:
    if confinement != "weak" and not confined(here):
        raise UnsupportedError(
            f"programs are not run here: {here.detail}",
            hint='confinement="weak" runs them all the same, with your rights, under limits of time alone',
        )


class _Heard:
    """What the frames of a child say; nothing in them is believed to be of its kind or size."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._output = bytearray()
        self._cut = False
        self._done: dict[str, Any] | None = None

    def more(self, frame: dict[str, Any]) -> bool:
        """Take in one frame; False after the last one."""
        if isinstance(printed := frame.get("printed"), str):
            self._output += printed.encode("utf-8", "replace")
            self._cut = self._cut or len(self._output) > self._most
            del self._output[self._most :]
        elif isinstance(done := frame.get("done"), dict):
            self._done = done
        else:
            raise IsolationError("the child process sent a frame of an unknown kind")
        return self._done is None

    def outcome(self, seconds: float, ended_by: str, why: str) -> Outcome:
        done = self._done or {}
        value, error, line = done.get("value"), done.get("error"), done.get("line")
        stopped: Stopped | None = None
        if self._done is None:
            stopped = _STOPPED.get(ended_by, "died")
        elif done.get("memory") is True:
            stopped = "memory"
        cut: list[Part] = ["output"] if self._cut else []
        for part in _TEXTS:
            if isinstance(text := done.get(part), str) and (done.get("cut") is True or self._short(text) != text):
                cut.append(part)
        return Outcome(
            output=self._output.decode("utf-8", "ignore"),
            cut=tuple(cut),
            value=self._short(value),
            error=self._short(error) or (f"the program was stopped: {why or 'it gave no result'}" if stopped else ""),
            line=line if type(line) is int else None,
            stopped=stopped,
            seconds=seconds,
        )

    def _short(self, text: Any) -> Any:
        return text.encode("utf-8", "replace")[: self._most].decode("utf-8", "ignore") if type(text) is str else None
