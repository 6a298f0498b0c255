"""A place of the test's own: no weights, no network but a server on this machine, a catalog it writes itself."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_site import Site


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of this machine, an offline folder for pip, and a hub that refuses at once."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_", "OMNILOOM_", "NPM_", "npm_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OMNILOOM_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "no-cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    (tmp_path / "wheels").mkdir()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    return tmp_path / "wheels"


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """catalog(entry, ...) makes these the models that have these names."""

    def put(*models: dict[str, Any]) -> None:
        path = tmp_path / "models.json"
        path.write_text(json.dumps({"models": models}))
        monkeypatch.setenv("OMNILOOM_CATALOG", str(path))

    return put


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
