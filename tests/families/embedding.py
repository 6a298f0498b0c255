"""A model that makes vectors of texts: it reads both ways, and writes nothing."""

from pathlib import Path
from typing import Any

WIDTH, HEADS, LAYERS, CONTEXT = 32, 2, 2, 64
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁red", "▁roses", "▁grow", "▁a", "▁harbour", "▁with", "▁cranes", "▁here"]


def build_bert(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("tiny-bert")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(WORDS)
    writer.add_token_types([3, 2, 3, 3, *[1] * (len(WORDS) - 4)])
    writer.add_token_type_count(2)
    for name, number in (("unknown", 1), ("cls", 2), ("seperator", 3), ("padding", 0), ("bos", 2), ("eos", 3)):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", number)
    _tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(writer: Any) -> None:
    import numpy

    chance = numpy.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        values = chance.standard_normal(shape) * 0.3 + ("norm.weight" in name)
        writer.add_tensor(name, values.astype(numpy.float32))

    add("token_embd.weight", len(WORDS), WIDTH)
    add("token_types.weight", 2, WIDTH)
    add("position_embd.weight", CONTEXT, WIDTH)
    norms = ["token_embd_norm"]
    for layer in range(LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{part}.weight", WIDTH, WIDTH)
            add(f"blk.{layer}.{part}.bias", WIDTH)
        add(f"blk.{layer}.ffn_up.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_up.bias", 2 * WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, 2 * WIDTH)
        add(f"blk.{layer}.ffn_down.bias", WIDTH)
        norms += [f"blk.{layer}.attn_output_norm", f"blk.{layer}.layer_output_norm"]
    for name in norms:
        add(f"{name}.weight", WIDTH)
        add(f"{name}.bias", WIDTH)
