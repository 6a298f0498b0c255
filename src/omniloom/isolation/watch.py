"""The parent's eyes on one child: memory, time, bytes written, what it prints, and the caller's wish to stop."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from omniloom.isolation.limits import MIB, Limits

_EVERY = 0.05
_TAIL = 4096
_PRINTED = 64 * MIB


class Watch:
    """Two threads per child: one empties its stderr, one looks at it twenty times a second and kills it if need be.

    `reason` is why it was killed: memory, wall, cpu, stall, files, printed, cancelled, killed, output, closed, or "".
    """

    def __init__(self, process: "subprocess.Popen[bytes]", limits: Limits, cancel: threading.Event | None) -> None:
        self.reason = ""
        self._process, self._limits, self._cancel = process, limits, cancel
        self._started = self._heard = time.monotonic()
        self._tail = bytearray()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
        self._ticks = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._drain, self._look)]
        for thread in self._threads:
            thread.start()

    def heard(self) -> None:
        """A message came: the clock of `stall_seconds` starts anew."""
        self._heard = time.monotonic()

    def tail(self, seconds: float = 0.0) -> str:
        """seconds: to wait for the rest, of a process that ends."""
        if seconds:
            self._threads[0].join(seconds)
        return bytes(self._tail).decode("utf-8", "replace")

    def kill(self, reason: str) -> None:
        """Kill the process and its session; the first reason stands. Does nothing to a process that ended."""
        with self._lock:
            if self._process.poll() is not None:
                return
            self.reason = self.reason or reason
            if os.name == "posix":
                with contextlib.suppress(OSError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                self._process.kill()

    def stop(self) -> None:
        """End both threads; call it after the process was waited for."""
        self._done.set()
        for thread in self._threads:
            thread.join(1.0)

    def _drain(self) -> None:
        assert self._process.stderr is not None
        printed = 0
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._process.stderr.fileno(), 1 << 16):
                printed += len(data)
                self._tail = (self._tail + data)[-_TAIL:]
                if printed > _PRINTED:
                    self.kill("printed")

    def _look(self) -> None:
        while not self._done.wait(_EVERY) and self._process.poll() is None:
            reason = self._broken()
            if reason:
                self.kill(reason)

    def _broken(self) -> str:
        limits, now = self._limits, time.monotonic()
        if self._cancel is not None and self._cancel.is_set():
            return "cancelled"
        if limits.wall_seconds is not None and now - self._started > limits.wall_seconds:
            return "wall"
        if limits.stall_seconds is not None and now - self._heard > limits.stall_seconds:
            return "stall"
        if limits.cpu_seconds is not None and self._computed() > limits.cpu_seconds:
            return "cpu"
        if limits.memory_bytes is not None and self._resident() > limits.memory_bytes:
            return "memory"
        if limits.file_bytes is not None and self._written() > limits.file_bytes + (limits.output_bytes or 0):
            return "files"
        return ""

    def _resident(self) -> int:
        """Bytes of anonymous and shared memory in use: file pages of mapped weights can be dropped and do not count."""
        fields = self._proc("statm").split()
        return (int(fields[1]) - int(fields[2])) * self._page + self._shared() if len(fields) > 2 else 0

    def _computed(self) -> float:
        """Processor seconds of all its threads: the signal of the rlimit may be ignored, and it knows whole seconds."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self._ticks if len(fields) > 12 else 0.0

    def _shared(self) -> int:
        for line in self._proc("status").splitlines():
            if line.startswith("RssShmem:"):
                return int(line.split()[1]) * 1024
        return 0

    def _written(self) -> int:
        """Bytes of all its writes, frames included; or of the pages it made dirty, where it writes into a mapping."""
        told = (line.split() for line in self._proc("io").splitlines())
        return max((int(size) for name, size in told if name in ("wchar:", "write_bytes:")), default=0)

    def _proc(self, name: str) -> str:
        try:
            return Path(f"/proc/{self._process.pid}/{name}").read_text("ascii", "replace")
        except OSError:
            return ""
