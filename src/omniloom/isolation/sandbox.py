"""What a child does to itself before it touches anything untrusted. Runs inside the child, and imports little."""

import ctypes
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omniloom.isolation import landlock, seccomp

_GIB = 1 << 30
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 24, 38
_CAPSET_VERSION = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
_KEPT_CAPABILITIES = 1 << 1 | 1 << 2  # DAC_OVERRIDE, DAC_READ_SEARCH: what root reads, Landlock decides
MEMORY_STATUS = 97


def confine(setup: dict[str, Any]) -> dict[str, Any]:
    """Apply everything this system has, in the order that still allows the next step; never fails for want of it.

    Gives the fields of a `Level`.
    """
    limits, strict = setup["limits"], setup["strict"]
    linux = sys.platform.startswith("linux")
    if linux:
        _die_with_parent(setup["parent"])
    elif limits["memory_bytes"] or sys.platform != "win32":
        _watch_self(setup["parent"], limits["memory_bytes"])
    rlimits = limit_resources(limits, strict=strict)
    version, filtered = 0, False
    if linux:
        _drop_capabilities()
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        version = landlock.restrict(
            map(Path, setup["readable"]),
            map(Path, setup["writable"]),
            bind=setup["loopback"],
            sockets=setup["unix_socket"],
        )
        filtered = seccomp.restrict(unix_socket=setup["unix_socket"], loopback=setup["loopback"], strict=strict)
    return {"landlock_abi": version, "seccomp": filtered, "rlimits": rlimits, "detail": "in force in this child"}


def limit_resources(limits: dict[str, Any], *, strict: bool) -> bool:
    """The rlimits; False where the system has none (Windows).

    The caps on address space and data are a second line behind the parent's watch on resident memory: thread
    stacks, allocator arenas and model runtimes reserve several times what they use. A strict child has one thread
    and no runtime, so there the data cap is the limit itself, and too much is a MemoryError on a line of the program.
    """
    try:
        import resource
    except ImportError:
        return False
    wanted: list[tuple[str, float | None, int]] = [
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_CPU", limits["cpu_seconds"], 2),
        ("RLIMIT_FSIZE", limits["file_bytes"], 0),
        ("RLIMIT_NOFILE", limits["open_files"], 0),
        ("RLIMIT_MSGQUEUE", 0, 0),
    ]
    memory = limits["memory_bytes"]
    if strict:
        wanted.append(("RLIMIT_NPROC", 0, 0))
    if sys.platform.startswith("linux") and memory:
        wanted += [
            ("RLIMIT_AS", memory + 2 * _GIB if strict else memory * 4 + 32 * _GIB, 0),
            ("RLIMIT_DATA", memory if strict else memory * 2 + 2 * _GIB, 0),
        ]
    for name, value, grace in wanted:
        number = getattr(resource, name, None)
        if number is None or value is None:
            continue
        hard = resource.getrlimit(number)[1]
        soft = max(1, round(value)) if value else 0
        top = soft + grace if hard == resource.RLIM_INFINITY else min(hard, soft + grace)
        resource.setrlimit(number, (min(soft, top), top))
    return True


def _die_with_parent(parent: int) -> None:
    """No orphan: the kernel kills this process when the parent's thread that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the call
        os._exit(1)


def _watch_self(parent: int, memory_bytes: int | None) -> None:
    """Where the kernel offers neither: look from a thread of our own, four times a second."""
    peak = _peak_memory()

    def watch() -> None:
        while True:
            if hasattr(os, "getppid") and sys.platform != "win32" and os.getppid() != parent:
                os._exit(1)
            if peak is not None and memory_bytes is not None and peak() > memory_bytes:
                os._exit(MEMORY_STATUS)
            time.sleep(0.25)

    threading.Thread(target=watch, daemon=True).start()


def _peak_memory() -> Callable[[], int] | None:
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _drop_capabilities() -> None:
    """A child of root is no root: it cannot raise its limits, mount, trace, or change the owner of a file."""
    libc = ctypes.CDLL(None)
    for number in range(64):
        if not _KEPT_CAPABILITIES >> number & 1:
            libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)
    call = _CAPSET.get(os.uname().machine)
    if call is None or os.geteuid() != 0:
        return
    header = struct.pack("=Ii", _CAPSET_VERSION, 0)
    kept = _KEPT_CAPABILITIES
    data = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    libc.syscall(ctypes.c_long(call), ctypes.c_char_p(header), ctypes.c_char_p(data))
