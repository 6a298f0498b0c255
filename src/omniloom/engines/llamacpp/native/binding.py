"""The C interface that `xllamacpp` exports, called with ctypes.

`api.json` says what is called and how structs lie in memory; `scripts/llama_api.py` wrote it from the header of the
one version it names. Any other version is refused: a struct that has moved would be read as something else.
"""

import ctypes
import importlib.util
import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from omniloom.core.errors import EngineError

_TYPES: dict[str, Any] = {
    "void": None,
    "bool": ctypes.c_bool,
    "float": ctypes.c_float,
    "int8": ctypes.c_int8,
    "int32": ctypes.c_int32,
    "uint32": ctypes.c_uint32,
    "uint64": ctypes.c_uint64,
    "size": ctypes.c_size_t,
    "pointer": ctypes.c_void_p,
    "string": ctypes.c_char_p,
}
_WARNING, _ERROR = 3, 4
_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


class Native:
    """The functions by their C names, and the structs they take, in `structs`."""

    def __init__(self, library: Any, api: dict[str, Any]) -> None:
        self.structs = {name: _struct(name, fields) for name, fields in api["structs"].items()}
        self._library, self._media = library, api["media"]
        self._bind(api["functions"])

    def with_media(self) -> "Native":
        """Itself, with the functions for images and audio. Raises EngineError if the library has none."""
        self._bind(self._media)
        return self

    def _bind(self, functions: dict[str, Any]) -> None:
        known = _TYPES | self.structs
        for name, (result, parameters) in functions.items():
            try:
                function = getattr(self._library, name)
            except AttributeError:
                raise EngineError(f"the native library does not export {name}") from None
            function.restype = known[result]
            function.argtypes = [known[each] for each in parameters]
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} is not in api.json: add it to scripts/llama_api.py")


@cache
def native() -> Native:
    """The library, opened and initialised once a process. Raises EngineError if it is not the one of api.json."""
    api = json.loads((files("omniloom.engines.llamacpp.native") / "api.json").read_text("utf-8"))
    found = version("xllamacpp")
    if found != api["version"]:
        raise EngineError(f"xllamacpp is {found}, its C interface is known for {api['version']} only")
    spec = importlib.util.find_spec("xllamacpp.xllamacpp")
    if spec is None or spec.origin is None:
        raise EngineError("xllamacpp has no extension module here")
    try:
        bound = Native(ctypes.CDLL(spec.origin), api)
    except OSError as error:
        raise EngineError(f"the native library cannot be opened: {error}") from error
    _same_layout(bound, api["layout"])
    bound.llama_log_set(ctypes.cast(_quiet, ctypes.c_void_p), None)
    bound.llama_backend_init()
    return bound


@cache
def native_media() -> Native:
    """`native` with the functions for images and audio. Raises EngineError if this library has none, or other ones."""
    bound = native().with_media()
    bound.mtmd_log_set(ctypes.cast(_quiet, ctypes.c_void_p), None)
    if bound.mtmd_context_params_default().media_marker != bound.mtmd_default_marker():
        raise EngineError("mtmd_context_params_default gave no parameters: its struct is another one")
    return bound


@_LOG
def _quiet(level: int, text: bytes, _: object) -> None:
    """Warnings and errors go to stderr, where the parent keeps the last of them; the rest is dropped."""
    if level in (_WARNING, _ERROR):
        import sys

        sys.stderr.write(f" E {text.decode('utf-8', 'replace')}")


def _struct(name: str, fields: list[list[str]]) -> Any:
    return type(name, (ctypes.Structure,), {"_fields_": [(field, _TYPES[kind]) for field, kind in fields]})


def _same_layout(bound: Native, layout: dict[str, list[int]]) -> None:
    for name, wanted in layout.items():
        struct = bound.structs[name]
        found = [ctypes.sizeof(struct), *(getattr(struct, field).offset for field, _ in struct._fields_)]
        if found != wanted:
            raise EngineError(f"{name} lies in memory as {found}, the header's says {wanted}")
