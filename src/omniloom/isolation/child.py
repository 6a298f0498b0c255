"""A child process for a conversation of frames, watched by its parent."""

import atexit
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from omniloom.core.errors import IsolationError, OmniloomError
from omniloom.isolation import folders, places, spawn
from omniloom.isolation.frames import LineBuffer, decode, encode
from omniloom.isolation.limits import Level, Limits
from omniloom.isolation.reasons import ending, from_frame
from omniloom.isolation.sandbox import MEMORY_STATUS
from omniloom.isolation.watch import Watch

_ENTRY = Path(__file__).with_name("entry.py")
_LAST_WORDS = 1.0  # seconds that the reader of its stderr may need on a busy machine
_living: "set[Child]" = set()


class Child:
    """A confined process that runs `target(payload, channel)` ("module:function"), or yields from `target(payload)`.

    The target answers with `channel.send(dict)` and hears with `channel.receive()`, None at the end. Frames are
    JSON objects. Reading is for one thread at a time; `send`, `kill` and the properties are safe from any.
    The process never outlives this one. Nothing is readable but the interpreter, installed packages, system
    libraries, fonts and `readable`; nothing is writable but a private folder (its working folder) and `writable`.
    No connection can be opened; the flags let a Unix socket in `writable`, or a TCP port, be listened on.
    strict: for code that a model wrote: one thread, no socket of any kind, no /proc, and no place to write to.
    """

    def __init__(
        self,
        target: str,
        payload: dict[str, Any],
        *,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
        limits: Limits | None = None,
        allow_unix_socket: bool = False,
        allow_loopback: bool = False,
        conversation: bool = True,
        cancel: threading.Event | None = None,
        packages: Sequence[str] = (),
        strict: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self.level: Level | None = None
        self._closed = False
        self._write_lock = threading.Lock()
        self._folder = folders.private_folder()
        try:
            self._process = spawn.start(_ENTRY, self._folder, self.limits.threads)
        except BaseException:
            folders.remove(self._folder)
            raise
        self._watch = Watch(self._process, self.limits, cancel)
        self._frames = self._read_frames()
        _living.add(self)
        try:
            setup = _setup([target.partition(":")[0], *packages], readable, writable, None if strict else self._folder)
            setup |= {"target": target, "payload": payload, "limits": json.loads(self.limits.model_dump_json())}
            setup |= {"unix_socket": allow_unix_socket, "loopback": allow_loopback, "conversation": conversation}
            self.send(setup)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended_by(self) -> str:
        """Which limit or wish ended it (see `Watch.reason`); "" if it lives or ended by itself."""
        if self._watch.reason:
            return self._watch.reason
        return {-getattr(signal, "SIGXCPU", 1 << 30): "cpu", MEMORY_STATUS: "memory"}.get(self._process.poll() or 0, "")

    def alive(self) -> bool:
        return self._process.poll() is None

    def stderr_tail(self, seconds: float = 0.0) -> str:
        """The last 4 kB of what the child and its libraries printed. seconds: to wait for more, of one that ends."""
        return self._watch.tail(seconds)

    def kill(self) -> None:
        """End it now; `receive` then raises. Safe to call twice and from any thread."""
        self._watch.kill("killed")

    def send(self, frame: dict[str, Any]) -> None:
        """Raises IsolationError if the child is gone."""
        assert self._process.stdin is not None
        data = memoryview(encode(frame))
        try:
            with self._write_lock:
                while data:
                    data = data[self._process.stdin.write(data) :]
        except (OSError, ValueError):
            self._process.wait()
            raise self._why() from None

    def receive(self) -> dict[str, Any] | None:
        """The next frame; None once the target has returned. Raises what the target raised, or what ended it."""
        return next(self._frames, None)

    def close_input(self) -> None:
        """Say no more: `channel.receive()` then gives None in the child, which may end by itself."""
        assert self._process.stdin is not None
        with self._write_lock:
            self._process.stdin.close()

    def close(self) -> None:
        """End the child, wait for it and remove its folder."""
        if self._closed:
            return
        self._closed = True
        self._watch.kill("closed")
        self._process.wait()
        self._watch.stop()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        folders.remove(self._folder)
        _living.discard(self)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_frames(self) -> Iterator[dict[str, Any]]:
        for line in self._lines():
            frame = decode(line)
            self._watch.heard()
            if "ready" in frame and self.level is None:
                self.level = _level(frame["ready"])
            elif "error" in frame:
                raise from_frame(frame["error"], self.limits)
            elif "end" in frame:
                return
            else:
                yield frame
        self._process.wait()
        raise self._why()

    def _lines(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        buffer, received = LineBuffer(), 0
        while data := _read(self._process, self._process.stdout.fileno()):
            received += len(data)
            if self.limits.output_bytes is not None and received > self.limits.output_bytes:
                self._watch.kill("output")
                return
            yield from buffer.feed(data)

    def _why(self) -> OmniloomError:
        tail = self.stderr_tail(_LAST_WORDS)
        return ending(self._watch.reason, self._process.returncode, self.limits, tail)


def _setup(
    modules: list[str], readable: Sequence[Path], writable: Sequence[Path], folder: Path | None
) -> dict[str, Any]:
    """Where the child finds its packages, and the paths that Landlock leaves it; no folder of its own is strict."""
    strict = folder is None
    found = places.module_path()
    packages = places.package_paths("omniloom", *modules)
    own = places.readable(found, packages, strict=strict)
    mine = [*places.WRITABLE_DEVICES] if folder is None else [*places.WRITABLE_DEVICES, folder]
    return {
        "parent": os.getpid(),
        "strict": strict,
        "sys_path": found,
        "packages": packages,
        "readable": [str(path) for path in [*own, *(p.resolve() for p in readable)]],
        "writable": [str(path) for path in [*mine, *(p.resolve() for p in writable)]],
    }


def _level(told: Any) -> Level:
    try:
        return Level.model_validate(told)
    except ValidationError as error:
        raise IsolationError("the child process did not say what holds it back") from error


def _read(process: "subprocess.Popen[bytes]", descriptor: int) -> bytes:
    """The next bytes; b"" at the end, also when a grandchild still holds the pipe of a dead child."""
    if not hasattr(select, "poll"):
        return os.read(descriptor, 1 << 16)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    grace = 2
    while not poll.poll(200):
        if process.poll() is not None:
            grace -= 1
            if not grace:
                return b""
            time.sleep(0)
    return os.read(descriptor, 1 << 16)


def _close_all(owner: int = os.getpid()) -> None:
    """At the end of this process, not of a fork of it."""
    if os.getpid() == owner:
        for child in list(_living):
            child.close()


atexit.register(_close_all)
