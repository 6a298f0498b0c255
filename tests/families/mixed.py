"""Models some of whose layers attend and some of whose layers remember."""

from pathlib import Path

from families.attending import HEAD, experts
from families.recurrent import RANK, SSM, SSM_HEADS, STATE, mamba, mamba2
from families.writing import LAYERS, write
from omniloom.engines.llamacpp.native.tiny import HEADS, WIDTH, Shapes, attention, gated

_ATTENDING = (1,)  # layers; a layer without heads of keys is a recurrent one
_KEYS = {"attention.head_count_kv": [HEADS // 2 if layer in _ATTENDING else 0 for layer in range(LAYERS)]}
_KERNEL = 3


def build_mamba_hybrid(path: Path) -> None:
    """jamba: Mamba and attention; every layer has a feed-forward part, that of the last by experts."""
    shapes: Shapes = {}
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= _attending(block) if layer in _ATTENDING else mamba(block) | _inner_norms(block)
        shapes |= _fed(block) if layer < LAYERS - 1 else experts(block, 2 * WIDTH)
        shapes[f"{block}ffn_norm.weight"] = (WIDTH,)
    write(path, "jamba", SSM | _KEYS | {"expert_count": 4, "expert_used_count": 2}, shapes, seed=9)


def build_mamba2_hybrid(path: Path) -> None:
    """granitehybrid: Mamba-2 and attention."""
    shapes: Shapes = {}
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= (_attending(block) if layer in _ATTENDING else mamba2(block)) | _fed(block)
    fields = {"ssm.group_count": 1, "ssm.time_step_rank": SSM_HEADS, "attention.scale": HEAD**-0.5}
    write(path, "granitehybrid", SSM | _KEYS | fields, shapes, seed=10)


def build_conv_hybrid(path: Path) -> None:
    """lfm2: short convolutions and attention."""
    shapes: Shapes = {"token_embd_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        if layer in _ATTENDING:
            shapes |= _attending(block) | {f"{block}attn_{name}_norm.weight": (HEAD,) for name in ("q", "k")}
        else:
            shapes |= {f"{block}attn_norm.weight": (WIDTH,), f"{block}shortconv.conv.weight": (WIDTH, _KERNEL)}
            shapes |= {f"{block}shortconv.in_proj.weight": (3 * WIDTH, WIDTH)}
            shapes |= {f"{block}shortconv.out_proj.weight": (WIDTH, WIDTH)}
        shapes |= _fed(block)
    fields = _KEYS | {"shortconv.l_cache": _KERNEL}
    write(path, "lfm2", fields, shapes, seed=11, without="output_norm.weight")


def _attending(block: str) -> Shapes:
    return attention(block) | {f"{block}attn_norm.weight": (WIDTH,)}


def _fed(block: str) -> Shapes:
    return gated(block) | {f"{block}ffn_norm.weight": (WIDTH,)}


def _inner_norms(block: str) -> Shapes:
    return {f"{block}ssm_{name}_norm.weight": (size,) for name, size in (("dt", RANK), ("b", STATE), ("c", STATE))}
