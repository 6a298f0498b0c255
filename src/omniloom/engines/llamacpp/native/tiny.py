"""A language model of some kilobytes with random weights: it says nothing, and says it the same way every time."""

from pathlib import Path
from typing import Any

_WIDTH, _LAYERS, _HEADS, _INNER, _CONTEXT = 64, 2, 4, 128, 512
_MARKS = ("<unk>", "<s>", "</s>")
_CONTROL, _BYTE, _NORMAL = 3, 6, 1


def build_tiny(path: Path, seed: int = 1) -> None:
    """Write a GGUF of the llama architecture (2 layers of width 64, float32) whose tokens are bytes and two words."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS // 2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    tokens = _vocabulary(writer)
    random = np.random.default_rng(seed)
    for name, shape in _tensors(tokens).items():
        values = np.ones(shape) if name.endswith("norm.weight") else random.normal(0, 0.3, shape)
        if name == "output.weight":
            values[: len(_MARKS) + ord(" ")] = values[len(_MARKS) + ord("~") + 1 :] = 0  # it writes printable ASCII
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(writer: Any) -> int:
    names = [*_MARKS, *(f"<0x{byte:02X}>" for byte in range(256)), "▁loom", "▁thread"]
    kinds = [_CONTROL] * len(_MARKS) + [_BYTE] * 256 + [_NORMAL] * 2
    writer.add_tokenizer_model("llama")
    writer.add_token_list(names)
    writer.add_token_scores([0.0] * len(names))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_vocab_size(len(names))
    return len(names)


def _tensors(tokens: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (tokens, _WIDTH), "output_norm.weight": (_WIDTH,)}
    shapes["output.weight"] = (tokens, _WIDTH)
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        shapes |= {f"{block}attn_norm.weight": (_WIDTH,), f"{block}ffn_norm.weight": (_WIDTH,)}
        shapes |= {f"{block}attn_q.weight": (_WIDTH, _WIDTH), f"{block}attn_output.weight": (_WIDTH, _WIDTH)}
        shapes |= {f"{block}attn_{name}.weight": (_WIDTH // 2, _WIDTH) for name in ("k", "v")}
        shapes |= {f"{block}ffn_gate.weight": (_INNER, _WIDTH), f"{block}ffn_up.weight": (_INNER, _WIDTH)}
        shapes[f"{block}ffn_down.weight"] = (_WIDTH, _INNER)
    return shapes
