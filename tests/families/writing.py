"""What the families have in common."""

from pathlib import Path
from typing import Any

from omniloom.engines.llamacpp.native.tiny import HEADS, WIDTH, Shapes, with_tokens, write_model

LAYERS, CONTEXT = 2, 1024
_WORDS = ("▁",)
FIELDS = {
    "context_length": CONTEXT,
    "embedding_length": WIDTH,
    "block_count": LAYERS,
    "feed_forward_length": 2 * WIDTH,
    "attention.head_count": HEADS,
    "attention.head_count_kv": HEADS // 2,
    "attention.layer_norm_rms_epsilon": 1e-5,
}


def write(
    path: Path, architecture: str, fields: dict[str, Any], shapes: Shapes, seed: int = 1, without: str = ""
) -> None:
    """`FIELDS`, where `fields` say nothing else, and a vocabulary with a token for a space. without: a tensor that
    this architecture has not."""
    whole = {name: shape for name, shape in with_tokens(shapes, words=_WORDS).items() if name != without}
    write_model(path, architecture, FIELDS | fields, whole, seed, _WORDS, _shaped)


def _shaped(name: str, values: Any) -> Any:
    """What a state decays by is negative: the state would grow without end."""
    import numpy as np

    return -np.abs(values) - 0.1 if name.endswith("ssm_a") else values
