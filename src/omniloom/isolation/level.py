"""What this system can enforce on a child, for `omniloom doctor`."""

import importlib.util
import platform
import sys
from typing import TYPE_CHECKING

from omniloom.isolation import landlock, seccomp

if TYPE_CHECKING:
    from omniloom.isolation.limits import Level


def level() -> "Level":
    """Looks, applies nothing. `detail` names what is missing and what that means."""
    from omniloom.isolation.limits import Level  # not above: a child imports this file, and needs no pydantic

    version, filtered = landlock.abi(), seccomp.available()
    limited = importlib.util.find_spec("resource") is not None
    missing: list[str] = []
    if not sys.platform.startswith("linux"):
        system = platform.system() or sys.platform
        missing.append(f"{system} has neither Landlock nor seccomp: a child can read your files and use the network")
        if not limited:
            missing.append("no rlimits: memory and processor time of a child are not capped, its wall time is")
    else:
        if not version:
            missing.append("this kernel has no Landlock: a child can open every file that you can")
        elif version < 4:
            missing.append("this Landlock version knows no network rules; seccomp refuses sockets")
        if not filtered:
            missing.append(f"no seccomp filter for {platform.machine()!r}: a child can use the network")
    return Level(landlock_abi=version, seccomp=filtered, rlimits=limited, detail="; ".join(missing) or "full")
