"""Write one output mode per file: the file's name is the mode. Each has `constrain` and `write`.

Installed packages add modes by the entry point group "omniloom.outputs".
"""

import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType

from omniloom.core.errors import UsageError

_NOT_MODES = frozenset({"schemas", "enforcing"})


def modes() -> tuple[str, ...]:
    """The known output modes: those of this folder, then third-party ones under names not yet taken."""
    own = [info.name for info in pkgutil.iter_modules(__path__) if info.name not in _NOT_MODES]
    return tuple(dict.fromkeys([*own, *(point.name for point in entry_points(group="omniloom.outputs"))]))


def mode(name: str) -> ModuleType:
    """The module of one output mode. Raises UsageError that names those there are."""
    if name not in modes():
        raise UsageError(f"output mode {name!r} is unknown", hint=f"known are {', '.join(modes())}")
    if any(info.name == name for info in pkgutil.iter_modules(__path__)):
        return importlib.import_module(f"{__name__}.{name}")
    return next(iter(entry_points(group="omniloom.outputs", name=name))).load()
