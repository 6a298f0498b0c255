"""A process killed at any moment leaves a store in which all it had finished is found; several may write at once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omniloom.core.values import Completion
from omniloom.storage.store import Store

WRITER = Path(__file__).with_name("writer.py")


def _start(root: Path, seed: int, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(WRITER), str(root), str(seed), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _all_is_there(root: Path, said: list[list[str]]) -> None:
    with Store(root) as store:
        assert store.journal.moved_aside is None, "the journal was damaged"
        for what, digest in said:
            if what == "blob":
                store.get(digest)  # checks the hash
            elif what == "reading":
                kept = store.journal.reading(digest, "test", 1, {})
                assert kept is not None and kept.segments[0].content == f"text of {digest}"
            elif what == "completion":
                assert store.journal.completion(digest) == Completion(text=digest)
            else:
                state = store.kv.lookup(digest)
                assert state is not None and state.read_bytes().startswith(store.get(digest))


def test_killed_at_random_moments(tmp_path: Path) -> None:
    root, chance = tmp_path / "store", random.Random(1)
    said: list[list[str]] = []
    for seed in range(10):
        writer = _start(root, seed)
        assert writer.stdout is not None
        first = "".join(writer.stdout.readline() for _ in range(chance.randrange(4, 40)))  # it goes on meanwhile
        time.sleep(chance.uniform(0.0, 0.01))
        writer.send_signal(signal.SIGKILL)
        rest, _ = writer.communicate()
        said += [line.split() for line in (first + rest).splitlines() if len(line.split()) == 2 and len(line) > 60]
    assert len(said) > 40
    _all_is_there(root, said)
    with Store(root) as store:
        traces = store.journal.traces(50)
        assert len(traces) == 10 and {each["status"] for each in traces} == {"error"}
        assert store.journal.trace("trace-3").spans[0].status == "error"
        assert not list((root / "incoming").iterdir()), "what the dead were writing was not cleared"
        assert not list((root / "kv").glob("*.partial"))


def test_killed_while_it_opens_a_store_for_the_first_time(tmp_path: Path) -> None:
    steps = ("", "blobs", "incoming", "kv", "journal.sqlite", "journal.sqlite-wal")  # in the order they are made
    for attempt, (step, later) in enumerate((step, later) for step in steps for later in (0.0, 0.003)):
        root = tmp_path / f"store{attempt}"
        writer = _start(root, attempt)
        while not (root / step).exists() and writer.poll() is None:
            time.sleep(0.0002)
        assert writer.poll() is None
        time.sleep(later)
        writer.kill()
        writer.communicate()
        _all_is_there(root, [])
        with Store(root) as store:
            store.journal.keep_completion("k", Completion(text="works"), [])


@pytest.mark.parametrize("many", [4])
def test_processes_at_once_from_an_empty_folder(tmp_path: Path, many: int) -> None:
    root = tmp_path / "store"
    writers = [_start(root, seed % 2, "25") for seed in range(many)]  # pairs write the very same contents
    said: list[list[str]] = []
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        said += [line.split() for line in out.splitlines()]
    assert len(said) == many * 25 * 4
    _all_is_there(root, said)
    with Store(root) as store:
        assert store.footprint().blobs == 2 * 25


def test_one_forgets_while_another_writes(tmp_path: Path) -> None:
    root = tmp_path / "store"
    writer = _start(root, 7, "40")
    assert writer.stdout is not None
    with writer, Store(root) as store:
        for line in writer.stdout:
            what, digest = line.split()
            if what == "kv":
                store.forget(digest)
        assert writer.wait(30) == 0
        assert store.footprint().blobs == 0 and store.footprint().kv_bytes == 0


def test_a_store_goes_on_after_fork(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        store.journal.keep_completion("parent", Completion(text="p"), [])
        child = os.fork()
        if child == 0:
            status = 1
            try:
                store.journal.keep_completion("child", Completion(text="c"), [])
                found = store.journal.completion("parent")
                status = 0 if found is not None and found.text == "p" else 1
            finally:
                os._exit(status)
        for _ in range(50):
            store.journal.keep_completion("parent", Completion(text="p"), [])
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert store.journal.completion("child") == Completion(text="c")
