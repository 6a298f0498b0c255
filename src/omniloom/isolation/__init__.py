"""Child processes with limits: where untrusted files are decoded, native engines run and model-written code executes.

`run_isolated` streams what one function yields; `Child` keeps a process for a conversation of frames; `level` says
what this system can enforce. Nothing here needs a dependency: Landlock and seccomp are reached through ctypes.
"""

from omniloom.isolation.child import Child
from omniloom.isolation.level import level
from omniloom.isolation.limits import Level, Limits
from omniloom.isolation.run import run_isolated

__all__ = ["Child", "Level", "Limits", "level", "run_isolated"]
