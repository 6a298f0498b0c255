"""Core values as compressed JSON and back. What cannot be read back is None: it is computed again."""

import zlib
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

T = TypeVar("T")
_LEVEL = 1  # zlib's fastest: JSON of word boxes shrinks about ten times at 500 MB/s


def pack(value: Any) -> bytes:
    """`value` (a core value, or what JSON can say) as bytes; NaN and infinity, as in log-probabilities, are kept."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    return zlib.compress(to_json(plain, inf_nan_mode="constants", bytes_mode="base64"), _LEVEL)


def unpack(packed: bytes, adapter: TypeAdapter[T]) -> T | None:
    """The value, or None if the bytes are damaged or were written by a version whose values were other ones."""
    try:
        return adapter.validate_json(zlib.decompress(packed))
    except (zlib.error, ValidationError, ValueError):
        return None


def unpack_plain(packed: bytes) -> Any:
    """What JSON can say: dicts, lists, numbers, text. None if damaged."""
    try:
        return from_json(zlib.decompress(packed))
    except (zlib.error, ValueError):
        return None
