"""The embedded engine: GGUF models through llama.cpp's server, in a child process of ours."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniloom.engines.llamacpp.engine import LlamaCpp
    from omniloom.engines.llamacpp.machine import devices, physical_cores

__all__ = ["LlamaCpp", "devices", "physical_cores"]

_PLACES = {"LlamaCpp": "engine", "devices": "machine", "physical_cores": "machine"}


def __getattr__(name: str) -> object:
    # Looked up at their first use: the child that computes imports its loop, and none of the parent's side.
    if name not in _PLACES:
        raise AttributeError(f"module 'omniloom.engines.llamacpp' has no attribute {name!r}")
    return getattr(import_module(f"omniloom.engines.llamacpp.{_PLACES[name]}"), name)
