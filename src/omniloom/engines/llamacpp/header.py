"""Look at a GGUF file's header in plain Python before native code does: wrong, truncated and hostile files end here.

Source: the GGUF specification (ggml/docs/gguf.md). Nothing but the header is read; every count is bounded by the
file's size, because parsers of this format have overflowed on such counts (CVE-2025-53630, CVE-2026-27940).
"""

import contextlib
import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.errors import WeightsError
from omniloom.core.values import Kind

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_BLOCK = 1 << 20
_MAX_TENSORS, _MAX_FIELDS, _MAX_NAME, _MAX_TEXT = 1 << 17, 1 << 16, 1 << 12, 1 << 24
# ggml type → (values in a block, bytes of a block). Types that are not listed are not measured.
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 29: (256, 56), 34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
    42: (64, 18),
    24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
}  # fmt: skip
_TOKENS = "tokenizer.ggml.tokens"
_ENCODERS: dict[Kind, str] = {"image": "clip.has_vision_encoder", "audio": "clip.has_audio_encoder"}


class Tensor(NamedTuple):
    """shape: the fastest dimension first. kind: the number of its ggml type."""

    shape: tuple[int, ...]
    kind: int


class Header(Value):
    """What the header says. context: the length the model was trained for, 0 if it does not say.

    pooling: 0 none, 1 mean, 2 CLS, 3 last, 4 rank; None if it does not say. takes: of a projector (the architecture
    "clip"), what it makes vectors of, "image" or "audio". adapter: of an adapter, its type, such as "lora". activated:
    it works only from certain tokens on.
    """

    architecture: str
    name: str = ""
    chat_template: str = ""
    context: int = 0
    layers: int = 0
    pooling: int | None = None
    tensors: dict[str, Tensor] = Field(default_factory=dict, repr=False)
    takes: frozenset[Kind] = frozenset()
    adapter: str = ""
    activated: bool = False


def read_header(path: Path, what: str = "model") -> Header:
    """Raises WeightsError, naming what is wrong, on a file that is missing, no GGUF, truncated or inconsistent."""
    with _opened(path, what) as file:
        return _Reader(file, path.stat().st_size, f"the {what} {str(path)!r}").header()


def tokens_digest(path: Path) -> str:
    """The same for files with the same list of tokens; "" without one. Raises as `read_header`."""
    with _opened(path, "model") as file:
        reader = _TokensReader(file, path.stat().st_size, f"the model {str(path)!r}")
        reader.header()
        return reader.digest


@contextlib.contextmanager
def _opened(path: Path, what: str) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        hint = "check the path, or see omniloom list" if what == "model" else "check the path"
        raise WeightsError(f"the {what} {str(path)!r} cannot be read: {error.strerror}", hint=hint) from error


class _Reader:
    def __init__(self, file: BinaryIO, size: int, what: str) -> None:
        self._file, self._size, self._what = file, size, what
        self._tensors: dict[str, Tensor] = {}

    def header(self) -> Header:
        magic = self._file.read(4)
        if magic != b"GGUF":
            raise self._wrong(f"it is no GGUF file: it begins with {magic!r}")
        version = self._number("I")
        if version not in (2, 3):
            raise self._wrong(f"its GGUF version is {version}, and 2 and 3 are known")
        tensors, count = self._number("Q"), self._number("Q")
        self._bounded(tensors, _MAX_TENSORS, "tensors")
        self._bounded(count, _MAX_FIELDS, "metadata fields")
        fields = dict(self._field() for _ in range(count))
        alignment = fields.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 16 or alignment & (alignment - 1):
            raise self._wrong(f"its alignment is {alignment!r}, which is no power of two")
        ends = [self._tensor_end() for _ in range(tensors)]
        start = -(-self._file.tell() // alignment) * alignment
        if ends and start + max(ends) > self._size:
            raise self._wrong(f"it is truncated: {start + max(ends)} bytes are described and {self._size} are there")
        return self._described(fields)

    def _described(self, fields: dict[str, Any]) -> Header:
        architecture = fields.get("general.architecture")
        if not isinstance(architecture, str) or not architecture:
            raise self._wrong("it does not name its architecture")
        pooling = fields.get(f"{architecture}.pooling_type")
        return Header(
            architecture=architecture,
            name=str(fields.get("general.name", "")),
            chat_template=str(fields.get("tokenizer.chat_template", "")),
            context=_whole(fields.get(f"{architecture}.context_length")),
            layers=_whole(fields.get(f"{architecture}.block_count")),
            pooling=pooling if isinstance(pooling, int) else None,
            tensors=self._tensors,
            takes=frozenset(kind for kind, name in _ENCODERS.items() if fields.get(name) is True),
            adapter=str(fields.get("adapter.type", "")) if fields.get("general.type") == "adapter" else "",
            activated="adapter.alora.invocation_tokens" in fields,
        )

    def _field(self) -> tuple[str, Any]:
        key = self._text(_MAX_NAME)
        return key, self._value(self._number("I"), key)

    def _value(self, kind: int, key: str, depth: int = 0) -> Any:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _STRING:
            return self._text(_MAX_TEXT)
        if kind != _ARRAY or depth > 2:
            raise self._wrong(f"its field {key!r} has the unknown type {kind}")
        inner, count = self._number("I"), self._number("Q")
        if inner in _SCALARS:
            self._skip(count * struct.calcsize("<" + _SCALARS[inner]))
            return None
        self._bounded(count, (self._size - self._file.tell()) // 8, f"values in {key!r}")
        if inner == _STRING:
            self._skip_texts(count)
            return None
        for _ in range(count):
            self._value(inner, key, depth + 1)
        return None

    def _skip_texts(self, count: int) -> None:
        """A vocabulary: hundreds of thousands of them, looked at in large blocks."""
        length_at = struct.Struct("<Q").unpack_from
        start = self._file.tell()
        while count:
            block, at = self._file.read(_BLOCK), 0
            if len(block) < 8:
                raise self._wrong("it is truncated: its header does not end")
            while count and at + 8 <= len(block):
                at, count = at + 8 + length_at(block, at)[0], count - 1
            start += at
            self._bounded(start, self._size, "bytes in its header")
            self._file.seek(start)

    def _tensor_end(self) -> int:
        """The offset in the data at which this tensor ends."""
        name = self._text(_MAX_NAME)
        dimensions = self._number("I")
        self._bounded(dimensions, 4, f"dimensions in the tensor {name!r}")
        shape, count = list[int](), 1
        for _ in range(dimensions):
            shape.append(self._number("Q"))
            count *= shape[-1]
            self._bounded(count, 1 << 44, f"values in the tensor {name!r}")
        kind, offset = self._number("I"), self._number("Q")
        self._tensors[name] = Tensor(tuple(shape), kind)
        values, width = _BLOCKS.get(kind, (1, 0))
        return offset + -(-count // values) * width

    def _number(self, code: str) -> Any:
        width = struct.calcsize("<" + code)
        return struct.unpack("<" + code, self._exactly(width))[0]

    def _text(self, limit: int) -> str:
        length = self._number("Q")
        self._bounded(length, limit, "bytes in a text of its header")
        return self._exactly(length).decode("utf-8", "replace")

    def _skip(self, count: int) -> None:
        self._bounded(count, self._size - self._file.tell(), "bytes in a field of its header")
        self._file.seek(count, 1)

    def _exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise self._wrong("it is truncated: its header does not end")
        return data

    def _bounded(self, value: int, limit: int, what: str) -> None:
        if value > limit:
            raise self._wrong(f"it claims {value} {what}, and {limit} is the most there can be")

    def _wrong(self, why: str) -> WeightsError:
        return WeightsError(f"{self._what} cannot be used: {why}", hint="download it again")


class _TokensReader(_Reader):
    digest = ""

    def _field(self) -> tuple[str, Any]:
        start = self._file.tell()
        key, value = super()._field()
        if key == _TOKENS:
            length = self._file.tell() - start
            self._file.seek(start)
            self.digest = hashlib.sha256(self._exactly(length)).hexdigest()
        return key, value


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
