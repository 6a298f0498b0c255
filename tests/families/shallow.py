"""A real model with its first layers only: its tokens, template and sizes, at a tenth of the work, and no sense.

For what does not depend on the sense of an answer: what is computed, kept, found again, killed and begun anew.
"""

import struct
from pathlib import Path

from gguf import GGUFReader


def cut(model: Path, target: Path, layers: int = 2) -> None:
    """Write `model` with its first `layers` layers. The header's fields are copied as they are, but for their count."""
    reader = GGUFReader(model)
    data = memoryview(model.read_bytes())
    tensors = [each for each in reader.tensors if _layer(each.name) < layers]
    count = reader.fields[f"{_text(reader, 'general.architecture')}.block_count"]
    infos, places, end = b"", [], 0
    for each in tensors:
        name, shape = each.name.encode(), [int(size) for size in each.shape]
        infos += struct.pack(f"<Q{len(name)}sI", len(name), name, len(shape))
        infos += struct.pack(f"<{len(shape)}QIQ", *shape, each.tensor_type, end)
        places.append(end)
        end += _padded(each.n_bytes, reader.alignment)
    head = bytearray(data[: _end(reader)])
    struct.pack_into("<Q", head, 8, len(tensors))
    struct.pack_into("<I", head, int(count.offset + sum(part.nbytes for part in count.parts[:-1])), layers)
    with target.open("wb") as file:
        file.write(head + infos)
        start = _padded(file.tell(), reader.alignment)
        for each, place in zip(tensors, places, strict=True):
            file.seek(start + place)
            file.write(data[each.data_offset : each.data_offset + each.n_bytes])
        file.truncate(start + end)


def _layer(name: str) -> int:
    """-1 for what belongs to none."""
    return int(name.split(".")[1]) if name.startswith("blk.") else -1


def _text(reader: GGUFReader, name: str) -> str:
    return bytes(reader.fields[name].parts[-1]).decode()


def _end(reader: GGUFReader) -> int:
    """Where the fields of the header end and the list of tensors begins."""
    return min(int(each.field.offset) for each in reader.tensors)


def _padded(size: int, alignment: int) -> int:
    return -(-int(size) // alignment) * alignment
