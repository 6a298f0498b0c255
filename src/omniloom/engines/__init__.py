"""Run one model: a Request in, events out. `open_engine` finds the engine that a name means."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.events import Progress
from omniloom.core.protocols import Engine


def open_engine(
    name: str,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Engine:
    """The engine a name means.

    name: "openai:http://host:port/v1#model", "scripted" (option script), "recorded:path", a path to a .gguf, or a
    catalog name, whose weights are pulled when they are missing: `say` and `on_progress` are told. options go to the
    engine's constructor. Raises UsageError, WeightsError, OfflineError.
    """
    kind, _, rest = name.partition(":")
    try:
        if kind == "openai":
            from omniloom.engines.openai import OpenAI

            url, _, model = rest.partition("#")
            return OpenAI(url, model, **options)
        if kind == "scripted":
            from omniloom.engines.scripted import Scripted

            return Scripted(**options)
        if kind == "recorded":
            from omniloom.engines.recorded import Recorded

            return Recorded(Path(rest), **options)
        return _embedded(name, on_progress, say, options)
    except TypeError as error:
        raise UsageError(f"the engine {name!r} does not take these options: {error}") from error


def _embedded(
    name: str,
    on_progress: Callable[[Progress], None] | None,
    say: Callable[[str], None] | None,
    options: dict[str, Any],
) -> Engine:
    from omniloom.engines.llamacpp import LlamaCpp
    from omniloom.storage.home import home

    kept: dict[str, Any] = {"kv_home": home() / "kv"} | options
    if name.endswith(".gguf"):
        return LlamaCpp(Path(name).expanduser(), **kept)
    from omniloom.catalog import ensure

    weights = ensure(name, on_progress=on_progress, say=say)
    return LlamaCpp(weights.paths["model"], name=weights.name, digest=weights.digest, **kept)
