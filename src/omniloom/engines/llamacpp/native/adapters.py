"""LoRA adapters of a model, each tried before anybody waits for an answer of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Context, Item


def fit(context: Apart | Context, paths: Mapping[str, str], told: Callable[[dict[str, Any]], None]) -> None:
    """Load the adapters, and compute one token with each: what llama.cpp cannot compute ends here, also where it ends
    the process; `told` has then said which one it was. Raises EngineError."""
    import numpy as np

    for name, path in paths.items():
        told({"adapter": name})
        context.weights.load_adapter(name, Path(path))
        context.hold(0, (), name)
        if np.isnan(context.step([Item(0, 0, 0, True)])[0]).any():
            raise EngineError("what the adapter gives are no numbers")
        context.cut(0, 0)
        context.hold(0, ())
