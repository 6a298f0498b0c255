"""What a child may use, and what a system can enforce."""

import os

from omniloom.core.base import Value

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


def allowed_threads(wanted: int) -> int:
    """As many as wanted, and at most what OMP_NUM_THREADS allows. A child is told by the same variable."""
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return min(wanted, int(said)) if said.isascii() and said.isdigit() and int(said) else wanted


class Limits(Value):
    """What one child may use; None is no cap.

    memory_bytes: resident memory, watched by the parent about twenty times a second; the address space is capped
    far above it, because numeric libraries reserve much that they never touch.
    cpu_seconds: summed over threads. wall_seconds: from start to end. stall_seconds: between two messages.
    output_bytes: what the child sends back. file_bytes: what it writes, in all. threads: told to OpenMP and BLAS,
    if OMP_NUM_THREADS allows as many.
    """

    memory_bytes: int | None = 2 * GIB
    cpu_seconds: float | None = 300
    wall_seconds: float | None = 600
    stall_seconds: float | None = None
    output_bytes: int | None = 256 * MIB
    file_bytes: int | None = 512 * MIB
    open_files: int | None = 256
    threads: int = 2


class Level(Value):
    """What holds a child back. landlock_abi 0 is none; `detail` says the rest in one line."""

    landlock_abi: int
    seccomp: bool
    rlimits: bool
    detail: str
