"""The program's side inside WebAssembly: built into a component by `building.py`, and imported nowhere else.

What is imported here, at the build, stays in the component's memory. A component has no files, so what a program may
import besides is kept as compressed source.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import random
import sys
import time
import types
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import wit_world
from interpreter import interpret

_LEFT_OUT = {"test", "idlelib", "turtledemo", "lib2to3", "ensurepip", "tkinter", "pydoc_data", "tests", "__pycache__"}
_SOON = (
    "abc bisect calendar cmath collections collections.abc copy csv dataclasses datetime decimal enum fractions "
    "functools hashlib heapq inspect itertools json linecache math numbers operator os pathlib pprint random re "
    "statistics string struct textwrap time traceback typing unicodedata uuid zoneinfo sympy"
).split()


class WitWorld(wit_world.WitWorld):
    """The one export: run the program that the host gives, and tell it what came of it."""

    def run(self) -> None:
        random.seed()  # else every run draws what the build left
        interpret({}, _Host())  # type: ignore[arg-type]


class _Host:
    """Frames to and from the process that runs the component."""

    def send(self, frame: dict[str, Any]) -> None:
        wit_world.send(json.dumps(frame))

    def receive(self) -> dict[str, Any]:
        return json.loads(wit_world.receive())


class _Kept(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Modules whose source is in memory, by name: (compressed source, whether it is a package)."""

    def __init__(self, sources: dict[str, tuple[bytes, bool]]) -> None:
        self._sources = sources

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._sources:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=self._sources[fullname][1])

    def is_package(self, fullname: str) -> bool:
        return self._sources[fullname][1]

    def get_source(self, fullname: str) -> str:
        return zlib.decompress(self._sources[fullname][0]).decode("utf-8", "replace")


class _Nowhere(io.TextIOBase):
    """Standard error: the runtime has none."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def _sleep(seconds: float) -> None:
    """WASI would wait through objects of the host; one call does."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    wit_world.pause(float(seconds))


def _sources(folder: Path, prefix: str = "") -> Iterator[tuple[str, tuple[bytes, bool]]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name.removesuffix('.py')}"
        if entry.is_dir() and entry.name.isidentifier() and entry.name not in _LEFT_OUT:
            start = entry / "__init__.py"
            if start.exists():
                yield name, (zlib.compress(start.read_bytes(), 9), True)
                yield from _sources(entry, f"{name}.")
        elif entry.suffix == ".py" and entry.stem.isidentifier() and entry.stem != "__init__":
            yield name, (zlib.compress(entry.read_bytes(), 9), False)


def _prepare() -> None:
    """Import what is asked for most, keep the rest, and leave nothing that looks for files."""
    kept: dict[str, tuple[bytes, bool]] = {}
    for folder in sys.path:
        if Path(folder).is_dir():
            kept |= dict(_sources(Path(folder)))
    sys.modules["ctypes"] = asked = types.ModuleType("ctypes")  # WebAssembly has none; sympy asks it for a size
    vars(asked).update(c_long=None, sizeof=lambda kind: 4)
    for name in _SOON:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules["ctypes"]
    for name in ("ctypes", "guest", "interpreter"):
        kept.pop(name, None)
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter, _Kept(kept)]
    sys.path[:] = []
    sys.path_hooks.clear()
    sys.path_importer_cache.clear()
    time.sleep = _sleep
    sys.stdin = sys.__stdin__ = io.StringIO()
    sys.stdout = sys.__stdout__ = sys.stderr = sys.__stderr__ = _Nowhere()  # type: ignore[assignment]


_prepare()
