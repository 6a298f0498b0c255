"""Read a Part into located Segments, in a confined child, once.

A reader is a module of this folder (or of the entry point group "omniloom.inputs") with MEDIA_TYPES, VERSION,
WEIGHTS, EXTRA and `read(source)`; optionally LIMITS, and OPTIONAL_WEIGHTS: those are used where they are installed, and
never pulled for a call. Its file name is its name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniloom.inputs.reading import kept_reading, read_part, reader_for, readers
    from omniloom.storage.journal import Reading

__all__ = ["Reading", "kept_reading", "read_part", "reader_for", "readers"]


def __getattr__(name: str) -> object:
    # Looked up at their first use: the child that reads imports its reader, and none of the parent's side.
    if name not in __all__:
        raise AttributeError(f"module 'omniloom.inputs' has no attribute {name!r}")
    return getattr(import_module("omniloom.inputs.reading"), name)
