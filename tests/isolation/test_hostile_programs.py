"""Programs that try to get out, to stay, or to harm: hostile_programs.tsv has one on each line.

After each: the file outside is unread and unchanged, nothing is planted anywhere, no connection came, no process is
left, the secret of the parent's environment is not told, its time is kept, and an honest program still runs.
"""

import ctypes
import importlib.util
import os
import platform
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from omniloom.isolation import Limits, Outcome, level, run_program, seccomp
from omniloom.isolation.limits import MIB
from omniloom.isolation.programs import PROGRAM_LIMITS, confined

pytestmark = pytest.mark.skipif(not confined(level()), reason="this system has no Landlock or no seccomp")
_LINES = Path(__file__).with_name("hostile_programs.tsv").read_text("utf-8").splitlines()
PROGRAMS = [line.split("\t") for line in _LINES if not line.startswith("#")]
IDS = [f"{kind}-{name}" for kind, name, _, _ in PROGRAMS]
SHOWN = 4096
SLACK = 8.0  # seconds: a busy machine is slow to notice, a limit that does not hold is never noticed
_SUBREAPER = 36


@dataclass
class World:
    """What a program could reach from here."""

    folder: Path
    secret: str
    sockets: list[socket.socket]

    def fill(self, program: str) -> str:
        tcp, udp, _ = self.sockets
        words = {"CANARY": str(self.folder / "canary"), "FOLDER": str(self.folder), "HOME": str(Path.home())}
        words |= {
            "PORT": str(tcp.getsockname()[1]),
            "UDP": str(udp.getsockname()[1]),
            "UNIX": str(self.folder / "unix"),
        }
        text = re.sub(r"\b(CANARY|FOLDER|HOME|PORT|UDP|UNIX)\b", lambda found: words[found[1]], program)
        return re.sub(r"\bSYS_(\w+)", lambda found: str(_number(found[1])), text)

    def look(self) -> None:
        canary = self.folder / "canary"
        assert canary.read_text() == f"{self.secret} of the file\n" and canary.stat().st_mode & 0o777 == 0o600
        assert sorted(path.name for path in self.folder.iterdir()) == ["canary", "canary_module.py", "private", "unix"]
        assert not list((self.folder / "private").iterdir()), "a private folder is left"
        for place in ("/tmp", "/dev/shm", "/var/tmp", "/", "/etc", "/run", "/usr/lib", str(Path.home()), "."):
            assert not list(Path(place).glob("*planted*")), place
        for listening in self.sockets:
            with pytest.raises(BlockingIOError):
                listening.accept() if listening.type == socket.SOCK_STREAM else listening.recv(9)


def _number(name: str) -> int:
    number = seccomp._numbers(platform.machine()).get(name)
    return pytest.skip(f"{platform.machine()} has no {name}") if number is None else number


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "canary").write_text("hush-91b7 of the file\n")
    (folder / "canary").chmod(0o600)
    (folder / "canary_module.py").write_text("x = 'hush-91b7'\n")
    (folder / "private").mkdir()
    kinds = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)]
    sockets = [socket.socket(*each) for each in [*kinds, (socket.AF_UNIX, socket.SOCK_STREAM)]]
    for listening, address in zip(sockets, [("127.0.0.1", 0), ("127.0.0.1", 0), str(folder / "unix")], strict=True):
        listening.bind(address)
        listening.setblocking(False)
    sockets[0].listen()
    sockets[2].listen()
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)  # a process that slips out of its parent's hands becomes ours
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROGRAM_SECRET", "hush-91b7")
        patch.setattr(tempfile, "tempdir", str(folder / "private"))
        yield World(folder, "hush-91b7", sockets)
    libc.prctl(_SUBREAPER, 0, 0, 0, 0)
    for listening in sockets:
        listening.close()


def _children() -> set[int]:
    """Processes whose parent is this one, those that ended among them."""
    found: set[int] = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                fields = Path(entry.path, "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[1] == str(os.getpid()):
                found.add(int(entry.name))
    return found


def _limits(program: str) -> Limits:
    seconds = 2.5 if "sympy" in program else 1.0 if "numpy" in program or "asyncio" in program else 0.5
    wall = 2 * seconds + 0.5
    change = {"cpu_seconds": seconds, "wall_seconds": wall, "memory_bytes": 192 * MIB, "output_bytes": MIB}
    return PROGRAM_LIMITS.model_copy(update=change)


def _allowed(outcome: Outcome, expected: str) -> bool:
    """expected: outcomes joined by "|": error, ok, a limit, long (ended well, cut to what is shown), or =value."""
    if expected.startswith("="):
        return outcome.ok and (outcome.value or "") == expected[1:]
    told = outcome.stopped or ("error" if outcome.error else "ok")
    longest = max(len(text or "") for text in (outcome.value, outcome.error))
    return told in expected.split("|") or (expected == "long" and outcome.stopped is None and longest == SHOWN)


def _runs_to_nowhere(line: str, limits: Limits, world: World, component: Path | None = None) -> Outcome:
    if "sympy" in line and importlib.util.find_spec("sympy") is None:
        pytest.skip("sympy is not installed")
    code = world.fill(line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\"))
    before, started = _children(), time.monotonic()
    outcome = run_program(code, limits=limits, shown_bytes=SHOWN, component=component)
    took = time.monotonic() - started
    assert took < (limits.wall_seconds or 0) + SLACK
    assert _children() <= before, "a process is left"
    world.look()
    assert world.secret not in outcome.model_dump_json()
    assert all(len(text or "") <= SHOWN for text in (outcome.output, outcome.value, outcome.error))
    assert run_program("6 * 7", component=component).value == "42"
    return outcome


@pytest.mark.parametrize(("kind", "name", "expected", "line"), PROGRAMS, ids=IDS)
def test_gets_nowhere(kind: str, name: str, expected: str, line: str, world: World) -> None:
    outcome = _runs_to_nowhere(line, _limits(line), world)
    assert _allowed(outcome, expected), outcome


@pytest.mark.timeout(900)  # the first one builds the interpreter
@pytest.mark.parametrize(("kind", "name", "expected", "line"), PROGRAMS, ids=IDS)
def test_gets_nowhere_inside_webassembly(
    kind: str, name: str, expected: str, line: str, world: World, component: Path
) -> None:
    """What it comes to is another thing where there is no system to call; what test_wasi.py says is exact."""
    limits = _limits(line)
    more = {"cpu_seconds": (limits.cpu_seconds or 0) + 1, "wall_seconds": (limits.wall_seconds or 0) + 2}
    _runs_to_nowhere(line, limits.model_copy(update=more), world, component)


def test_there_are_enough_of_them() -> None:
    assert len(PROGRAMS) >= 300 and len(set(IDS)) == len(IDS)
    assert sys.platform == "linux"
