"""The child's side of a program: run it as the module `__main__`, and tell what it printed, gave, or broke on.

Nothing here is trusted by the parent: the program lives in this process, and may do to it what it likes.
"""

import ast
import importlib.machinery
import importlib.util
import io
import linecache
import os
import sys
import traceback
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omniloom.isolation.inside import Channel

_NAME, _VALUE = "program.py", "__value__"
_FRAMES = 6


class _Program(importlib.machinery.SourceFileLoader):
    """A module whose code came over the pipe: the import system runs it like any other (decision 0010)."""

    def __init__(self, source: str) -> None:
        super().__init__("__main__", _NAME)
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source

    def get_code(self, fullname: str) -> types.CodeType:
        tree = ast.parse(self._source, _NAME)
        if tree.body and isinstance(last := tree.body[-1], ast.Expr):
            kept = ast.Assign([ast.Name(_VALUE, ast.Store())], last.value)
            tree.body[-1] = ast.fix_missing_locations(ast.copy_location(kept, last))
        return compile(tree, _NAME, "exec", dont_inherit=True)


class _Frames(io.RawIOBase):
    """What is printed, as frames, line by line: the parent has it also of a program that never ends."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._channel.send({"printed": bytes(data).decode("utf-8", "replace")})
        return len(data)


def interpret(payload: dict[str, Any], channel: "Channel") -> None:
    """One program: {"confined"} at first, so that the parent can look at what is in force before it sends `code`."""
    channel.send({"confined": True})
    told = channel.receive()
    if told is None:
        return
    source, most = told["code"], told["most"]
    linecache.cache[_NAME] = (len(source), None, source.splitlines(keepends=True), _NAME)
    with _printing(channel):
        done = _run(source, most)
    channel.send({"done": done})


@contextmanager
def _printing(channel: "Channel") -> Iterator[None]:
    text = io.TextIOWrapper(io.BufferedWriter(_Frames(channel)), "utf-8", "backslashreplace", line_buffering=True)
    sys.stdout = text
    try:
        yield
    finally:
        with suppress(ValueError):
            text.flush()


def _run(source: str, most: int) -> dict[str, Any]:
    loader = _Program(source)
    spec = importlib.util.spec_from_loader("__main__", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["__main__"] = module
    try:
        _executed(loader, module)
        value = vars(module).get(_VALUE)
        value = vars(module).get("result") if value is None else value
        text = None if value is None else str(value)
    except BaseException as error:
        return _failure(error, most)
    return {"value": text and text[:most], "cut": text is not None and len(text) > most}


def _executed(loader: _Program, module: types.ModuleType) -> None:
    """A program that ends itself without an error has ended well."""
    try:
        loader.exec_module(module)
    except SystemExit as error:
        if error.code not in (None, 0):
            raise


def _failure(error: BaseException, most: int) -> dict[str, Any]:
    """The type and text of the error, and where in the program it was; no frame of a library, no absolute path."""
    if isinstance(error, SyntaxError) and error.filename == _NAME:
        line, text = error.lineno, f"{type(error).__name__}: {error.msg}"
        frames = [f"line {line}: {(error.text or '').strip()}"]
    else:
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        found = [(frame, number) for frame, number in traceback.walk_tb(error.__traceback__) if _is_ours(frame)]
        line = found[-1][1] if found else None
        frames = [_where(frame, number) for frame, number in found]
        if len(frames) > _FRAMES:
            frames = [frames[0], f"... {len(frames) - _FRAMES} more ...", *frames[1 - _FRAMES :]]
    told = "\n".join([*frames, _without_places(text)])
    memory = isinstance(error, MemoryError)
    return {"error": told[:most], "cut": len(told) > most, "line": line, "memory": memory}


def _is_ours(frame: types.FrameType) -> bool:
    return frame.f_code.co_filename == _NAME


def _where(frame: types.FrameType, number: int) -> str:
    inside = "" if frame.f_code.co_name == "<module>" else f" in {frame.f_code.co_name}"
    return f"line {number}{inside}: {linecache.getline(_NAME, number).strip()}"


def _without_places(text: str) -> str:
    for place in sorted({*sys.path, os.environ.get("HOME", "")} - {""}, key=len, reverse=True):
        text = text.replace(f"{place}/", "")
    return text
