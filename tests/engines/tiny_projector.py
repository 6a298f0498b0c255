"""Projectors of some kilobytes with random weights, one for each way in which a language model reads a picture, and
one that hears; and a language model whose positions have sections (M-RoPE)."""

import re
from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.native import tiny

IMAGE, PATCH, WIDE, HEADS, INNER, LAYERS = 32, 8, 32, 2, 64, 2
MELS, FRAMES, STACK = 16, 1500, 25


def build_llava(path: Path, width: int = tiny.WIDTH, patch: int = PATCH) -> None:
    """Pictures as vectors like tokens, one after the other; the picture is made square. width: of the model. patch:
    as the header says it, which may be a lie."""
    writer, chance = _vision(path, "mlp", width, LAYERS, IMAGE, patch)
    count = (IMAGE // PATCH) ** 2 + 1
    _add(writer, chance, {"v.class_embd": (WIDE,), "v.position_embd.weight": (count, WIDE)})
    _add(writer, chance, {"v.pre_ln.weight": (WIDE,), "v.pre_ln.bias": (WIDE,)})
    _add(writer, chance, {"mm.0.weight": (width, WIDE), "mm.0.bias": (width,)})
    _add(writer, chance, {"mm.2.weight": (width, width), "mm.2.bias": (width,)})
    _add(writer, chance, _tower("v", LAYERS))
    _write(writer)


def build_gemma(path: Path, width: int = tiny.WIDTH, image: int = 96, merged: int = 1, layers: int = LAYERS) -> None:
    """Pictures whose vectors see each other in the language model: all of them in one step. merged: how many squared
    become one vector."""
    writer, chance = _vision(path, "gemma3", width, layers, image)
    writer.add_uint32("clip.vision.projector.scale_factor", merged)
    _add(writer, chance, {"v.position_embd.weight": ((image // PATCH) ** 2, WIDE), "v.patch_embd.bias": (WIDE,)})
    _add(writer, chance, {"v.post_ln.weight": (WIDE,), "v.post_ln.bias": (WIDE,)})
    _add(writer, chance, {"mm.input_projection.weight": (WIDE, width), "mm.soft_emb_norm.weight": (WIDE,)})
    _add(writer, chance, _tower("v", layers))
    _write(writer)


def build_qwen(path: Path, width: int = tiny.WIDTH) -> None:
    """Pictures of any shape, whose vectors stand in rows and columns."""
    writer, chance = _vision(path, "qwen2vl_merger", width, LAYERS, 64)
    writer.add_vision_use_silu(True)
    writer.add_uint32("clip.vision.image_min_pixels", 4 * (2 * PATCH) ** 2)
    writer.add_uint32("clip.vision.image_max_pixels", 160 * (2 * PATCH) ** 2)
    _add(writer, chance, {"v.patch_embd.weight.1": (WIDE, 3, PATCH, PATCH)})
    _add(writer, chance, {"v.post_ln.weight": (WIDE,), "v.post_ln.bias": (WIDE,)})
    _add(writer, chance, {"mm.0.weight": (4 * WIDE, 4 * WIDE), "mm.0.bias": (4 * WIDE,)})
    _add(writer, chance, {"mm.2.weight": (width, 4 * WIDE), "mm.2.bias": (width,)})
    _add(writer, chance, _tower("v", LAYERS))
    _write(writer)


def build_deep(path: Path, width: int = tiny.WIDTH) -> None:
    """As `build_qwen`; and what a layer of the encoder sees goes into a layer of the model of its own (DeepStack)."""
    writer, chance = _vision(path, "qwen3vl_merger", width, LAYERS, 64)
    writer.add_vision_use_silu(True)
    writer.add_uint32("clip.vision.image_min_pixels", 4 * (2 * PATCH) ** 2)
    writer.add_uint32("clip.vision.image_max_pixels", 160 * (2 * PATCH) ** 2)
    _add(writer, chance, {"v.patch_embd.weight.1": (WIDE, 3, PATCH, PATCH), "v.patch_embd.bias": (WIDE,)})
    _add(writer, chance, {"v.position_embd.weight": (64, WIDE), "v.post_ln.weight": (WIDE,), "v.post_ln.bias": (WIDE,)})
    for name in ("mm.{}", "v.deepstack.0.fc{}"):
        first, second = (name.format(at) for at in ((0, 2) if "mm" in name else (1, 2)))
        _add(writer, chance, {f"{first}.weight": (4 * WIDE, 4 * WIDE), f"{first}.bias": (4 * WIDE,)})
        _add(writer, chance, {f"{second}.weight": (width, 4 * WIDE), f"{second}.bias": (width,)})
    _add(writer, chance, {"v.deepstack.0.norm.weight": (4 * WIDE,), "v.deepstack.0.norm.bias": (4 * WIDE,)})
    tower = {name: shape for name, shape in _tower("v", LAYERS).items() if not re.search("attn_[qkv]", name)}
    for layer in range(LAYERS):
        tower |= {f"v.blk.{layer}.attn_qkv.weight": (3 * WIDE, WIDE), f"v.blk.{layer}.attn_qkv.bias": (3 * WIDE,)}
    _add(writer, chance, tower)
    _write(writer)


def build_ultravox(path: Path, width: int = tiny.WIDTH) -> None:
    """Sounds, by an encoder like Whisper's."""
    writer, chance = _writer(path, "ultravox", 7)
    writer.add_clip_has_audio_encoder(True)
    writer.add_audio_embedding_length(WIDE)
    writer.add_audio_feed_forward_length(INNER)
    writer.add_audio_block_count(LAYERS)
    writer.add_audio_head_count(HEADS)
    writer.add_audio_attention_layernorm_eps(1e-5)
    writer.add_audio_projection_dim(width)
    writer.add_audio_num_mel_bins(MELS)
    writer.add_audio_stack_factor(STACK)
    _add(writer, chance, {"a.conv1d.1.weight": (WIDE, MELS, 3), "a.conv1d.1.bias": (WIDE, 1)})
    _add(writer, chance, {"a.conv1d.2.weight": (WIDE, WIDE, 3), "a.conv1d.2.bias": (WIDE, 1)})
    _add(writer, chance, {"a.position_embd.weight": (FRAMES, WIDE)})
    _add(writer, chance, {"a.post_ln.weight": (WIDE,), "a.post_ln.bias": (WIDE,)})
    _add(writer, chance, {"mm.a.norm_pre.weight": (WIDE * STACK,), "mm.a.norm_mid.weight": (WIDE,)})
    _add(writer, chance, {"mm.a.mlp.1.weight": (2 * WIDE, WIDE * STACK), "mm.a.mlp.2.weight": (width, WIDE)})
    _add(writer, chance, {name: shape for name, shape in _tower("a", LAYERS).items() if "attn_k.bias" not in name})
    _write(writer)


def build_sectioned(path: Path, deep: bool = False) -> None:
    """A language model of the qwen2vl architecture, like the engine's own tiny one but for its positions; or of
    qwen3vl's, one of whose layers takes more of a picture."""
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "qwen3vl" if deep else "qwen2vl")
    if deep:
        writer.add_num_deepstack_layers(1)
    writer.add_context_length(8192)
    writer.add_embedding_length(tiny.WIDTH)
    writer.add_block_count(tiny.LAYERS)
    writer.add_feed_forward_length(128)
    writer.add_head_count(tiny.HEADS)
    writer.add_head_count_kv(tiny.HEADS // 2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_sections([2, 3, 3, 0])
    tiny.add_vocabulary(writer)
    chance = np.random.default_rng(3)
    plain = tiny.with_tokens(tiny.llama_shapes())
    shapes = plain | {f"blk.{at}.attn_q.bias": (tiny.WIDTH,) for at in range(tiny.LAYERS)}
    shapes |= {f"blk.{at}.attn_{name}.bias": (tiny.WIDTH // 2,) for at in range(tiny.LAYERS) for name in "kv"}
    if deep:
        norms = {
            f"blk.{at}.attn_{name}_norm.weight": (tiny.WIDTH // tiny.HEADS,)
            for at in range(tiny.LAYERS)
            for name in "qk"
        }
        shapes = plain | norms
    for name, shape in shapes.items():
        values = np.ones(shape) if name.endswith("norm.weight") else chance.normal(0, 0.3, shape)
        writer.add_tensor(name, values.astype(np.float32))
    _write(writer)


def _vision(path: Path, kind: str, width: int, layers: int, image: int, patch: int = PATCH) -> tuple[Any, Any]:
    writer, chance = _writer(path, kind, 5)
    writer.add_clip_has_vision_encoder(True)
    writer.add_vision_embedding_length(WIDE)
    writer.add_vision_feed_forward_length(INNER)
    writer.add_vision_block_count(layers)
    writer.add_vision_head_count(HEADS)
    writer.add_vision_attention_layernorm_eps(1e-5)
    writer.add_vision_projection_dim(width)
    writer.add_vision_image_size(image)
    writer.add_vision_patch_size(patch)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    _add(writer, chance, {"v.patch_embd.weight": (WIDE, 3, PATCH, PATCH)})
    return writer, chance


def _writer(path: Path, kind: str, seed: int) -> tuple[Any, Any]:
    import gguf
    import numpy as np

    writer = gguf.GGUFWriter(path, "clip")
    writer.add_clip_projector_type(kind)
    return writer, np.random.default_rng(seed)


def _tower(prefix: str, layers: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(layers):
        block = f"{prefix}.blk.{layer}."
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            shapes |= {f"{block}{name}.weight": (WIDE, WIDE), f"{block}{name}.bias": (WIDE,)}
        for name in ("ln1", "ln2"):
            shapes |= {f"{block}{name}.weight": (WIDE,), f"{block}{name}.bias": (WIDE,)}
        shapes |= {f"{block}ffn_up.weight": (INNER, WIDE), f"{block}ffn_up.bias": (INNER,)}
        shapes |= {f"{block}ffn_down.weight": (WIDE, INNER), f"{block}ffn_down.bias": (WIDE,)}
    return shapes


def _add(writer: Any, chance: Any, shapes: dict[str, tuple[int, ...]]) -> None:
    import numpy as np

    for name, shape in shapes.items():
        is_norm = len(shape) == 1 and name.endswith("weight")
        values = np.ones(shape) if is_norm else chance.normal(0, 0.3, shape)
        writer.add_tensor(name, values.astype(np.float32))


def _write(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
