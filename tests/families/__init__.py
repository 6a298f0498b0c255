"""A tiny model for each family of architectures that the engine runs: some hundred kilobytes, random seeded weights.

cd tests && python -m families FOLDER     writes all of them there
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from families.attending import build_experts, build_normed, build_parallel, build_plain, build_windowed
from families.embedding import build_bert
from families.mixed import build_conv_hybrid, build_mamba2_hybrid, build_mamba_hybrid
from families.recurrent import build_mamba, build_mamba2, build_rwkv
from families.translating import build_t5


class Family(NamedTuple):
    """build: writes the model. rewinds: whether its state can be cut back to an earlier token."""

    build: Callable[[Path], None]
    rewinds: bool


FAMILIES = {
    "llama": Family(build_plain, True),
    "gemma3": Family(build_windowed, True),
    "qwen3": Family(build_normed, True),
    "phi2": Family(build_parallel, True),
    "qwen3moe": Family(build_experts, True),
    "mamba": Family(build_mamba, False),
    "mamba2": Family(build_mamba2, False),
    "rwkv7": Family(build_rwkv, False),
    "jamba": Family(build_mamba_hybrid, False),
    "granitehybrid": Family(build_mamba2_hybrid, False),
    "lfm2": Family(build_conv_hybrid, False),
}
EMBEDDERS = {"bert": build_bert}
REFUSED = {"bert": build_bert, "t5": build_t5}  # to write with them
