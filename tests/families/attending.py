"""Models that attend to all tokens before, or to those in a window."""

from pathlib import Path
from typing import Any

from families.writing import LAYERS, write
from omniloom.engines.llamacpp.native.tiny import HEADS, WIDTH, Shapes, attention, gated, llama_shapes

WINDOW, EXPERTS = 24, 4
HEAD = WIDTH // HEADS
WIDE = 32


def build_plain(path: Path) -> None:
    """llama: the engine's own tiny model, a little longer."""
    write(path, "llama", {"rope.dimension_count": HEAD}, llama_shapes(layers=LAYERS))


def build_scaled(path: Path, scaling: dict[str, Any]) -> None:
    """llama with positions that are scaled, as YaRN does it; fields of `rope.scaling`."""
    fields = {f"rope.scaling.{name}": value for name, value in scaling.items()}
    write(path, "llama", fields | {"rope.dimension_count": HEAD}, llama_shapes(layers=LAYERS))


def build_windowed(path: Path) -> None:
    """gemma3: every second layer sees the last 24 tokens only; heads are wider than their share."""
    shapes: Shapes = {}
    for block in _blocks():
        shapes |= attention(block, head=WIDE) | gated(block) | _norms_of_heads(block, WIDE)
        names = ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm")
        shapes |= {f"{block}{name}.weight": (WIDTH,) for name in names}
    pattern = [layer % 2 == 0 for layer in range(LAYERS)]
    fields = {"attention.sliding_window": WINDOW, "attention.sliding_window_pattern": pattern}
    fields |= {"attention.key_length": WIDE, "attention.value_length": WIDE}
    write(path, "gemma3", fields, shapes, seed=2)


def build_normed(path: Path) -> None:
    """qwen3: queries and keys are normed."""
    shapes = llama_shapes(layers=LAYERS)
    for block in _blocks():
        shapes |= _norms_of_heads(block)
    write(path, "qwen3", {}, shapes, seed=3)


def build_parallel(path: Path) -> None:
    """phi2: biases everywhere, means subtracted, attention beside the feed-forward part."""
    shapes: Shapes = {"output_norm.bias": (WIDTH,), "output.bias": (260,)}
    inner = 2 * WIDTH
    for block in _blocks():
        shapes |= attention(block) | {f"{block}attn_norm.weight": (WIDTH,), f"{block}attn_norm.bias": (WIDTH,)}
        shapes |= {f"{block}attn_q.bias": (WIDTH,), f"{block}attn_output.bias": (WIDTH,)}
        shapes |= {f"{block}attn_{name}.bias": (WIDTH // 2,) for name in ("k", "v")}
        shapes |= {f"{block}ffn_up.weight": (inner, WIDTH), f"{block}ffn_up.bias": (inner,)}
        shapes |= {f"{block}ffn_down.weight": (WIDTH, inner), f"{block}ffn_down.bias": (WIDTH,)}
    write(path, "phi2", {"attention.layer_norm_epsilon": 1e-5, "rope.dimension_count": HEAD // 2}, shapes, seed=4)


def build_experts(path: Path) -> None:
    """qwen3moe: two of four experts for each token."""
    shapes: Shapes = {}
    for block in _blocks():
        shapes |= attention(block) | _norms_of_heads(block) | experts(block, 32)
        shapes |= {f"{block}{name}.weight": (WIDTH,) for name in ("attn_norm", "ffn_norm")}
    chosen = {"expert_count": EXPERTS, "expert_used_count": 2, "expert_feed_forward_length": 32}
    write(path, "qwen3moe", chosen, shapes, seed=5)


def experts(block: str, inner: int) -> Shapes:
    """The feed-forward part of one layer, by experts, and what chooses them."""
    shapes: Shapes = {f"{block}ffn_gate_inp.weight": (EXPERTS, WIDTH)}
    shapes |= {f"{block}ffn_{name}_exps.weight": (EXPERTS, inner, WIDTH) for name in ("gate", "up")}
    return shapes | {f"{block}ffn_down_exps.weight": (EXPERTS, WIDTH, inner)}


def _blocks() -> list[str]:
    return [f"blk.{layer}." for layer in range(LAYERS)]


def _norms_of_heads(block: str, head: int = HEAD) -> Shapes:
    return {f"{block}attn_{name}_norm.weight": (head,) for name in ("q", "k")}
