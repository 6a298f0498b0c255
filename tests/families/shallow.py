"""A real model with its first layers only: its tokens, template and sizes, at a tenth of the work, and no sense.

For what does not depend on the sense of an answer: what is computed, kept, found again, killed and begun anew.
"""

import struct
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.header import _Reader

_ALIGNMENT = 32  # no model of the catalog says otherwise


class _Walk(_Reader):
    """count_at: where the number of layers stands. fields_end: where the list of tensors begins. found: of each tensor
    its name, its entry in the list, and its place in the data."""

    def __init__(self, file: Any, size: int) -> None:
        super().__init__(file, size, "the model")
        self.count_at = self.fields_end = 0
        self.found: list[tuple[str, bytes, int, int]] = []
        self.header()
        self.data_start = _padded(file.tell())

    def _field(self) -> tuple[str, Any]:
        key, value = super()._field()
        self.fields_end = self._file.tell()
        if key.endswith(".block_count"):
            self.count_at = self.fields_end - 4
        return key, value

    def _tensor_end(self) -> int:
        start, end = self._file.tell(), super()._tensor_end()
        length = self._file.tell() - start
        self._file.seek(start)
        entry = self._file.read(length)
        self.found.append((list(self._tensors)[-1], entry[:-8], struct.unpack("<Q", entry[-8:])[0], end))
        return end


def cut(model: Path, target: Path, layers: int = 2) -> None:
    """Write `model` with its first `layers` layers; its fields are copied as they are, but for their number."""
    with model.open("rb") as whole, target.open("wb") as file:
        walk = _Walk(whole, model.stat().st_size)
        kept = [each for each in walk.found if _layer(each[0]) < layers]
        whole.seek(0)
        head = bytearray(whole.read(walk.fields_end))
        struct.pack_into("<Q", head, 8, len(kept))
        struct.pack_into("<I", head, walk.count_at, layers)
        places, at = list[int](), 0
        for _, entry, start, end in kept:
            head += entry + struct.pack("<Q", at)
            places.append(at)
            at += _padded(end - start)
        file.write(head)
        data = _padded(len(head))
        for (_, _, start, end), place in zip(kept, places, strict=True):
            file.seek(data + place)
            whole.seek(walk.data_start + start)
            file.write(whole.read(end - start))
        file.truncate(data + at)


def _layer(name: str) -> int:
    """-1 for what belongs to none."""
    return int(name.split(".")[1]) if name.startswith("blk.") else -1


def _padded(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
