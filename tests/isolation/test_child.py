"""A child for a conversation: it lives as long as it is wanted, and no longer than its parent."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from omniloom.core.errors import IsolationError
from omniloom.isolation import Child, Limits, level, run_isolated

HERE = Path(__file__).parent
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux")


def test_conversation() -> None:
    with Child("hostile:conversation", {"a": 1}, limits=Limits(cpu_seconds=None, wall_seconds=None)) as child:
        for number in range(3):
            child.send({"number": number})
            assert child.receive() == {"back": {"number": number}, "said": {"a": 1}}
        assert child.alive() and child.pid > 0
        assert child.level is not None and child.level.landlock_abi == level().landlock_abi
        child.send({"stop": True})
        assert child.receive() is None
    assert not child.alive()


def test_large_frames_both_ways() -> None:
    text = "grüße " * 1_000_000
    with Child("hostile:conversation", {}) as child:
        child.send({"text": text})
        answer = child.receive()
        assert answer is not None and answer["back"]["text"] == text


def test_closing_its_ears_ends_it() -> None:
    with Child("hostile:conversation", {}) as child:
        child.send({"one": 1})
        child.receive()
        child.close_input()
        assert child.receive() is None


def test_killed_from_another_thread() -> None:
    with Child("hostile:conversation", {}) as child:
        threading.Timer(0.3, child.kill).start()
        with pytest.raises(IsolationError, match="was killed"):
            child.receive()
        assert not child.alive()
        with pytest.raises(IsolationError, match="was killed"):
            child.send({"more": True})


@linux
def test_killed_by_somebody_else() -> None:
    with Child("hostile:conversation", {}) as child:
        child.send({"one": 1})
        child.receive()
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(IsolationError, match="SIGKILL"):
            child.receive()


def test_outlives_the_thread_that_started_it() -> None:
    started: list[Child] = []

    def start() -> None:
        started.append(Child("hostile:conversation", {}))
        started[0].send({"ready": "to die with its thread"})
        started[0].receive()

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    time.sleep(0.1)  # the kernel kills at once
    with started[0] as child:
        child.send({"still": "there"})
        assert child.receive() == {"back": {"still": "there"}, "said": {}}


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_does_not_outlive_a_killed_parent() -> None:
    script = (
        "import sys, time; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from omniloom.isolation import run_isolated\n"
        "items = run_isolated('hostile:loops', {}); next(items)\n"
        "import subprocess; print(subprocess.os.getpid(), flush=True); time.sleep(60)\n"
    )
    source = str(HERE.parents[1] / "src")
    command = [sys.executable, "-c", script, str(HERE), source]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None and parent.stdout.readline()
        children = _children(parent.pid)
        parent.kill()
    assert children
    for _ in range(50):
        if not any(_running(pid) for pid in children):
            return
        time.sleep(0.1)
    raise AssertionError("the child outlived its parent")


def test_is_ended_when_its_parent_ends_and_forgot_it() -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from omniloom.isolation import Child\n"
        "child = Child('hostile:conversation', {}); child.send({'a': 1}); child.receive(); print(child.pid)\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(HERE), str(HERE.parents[1] / "src")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert os.name != "posix" or not _running(int(done.stdout))


def test_threads_go_on_after_the_main_thread() -> None:
    script = (
        "import sys, threading; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from omniloom.isolation import Child, run_isolated\n"
        "child = Child('hostile:conversation', {}); child.send({'a': 1}); child.receive()\n"
        "def work():\n"
        "    threading.main_thread().join()\n"
        "    child.send({'a': 2}); print(child.receive()['back'])\n"
        "    print(list(run_isolated('hostile:threads', {})))\n"
        "threading.Thread(target=work).start()\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(HERE), str(HERE.parents[1] / "src")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.stdout.splitlines(), done.stderr) == (["{'a': 2}", "[{'done': 8}]"], "")


@linux
def test_the_folder_of_a_killed_process_is_removed_by_the_next(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "from omniloom.isolation import Child\n"
        "child = Child('hostile:conversation', {}); child.send({'a': 1}); child.receive()\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(HERE), str(HERE.parents[1] / "src")]
    environment = os.environ | {"TMPDIR": str(tmp_path)}

    def start() -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    (tmp_path / "omniloom-of-somebody-else").mkdir()
    with start() as killed, start() as living:
        folders = set(tmp_path.glob(f"omniloom-*-{killed.pid}-*"))
        assert len(folders) == 1
        killed.kill()
        killed.wait()
        with start() as later:
            assert not folders & set(tmp_path.iterdir())
            kept = [*tmp_path.glob(f"omniloom-*-{living.pid}-*"), *tmp_path.glob(f"omniloom-*-{later.pid}-*")]
            assert len(kept) == 2
            later.communicate("")
        living.communicate("")
    assert [place.name for place in tmp_path.iterdir()] == ["omniloom-of-somebody-else"]


def test_a_target_that_cannot_be_looked_for_leaves_no_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys.modules[__name__], "__spec__", None)  # as `__main__` has it
    with pytest.raises(ValueError, match="__spec__"):
        Child(f"{__name__}:f", {})
    assert not list(tmp_path.iterdir())  # a folder goes with its child


@linux
@pytest.mark.parametrize("kind", ["unix", "loopback"])
def test_listens_only_where_allowed(kind: str, tmp_path: Path) -> None:
    forbidden = tmp_path / "forbidden"
    with socket.socket(socket.AF_UNIX) as unix, socket.create_server(("127.0.0.1", 0)) as inet:
        unix.bind(str(forbidden))
        unix.listen()
        is_unix = kind == "unix"
        payload = {"unix": str(tmp_path / "s"), "forbidden": str(forbidden)}
        if not is_unix:
            payload = {"unix": "", "forbidden": inet.getsockname()}
        with Child(
            "hostile:serves", payload, writable=[tmp_path], allow_unix_socket=is_unix, allow_loopback=not is_unix
        ) as child:
            told = child.receive()
            assert told is not None and told["call"].startswith("refused")
            assert told["datagrams"].startswith("refused")
            family = socket.AF_UNIX if is_unix else socket.AF_INET
            with socket.socket(family) as caller:
                caller.connect(told["address"] if is_unix else tuple(told["address"]))
                assert caller.recv(10) == b"hello"


@linux
def test_nothing_is_listened_on_unasked() -> None:
    with (
        Child("hostile:serves", {"unix": "", "forbidden": ["127.0.0.1", 9]}) as child,
        pytest.raises(IsolationError, match="PermissionError"),
    ):
        child.receive()


def test_many_at_once() -> None:
    def one(number: int) -> list[dict[str, object]]:
        return list(run_isolated("hostile:threads", {"number": number}))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [[{"done": 8}]] * 8


def test_level_tells_what_is_missing() -> None:
    told = level()
    assert told.detail
    if sys.platform.startswith("linux") and told.landlock_abi >= 4 and told.seccomp:
        assert told.detail == "full"


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if int(line.split()[1]) == pid]


def _running(pid: int) -> bool:
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(listed) and not listed.startswith("Z")
