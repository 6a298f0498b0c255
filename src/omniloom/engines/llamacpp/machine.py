"""What this machine has for an engine: cores, and the devices its native library sees."""

import os
from pathlib import Path

from omniloom.isolation.limits import allowed_threads


def physical_cores() -> int:
    """Cores this process may run on, hyper-threads counted once, and at most what OMP_NUM_THREADS allows."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    siblings = set()
    for cpu in allowed:
        try:
            siblings.add(Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text("ascii"))
        except OSError:
            siblings.add(str(cpu))
    return allowed_threads(max(1, len(siblings)))


def devices() -> str:
    """The devices the native library sees, in one line; asked in a child, so that nothing native is loaded here."""
    from omniloom.core.errors import OmniloomError
    from omniloom.isolation import run_isolated

    try:
        [told] = run_isolated("omniloom.engines.llamacpp.hosted:devices", {})
    except OmniloomError as error:
        return f"unknown: {error}"
    return f"{', '.join(told['devices'])} ({physical_cores()} threads; {told['features']})"
