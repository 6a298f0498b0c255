"""Landlock by ctypes: which files this process may still open, and which TCP ports it may use.

Source: the kernel's include/uapi/linux/landlock.h. Once in force it cannot be taken back, and threads made later
inherit it.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on x86-64 and aarch64
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 9
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

_READ = READ_FILE | READ_DIR
_WRITE = _READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
_ON_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPES = 0b11  # abstract unix sockets, signals


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The Landlock version of this kernel; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(_syscall(_CREATE, None, 0, 1), 0)


def restrict(readable: Iterable[Path], writable: Iterable[Path], *, bind: bool = False, sockets: bool = False) -> int:
    """Keep this thread, and what it starts, to these paths; returns the version in force, 0 for none.

    Nothing may be executed from anywhere, and no TCP connection opened; `bind` lets a TCP port be listened on,
    `sockets` lets Unix sockets be made inside `writable`. Needs no_new_privs. Paths that are missing are left out.
    """
    version = abi()
    if not version:
        return 0
    handled = (1 << _FS_BITS.get(version, 16)) - 1
    net = 0 if version < 4 else _CONNECT_TCP if bind else _CONNECT_TCP | _BIND_TCP
    rules = _Ruleset(handled, net, _SCOPES if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _syscall(_CREATE, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return 0
    try:
        for path in readable:
            _allow(ruleset, path, _READ & handled)
        for path in writable:
            _allow(ruleset, path, (_WRITE | (MAKE_SOCK if sockets else 0)) & handled)
        return version if _syscall(_RESTRICT, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _ON_A_FILE
        beneath = _PathBeneath(rights, parent)
        _syscall(_ADD, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)  # refused means not allowed: the safe side
    finally:
        os.close(parent)


def _syscall(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    plain = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return int(libc.syscall(ctypes.c_long(number), *plain))
