"""Programs inside WebAssembly: the same results as natively, and nothing there to get out by."""

import importlib.util
import shutil
import threading
import time
from pathlib import Path

import pytest

from omniloom.core.errors import CancelledError, UnsupportedError
from omniloom.isolation import Level, Limits, Outcome, building, level, run_program
from omniloom.isolation.limits import MIB
from omniloom.isolation.programs import PROGRAM_LIMITS, confined

pytestmark = [
    pytest.mark.skipif(not confined(level()), reason="this system has no Landlock or no seccomp"),
    pytest.mark.timeout(900),  # the first one builds the interpreter
]
needs_sympy = pytest.mark.skipif(importlib.util.find_spec("sympy") is None, reason="sympy is not installed")


def run(code: str, component: Path, limits: Limits = PROGRAM_LIMITS) -> Outcome:
    return run_program(code, component=component, limits=limits)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", "2"),
        ("7 ** 77 % 1000", "207"),
        ("from fractions import Fraction\nFraction(1, 3) + Fraction(1, 6)", "1/2"),
        ("from decimal import Decimal\nDecimal('0.1') + Decimal('0.2')", "0.3"),
        ("from datetime import date\n(date(2024, 3, 1) - date(2024, 2, 1)).days", "29"),
        ("import datetime, time\nabs(datetime.datetime.now().timestamp() - time.time()) < 5", "True"),
        ("import math, itertools\nlen(list(itertools.combinations(range(6), 2))) * math.comb(5, 2)", "150"),
        ("import statistics\nstatistics.median([3, 1, 2])", "2"),
        (
            "import difflib, colorsys, html.parser, email.message\ndifflib.get_close_matches('aple', ['apple'])",
            "['apple']",
        ),
        ("import re\nre.sub(r'(\\w)(\\d)', r'\\2\\1', 'a1 b2')", "1a 2b"),
        ("import random\n0 <= random.random() < 1", "True"),
        ("import time\nstart = time.perf_counter()\ntime.sleep(0.2)\n0.2 <= time.perf_counter() - start < 5", "True"),
        ("'grüße 数 \U0001f600'", "grüße 数 \U0001f600"),
        ("x = 3\nresult = x * 2", "6"),
        ("x = 1", None),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    b: int\nA(1)", "A(b=1)"),
        ("import sys\nresult = 3\nsys.exit()", "3"),
        ("import sys\nsys.platform", "wasi"),
    ],
)
def test_honest_programs(code: str, value: str | None, component: Path) -> None:
    outcome = run(code, component)
    assert outcome.ok and outcome.value == value, outcome


@needs_sympy
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("from sympy import *\nx = symbols('x')\nsolve(x**2 - 5*x + 6, x)", "[2, 3]"),
        ("from sympy import *\nx = symbols('x')\nintegrate(sin(x)**2, (x, 0, pi))", "pi/2"),
        ("import sympy\nsympy.factorint(2**64 + 1)", "{274177: 1, 67280421310721: 1}"),
        ("from sympy import Matrix\nMatrix([[1, 2], [3, 4]]).det()", "-2"),
        ("from sympy.stats import Die, E\nE(Die('X', 6))", "7/2"),
        ("import sympy\nsympy.N(sympy.sqrt(2), 30)", "1.41421356237309504880168872421"),
    ],
)
def test_sympy(code: str, value: str, component: Path) -> None:
    outcome = run(code, component)
    assert outcome.ok and outcome.value == value, outcome


def test_what_is_printed_and_where_it_broke(component: Path) -> None:
    outcome = run("import sys\nprint('one')\nprint('no', file=sys.stderr)\nprint('two', end='')", component)
    assert outcome.ok and outcome.output == "one\ntwo"
    failed = run("def half(n):\n    return n / 0\n\nhalf(\n    3)", component)
    assert (failed.line, failed.stopped) == (2, None)
    assert failed.error == "line 4: half(\nline 2 in half: return n / 0\nZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("open('/etc/passwd').read()", "FileNotFoundError"),
        ("open('here', 'w').write('x')", "FileNotFoundError"),
        ("import os\nos.listdir('/')", "FileNotFoundError"),
        ("import os\nos.stat('/usr/bin/env')", "FileNotFoundError"),
        ("import os\nos.symlink('/etc/passwd', 'link')\nopen('link').read()", "FileNotFoundError"),
        ("open('/proc/self/environ').read()", "FileNotFoundError"),
        ("import os\nos.environ['HOME']", "KeyError"),
        ("import os\nos.fork()", "AttributeError"),
        ("import subprocess\nsubprocess.run(['/bin/ls'])", "OSError"),
        ("import ctypes", "ModuleNotFoundError"),
        ("import _ctypes", "ModuleNotFoundError"),
        ("import threading\nthreading.Thread(target=print).start()", "can't start new thread"),
        ("def f(): f()\nf()", "RecursionError"),
        ("'(' * 3 + 1", "TypeError"),
        ("import ast\nast.parse('(' * 9999 + ')' * 9999)", "MemoryError"),
        ("int('9' * 5000)", "Exceeds the limit"),
    ],
)
def test_what_is_not_there(code: str, error: str, component: Path) -> None:
    outcome = run(code, component)
    assert not outcome.ok and error in outcome.error, outcome


@pytest.mark.parametrize(
    "code",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', 80), 1)",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1')",
        "import os\nos.write(1, b'x')",
        "import os\nos._exit(0)",
        "import os\nos.abort()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    ],
)
def test_what_has_no_function_behind_it_ends_the_program(code: str, component: Path) -> None:
    outcome = run(code, component)
    assert not outcome.ok and outcome.seconds < 15, outcome


@pytest.mark.parametrize(
    ("code", "stopped"),
    [
        ("while True: pass", "processor"),
        ("import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')", "processor"),
        ("10 ** 10 ** 9", "processor|memory"),
        ("import time\ntime.sleep(60)", "time"),
        ("bytearray(1 << 30)", "memory"),
        ("x = []\nwhile True: x.append(bytes(1 << 20))", "memory"),
        ("while True: print('x' * 1000)", "output"),
    ],
)
def test_limits(code: str, stopped: str, component: Path) -> None:
    change = {"memory_bytes": 256 * MIB, "cpu_seconds": 2, "output_bytes": MIB}
    wall = 4 if stopped == "time" else 60  # a busy machine gives two seconds of its processor late
    outcome = run(code, component, PROGRAM_LIMITS.model_copy(update={**change, "wall_seconds": wall}))
    assert outcome.stopped in stopped.split("|") and outcome.seconds < wall + 8, outcome
    assert run("6 * 7", component).value == "42"


def test_runs_share_nothing(component: Path) -> None:
    first = run("import math, random\nmath.pi = 3\nrandom.random()", component)
    second = run("import math, random\nresult = random.random()\nassert math.pi > 3.1", component)
    assert first.ok and second.ok and first.value != second.value


def test_cancelling(component: Path) -> None:
    cancel = threading.Event()
    threading.Timer(1.0, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        run_program("while True: pass", component=component, cancel=cancel)
    assert time.monotonic() - started < 10


def test_a_weaker_system_must_be_asked_for_by_name(component: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = Level(landlock_abi=0, seccomp=False, rlimits=True, detail="nothing here")
    monkeypatch.setattr("omniloom.isolation.programs.level", lambda: none)
    with pytest.raises(UnsupportedError, match="nothing here"):
        run("1 + 1", component)
    assert run_program("1 + 1", component=component, confinement="weak").value == "2"


def test_it_is_built_once(component: Path) -> None:
    started = time.monotonic()
    assert building.prepare(component.parent) == component
    assert time.monotonic() - started < 5
    mark = component.with_suffix(".sha256").name
    assert sorted(path.name for path in component.parent.iterdir()) == [".lock", component.name, mark]


@pytest.mark.parametrize("damage", [b"", b"\x00 and other bytes"])
def test_what_is_damaged_is_built_anew(
    component: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    """Out of the parts that are laid out for it; the half minute that the compiler takes is not spent again."""

    def built(staging: Path) -> Path:
        assert (staging / "parts" / "guest.py").exists() and (staging / "parts" / "sympy").is_dir()
        return Path(shutil.copyfile(component, staging / "python.cwasm"))

    monkeypatch.setattr(building, "_built", built)
    mine = building.prepare(tmp_path)
    mine.write_bytes(damage)
    assert building.prepare(tmp_path) == mine and mine.read_bytes() == component.read_bytes()
    assert run("6 * 7", mine).value == "42"


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"omniloom\[wasi\]"):
        building.prepare(tmp_path)
    assert not list(tmp_path.iterdir())
