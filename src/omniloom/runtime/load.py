"""`load`: from a name to a Model that answers."""

import math
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omniloom.catalog import installed
from omniloom.core.errors import OmniloomError, UsageError
from omniloom.core.events import Progress
from omniloom.core.protocols import Engine
from omniloom.engines import open_engine
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

EMBEDDER = "all-minilm-l6-v2"


def load(
    name: str | Path | None = None,
    *,
    home: str | Path | None = None,
    small: str | Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Model:
    """A Model by name: that of OMNILOOM_MODEL, or the embedded default, without one.

    name: a catalog name ("qwen2.5-coder-0.5b"), a path to a .gguf, a folder that holds one and its projector, or
    "openai:http://host:port/v1#model".
    home: where the store lies (OMNILOOM_HOME, or the user's data folder). small: the name of the model that
    `strategy="cascade"` asks first, with the same options but for draft and adapters. on_progress, say: told what is
    pulled, and how large it is, before weights are downloaded. options go to the engine: context_tokens, threads,
    api_key; draft, a smaller model with the same tokens; adapters (LoRA files by name) and adapter (the name of that
    which answers).
    Raises WeightsError, OfflineError, UsageError for an unknown name or a wrong option.
    """
    wanted = _named(name)
    smaller = None if small is None else _named(small, "small")
    _options(options)
    shared = {key: value for key, value in options.items() if key not in ("draft", "adapters", "adapter")}
    store = Store(_place(home))
    told: dict[str, Any] = {"on_progress": on_progress, "say": say or _say, "kv_home": store.root / "kv"}
    engine: Engine | None = None
    try:
        engine = open_engine(wanted, **told, **options)
        first = None if smaller is None else open_engine(smaller, **told, **shared)
        return Model(engine, store, Embedder() if _has_embedder() else None, first)
    except BaseException:
        if engine is not None:
            engine.close()
        store.close()
        raise


class Embedder:
    """The embedding model, opened at its first use."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = open_engine(EMBEDDER)
            return self._engine

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None


def _named(name: Any, parameter: str = "name") -> str:
    if not isinstance(name, (str, Path, type(None))) or (name == "" and parameter != "name"):
        raise UsageError(
            f"{parameter}={name!r:.80} is no model's name",
            hint='such as load("qwen2.5-coder-0.5b"); omniloom list shows them',
        )
    return str(name or "") or os.environ.get("OMNILOOM_MODEL", "") or "default"


def _place(home: Any) -> Path | None:
    if not isinstance(home, (str, Path, type(None))) or home == "":
        raise UsageError(f"home={home!r:.80} is no folder", hint='such as home=Path("store")')
    return None if home is None else Path(home)


def _options(options: dict[str, Any]) -> None:
    """What every engine reads as a number is one; whether the engine has the option, it says itself."""
    for name, least in (("context_tokens", 1), ("threads", 1), ("retries", 0)):
        value = options.get(name, least)
        if value is None and name == "threads":
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise UsageError(f"{name}={value!r:.80} must be a whole number from {least} up", hint=f"leave {name} out")
    timeout = options.get("timeout", 1)
    if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not 0 < timeout < math.inf:
        raise UsageError(f"timeout={timeout!r:.80} must be above 0 seconds", hint="such as timeout=600")
    draft = options.get("draft")
    if not isinstance(draft, (str, Path, type(None))) or draft == "":
        raise UsageError(
            f"draft={draft!r:.80} is no model's name", hint='such as draft="qwen2.5-coder-0.5b", or a path to a .gguf'
        )
    if not isinstance(options.get("api_key"), (str, type(None))):
        raise UsageError("api_key must be a string", hint="check how it was read")


def _has_embedder() -> bool:
    """While the model is not installed, search is by words alone: nothing is pulled that was not named."""
    try:
        return installed(EMBEDDER) is not None
    except OmniloomError:
        return False


def _say(text: str) -> None:
    print(text, file=sys.stderr)
