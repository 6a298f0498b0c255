"""The engine's tiny model with its weights kept in fewer bits, as llama.cpp itself rounds them."""

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.native.tiny import build_tiny

WIDTH = 256  # a row holds whole blocks of every kind
# name → the kind of most tensors, and of those that llama.cpp's recipe of that name keeps finer
WIDTHS = {
    "Q2_K": ("Q2_K", "Q3_K"),
    "IQ3_S": ("IQ3_S", "Q4_K"),
    "Q3_K_M": ("Q3_K", "Q5_K"),
    "IQ4_XS": ("IQ4_XS", "Q5_K"),
    "Q4_0": ("Q4_0", "Q6_K"),
    "Q4_K_M": ("Q4_K", "Q6_K"),
    "Q5_K_M": ("Q5_K", "Q6_K"),
    "Q6_K": ("Q6_K", "Q6_K"),
    "Q8_0": ("Q8_0", "Q8_0"),
    "BF16": ("BF16", "BF16"),
    "F16": ("F16", "F16"),
}
_FINER = ("output.weight", "attn_v.weight", "ffn_down.weight")


def build_width(path: Path, name: str) -> None:
    """Write a llama of width 256 whose matrices are kept as WIDTHS says; "F32" leaves them as they are."""
    import gguf

    build_tiny(path, width=WIDTH)
    if name == "F32":
        return
    plain = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(path, "llama")
    for field in plain.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            inner = field.types[-1] if len(field.types) > 1 else None
            writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    most, finer = (gguf.GGMLQuantizationType[kind] for kind in WIDTHS[name])
    for tensor in plain.tensors:
        if tensor.data.ndim == 1:
            writer.add_tensor(tensor.name, tensor.data.copy())
            continue
        kind = finer if tensor.name.endswith(_FINER) else most
        writer.add_tensor(tensor.name, _rounded(tensor.data, int(kind)), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def block(kind: int) -> tuple[int, int]:
    """How many values a block of that kind holds, and its bytes; as the library says."""
    return int(_ggml().ggml_blck_size(kind)), int(_ggml().ggml_type_size(kind))


def _rounded(values: Any, kind: int) -> Any:
    """uint8 [rows, bytes]."""
    import numpy as np

    rows, width = values.shape
    count, size = block(kind)
    kept = np.zeros((rows, width // count * size), dtype=np.uint8)
    source = np.ascontiguousarray(values, dtype=np.float32)
    written = _ggml().ggml_quantize_chunk(kind, source.ctypes.data, kept.ctypes.data, 0, rows, width, None)
    assert written == kept.nbytes
    return kept


@cache
def _ggml() -> Any:
    spec = importlib.util.find_spec("xllamacpp.xllamacpp")
    assert spec is not None and spec.origin is not None
    library = ctypes.CDLL(spec.origin)
    library.ggml_type_size.restype = library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_blck_size.restype = ctypes.c_int64
    sizes = [ctypes.c_int64] * 3
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *sizes, ctypes.c_void_p]
    return library
