"""Inside a confined child: load one model file after the other, and compute with those that load."""

from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_TOKENS = 24


def run(_: dict[str, Any], channel: Any) -> None:
    """Frames in: {model: path}. Out: {tokens: what it wrote} or {refused: why}."""
    while (frame := channel.receive()) is not None:
        try:
            channel.send({"tokens": _used(Path(frame["model"]))})
        except OmniloomError as error:
            channel.send({"refused": error.message})


def _used(path: Path) -> list[int]:
    weights = Weights(path)
    context = None
    try:
        tokens = [*weights.tokenize("a loom, é", first=True), *map(len, weights.marks)][:_TOKENS]
        context = Apart(weights, Sizes(cells=64, batch=32, sequences=1, threads=1), Stop())
        logits = context.step([Item(token, at, 0, at == len(tokens) - 1) for at, token in enumerate(tokens)])
        found = int(logits[0].argmax())
        return [found, *weights.piece(found)]
    finally:
        if context is not None:
            context.close()
        weights.close()
