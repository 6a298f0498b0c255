"""Examples and documentation run as a reader would run them: a process each, the smallest model, one private store."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a script with warnings as errors; the store is shared, so that a file is read once in all these tests."""
    from omniloom.catalog import ensure
    from omniloom.storage.home import weights_home

    for name in ("smollm2-135m", "whisper-base"):
        ensure(name)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OMNILOOM_", "OPENAI_"))},
        "OMNILOOM_MODEL": "smollm2-135m",
        "OMNILOOM_HOME": str(tmp_path_factory.mktemp("home")),
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
