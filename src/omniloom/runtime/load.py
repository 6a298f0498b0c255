"""`load`: from a name to a Model that answers."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omniloom.catalog import installed
from omniloom.core.errors import OmniloomError
from omniloom.core.events import Progress
from omniloom.core.protocols import Engine
from omniloom.engines import open_engine
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

EMBEDDER = "all-minilm-l6-v2"


def load(
    name: str | None = None,
    *,
    home: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] | None = None,
    **options: Any,
) -> Model:
    """A Model by name: that of OMNILOOM_MODEL, or the embedded default, without one.

    name: a catalog name ("qwen2.5-coder-0.5b"), a path to a .gguf, or "openai:http://host:port/v1#model".
    home: where the store lies (OMNILOOM_HOME, or the user's data folder). on_progress, say: told what is pulled,
    and how large it is, before weights are downloaded. options go to the engine: context_tokens, threads, api_key.
    Raises WeightsError, OfflineError, UsageError for an unknown name.
    """
    store = Store(home)
    wanted = name or os.environ.get("OMNILOOM_MODEL", "") or "default"
    told: dict[str, Any] = {"on_progress": on_progress, "say": say or _say}
    try:
        engine = open_engine(wanted, kv_home=store.root / "kv", **told, **options)
        return Model(engine, store, Embedder() if _has_embedder() else None)
    except BaseException:
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


def _has_embedder() -> bool:
    """While the model is not installed, search is by words alone: nothing is pulled that was not named."""
    try:
        return installed(EMBEDDER) is not None
    except OmniloomError:
        return False


def _say(text: str) -> None:
    print(text, file=sys.stderr)
