"""Core values as compressed JSON and back. What cannot be read back is None: it is computed again."""

import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

T = TypeVar("T")
_LEVEL = 1  # zlib's fastest: JSON of word boxes shrinks about ten times at 500 MB/s


def pack(value: Any) -> bytes:
    """`value` (a core value, or what JSON can say) as bytes; NaN and infinity, as in log-probabilities, are kept."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    return zlib.compress(as_json(plain), _LEVEL)


def as_json(value: Any) -> bytes:
    """`value` as JSON; what JSON cannot say is said as text."""
    try:
        return to_json(value, inf_nan_mode="constants", bytes_mode="base64", fallback=str)
    except PydanticSerializationError:  # a lone surrogate somewhere
        return to_json(_sayable_all(value), inf_nan_mode="constants", bytes_mode="base64", fallback=str)


def _sayable_all(value: Any) -> Any:
    if isinstance(value, str):
        return sayable(value)
    if isinstance(value, BaseModel):
        return _sayable_all(value.model_dump())
    if isinstance(value, Mapping):
        return {_sayable_all(key): _sayable_all(each) for key, each in value.items()}
    return [_sayable_all(each) for each in value] if isinstance(value, (list, tuple, set, frozenset)) else value


def sayable(text: str) -> str:
    """A lone surrogate, as in the name of a file that is no UTF-8, becomes `?`: nothing can write it down."""
    return text.encode("utf-8", "replace").decode()


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
