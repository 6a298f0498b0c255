"""Whatever runs in a child, the parent gets a typed error in bounded time, and nobody else is harmed."""

import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.core import errors
from omniloom.core.errors import CancelledError, IsolationError, TooLargeError
from omniloom.isolation import Child, Limits, level, run_isolated
from omniloom.isolation.limits import MIB, allowed_threads

confined = pytest.mark.skipif(
    not (level().landlock_abi >= 3 and level().seccomp), reason="this system has no Landlock 3 or no seccomp"
)


@pytest.fixture(autouse=True)
def bounded_and_clean(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each case ends soon, leaves no child process, no thread of ours and no folder behind."""
    place = tmp_path_factory.mktemp("private")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    started = time.monotonic()
    before, children = set(threading.enumerate()), _has_children()  # engines of other tests may still live
    yield
    assert time.monotonic() - started < 20
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not [name for name in left if not name.startswith("omniloom-spawn") and "pytest" not in name]
    assert not list(place.iterdir())
    assert children or not _has_children(), "a child process is left"


def _has_children() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None or True
    except ChildProcessError:
        return False


def run(name: str, limits: Limits | None = None, **payload: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for item in run_isolated(f"hostile:{name}", payload, limits=limits):
        for key, value in item.items():
            merged.setdefault(key, []).append(value)
    return merged


def test_environment_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    seen = run("echo", text="grüße \u2028 \U0001f600", number=1.5)
    assert seen["payload"] == [{"text": "grüße \u2028 \U0001f600", "number": 1.5}]
    assert "hush" not in str(seen["environment"]) and "/nowhere" not in str(seen["path"])
    assert seen["environment"][0]["OMP_NUM_THREADS"] == "2"
    assert not Path(seen["folder"][0]).exists()


@pytest.mark.parametrize(("said", "allowed"), [("1", 1), ("64", 2), ("1,4", 1), ("many", 2), ("0", 2), ("", 2)])
def test_no_more_threads_than_the_user_allows(said: str, allowed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert allowed_threads(2) == allowed


def test_a_child_is_told_what_the_user_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert run("echo")["environment"][0]["OMP_NUM_THREADS"] == "1"


@confined
def test_starts_no_process() -> None:
    seen = run("forks")
    assert all(result[0].startswith("refused") for result in seen.values()), seen


@confined
def test_opens_no_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "log"))
        listening.setblocking(False)
        seen = run("sockets", to=str(tmp_path / "log"))
        with pytest.raises(BlockingIOError):
            listening.recv(10)
    assert seen["unconnected"][0].startswith("refused")
    assert len(seen["socket"]) == 4 and all(result.startswith("refused") for result in seen["socket"])
    assert seen["pair"] == ["x"]


@confined
def test_reads_and_writes_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, given = tmp_path / "secret", tmp_path / "given"
    secret.write_text("secret")
    given.write_text("given text")
    link = tmp_path / "link"
    link.symlink_to(secret)
    monkeypatch.syspath_prepend(str(tmp_path))  # the folder of a user's script stands in sys.path
    home = Path.home()
    payload = {
        "read": ["/etc/passwd", str(secret), str(link), str(home / ".bashrc"), "/proc/1/environ"],
        "list": [str(tmp_path), str(home), "/"],
        "write": [str(secret), str(given), str(tmp_path / "new"), str(home / "planted"), "/dev/shm/planted"],
        "change": [str(secret), str(given)],
    }
    before = (secret.stat(), given.stat())
    outcomes = list(run_isolated("hostile:files", payload, readable=[given]))
    assert len(outcomes) == 21
    assert all(str(next(iter(each.values()))).startswith("refused") for each in outcomes), outcomes
    assert (secret.stat(), given.stat()) == before and not (tmp_path / "new").exists()
    payload = {"read": [str(given)], "list": [], "write": [], "change": []}
    assert list(run_isolated("hostile:files", payload, readable=[given])) == [{"read": "done: b'given text'"}]


def test_writes_where_allowed(tmp_path: Path) -> None:
    payload: dict[str, Any] = {"read": [], "list": [], "write": [str(tmp_path / "out")], "change": []}
    list(run_isolated("hostile:files", payload, writable=[tmp_path]))
    assert (tmp_path / "out").read_bytes() == b"mine"
    assert not Path(run("own_folder")["name"][0]).parent.exists()


def test_what_a_child_leaves_behind_is_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")  # the fixture sees whether the private folder is gone
    assert run("leaves_a_maze", outside=str(tmp_path), depth=1100, confined=level().landlock_abi > 0) == {
        "done": [True]
    }
    assert (tmp_path / "mine").read_text() == "mine"


@confined
def test_leaves_other_processes_alone() -> None:
    seen = run("other_processes")
    assert all(result[0].startswith("refused") for result in seen.values()), seen
    assert seen["ptrace"] == seen["stay"] == ["refused: -1"]


@confined
def test_memory_that_no_limit_sees_is_refused() -> None:
    seen = run("hidden_memory")
    assert seen["memfd"][0].startswith("refused") and seen["shm"] == [-1]


@pytest.mark.parametrize("slowly", [True, False])
def test_memory(slowly: bool) -> None:
    with pytest.raises(TooLargeError, match="more than 128 MiB of memory"):
        run("allocates", Limits(memory_bytes=128 * MIB), slowly=slowly)


def test_garbage_on_stdout_is_no_frame() -> None:
    assert run("prints") == {"true": [True]}


def test_endless_loop() -> None:
    with pytest.raises(IsolationError, match="more than 1 s of processor time"):
        run("loops", Limits(cpu_seconds=1))


@pytest.mark.parametrize(
    ("limit", "text"), [("wall_seconds", "longer than 0.5 s"), ("stall_seconds", "no sign for 0.5")]
)
def test_endless_wait(limit: str, text: str) -> None:
    with pytest.raises(IsolationError, match=text):
        run("sleeps", Limits.model_validate({limit: 0.5}))


@pytest.mark.parametrize("status", [0, 3])
def test_leaving_without_a_word(status: int) -> None:
    with pytest.raises(IsolationError, match=f"status {status} without a result") as caught:
        run("leaves", status=status)
    assert "goodbye" in caught.value.hint


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_segmentation_fault() -> None:
    with pytest.raises(IsolationError, match="died of SIGSEGV"):
        run("crashes")


def test_flood_of_frames() -> None:
    with pytest.raises(TooLargeError, match="more than 4 MiB of output"):
        run("floods", Limits(output_bytes=4 * MIB), where="frames")


@pytest.mark.parametrize("where", ["stdout", "stderr"])
def test_flood_of_prints(where: str) -> None:
    with pytest.raises(IsolationError, match="printed without end"):
        run("floods", where=where)


@pytest.mark.parametrize(
    ("payload", "limits", "text"),
    [({"where": "stderr"}, Limits(), "printed without end"), ({"where": "frames"}, Limits(wall_seconds=1), "longer")],
)
def test_a_flood_while_nobody_listens(payload: dict[str, Any], limits: Limits, text: str) -> None:
    with Child("hostile:floods", payload, limits=limits, conversation=False) as child:
        while child.alive():
            time.sleep(0.01)
        with pytest.raises(IsolationError, match=text):
            while child.receive() is not None:
                pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="rlimits and /proc")
@pytest.mark.parametrize("one_file", [True, False])
def test_filling_the_disk(one_file: bool) -> None:
    with pytest.raises(TooLargeError, match="more than 8 MiB of files"):
        run("fills_disk", Limits(file_bytes=8 * MIB, output_bytes=MIB), one_file=one_file)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_filling_the_disk_by_mappings() -> None:
    device = Path(tempfile.gettempdir()).stat().st_dev
    if f"{os.major(device)}:{os.minor(device)} " not in _disks():
        pytest.skip("the temporary folder is not on a disk, where the kernel counts pages made dirty")
    with pytest.raises(TooLargeError, match="more than 8 MiB of files"):
        run("fills_mappings", Limits(file_bytes=8 * MIB, output_bytes=MIB, wall_seconds=15))


def _disks() -> str:
    """The lines of mountinfo of disks, from the device number on."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return "".join(f"{line.split()[2]} " for line in lines if " - ext4 " in line or " - xfs " in line)


@pytest.mark.parametrize(
    "forged", ["garbage\n", "[1]\n", '{"what": 1}\n', '{"error": 7}\n', '{"ready": 1}\n', '{"error": {"code": "x"}}\n']
)
def test_forged_frames(forged: str) -> None:
    with pytest.raises((IsolationError, TooLargeError)):
        run("forges", bytes=forged)


@pytest.mark.parametrize("name", ["huge_frame", "nested", "not_json", "no_object"])
def test_frames_that_are_none(name: str) -> None:
    with pytest.raises(IsolationError):
        run(name)


@pytest.mark.parametrize(
    "name", ["UnreadableError", "PasswordError", "TooLargeError", "UnsupportedError", "EngineError"]
)
def test_our_errors_come_back_as_themselves(name: str) -> None:
    with pytest.raises(getattr(errors, name), match="as told"):
        run("raises", error=name)


def test_errors_with_more_to_say() -> None:
    with pytest.raises(errors.SchemaError) as caught:
        run("raises", error="SchemaError")
    assert (caught.value.path, caught.value.hint) == ("/properties/a", "leave it out")
    with pytest.raises(IsolationError, match="ValueError: as told"):
        run("raises", error="ValueError")
    with pytest.raises(TooLargeError, match="memory"):
        run("raises", error="MemoryError")


def test_unknown_target() -> None:
    with pytest.raises(IsolationError, match="no_such"):
        run("no_such")
    with pytest.raises(IsolationError):
        list(run_isolated("no_module_of_this_name:f", {}))


def test_threads_are_allowed() -> None:
    assert run("threads") == {"done": [8]}


@pytest.mark.parametrize("name", ["sleeps", "loops"])
def test_cancelling_is_quick(name: str) -> None:
    took: list[float] = []
    for _ in range(4):
        cancel, said = threading.Event(), [0.0]
        items = run_isolated(f"hostile:{name}", {}, cancel=cancel)
        next(items)

        def tell(cancel: threading.Event = cancel, said: list[float] = said) -> None:
            said[0] = time.monotonic()
            cancel.set()

        threading.Timer(0.05, tell).start()
        with pytest.raises(CancelledError):
            next(items)
        took.append(time.monotonic() - said[0])
        with pytest.raises(CancelledError):
            next(run_isolated("hostile:echo", {}, cancel=cancel))
    assert min(took) < 0.2  # of four: the machine may be busy with something else at any one time


def test_stopping_to_listen_ends_the_child() -> None:
    items = run_isolated("hostile:floods", {"where": "frames"})
    next(items)
    items.close()  # type: ignore[attr-defined]
