"""Tasks and variants by the names of their files; those of installed packages by entry points of the groups
"omniloom.tasks" and "omniloom.variants", under names not yet taken."""

import difflib
import importlib
import pkgutil
from importlib.metadata import entry_points
from typing import Any, cast

from omniloom.core.errors import UsageError
from omniloom.evaluation.values import Task, Variant

_ROOM = "omniloom.evaluation"


def names(kind: str) -> list[str]:
    """What there is of a kind ("tasks" or "variants"), in order. Loads none of them."""
    return sorted({*_own(kind), *(point.name for point in entry_points(group=f"omniloom.{kind}"))})


def described(kind: str, name: str) -> str:
    """The first paragraph of its docstring in one line; "" where it has none."""
    text = getattr(_load(kind, name), "__doc__", None) or ""
    return " ".join(text.strip().partition("\n\n")[0].split())


def task(name: str) -> Task:
    """Raises UsageError for a name that is unknown, or of something that is no task."""
    found = _load("tasks", name)
    lacking = [each for each in ("FAMILY", "CORRECT", "SCORERS", "METRICS", "samples") if not hasattr(found, each)]
    if lacking:
        raise UsageError(f"{name!r} is no task: it has no {', '.join(lacking)}", hint="docs/evaluation.md shows one")
    return cast("Task", found)


def variant(name: str) -> Variant:
    """Raises UsageError for a name that is unknown, or of something that changes no sample."""
    found = _load("variants", name)
    if not callable(getattr(found, "vary", None)):
        hint = "vary(sample, seed, others) -> Sample"
        raise UsageError(f"{name!r} is no variant: it has no function `vary`", hint=hint)
    return cast("Variant", found)


def _own(kind: str) -> set[str]:
    """The modules of the room's folder; those that begin with an underscore are none of it."""
    try:
        place = importlib.import_module(f"{_ROOM}.{kind}").__path__
    except ModuleNotFoundError:
        return set()
    return {info.name for info in pkgutil.iter_modules(place) if not info.name.startswith("_")}


def _load(kind: str, name: str) -> Any:
    if name in _own(kind):
        return importlib.import_module(f"{_ROOM}.{kind}.{name}")
    for point in entry_points(group=f"omniloom.{kind}", name=name):
        return point.load()
    known = names(kind)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
    raise UsageError(f"there is no {kind[:-1]} {name!r}", hint=hint)
