"""Examples and documentation run as a reader would run them: a process each, a shallow model, one private store."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all these tests, of those in other workers too: a file is read once."""
    mine = tmp_path_factory.getbasetemp()
    return (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "home-of-examples"


@pytest.fixture(scope="session")
def run(home: Path, shallow: Path) -> Run:
    """Runs a script with warnings as errors."""
    from omniloom.catalog import ensure
    from omniloom.storage.home import weights_home

    for name in ("smollm2-135m", "whisper-base"):
        ensure(name)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OMNILOOM_", "OPENAI_"))},
        "OMNILOOM_MODEL": str(shallow),
        "OMNILOOM_HOME": str(home),
        "OMNILOOM_WEIGHTS": str(weights_home()),
        "OMNILOOM_OFFLINE": "1",
    }

    def run(script: Path, *, cwd: Path, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            cwd=cwd,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=150,
        )

    return run
