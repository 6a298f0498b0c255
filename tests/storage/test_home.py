"""The environment says where things lie and how much is kept."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from omniloom.core.errors import StorageError, UsageError
from omniloom.storage import home


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_HOME", str(tmp_path / "a" / "b"))
    monkeypatch.delenv("OMNILOOM_WEIGHTS", raising=False)
    assert home.weights_home() == tmp_path / "a" / "b" / "weights" and not (tmp_path / "a").exists()
    assert home.home() == tmp_path / "a" / "b"
    assert stat.S_IMODE(home.home().stat().st_mode) == 0o700
    monkeypatch.setenv("OMNILOOM_WEIGHTS", "~/w")
    assert home.weights_home() == Path("~/w").expanduser()
    monkeypatch.delenv("OMNILOOM_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.home().name == "omniloom" and home.home().is_relative_to(tmp_path)


@pytest.mark.parametrize(("text", "expected"), [("", False), ("0", False), ("1", True), ("yes", True)])
def test_offline(text: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_OFFLINE", text)
    assert home.offline() is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", home.DEFAULT_CACHE_BYTES), ("5000", 5000), ("1.5 GB", 1_500_000_000), ("2GiB", 2**31), ("10k", 10_000)],
)
def test_sizes(text: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_CACHE_BYTES", text)
    assert home.cache_bytes() == expected


def test_wrong_sizes_and_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_MAX_BYTES", "lots")
    with pytest.raises(UsageError, match=r"'lots'.*2GiB"):
        home.max_bytes()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OMNILOOM_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="OMNILOOM_HOME"):
        home.home()


def test_importing_the_store_is_light() -> None:
    script = "import sys, omniloom.storage.store, omniloom.storage.intake; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"numpy", "pandas", "polars", "pyarrow", "duckdb", "filelock", "platformdirs"}
    assert not heavy & {name.split(".")[0] for name in loaded}
