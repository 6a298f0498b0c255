"""Makes the Python that `wasi.py` runs: componentize-py's CPython, `guest.py` and sympy as one compiled component."""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from omniloom.core.errors import IsolationError, UnsupportedError
from omniloom.isolation import spawn, wasi

log = logging.getLogger("omniloom.isolation")
_HERE = Path(__file__).parent
_OURS = ("guest.py", "guest.wit", "interpreter.py")
_TOOLS = ("wasmtime", "componentize-py")
_MATH = ("sympy", "mpmath")


def available() -> bool:
    """Whether the extra `wasi` is installed."""
    return all(importlib.util.find_spec(name.replace("-", "_")) is not None for name in _TOOLS)


def prepare(folder: Path) -> Path:
    """The compiled interpreter in `folder`, built if it is not there, or damaged: half a minute of one core, and no
    network.

    Native code is loaded from this file, so `folder` has to be one that only the user writes to. Raises
    UnsupportedError where the extra is not installed, IsolationError where the build fails.
    """
    if not available():
        raise UnsupportedError("programs cannot run inside WebAssembly here", hint='pip install "omniloom[wasi]"')
    from filelock import FileLock

    found = folder / f"python-{_key()}.cwasm"
    if _whole(found):
        return found
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if _whole(found):
            return found
        log.warning("building the Python for WebAssembly, once: this takes about half a minute")
        staging = Path(tempfile.mkdtemp(prefix=".build-", dir=folder)).resolve()
        try:
            _lay_out(staging / "parts")
            built = _built(staging)
            _mark(found).write_text(_digest(built))
            built.replace(found)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return found


def _whole(found: Path) -> bool:
    """Whether it is there as it was built: what is damaged would be run as it is."""
    return found.exists() and _mark(found).exists() and _mark(found).read_bytes() == _digest(found).encode()


def _mark(found: Path) -> Path:
    return found.with_suffix(".sha256")


def _digest(found: Path) -> str:
    """Read again only where the file has changed: it has eighty megabytes, and is asked for before every program."""
    state = found.stat()
    return _digest_of(found, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _digest_of(found: Path, changed: int, size: int) -> str:
    with found.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _built(staging: Path) -> Path:
    """In a process of its own, but no confined child: componentize-py sets the times of files, which those may not.

    It runs what we ship and sympy alone, and those inside WebAssembly.
    """
    own = spawn.environment(staging, threads=2) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-P", "-m", "omniloom.isolation.building", str(staging)]
    done = subprocess.run(command, cwd=staging, env=own, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip()[-1000:]
        raise IsolationError(f"the interpreter for WebAssembly could not be built: {said}", hint="see the disk's space")
    return staging / "python.cwasm"


def _lay_out(parts: Path) -> None:
    parts.mkdir()
    for name in ("guest.py", "interpreter.py"):
        shutil.copyfile(_HERE / name, parts / name)
    for name in _MATH:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            left_out = shutil.ignore_patterns("tests", "testing", "__pycache__", "*.so", "*.pyc")
            shutil.copytree(spec.submodule_search_locations[0], parts / name, ignore=left_out)


def _key() -> str:
    """Names everything that the compiled code depends on, the machine included."""
    parts = [platform.machine(), sys.platform, repr(wasi.SETTINGS)]
    for name in (*_TOOLS, *_MATH):
        try:
            parts.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"{name} none")
    digest = hashlib.sha256("\n".join(parts).encode())
    for name in _OURS:
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _build(staging: Path) -> None:
    """The component out of its parts, then its native code."""
    from wasmtime import component

    wasm = staging / "python.wasm"
    componentize_py: Any = importlib.import_module("componentize_py")
    componentize_py.componentize(
        wit_path=[str(_HERE / "guest.wit")],
        worlds=["program"],
        features=[],
        all_features=False,
        world_module=None,
        python_path=[str(staging / "parts")],
        module_worlds=[],
        app_name="guest",
        output_path=str(wasm),
        stub_wasi=False,
        import_interface_names=[],
        export_interface_names=[],
        full_names=False,
        intersect_world=None,
    )
    (staging / "python.cwasm").write_bytes(component.Component.from_file(wasi.engine(parallel=True), wasm).serialize())


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
