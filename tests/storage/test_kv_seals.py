"""States that are not, bit for bit, what this user's key was put to: never used, and nothing else is lost with them."""

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import kv_writer
import pytest

from omniloom.core.errors import StorageError
from omniloom.storage import kv as kv_module
from omniloom.storage.kv import KVStore

CONTENT = random.Random(7).randbytes(5000)
TAIL = 44  # seal, length, magic
posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def kv(tmp_path: Path) -> KVStore:
    return KVStore(tmp_path / "kv", 1 << 20)


def keep(kv: KVStore, key: str, content: bytes = CONTENT, parts: tuple[str, ...] = ("p",)) -> Path:
    written = kv.root / "written"
    written.write_bytes(content)
    kv.put(key, written, parts)
    found = kv.get(key)
    assert found is not None and not written.exists()
    return found


def again(kv: KVStore) -> KVStore:
    """As the next process opens it."""
    return KVStore(kv.root, kv.cap_bytes)


def recomputed(kv: KVStore, key: str) -> bool:
    """Not found, kept anew and found; and another state was never in question."""
    fresh = again(kv)
    return (
        fresh.get(key) is None and keep(fresh, key).read_bytes().startswith(CONTENT) and fresh.get("other") is not None
    )


def test_the_key_is_private_and_the_same_for_all(kv: KVStore, tmp_path: Path) -> None:
    keep(kv, "k")
    key = tmp_path / "kv.key"
    assert len(key.read_bytes()) == 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 or os.name != "posix"
    assert key.read_bytes() not in b"".join(path.read_bytes() for path in kv.root.iterdir())
    assert again(kv).get("k") is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kv", "kv.key"]


REGIONS: dict[str, Callable[[int], int]] = {
    "first byte": lambda size: 0,
    "header": lambda size: 9,
    "tokens": lambda size: 200,
    "cells": lambda size: 2500,
    "last cell": lambda size: 4999,
    "note": lambda size: 5000 + (size - TAIL - 5000) // 2,
    "note's end": lambda size: size - TAIL - 1,
    "seal": lambda size: size - TAIL,
    "length": lambda size: size - 12,
    "magic": lambda size: size - 1,
}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_bit(kv: KVStore, region: str, bit: int) -> None:
    keep(kv, "other", b"another")
    place = keep(kv, "k")
    data = bytearray(place.read_bytes())
    data[REGIONS[region](len(data))] ^= 1 << bit
    place.write_bytes(data)
    assert recomputed(kv, "k")


def test_a_state_cut_or_longer(kv: KVStore) -> None:
    keep(kv, "other", b"another")
    whole = keep(kv, "k").read_bytes()
    lengths = (0, 1, TAIL - 1, TAIL, 100, 4999, 5000, len(whole) - TAIL, len(whole) - 1)
    spoiled = [whole[:length] for length in lengths]
    spoiled += [whole + b"\0", b"\0" + whole, bytes(len(whole)), whole[:5000] + whole, whole[1:]]
    for data in spoiled:
        kv._final("k").write_bytes(data)
        assert recomputed(kv, "k")


def test_a_state_under_another_name(kv: KVStore) -> None:
    """Of another model, or other parameters: its key says so."""
    keep(kv, "other", b"another")
    theirs = keep(kv, "theirs", b"their state")
    keep(kv, "k").write_bytes(theirs.read_bytes())
    assert recomputed(kv, "k")


def test_a_state_sealed_with_another_key(kv: KVStore, tmp_path: Path) -> None:
    keep(kv, "other", b"another")
    keep(kv, "k")
    foreign = KVStore(tmp_path / "elsewhere" / "kv", 1 << 20)
    kv._final("k").write_bytes(keep(foreign, "k", bytes(5000)).read_bytes())
    assert recomputed(kv, "k")


def test_a_state_without_a_seal_as_earlier_versions_left_them(kv: KVStore) -> None:
    keep(kv, "other", b"another")
    kv._final("k").write_bytes(CONTENT)
    note = kv._final("k").with_suffix(".json")
    note.write_text(json.dumps({"key": "k", "parts": [], "bytes": 5000}))
    assert recomputed(kv, "k") and not note.exists()


@posix
@pytest.mark.parametrize("kind", ["link", "fifo", pytest.param("owner", marks=root_only)])
def test_another_users_file_and_what_is_no_file(kv: KVStore, tmp_path: Path, kind: str) -> None:
    keep(kv, "other", b"another")
    place = keep(kv, "k")
    if kind == "owner":
        os.chown(place, 12345, 12345)
    else:
        copy = tmp_path / "copy"
        place.rename(copy)
        place.symlink_to(copy) if kind == "link" else os.mkfifo(place)
    assert recomputed(kv, "k")


@posix
@pytest.mark.parametrize("how", ["gone", "cut", "flipped", "readable", "link"])
def test_a_key_that_is_not_ours_alone(kv: KVStore, tmp_path: Path, how: str) -> None:
    keep(kv, "k")
    key = tmp_path / "kv.key"
    old = key.read_bytes()
    if how == "cut":
        key.write_bytes(old[:31])
    elif how == "flipped":
        key.write_bytes(bytes([old[0] ^ 1]) + old[1:])
    elif how == "readable":
        key.chmod(0o644)
    else:
        key.rename(tmp_path / "moved")
        if how == "link":
            key.symlink_to(tmp_path / "moved")
    fresh = again(kv)
    assert fresh.get("k") is None
    keep(fresh, "k")
    assert key.read_bytes() != old and not key.is_symlink() and stat.S_IMODE(key.stat().st_mode) == 0o600
    assert again(kv).get("k") is not None


@root_only
def test_another_users_key_and_states_are_neither_used_nor_touched(kv: KVStore, tmp_path: Path) -> None:
    """As root, with the home of a user."""
    state, key = keep(kv, "k"), tmp_path / "kv.key"
    before = state.read_bytes(), key.read_bytes()
    for path in (state, key):
        os.chown(path, 12345, 12345)
    fresh = again(kv)
    written = kv.root / "written"
    written.write_bytes(CONTENT)
    fresh.put("k", written, ["p"])
    assert fresh.get("k") is None and (state.read_bytes(), key.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted(["kv", "kv.key", state.name])


def test_without_a_key_nothing_is_kept_or_used_and_all_is_forgotten(kv: KVStore, tmp_path: Path) -> None:
    keep(kv, "k", parts=("p",))
    (tmp_path / "kv.key").unlink()
    (tmp_path / "kv.key").mkdir()
    fresh = again(kv)
    assert fresh.get("k") is None and fresh._final("k").exists()
    fresh.path_for("n").write_bytes(b"new")
    with pytest.raises(StorageError):
        fresh.commit("n", [])
    assert fresh.drop("p") == 1  # what it holds cannot be told


def test_a_whole_state_is_hashed_once(kv: KVStore, monkeypatch: pytest.MonkeyPatch) -> None:
    place = keep(kv, "k")
    hashed: list[int] = []
    real = kv_module._copied
    monkeypatch.setattr(kv_module, "_copied", lambda *given: hashed.append(1) or real(*given))
    while time.time_ns() <= place.stat().st_ctime_ns + kv_module._TICK_NS:
        pass  # the times of a file that was just written say nothing yet
    fresh = again(kv)
    assert [fresh.get("k") is not None for _ in range(3)] == [True] * 3 and len(hashed) == 1
    os.utime(place, (1e9, 1e9))  # used by another process
    assert fresh.get("k") is not None and len(hashed) == 2
    assert fresh.get("k") is not None
    with place.open("r+b") as file:
        file.write(b"x")
    os.utime(place, (1e9, 1e9))  # also with its time set back
    assert fresh.get("k") is None


def test_what_was_used_last_is_looked_up_ahead_and_stays_as_old_as_it_was(
    kv: KVStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for age, key in enumerate(("spoiled", "last", "before", "too much")):
        place = keep(kv, key)
        if key == "spoiled":
            place.write_bytes(b"x" + place.read_bytes()[1:])
        os.utime(place, (1e9 - age, 1e9 - age))
    while time.time_ns() <= place.stat().st_ctime_ns + kv_module._TICK_NS:
        pass
    hashed: list[int] = []
    real = kv_module._copied
    monkeypatch.setattr(kv_module, "_AHEAD_BYTES", int(3.5 * place.stat().st_size))
    monkeypatch.setattr(kv_module, "_copied", lambda *given: hashed.append(1) or real(*given))
    fresh = again(kv)
    fresh.look_ahead()
    assert len(hashed) == 3 and len(list(kv.root.glob("*.kv"))) == 3
    assert sorted(path.stat().st_mtime for path in kv.root.glob("*.kv")) == [1e9 - 3, 1e9 - 2, 1e9 - 1]
    assert fresh.get("last") and fresh.get("before") and len(hashed) == 3
    assert fresh.get("too much") and len(hashed) == 4 and fresh.get("spoiled") is None


def test_who_wrote_a_state_cannot_change_it_any_more(kv: KVStore) -> None:
    written = kv.root / "written"
    with written.open("w+b", buffering=0) as held:
        held.write(CONTENT)
        kv.put("k", written, ["p"])
        held.seek(0)
        held.write(b"changed")
        found = kv.get("k")
        assert found is not None and found.read_bytes().startswith(CONTENT)


@posix
def test_a_link_or_pipe_is_not_taken_for_a_state(kv: KVStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    for make in (lambda path: path.symlink_to(secret), os.mkfifo, Path.mkdir):
        written = kv.root / "written"
        make(written)
        with pytest.raises((StorageError, IsADirectoryError, PermissionError)):
            kv.commit("k", [], path=written)
        assert kv.get("k") is None and secret.read_text() == "mine"


FULL = """
import resource, sys
from pathlib import Path
from omniloom.storage.kv import KVStore
kv = KVStore(Path(sys.argv[1]), 1 << 30)
written = kv.root / "written"
written.write_bytes(b"x" * 60_000)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
kv.put("large", written, ["p"])
print(kv.get("large"), kv.get("k") is not None, written.exists(), [path.name for path in kv.root.glob("*.partial")])
"""


@posix
def test_a_full_disk(kv: KVStore) -> None:
    """The limit on a file's size, which Python takes as an error of writing like a full disk's."""
    keep(kv, "k")
    done = subprocess.run([sys.executable, "-c", FULL, str(kv.root)], capture_output=True, text=True, timeout=30)
    assert done.stdout == "None True False []\n", done.stderr
    assert "was not kept" in done.stderr and "free some space" not in done.stdout


@posix
def test_two_processes_killed_at_random_moments(tmp_path: Path) -> None:
    root, chance = tmp_path / "kv", random.Random(3)
    anchor = keep(KVStore(root, 1 << 30), "anchor")
    command = [sys.executable, kv_writer.__file__, str(root)]
    running: list[subprocess.Popen[str]] = []
    for seed in range(30):
        running.append(subprocess.Popen([*command, str(seed)], stdout=subprocess.PIPE, text=True))
        if len(running) < 2:
            continue
        oldest = running.pop(0)
        assert oldest.stdout is not None
        for _ in range(chance.randrange(20, 60)):
            assert oldest.stdout.readline(), "a process ended by itself"
        time.sleep(chance.uniform(0.0, 0.01))  # a random moment of its next rounds
        oldest.send_signal(signal.SIGKILL)
        oldest.communicate()
    running[0].kill()
    running[0].communicate()
    kv = KVStore(root, 1 << 30)
    assert kv.get("anchor") == anchor and anchor.read_bytes().startswith(CONTENT)
    found = {key: kv.get(key) for key in kv_writer.KEYS}
    for key, path in found.items():
        assert path is None or path.read_bytes().startswith(kv_writer.content(key))
    assert any(found.values()) and not list(root.glob("*.partial"))
