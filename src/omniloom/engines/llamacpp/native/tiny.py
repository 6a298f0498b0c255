"""A language model of some kilobytes with random weights: it says nothing, and says it the same way every time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WIDTH, LAYERS, HEADS, CONTEXT = 64, 2, 4, 512
WORDS = ("▁loom", "▁thread")
_MARKS = ("<unk>", "<s>", "</s>")
_CONTROL, _BYTE, _NORMAL = 3, 6, 1
Shapes = dict[str, tuple[int, ...]]


def build_tiny(path: Path, seed: int = 1, width: int = WIDTH) -> None:
    """Write a GGUF of the llama architecture (2 layers, float32) whose tokens are bytes and two words."""
    fields = {
        "context_length": CONTEXT,
        "embedding_length": width,
        "block_count": LAYERS,
        "feed_forward_length": 2 * width,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS // 2,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "rope.dimension_count": width // HEADS,
    }
    write_model(path, "llama", fields, with_tokens(llama_shapes(width), width), seed)


def write_model(
    path: Path,
    architecture: str,
    fields: Mapping[str, Any],
    shapes: Shapes,
    seed: int = 1,
    words: tuple[str, ...] = WORDS,
    shaped: Callable[[str, Any], Any] = lambda _, values: values,
) -> None:
    """Write a GGUF of random float32 weights whose tokens are bytes and `words`, and which writes printable ASCII.

    fields: of the header, without the architecture before them. shapes: of the tensors, rows first. shaped: gives the
    values of a tensor the form that its architecture asks for.
    """
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, architecture)
    for name, value in fields.items():
        _add_field(writer, f"{architecture}.{name}", value)
    add_vocabulary(writer, words)
    random = np.random.default_rng(seed)
    for name, shape in shapes.items():
        is_norm = "norm" in name and name.endswith(".weight")
        values = np.ones(shape) if is_norm else random.normal(0, 0.3, shape)
        if name == "output.weight":
            values[: len(_MARKS) + ord(" ")] = values[len(_MARKS) + ord("~") + 1 :] = 0
        writer.add_tensor(name, shaped(name, values).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_vocabulary(writer: Any, words: tuple[str, ...] = WORDS) -> None:
    """Three marks, all bytes, and `words`."""
    names = [*_MARKS, *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    kinds = [_CONTROL] * len(_MARKS) + [_BYTE] * 256 + [_NORMAL] * len(words)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(names)
    writer.add_token_scores([0.0] * len(names))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_vocab_size(len(names))


def with_tokens(shapes: Shapes, width: int = WIDTH, words: tuple[str, ...] = WORDS) -> Shapes:
    """The tensors that turn tokens into vectors and back, and then `shapes`."""
    tokens = len(_MARKS) + 256 + len(words)
    around: Shapes = {"token_embd.weight": (tokens, width), "output_norm.weight": (width,)}
    return around | {"output.weight": (tokens, width)} | shapes


def llama_shapes(width: int = WIDTH, layers: int = LAYERS) -> Shapes:
    shapes: Shapes = {}
    for layer in range(layers):
        block = f"blk.{layer}."
        shapes |= {f"{block}attn_norm.weight": (width,), f"{block}ffn_norm.weight": (width,)}
        shapes |= attention(block, width) | gated(block, width)
    return shapes


def attention(block: str, width: int = WIDTH, head: int = 0) -> Shapes:
    """Of one layer; half as many heads of keys and values. head: how wide one is, if that is no share of the width."""
    wide = HEADS * head or width
    shapes: Shapes = {f"{block}attn_q.weight": (wide, width), f"{block}attn_output.weight": (width, wide)}
    return shapes | {f"{block}attn_{name}.weight": (wide // 2, width) for name in ("k", "v")}


def gated(block: str, width: int = WIDTH) -> Shapes:
    """The feed-forward part of one layer."""
    inner = 2 * width
    shapes: Shapes = {f"{block}ffn_gate.weight": (inner, width), f"{block}ffn_up.weight": (inner, width)}
    return shapes | {f"{block}ffn_down.weight": (width, inner)}


def _add_field(writer: Any, name: str, value: Any) -> None:
    """A whole number is an unsigned one of 32 bits, as the readers of headers ask for."""
    if isinstance(value, bool):
        writer.add_bool(name, value)
    elif isinstance(value, int):
        writer.add_uint32(name, value)
    elif isinstance(value, float):
        writer.add_float32(name, value)
    elif isinstance(value, str):
        writer.add_string(name, value)
    else:
        writer.add_array(name, list(value))
