"""The seccomp filter, run here instruction by instruction, for both machines it is written for."""

import os

import pytest

from omniloom.isolation import seccomp
from omniloom.isolation.level import level
from omniloom.isolation.seccomp import program

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = FAIL | 1, FAIL | 38
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ME = os.getpid()
MACHINES = pytest.mark.parametrize("machine", sorted(ARCHITECTURES))


def decide(
    machine: str, name: str | int, *arguments: int, unix: bool = False, loopback: bool = False, strict: bool = False
) -> int:
    """What the kernel would return; jumps outside the program raise IndexError."""
    number = name if isinstance(name, int) else seccomp._numbers(machine)[name]
    words = {0: number, 4: ARCHITECTURES[machine]}
    words |= {16 + 8 * at: value & 0xFFFFFFFF for at, value in enumerate([*arguments, *[0] * (6 - len(arguments))])}
    steps, at, held = program(machine, unix, loopback, strict), 0, 0
    assert len(steps) < 4096 and all(0 <= jump <= 255 for step in steps for jump in step[1:3])
    while True:
        code, then, otherwise, value = steps[at]
        if code == 0x06:
            return value
        if code == 0x20:
            held = words[value]
        else:
            hit = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
            at += then if hit else otherwise
        at += 1


@MACHINES
def test_ordinary_calls_pass(machine: str) -> None:
    later = {number for name, number in seccomp._numbers(machine).items() if name in seccomp._STRICT}
    known = set(seccomp._numbers(machine).values())
    assert all(
        decide(machine, number, 0x3D0F00, 1) == ALLOW for number in later - {seccomp._numbers(machine)["socketpair"]}
    )
    ordinary = [number for number in range(462) if number not in known]
    assert len(ordinary) > 150
    assert all(decide(machine, number) == ALLOW for number in ordinary)


@MACHINES
@pytest.mark.parametrize(
    "name", "execve connect ptrace mount bpf keyctl unshare setns io_uring_setup fchmod shmget".split()
)
def test_refused_without_a_condition(machine: str, name: str) -> None:
    assert decide(machine, name) == EPERM


@MACHINES
def test_threads_and_no_processes(machine: str) -> None:
    assert decide(machine, "clone", 0x3D0F00) == ALLOW  # what pthread_create passes
    assert decide(machine, "clone", 0x1200011) == EPERM  # what fork passes
    assert decide(machine, "clone3") == ENOSYS


@MACHINES
def test_programs_have_less(machine: str) -> None:
    known = seccomp._numbers(machine)
    assert decide(machine, "clone", 0x3D0F00, strict=True) == EPERM  # a thread
    assert decide(machine, "socketpair", 1, 1, strict=True) == EPERM
    assert all(decide(machine, name, strict=True) == EPERM for name in seccomp._STRICT if name in known)
    for name, number in known.items():
        if name not in seccomp._STRICT:
            assert decide(machine, number) == decide(machine, number, strict=True)


@MACHINES
def test_sockets(machine: str) -> None:
    stream, datagram = 0x80001, 0x80002  # both with SOCK_CLOEXEC
    assert decide(machine, "socketpair", 1, stream) == ALLOW
    assert decide(machine, "socketpair", 2, stream) == EPERM
    for family in (1, 2, 10, 16):
        assert decide(machine, "socket", family, stream) == EPERM
        assert decide(machine, "socket", family, stream, unix=True) == (ALLOW if family == 1 else EPERM)
        assert decide(machine, "socket", family, stream, loopback=True) == (ALLOW if family in (2, 10) else EPERM)
        for kind in (datagram, 3, 5, 10):  # raw, packets in order, packet: none of them needs a connection
            assert decide(machine, "socket", family, kind, unix=True, loopback=True) == EPERM
            assert decide(machine, "socketpair", family, kind) == EPERM
    assert decide(machine, "bind") == EPERM and decide(machine, "bind", loopback=True) == ALLOW
    assert decide(machine, "connect", loopback=True, unix=True) == EPERM
    assert decide(machine, "sendto", 3, 0, 0, 0x20000000) == EPERM  # fast open
    assert decide(machine, "sendmsg", 3, 0, 0x4000) == ALLOW


@MACHINES
def test_only_oneself(machine: str) -> None:
    assert decide(machine, "tgkill", ME, ME, 6) == ALLOW
    for other in (1, 0, -1, ME + 1):
        assert decide(machine, "kill", other, 9) == EPERM
    assert decide(machine, "prlimit64", 0) == decide(machine, "prlimit64", ME) == ALLOW
    assert decide(machine, "prlimit64", 1) == EPERM
    assert decide(machine, "prctl", 15) == ALLOW and decide(machine, "prctl", 1) == EPERM
    assert decide(machine, "ioctl", 0, 0x5401) == ALLOW and decide(machine, "ioctl", 0, 0x5412) == EPERM


@MACHINES
def test_signals_by_the_owner_of_a_descriptor(machine: str) -> None:
    for command in (8, 10, 15, 1024, 1026):  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY
        assert decide(machine, "fcntl", 3, command, 1) == EPERM
    for command in (0, 1, 3, 4, 6, 1030, 1033):  # copies, flags, locks, the size of a pipe, seals
        assert decide(machine, "fcntl", 3, command) == ALLOW
    assert decide(machine, "ioctl", 3, 0x8901) == decide(machine, "ioctl", 3, 0x8902) == EPERM


@MACHINES
def test_nothing_is_truncated_that_is_not_written(machine: str) -> None:
    assert decide(machine, "truncate") == EPERM and decide(machine, "openat2") == ENOSYS
    for name, before in (("open", [0]), ("openat", [0, 0])):
        if name not in seccomp._numbers(machine):
            continue
        for access, verdict in ((0, EPERM), (1, ALLOW), (2, ALLOW), (3, EPERM)):
            assert decide(machine, name, *before, 0x80000 | 0x200 | access) == verdict
            assert decide(machine, name, *before, 0x80000 | 0x40 | access) == ALLOW


def test_other_calling_conventions_have_no_way_in() -> None:
    assert decide("x86_64", 0x40000000 | 59) == EPERM  # x32
    steps = program("x86_64", False, False)
    assert steps[1:3] == [(0x15, 1, 0, ARCHITECTURES["x86_64"]), (0x06, 0, 0, KILL)]  # i386


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_systems_without_say_so(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", system)
    told = level()
    assert (told.landlock_abi, told.seccomp) == (0, False) and "neither Landlock nor seccomp" in told.detail


def test_an_unknown_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert not level().seccomp and "riscv64" in level().detail and not seccomp.restrict()
