"""What of an engine's options can be had, and together; refused before anything is loaded."""

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from omniloom.core.errors import UnsupportedError, UsageError, WeightsError
from omniloom.engines.llamacpp.adapters import Adapters
from omniloom.engines.llamacpp.header import Header
from omniloom.engines.llamacpp.native.check import why_not
from omniloom.engines.llamacpp.thinking import Tags

Splice = bool | Literal["unmeasured"]


def loops(loop: bool | None, together: bool, projector: Any, draft: Any, adapters: Any) -> bool:
    """Whether it answers in the loop. Raises UsageError for options that exclude each other, UnsupportedError for what
    cannot be had here."""
    looping = not is_turned_off() and why_not() is None if loop is None else loop
    if together and (projector is not None or not looping):
        raise UsageError("answers share steps only in the loop, and not beside a projector")
    if together and adapters:
        raise UsageError("answers that share steps share all weights: they have no adapters", hint="leave together out")
    if draft is not None and (together or not looping):
        raise UsageError(
            "a draft model is of use only in the loop, and not where answers share steps", hint="leave draft out"
        )
    if adapters and not looping:
        raise UnsupportedError("adapters need the engine's loop", hint="omniloom doctor says why it is not used here")
    return looping


def beside_model(model: Path, header: Header, embedding: bool, adapters: Any, adapter: str) -> Adapters:
    if header.adapter:
        raise WeightsError(f"{str(model)!r} is an adapter and no model", hint='load(MODEL, adapters={"name": FILE})')
    if embedding and adapters:
        raise UsageError(f"{str(model)!r} is an embedding model, which takes no adapters")
    return Adapters(model, header, adapters, adapter)


def tags_of(header: Header, given: tuple[str, str] | None) -> Tags | None:
    native = ("<think>", "</think>") if "</think>" in header.chat_template else None
    return Tags(*tags) if (tags := given or native) else None


def is_turned_off() -> bool:
    return os.environ.get("OMNILOOM_LOOP", "") == "0"


def splices(splice: Splice, digest: str, looping: bool, together: bool, projector: Any, adapters: Any) -> bool:
    """Whether cells of passages may come from other texts: asked for, and measured to cost this model no answers.

    Raises UsageError for options that exclude it, UnsupportedError for a model of which that was not measured.
    """
    if not isinstance(splice, bool) and splice != "unmeasured":
        raise UsageError(f"splice={splice!r:.80} must be True, False or 'unmeasured'", hint="leave splice out")
    if splice and (together or projector is not None or not looping):
        raise UsageError("passages are spliced only in the loop, not where answers share steps or beside a projector")
    if splice is True and (adapters or digest not in measured_to_splice()):
        raise UnsupportedError(
            "that spliced passages cost no right answers was not measured of this model"
            + (" with adapters" if adapters else ""),
            hint="splice='unmeasured' does it all the same; python -m measure.splice measures a model",
        )
    return bool(splice)


@cache
def measured_to_splice() -> dict[str, Any]:
    """What measure/splice.py found, by the sha256 of the weights; those only that passed."""
    return json.loads(files("omniloom.engines.llamacpp").joinpath("splicing.json").read_text("utf-8"))
