"""Contents are kept whole, once, privately, under the hash of what was really copied."""

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniloom.core.errors import StorageError, TooLargeError, UnreadableError, UsageError
from omniloom.storage.store import Store, digest_of


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=5000))
def test_what_is_put_is_got(store: Store, content: bytes) -> None:
    digest = store.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert store.get(digest) == content
    assert store.put(content) == digest


def test_a_file_is_kept_once_and_privately(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"x" * 3_000_000)
    previous = os.umask(0)
    try:
        digest = store.put(file)
    finally:
        os.umask(previous)
    place = store.path(digest)
    inode = place.stat().st_ino
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert store.put(file) == store.put(file.read_bytes()) == digest_of(file) == digest
    assert place.stat().st_ino == inode, "the same content was written again"
    assert store.footprint().blobs == 1
    for folder in ("", "blobs", "incoming", "kv"):
        assert stat.S_IMODE((store.root / folder).stat().st_mode) == 0o700
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in store.root.glob("journal*"))


def test_two_gigabytes_are_refused_before_anything_is_read(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "big.bin"
    with file.open("wb") as sparse:
        sparse.truncate(2_000_000_000)
    monkeypatch.setattr("omniloom.storage.store.copy_hashed", lambda *_: pytest.fail("it was read"))
    with pytest.raises(TooLargeError, match=r"big\.bin.*OMNILOOM_MAX_BYTES"):
        store.put(file)
    assert store.footprint().blobs == 0


def test_a_limit_of_the_user(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_MAX_BYTES", "1KB")
    store.put(b"x" * 999)
    with pytest.raises(TooLargeError):
        store.put(b"x" * 1000)


def test_what_is_no_plain_file(store: Store, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "loop").symlink_to("loop")
    for path, said in (
        (tmp_path, "folder"),
        (tmp_path / "none.pdf", "does not exist"),
        (pipe, "not a plain file"),
        (tmp_path / "loop", "cannot be opened"),
        (Path("a\0b"), "cannot be opened"),
        (tmp_path / ("n" * 300), "cannot be opened"),
        (Path("/dev/zero"), "not a plain file"),
    ):
        with pytest.raises(UnreadableError, match=said) as caught:
            store.put(path)
        assert caught.value.hint
    assert not list((store.root / "incoming").iterdir())


def test_the_hash_is_of_what_was_copied_while_the_file_changes(store: Store, tmp_path: Path) -> None:
    """A writer changes the file all the time, its size too; each digest must be that of the stored bytes."""
    file, stop = tmp_path / "changing.bin", threading.Event()
    file.write_bytes(b"0" * 4_000_000)

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            with file.open("r+b") as opened:
                opened.write(str(turn % 10).encode() * (3_000_000 + turn % 7))

    changing = threading.Thread(target=change)
    changing.start()
    try:
        digests = [store.put(file) for _ in range(15)]
    finally:
        stop.set()
        changing.join()
    for digest in digests:
        assert hashlib.sha256(store.path(digest).read_bytes()).hexdigest() == digest


def test_a_damaged_content_is_noticed_and_healed(store: Store, tmp_path: Path) -> None:
    digest = store.put(b"good content")
    store.path(digest).write_bytes(b"bad! content")
    with pytest.raises(StorageError, match="damaged"):
        store.get(digest)
    assert not store.has(digest)
    store.put(b"good content")
    store.path(digest).write_bytes(b"cut")
    assert store.put(b"good content") == digest
    assert store.get(digest) == b"good content"


def test_a_missing_content_and_a_wrong_digest(store: Store) -> None:
    with pytest.raises(StorageError, match="give the file again"):
        store.path("0" * 64)
    for wrong in ("../../etc/passwd", "", "A" * 64, "0" * 63):
        with pytest.raises(UsageError):
            store.path(wrong)


def test_the_cap_removes_what_was_used_longest_ago(store: Store) -> None:
    digests = [store.put(bytes([each]) * 100_000) for each in range(10)]
    for age, digest in enumerate(digests):
        os.utime(store.path(digest), (1e9 + age, 1e9 + age))
    store.path(digests[0])  # used again
    store.shrink(store.journal.size() + 350_000)
    assert [store.has(digest) for digest in digests] == [True] + [False] * 7 + [True] * 2


def test_new_content_makes_room_but_not_at_the_cost_of_what_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILOOM_CACHE_BYTES", "1MB")
    with Store(tmp_path / "small") as store:
        old = store.put(b"o" * 600_000)
        os.utime(store.path(old), (1e9, 1e9))
        new = [store.put(bytes([each]) * 400_000) for each in range(3)]
        assert not store.has(old)
        assert all(store.has(digest) for digest in new)


def test_clear_leaves_nothing(store: Store) -> None:
    digest = store.put(b"content")
    store.kv.path_for("k").write_bytes(b"state")
    store.kv.commit("k", [digest])
    store.clear()
    print_size = store.footprint()
    assert (print_size.blobs, print_size.kv_bytes) == (0, 0)
    assert not store.has(digest) and store.kv.lookup("k") is None


def test_threads_put_the_same_and_different_contents(store: Store) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for each in range(20):
                content = f"{each if each % 2 else (number, each)}".encode() * 1000
                assert store.get(store.put(content)) == content
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert store.footprint().blobs == 10 + 60


_FULL_DISK = """
import sys
from pathlib import Path
from omniloom.core.errors import StorageError
from omniloom.core.values import Completion
from omniloom.storage.store import Store

def long(n):
    return Completion(text=str(list(range(n, n + 20000))))


store = Store(Path(sys.argv[1]) / "store")
kept = store.put(b"kept" * 1000)
store.journal.keep_completion("first", Completion(text="kept"), [])
for full in (
    lambda: store.put(b"x" * 5_000_000),
    lambda: [store.journal.keep_completion(str(n), long(n), []) for n in range(900)],
):
    try:
        full()
    except StorageError as error:
        assert "OMNILOOM_HOME" in error.hint, error
        print("refused:", error.message)
state = store.kv.path_for("state")
try:
    state.write_bytes(b"y" * 5_000_000)
except OSError:
    pass
state.unlink()
assert store.get(kept) == b"kept" * 1000
assert store.journal.completion("first").text == "kept"
assert not list((store.root / "incoming").iterdir())
store.close()
assert Store(store.root).get(kept)
"""


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    """On a real file system of four megabytes; skipped where this user may not mount one."""
    mount = f'mount -t tmpfs -o size=4m none "{tmp_path}" && exec "$0" -c "$1" "{tmp_path}"'
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        try:
            may = subprocess.run([*unshare, "mount", "-t", "tmpfs", "none", str(tmp_path)], capture_output=True)
        except FileNotFoundError:
            continue
        if may.returncode == 0:
            done = subprocess.run(
                [*unshare, "sh", "-c", mount, sys.executable, _FULL_DISK], capture_output=True, text=True, timeout=60
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.count("refused:") == 2, done.stdout
            return
    pytest.skip("this user may not mount a small file system")


def test_a_home_that_may_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StorageError, match="OMNILOOM_HOME"):
        Store(tmp_path / "file" / "store")
