"""seccomp-BPF by ctypes: which system calls this process may still make.

A list of refusals: numeric libraries, media decoders and databases need calls that differ by version and machine, so
an allow list would break on the next wheel. What is refused would reach other processes, the network, the kernel's
rarely used doors, or the owner's files in ways that Landlock does not see (chmod, xattr, utime, truncate). A refused
call fails with EPERM. Sources: the kernel's seccomp_filter documentation and include/uapi/linux/{filter,seccomp,
audit}.h.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from functools import cache
from pathlib import Path

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_X32 = 0x40000000
_PR_GET_SECCOMP, _PR_SET_SECCOMP, _FILTER_MODE = 21, 22, 2
_CLONE_THREAD, _MSG_FASTOPEN, _AF_UNIX, _AF_INET, _AF_INET6 = 0x10000, 0x20000000, 1, 2, 10
_NOT_STREAM, _O_TRUNC = 0xE, 0x200
_TIOCSTI, _TIOCLINUX, _PR_SET_PDEATHSIG = 0x5412, 0x541C, 1
_FIOSETOWN, _SIOCSPGRP, _F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 0x8901, 0x8902, 8, 10, 15
_F_SETLEASE, _F_NOTIFY = 1024, 1026
_CONDITIONAL = frozenset(
    "clone clone3 socket socketpair bind listen accept accept4 sendto sendmsg ioctl prctl kill tgkill prlimit64 "
    "fallocate sched_setaffinity fcntl open openat openat2".split()
)

# Threads, pairs of sockets, sessions, news of others' files and processes, what holds up others' files or all disks:
# libraries use them, programs need not.
_STRICT = frozenset(
    "clone socketpair setsid setpgid inotify_init inotify_init1 inotify_add_watch pidfd_open statmount "
    "listmount sync syncfs flock".split()
)

_Instruction = tuple[int, int, int, int]


def available() -> bool:
    """Whether this kernel takes filters and this machine's system call numbers are known."""
    if not sys.platform.startswith("linux") or platform.machine() not in _ARCHITECTURES or sys.maxsize < 2**32:
        return False
    return ctypes.CDLL(None).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def restrict(*, unix_socket: bool = False, loopback: bool = False, strict: bool = False) -> bool:
    """Put the filter in force for this thread and what it starts. Needs no_new_privs. False where it cannot be.

    No connection can be opened in any case. `unix_socket` and `loopback` let a socket of that kind be listened on.
    `strict` is for programs: no thread and no socket at all.
    """
    if not available():
        return False
    code = b"".join(struct.pack("=HBBI", *step) for step in program(platform.machine(), unix_socket, loopback, strict))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    return ctypes.CDLL(None).prctl(_PR_SET_SECCOMP, _FILTER_MODE, ctypes.c_char_p(header), 0, 0) == 0


def program(machine: str, unix_socket: bool, loopback: bool, strict: bool = False) -> list[_Instruction]:
    """The filter as BPF instructions (code, jump if true, jump if false, value)."""
    numbers = _numbers(machine)
    steps: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_JUMP_EQ, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        steps += [(_JUMP_GE, 0, 1, _X32), _fail()]
    for name, number in numbers.items():
        if name in _STRICT and not strict and name not in _CONDITIONAL:
            continue
        always = name not in _CONDITIONAL or (strict and name in _STRICT)
        rule = [_fail()] if always else _rule(name, unix_socket, loopback)
        if rule:
            steps += [(_JUMP_EQ, 0, len(rule), number), *rule]
    return [*steps, (_RETURN, 0, 0, _ALLOW)]


def _rule(name: str, unix_socket: bool, loopback: bool) -> list[_Instruction]:
    """What happens once the number matched; always ends in a return."""
    me = os.getpid()
    families = [_AF_UNIX] * unix_socket + [_AF_INET, _AF_INET6] * loopback
    if name == "clone":
        return [_argument(0), (_JUMP_SET, 1, 0, _CLONE_THREAD), _fail(), _allow()]
    if name in ("clone3", "openat2"):
        return [_fail(errno.ENOSYS)]  # its flags are behind a pointer; libc then takes the older call
    if name in ("open", "openat"):
        return _truncating_only_to_write(1 if name == "open" else 2)
    if name == "fallocate":
        return [_fail(errno.EOPNOTSUPP)]  # room that no write shows; libc then writes
    if name == "sched_setaffinity":
        return [_fail(0)]  # said to be done: runtimes print an error per thread otherwise, and a hint is all it is
    if name in ("socket", "socketpair"):
        # Streams alone: a datagram reaches any address without a connect, also from one end of a pair.
        allowed = _only_if_argument(0, families if name == "socket" else [_AF_UNIX])
        return [_argument(1), (_JUMP_SET, 0, 1, _NOT_STREAM), _fail(), *allowed]
    if name in ("bind", "listen", "accept", "accept4"):
        return [] if families else [_fail()]
    if name in ("sendto", "sendmsg"):  # fast open is a connect by another name
        return [_argument(3 if name == "sendto" else 2), (_JUMP_SET, 0, 1, _MSG_FASTOPEN), _fail(), _allow()]
    if name == "ioctl":
        return _unless_argument(1, [_TIOCSTI, _TIOCLINUX, _FIOSETOWN, _SIOCSPGRP])
    if name == "fcntl":  # its owner is sent a signal of one's choice: a kill by another name; a lease holds others up
        return _unless_argument(1, [_F_SETOWN, _F_SETSIG, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY])
    if name == "prctl":
        return _unless_argument(0, [_PR_SET_PDEATHSIG])
    return _only_if_argument(0, [me, 0] if name == "prlimit64" else [me])


def _only_if_argument(index: int, values: list[int]) -> list[_Instruction]:
    tests = [(_JUMP_EQ, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [_argument(index), *tests, _fail(), _allow()] if values else [_fail()]


def _unless_argument(index: int, values: list[int]) -> list[_Instruction]:
    tests = [(_JUMP_EQ, len(values) - at, 0, value) for at, value in enumerate(values)]
    return [_argument(index), *tests, _allow(), _fail()]


def _truncating_only_to_write(index: int) -> list[_Instruction]:
    """Landlock before version 3 does not see O_TRUNC where the access asked for is to read, or none (both bits)."""
    return [
        _argument(index),
        (_JUMP_SET, 0, 4, _O_TRUNC),
        (_JUMP_SET, 0, 1, 1),
        (_JUMP_SET, 1, 2, 2),
        (_JUMP_SET, 1, 0, 2),
        _fail(),
        _allow(),
    ]


def _argument(index: int) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * index)  # the low half: both machines are little-endian


def _fail(number: int = errno.EPERM) -> _Instruction:
    return (_RETURN, 0, 0, _FAIL | number)


def _allow() -> _Instruction:
    return (_RETURN, 0, 0, _ALLOW)


@cache
def _numbers(machine: str) -> dict[str, int]:
    column = 1 + list(_ARCHITECTURES).index(machine)
    rows = [line.split("\t") for line in Path(__file__).with_name("syscalls.tsv").read_text("utf-8").splitlines()]
    return {row[0]: int(row[column]) for row in rows if not row[0].startswith("#") and row[column] != "-"}
