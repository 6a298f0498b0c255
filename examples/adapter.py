"""Answer with a LoRA adapter. This one is random and says nothing sensible: a real one comes from training."""

import tempfile
from pathlib import Path

import gguf
import numpy as np

import omniloom as ol
from omniloom.catalog import ensure

MODEL, RANK = "smollm2-135m", 4


def write_adapter(path: Path, model: Path) -> None:
    """A pair of small matrices for each of the model's that make queries: B times A is added to it."""
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for tensor in gguf.GGUFReader(model).tensors:
        if tensor.name.endswith("attn_q.weight"):
            width, height = map(int, tensor.shape)
            for name, shape in {"lora_a": (RANK, width), "lora_b": (height, RANK)}.items():
                writer.add_tensor(f"{tensor.name}.{name}", random.normal(0, 1, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


with tempfile.TemporaryDirectory() as folder:
    write_adapter(adapter := Path(folder) / "random.gguf", ensure(MODEL).paths["model"])
    said = {}
    for how, options in {"without": {}, "with the adapter": {"adapters": {"it": adapter}, "adapter": "it"}}.items():
        with ol.load(MODEL, **options) as model:
            said[how] = model.generate("What is a loom?", max_output_tokens=16).text
        print(f"{how}: {said[how]!r}")
    print("the same:", said["without"] == said["with the adapter"])
