"""Inside a confined child: one model, and one adapter file after the other, each tried as the engine tries it."""

from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.engines.llamacpp.native.adapters import fit
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights


def run(payload: dict[str, Any], channel: Any) -> None:
    """payload: model. Frames in: {adapter: path}. Out: {loaded: true} or {refused: why}."""
    weights = Weights(Path(payload["model"]))
    while (frame := channel.receive()) is not None:
        context = Apart(weights, Sizes(cells=64, batch=32, sequences=1, threads=1), Stop())
        try:
            fit(context, {"x": frame["adapter"]}, lambda _: None)
            channel.send({"loaded": True})
        except OmniloomError as error:
            channel.send({"refused": error.message})
        finally:
            context.close()
