"""LoRA adapters of some kilobytes for a model of ours: random numbers, or what a test puts in their place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.header import read_header

RANK = 4
FIELDS = {"general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 8.0}


def build_adapter(
    path: Path,
    model: Path,
    seed: int = 1,
    *,
    size: float = 0.5,
    names: str = "attn_",
    architecture: str = "",
    fields: Mapping[str, Any] | None = None,
    matrices: Mapping[str, Any] | None = None,
) -> None:
    """Write one that changes each matrix of the model whose name holds `names`.

    size: of the numbers in B; 0 changes nothing. fields: over FIELDS; None leaves one out. matrices: in place of, or
    beside, those made here.
    """
    import gguf
    import numpy as np

    base, random = read_header(model), np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture or base.architecture)
    for name, value in (FIELDS | dict(fields or {})).items():
        if isinstance(value, str):
            writer.add_string(name, value)
        elif isinstance(value, list):
            writer.add_array(name, value)
        elif value is not None:
            writer.add_float32(name, value)
    made: dict[str, Any] = {}
    for name, tensor in base.tensors.items():
        if names in name and len(tensor.shape) == 2:
            width, height = tensor.shape
            made[f"{name}.lora_a"] = random.normal(0, 0.3, (RANK, width))
            made[f"{name}.lora_b"] = random.normal(0, 1, (height, RANK)) * size
    for name, values in (made | dict(matrices or {})).items():
        if values is not None:
            is_raw = values.dtype in (np.float16, np.int8, np.float32)
            writer.add_tensor(name, values if is_raw else values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
