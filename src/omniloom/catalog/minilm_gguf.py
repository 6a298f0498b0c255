"""Write all-MiniLM-L6-v2 as the GGUF that the embedded engine runs. numpy and gguf only.

Architecture and tensor names are those llama.cpp reads for BERT; the words lose their `##` and beginnings of words
get a `▁`, which is how its WordPiece tokenizer tells them apart.
"""

import json
from pathlib import Path
from typing import Any

_LAYERS, _WIDTH, _INNER, _HEADS, _CONTEXT = 6, 384, 1536, 12, 512
_EPSILON = 1e-12
_SPECIAL = {"padding": "[PAD]", "unknown": "[UNK]", "cls": "[CLS]", "seperator": "[SEP]", "mask": "[MASK]"}
_WHOLE = {
    "embeddings.word_embeddings.weight": "token_embd.weight",
    "embeddings.position_embeddings.weight": "position_embd.weight",
    "embeddings.token_type_embeddings.weight": "token_types.weight",
    "embeddings.LayerNorm": "token_embd_norm",
}
_IN_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def write(folder: Path, target: Path) -> None:
    """Reads model.safetensors and vocab.txt in `folder`, writes `target`.

    Matrices are Q8_0, the rest is float32: vectors stay within a cosine of 0.9995 of the float32 model's, search finds
    the same, and it runs a quarter faster than float16 (measure/embeddings.py).
    """
    import gguf
    import gguf.quants
    import numpy as np

    tensors = read_safetensors(folder / "model.safetensors")
    writer = gguf.GGUFWriter(target, "bert")
    _header(writer, gguf)
    _words(writer, (folder / "vocab.txt").read_text("utf-8").split("\n"), gguf)
    for theirs, ours in _names():
        values = np.ascontiguousarray(tensors[theirs], np.float32)
        if values.ndim == 2 and not ours.startswith(("position_embd", "token_types")):
            packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(ours, packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            writer.add_tensor(ours, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_safetensors(path: Path) -> dict[str, Any]:
    """name → numpy array of a safetensors file of floats: a length, a JSON header, the numbers."""
    import numpy as np

    content = np.memmap(path, np.uint8, "r")
    length = int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8 : 8 + length].tobytes())
    kinds = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    tensors: dict[str, Any] = {}
    for name, told in header.items():
        if name != "__metadata__":
            start, end = (8 + length + at for at in told["data_offsets"])
            tensors[name] = content[start:end].view(kinds[told["dtype"]]).reshape(told["shape"])
    return tensors


def _names() -> list[tuple[str, str]]:
    names = [(theirs, ours) for theirs, ours in _WHOLE.items() if ours.endswith(".weight")]
    pairs = [(theirs, ours) for theirs, ours in _WHOLE.items() if not ours.endswith(".weight")]
    for layer in range(_LAYERS):
        pairs += [(f"encoder.layer.{layer}.{theirs}", f"blk.{layer}.{ours}") for theirs, ours in _IN_LAYER.items()]
    return names + [(f"{theirs}.{end}", f"{ours}.{end}") for theirs, ours in pairs for end in ("weight", "bias")]


def _header(writer: Any, gguf: Any) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("Apache-2.0")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_INNER)
    writer.add_block_count(_LAYERS)
    writer.add_head_count(_HEADS)
    writer.add_layer_norm_eps(_EPSILON)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)


def _words(writer: Any, lines: list[str], gguf: Any) -> None:
    """vocab.txt holds one word a line; its line number is its token."""
    words = lines[:-1] if lines[-1] == "" else lines
    kinds = [gguf.TokenType.CONTROL if word.startswith("[") and word.endswith("]") else 1 for word in words]
    control = gguf.TokenType.CONTROL
    tokens = [
        word if kind == control else word[2:] if word.startswith("##") else f"▁{word}"
        for word, kind in zip(words, kinds, strict=True)
    ]
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types([int(kind) for kind in kinds])
    writer.add_token_type_count(2)
    for role, word in _SPECIAL.items():
        writer.add_uint32(f"tokenizer.ggml.{role}_token_id", words.index(word))
    writer.add_uint32("tokenizer.ggml.bos_token_id", words.index("[CLS]"))
    writer.add_uint32("tokenizer.ggml.eos_token_id", words.index("[SEP]"))
