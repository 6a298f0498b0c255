"""What an untrusted file might make a decoder do: each function is a target for a confined child."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from omniloom.core import errors

Frames = Iterator[dict[str, Any]]


def _outcome(action: Callable[[], object]) -> str:
    """What happened: "refused: ..." for an OSError, otherwise the result."""
    try:
        return f"done: {action()!r}"
    except (OSError, subprocess.SubprocessError) as error:
        return f"refused: {error}"


def echo(payload: dict[str, Any]) -> Frames:
    yield {"payload": payload, "environment": dict(os.environ), "folder": str(Path.cwd()), "path": sys.path}


def forks(payload: dict[str, Any]) -> Frames:
    yield {"fork": _outcome(os.fork), "exec": _outcome(lambda: os.execv("/bin/true", ["true"]))}
    yield {"spawn": _outcome(lambda: subprocess.run(["/bin/true"], check=True))}


def sockets(payload: dict[str, Any]) -> Frames:
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
        yield {"socket": _outcome(lambda f=family: socket.socket(f, socket.SOCK_DGRAM))}
    pair = socket.socketpair()
    pair[0].sendall(b"x")
    yield {"pair": pair[1].recv(1).decode()}
    yield {"unconnected": _outcome(lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"x", payload["to"]))}


def files(payload: dict[str, Any]) -> Frames:
    for path in payload["read"]:
        yield {"read": _outcome(lambda p=path: Path(p).read_bytes()[:10])}
    for path in payload["list"]:
        yield {"list": _outcome(lambda p=path: sorted(Path(p).iterdir()))}
    for path in payload["write"]:
        yield {"write": _outcome(lambda p=path: Path(p).write_bytes(b"mine"))}
    for path in payload["change"]:
        yield {"chmod": _outcome(lambda p=path: Path(p).chmod(0o777))}
        yield {"utime": _outcome(lambda p=path: os.utime(p, (1, 1)))}
        yield {"unlink": _outcome(lambda p=path: Path(p).unlink())}
        yield {"truncate": _outcome(lambda p=path: os.truncate(p, 0))}


def own_folder(payload: dict[str, Any]) -> Frames:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(b"mine")
        yield {"name": file.name}
    Path("left behind").write_text("x")


def leaves_a_maze(payload: dict[str, Any]) -> Frames:
    """Folders deeper than any path is long, a folder that nobody may enter, a link out."""
    Path("closed").mkdir(0)
    if not payload["confined"]:
        Path("link").symlink_to(payload["outside"])
    for _ in range(payload["depth"]):
        Path("folder").mkdir()
        Path("folder", "file").write_text("x")
        os.chdir("folder")
    yield {"done": True}


def other_processes(payload: dict[str, Any]) -> Frames:
    import fcntl
    import resource

    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    yield {"kill": _outcome(lambda: os.kill(parent, signal.SIGTERM))}
    yield {"session": _outcome(lambda: os.kill(-1, signal.SIGTERM))}
    yield {"limit": _outcome(lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (1, 1)))}
    yield {"environment": _outcome(lambda: Path(f"/proc/{parent}/environ").read_bytes())}
    yield {"memory": _outcome(lambda: Path(f"/proc/{parent}/mem").read_bytes())}
    pair = socket.socketpair()
    yield {"owner": _outcome(lambda: fcntl.fcntl(pair[0], fcntl.F_SETOWN, parent))}
    yield {"signal": _outcome(lambda: fcntl.fcntl(pair[0], fcntl.F_SETSIG, signal.SIGKILL))}
    yield {"group": _outcome(lambda: fcntl.ioctl(pair[0], 0x8902, parent.to_bytes(4, sys.byteorder)))}
    yield {"ptrace": f"refused: {libc.ptrace(16, parent, 0, 0)}"}
    yield {"stay": f"refused: {libc.prctl(1, 0, 0, 0, 0)}"}


def allocates(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    if payload["slowly"]:
        held = []
        while True:
            held.append(b"x" * (4 << 20))
            time.sleep(0.001)
    yield {"size": len(bytearray(1 << 40))}


def prints(payload: dict[str, Any]) -> Frames:
    print('{"item": {"forged": true}}')
    sys.stdout.flush()
    os.write(1, b'{"item": {"forged": true}}\n')
    os.write(2, b"a complaint\n")
    yield {"true": True}


def loops(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    while True:
        pass


def sleeps(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    time.sleep(60)


def leaves(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    os.write(2, b"goodbye\n")
    os._exit(payload["status"])


def crashes(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    ctypes.string_at(0)


def floods(payload: dict[str, Any]) -> Frames:
    while payload["where"] == "frames":
        yield {"text": "x" * 100_000}
    descriptor = {"stdout": 1, "stderr": 2}[payload["where"]]
    while True:
        os.write(descriptor, b"x" * 100_000)


def fills_disk(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    for number in range(1000):
        name = "one" if payload["one_file"] else str(number)
        with Path(name).open("ab") as file:
            file.write(b"x" * (1 << 20))


def fills_mappings(payload: dict[str, Any]) -> Frames:
    """Writes that no call shows: one page at a time, into files mapped and closed one after the other."""
    import mmap

    yield {"start": True}
    for number in range(16):
        with Path(str(number)).open("w+b") as file:
            file.truncate(4 << 20)
            with mmap.mmap(file.fileno(), 4 << 20) as view:
                for at in range(0, 4 << 20, mmap.PAGESIZE):
                    view[at] = 1
    while True:
        time.sleep(1)


def forges(payload: dict[str, Any]) -> Frames:
    """Finds the descriptor of the frames and writes to it."""
    for number in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(number, payload["bytes"].encode())
    yield {"after": True}


def huge_frame(payload: dict[str, Any]) -> Frames:
    yield {"text": "x" * (80 << 20)}


def raises(payload: dict[str, Any]) -> Frames:
    yield {"start": True}
    if payload["error"] == "SchemaError":
        raise errors.SchemaError("no such keyword", path="/properties/a", hint="leave it out")
    plain = {"ValueError": ValueError, "MemoryError": MemoryError}
    raise (plain.get(payload["error"]) or getattr(errors, payload["error"]))("as told")


def not_json(payload: dict[str, Any]) -> Frames:
    yield {"value": {1, 2}}


def no_object(payload: dict[str, Any]) -> Frames:
    yield [1, 2]  # type: ignore[misc]


def threads(payload: dict[str, Any]) -> Frames:
    done: list[int] = []
    workers = [threading.Thread(target=done.append, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    yield {"done": len(done)}


def hidden_memory(payload: dict[str, Any]) -> Frames:
    libc = ctypes.CDLL(None, use_errno=True)
    yield {"memfd": _outcome(lambda: os.memfd_create("x")), "shm": libc.shmget(0, 1 << 20, 0o1600)}


def nested(payload: dict[str, Any]) -> Frames:
    for number in range(3, 16):
        with contextlib.suppress(OSError):
            os.write(number, b'{"item":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_001 + b"\n")
    yield {"after": True}


def conversation(payload: dict[str, Any], channel: Any) -> None:
    """Gives every frame back until told to stop."""
    while (frame := channel.receive()) is not None:
        if frame.get("stop"):
            return
        channel.send({"back": frame, "said": payload})


def serves(payload: dict[str, Any], channel: Any) -> None:
    """Listens where it was allowed to, answers one caller, and tries to call out."""
    unix = payload.get("unix")
    server = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    server.bind(unix or ("127.0.0.1", 0))
    server.listen()
    out = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    datagrams = _outcome(lambda: socket.socket(socket.AF_UNIX if unix else socket.AF_INET, socket.SOCK_DGRAM))
    there = payload["forbidden"] if unix else tuple(payload["forbidden"])
    channel.send(
        {"address": server.getsockname(), "call": _outcome(lambda: out.connect(there)), "datagrams": datagrams}
    )
    caller, _ = server.accept()
    with caller:
        caller.sendall(b"hello")
    channel.receive()
