"""Models without attention, whose state cannot go back to an earlier token."""

from pathlib import Path

from families.writing import LAYERS, write
from omniloom.engines.llamacpp.native.tiny import WIDTH, Shapes

INNER, STATE, RANK, KERNEL, SSM_HEADS, LORA, HEAD = 2 * WIDTH, 8, 4, 4, 4, 8, 32
SSM = {"ssm.conv_kernel": KERNEL, "ssm.inner_size": INNER, "ssm.state_size": STATE, "ssm.time_step_rank": RANK}
_ALONE = {"attention.head_count": 0, "attention.head_count_kv": 0}


def build_mamba(path: Path) -> None:
    shapes: Shapes = {}
    for layer in range(LAYERS):
        shapes |= mamba(f"blk.{layer}.")
    write(path, "mamba", _ALONE | SSM | {"feed_forward_length": 0}, shapes, seed=6)


def build_mamba2(path: Path) -> None:
    shapes: Shapes = {}
    for layer in range(LAYERS):
        shapes |= mamba2(f"blk.{layer}.")
    fields = {"feed_forward_length": 0, "ssm.group_count": 1, "ssm.time_step_rank": SSM_HEADS}
    write(path, "mamba2", _ALONE | SSM | fields, shapes, seed=7)


def build_rwkv(path: Path) -> None:
    """rwkv7."""
    shapes: Shapes = {
        "token_embd_norm.bias": (WIDTH,),
        "token_embd_norm.weight": (WIDTH,),
        "output_norm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        shapes |= _rwkv(f"blk.{layer}.")
    ranks = ("decay", "iclr", "value_residual_mix", "gate")
    fields = {f"attention.{name}_lora_rank": LORA for name in ranks}
    fields |= {"attention.layer_norm_epsilon": 1e-5, "wkv.head_size": HEAD, "token_shift_count": 2}
    write(path, "rwkv7", _ALONE | fields, shapes, seed=8)


def mamba(block: str) -> Shapes:
    """Of one layer."""
    return {
        f"{block}attn_norm.weight": (WIDTH,),
        f"{block}ssm_in.weight": (2 * INNER, WIDTH),
        f"{block}ssm_conv1d.weight": (INNER, KERNEL),
        f"{block}ssm_conv1d.bias": (INNER,),
        f"{block}ssm_x.weight": (RANK + 2 * STATE, INNER),
        f"{block}ssm_dt.weight": (INNER, RANK),
        f"{block}ssm_dt.bias": (INNER,),
        f"{block}ssm_a": (INNER, STATE),
        f"{block}ssm_d": (INNER,),
        f"{block}ssm_out.weight": (WIDTH, INNER),
    }


def mamba2(block: str) -> Shapes:
    """Of one layer: the state has heads, and each decays by one number."""
    return {
        f"{block}attn_norm.weight": (WIDTH,),
        f"{block}ssm_in.weight": (2 * INNER + 2 * STATE + SSM_HEADS, WIDTH),
        f"{block}ssm_conv1d.weight": (INNER + 2 * STATE, KERNEL),
        f"{block}ssm_conv1d.bias": (INNER + 2 * STATE,),
        f"{block}ssm_dt.bias": (SSM_HEADS,),
        f"{block}ssm_a": (SSM_HEADS, 1),
        f"{block}ssm_d": (SSM_HEADS, 1),
        f"{block}ssm_norm.weight": (1, INNER),
        f"{block}ssm_out.weight": (WIDTH, INNER),
    }


def _rwkv(block: str) -> Shapes:
    shapes: Shapes = {}
    for name in ("attn_norm", "attn_norm_2", "time_mix_ln"):
        shapes |= {f"{block}{name}.weight": (WIDTH,), f"{block}{name}.bias": (WIDTH,)}
    for name in "wav":
        shapes[f"{block}time_mix_{name}0.weight"] = (WIDTH,)
    for name in "wavg":
        shapes |= {f"{block}time_mix_{name}1.weight": (LORA, WIDTH), f"{block}time_mix_{name}2.weight": (WIDTH, LORA)}
    shapes |= {f"{block}time_mix_{name}.weight": (WIDTH,) for name in ("k_k", "k_a", "r_k")}
    shapes |= {f"{block}time_mix_{name}.weight": (WIDTH, WIDTH) for name in ("key", "value", "receptance", "output")}
    shapes |= {
        f"{block}time_mix_lerp_fused.weight": (6, 1, 1, WIDTH),
        f"{block}channel_mix_lerp_k.weight": (1, 1, WIDTH),
    }
    return shapes | {
        f"{block}channel_mix_key.weight": (INNER, WIDTH),
        f"{block}channel_mix_value.weight": (WIDTH, INNER),
    }
