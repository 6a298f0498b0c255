"""Run one model: a Request in, events out. `open_engine` finds the engine that a name means."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omniloom.core.errors import UnsupportedError, UsageError

if TYPE_CHECKING:  # an engine's child imports this room too, and needs neither
    from omniloom.core.events import Progress
    from omniloom.core.protocols import Engine


def open_engine(
    name: str,
    *,
    on_progress: "Callable[[Progress], None] | None" = None,
    say: Callable[[str], None] | None = None,
    kv_home: Path | None = None,
    **options: Any,
) -> "Engine":
    """The engine a name means.

    name: "openai:http://host:port/v1#model", "scripted" (option script), "recorded:path", a path to a .gguf, a folder
    with one and perhaps its projector (written with a slash), or a catalog name, whose weights are pulled when they
    are missing: `say` and `on_progress` are told. kv_home: where an
    embedded engine keeps KV states; `kv` in the home without it. options go to the engine's constructor; `draft`
    may be a catalog name there.
    Raises UsageError, WeightsError, OfflineError.
    """
    kind, _, rest = name.partition(":")
    if kind in ("openai", "recorded") and {"adapter", "adapters"} & set(options):
        hint = "a server names its adapters as models: openai:URL#NAME"
        raise UnsupportedError(f"adapters are given to the embedded engine only, not to {name!r}", hint=hint)
    if kind == "openai":
        from omniloom.engines.openai import OpenAI

        url, _, model = rest.partition("#")
        return _built(OpenAI, url, model, **options)
    if kind == "scripted":
        from omniloom.engines.scripted import Scripted

        return _built(Scripted, **options)
    if kind == "recorded":
        from omniloom.engines.recorded import Recorded

        return _built(Recorded, Path(rest), **options)
    return _embedded(name, on_progress, say, kv_home, options)


def _built(engine: "Callable[..., Engine]", *arguments: Any, **options: Any) -> "Engine":
    """Raises UsageError for options the engine does not have."""
    import inspect

    try:
        inspect.signature(engine).bind(*arguments, **options)
    except TypeError as error:
        raise UsageError(f"this engine does not take these options: {error}") from error
    return engine(*arguments, **options)


def _embedded(
    name: str,
    on_progress: "Callable[[Progress], None] | None",
    say: Callable[[str], None] | None,
    kv_home: Path | None,
    options: dict[str, Any],
) -> "Engine":
    from omniloom.engines.llamacpp import LlamaCpp
    from omniloom.storage.home import home

    kept = options | {"kv_home": kv_home or home() / "kv"}
    if isinstance(draft := options.get("draft"), str) and not draft.endswith(".gguf"):
        kept["draft"] = _model(draft, on_progress, say).paths["model"]
    if name.endswith(".gguf"):
        return _built(LlamaCpp, Path(name).expanduser(), **kept)
    if (os.sep in name or "/" in name) and (folder := Path(name).expanduser()).is_dir():
        from omniloom.engines.llamacpp.beside import in_folder

        model, projector = in_folder(folder)
        return _built(LlamaCpp, model, **({"projector": projector} | kept))
    weights = _model(name, on_progress, say)
    kept = {"projector": weights.paths.get("projector")} | kept
    return _built(LlamaCpp, weights.paths["model"], name=weights.name, digest=weights.digest, **kept)


def _model(name: str, on_progress: "Callable[[Progress], None] | None", say: Callable[[str], None] | None) -> Any:
    """The weights of a catalog name."""
    from omniloom.catalog import ensure, entry

    known = entry(name)
    files = [*known.files, *([known.built] if known.built else [])]
    if not any(file.role == "model" and file.name.endswith(".gguf") for file in files):
        raise UsageError(f"{name!r} ({known.purpose}) is no model that answers or embeds", hint="omniloom list")
    return ensure(name, on_progress=on_progress, say=say)
