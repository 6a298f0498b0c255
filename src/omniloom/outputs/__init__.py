"""Write one output mode per file: the file's name is the mode. Each has `constrain` and `write`."""

import importlib
import pkgutil
from types import ModuleType

from omniloom.core.errors import UsageError


def modes() -> tuple[str, ...]:
    """The known output modes."""
    return tuple(info.name for info in pkgutil.iter_modules(__path__) if info.name != "schemas")


def mode(name: str) -> ModuleType:
    """The module of one output mode. Raises UsageError that names those there are."""
    if name not in modes():
        raise UsageError(f"output mode {name!r} is unknown", hint=f"known are {', '.join(modes())}")
    return importlib.import_module(f"omniloom.outputs.{name}")
