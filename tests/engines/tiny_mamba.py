"""A recurrent model of some kilobytes with random weights, whose state cannot go back to an earlier token."""

from pathlib import Path

from omniloom.engines.llamacpp.native.tiny import _vocabulary

WIDTH, INNER, STATE, RANK, KERNEL, LAYERS = 32, 64, 8, 4, 4, 2


def build_mamba(path: Path) -> None:
    """Write a GGUF of the mamba architecture, float32."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(LAYERS)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    writer.add_layer_norm_rms_eps(1e-5)
    tokens = _vocabulary(writer)
    chance = np.random.default_rng(5)
    for name, shape in _shapes(tokens).items():
        values = chance.normal(0, 0.4, shape)
        if name.endswith("norm.weight"):
            values = np.ones(shape)
        if name.endswith("ssm_a"):
            values = -np.abs(values) - 0.1
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _shapes(tokens: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (tokens, WIDTH),
        "output_norm.weight": (WIDTH,),
        "output.weight": (tokens, WIDTH),
    }
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        shapes |= {
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
    return shapes
