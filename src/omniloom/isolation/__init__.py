"""Child processes with limits: where untrusted files are decoded, native engines run and model-written code executes.

`run_isolated` streams what one function yields; `Child` keeps a process for a conversation of frames; `run_program`
runs Python that a model wrote; `level` says what this system can enforce. Nothing of that needs a dependency: Landlock
and seccomp are reached through ctypes. `database` opens DuckDB with nothing but what it is given.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from omniloom.isolation.level import level  # light, and of the name of its module

if TYPE_CHECKING:
    from omniloom.isolation.child import Child
    from omniloom.isolation.limits import Level, Limits
    from omniloom.isolation.programs import Outcome, run_program
    from omniloom.isolation.run import run_isolated

__all__ = ["Child", "Level", "Limits", "Outcome", "level", "run_isolated", "run_program"]

_PLACES = {"Child": "child", "Level": "limits", "Limits": "limits", "Outcome": "programs", "run_isolated": "run"}
_PLACES |= {"run_program": "programs"}


def __getattr__(name: str) -> object:
    # Looked up at their first use: a child imports its own side of this room alone, and starts 2.5 times as fast.
    if name not in _PLACES:
        raise AttributeError(f"module 'omniloom.isolation' has no attribute {name!r}")
    return getattr(import_module(f"omniloom.isolation.{_PLACES[name]}"), name)
