"""`load`: from a name to a Model that answers."""

import os
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
    try:
        told = {"on_progress": on_progress, "say": say or print}
        engine = open_engine(
            name or os.environ.get("OMNILOOM_MODEL", "") or "default", kv_home=store.root / "kv", **told, **options
        )
    except BaseException:
        store.close()
        raise
    return Model(engine, store, _embedder())


def _embedder() -> Callable[[], Engine] | None:
    """Opens the embedding model at first use; None while it is not installed, then search is by words alone."""
    try:
        if installed(EMBEDDER) is None:
            return None
    except OmniloomError:
        return None
    opened: list[Engine] = []
    lock = threading.Lock()

    def get() -> Engine:
        with lock:
            if not opened:
                opened.append(open_engine(EMBEDDER))
            return opened[0]

    return get
