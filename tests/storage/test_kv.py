"""KV states: whole or absent, found by key, dropped with their parts, capped by last use."""

import os
import stat
import threading
from pathlib import Path

import pytest

from omniloom.core.errors import StorageError
from omniloom.engines.llamacpp.states import slots_folder
from omniloom.storage.kv import KVStore


def _keep(kv: KVStore, key: str, content: bytes, parts: list[str]) -> Path | None:
    kv.path_for(key).write_bytes(content)
    return kv.commit(key, parts, len(content))


def test_kept_and_found_also_after_a_restart(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 10_000)
    assert kv.lookup("k") is None
    place = _keep(kv, "k", b"state", ["p1", "p2"])
    again = KVStore(tmp_path / "kv", 10_000)
    assert again.lookup("k") == again.get("k") == place and place is not None
    assert place.read_bytes().startswith(b"state") and place.parent == kv.path_for("x").parent
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert not list(tmp_path.rglob("*.partial"))


def test_a_state_cut_short_is_not_found(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 10_000)
    place = _keep(kv, "k", b"state", [])
    assert place is not None
    os.truncate(place, 3)
    assert kv.lookup("k") is None
    kv.path_for("k").write_bytes(b"sta")
    with pytest.raises(StorageError, match="3 bytes on disk, 5 were written"):
        kv.commit("k", [], 5)
    with pytest.raises(StorageError):
        kv.commit("never written", [])


def test_the_cap(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 100_000)
    for number in range(3):
        place = _keep(kv, f"k{number}", b"x" * 30_000, [])
        assert place is not None
        os.utime(place, (1e9 + number, 1e9 + number))
    kv.lookup("k0")
    _keep(kv, "k3", b"x" * 30_000, [])
    assert [kv.lookup(f"k{number}") is not None for number in range(4)] == [True, False, True, True]
    assert _keep(kv, "huge", b"x" * 100_001, []) is None
    assert 90_000 < kv.size() < 91_000 and len(list(kv.root.iterdir())) == 3


def test_drop(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 10_000)
    _keep(kv, "a", b"1", ["p1", "p2"])
    _keep(kv, "b", b"2", ["p2"])
    _keep(kv, "c", b"3", ["p3"])
    _keep(kv, "d", b"4", ["p3"])
    (kv.root / "unknown.kv").write_bytes(b"of nobody knows what")
    assert kv.drop("p2") == 3
    assert kv.lookup("a") is None and kv.lookup("b") is None and kv.lookup("c") is not None
    assert kv.drop("d") == 1 and kv.lookup("c") is not None
    kv.clear()
    assert list(kv.root.iterdir()) == []


def test_what_the_dead_were_writing_goes(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 1000)
    mine = kv.path_for("k")
    mine.write_bytes(b"being written")
    dead = mine.with_name(f"{'0' * 64}.999999999-5-abc.17.partial")
    dead.write_bytes(b"left over")
    KVStore(tmp_path / "kv", 1000)
    assert mine.exists() and not dead.exists()


@pytest.mark.parametrize("way", ["open", "forget", "clear"])
def test_what_an_engine_of_the_dead_left_goes(tmp_path: Path, way: str) -> None:
    """A state that was not sealed yet, of nobody knows which part."""
    kv = KVStore(tmp_path / "kv", 1000)
    running, dead = slots_folder(kv.root), kv.root / "live.999999999-5-abc.x"
    dead.mkdir()
    for folder in (running, dead):
        (folder / "state").write_bytes(b"of a document")
    {"open": lambda: KVStore(kv.root, 1000), "forget": lambda: kv.drop("p"), "clear": kv.clear}[way]()
    assert list(kv.root.iterdir()) == [running] and (running / "state").exists()


def test_as_an_engine_keeps_them(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 1000)
    written = kv.root / "written"
    written.write_bytes(b"state")
    kv.put("k", written, ["p"])
    found = kv.get("k")
    assert found is not None and found.read_bytes().startswith(b"state") and not written.exists()
    kv.put("gone", written)  # logged: the answer does not depend on it
    assert kv.get("gone") is None


def test_threads(tmp_path: Path) -> None:
    kv = KVStore(tmp_path / "kv", 50_000)
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for each in range(30):
                key = str(each % 7)
                _keep(kv, key, key.encode() * 1000, [f"p{number}"])
                found = kv.lookup(key)
                assert found is None or found.read_bytes().startswith(key.encode() * 1000)
                if each % 10 == 9:
                    kv.drop(f"p{number}")
        except FileNotFoundError:
            pass  # dropped by another thread between lookup and reading
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
