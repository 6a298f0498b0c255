"""Honest programs: what they print, give and break on comes back, short and exact."""

import importlib.util
import threading
import time

import pytest

from omniloom.core.errors import CancelledError, TooLargeError, UnsupportedError
from omniloom.isolation import Level, run_program
from omniloom.isolation import level as here
from omniloom.isolation.limits import MIB
from omniloom.isolation.programs import CODE_BYTES, PROGRAM_LIMITS, confined

runs = pytest.mark.skipif(not confined(here()), reason="this system has no Landlock or no seccomp")
sympy = pytest.mark.skipif(importlib.util.find_spec("sympy") is None, reason="sympy is not installed")


@runs
@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("1 + 1", "2"),
        ("sum(n for n in range(1, 101))", "5050"),
        ("2 ** 100", str(2**100)),
        ("from fractions import Fraction\nFraction(1, 3) + Fraction(1, 6)", "1/2"),
        ("from decimal import Decimal\nDecimal('0.1') + Decimal('0.2')", "0.3"),
        ("from datetime import date\ndate(2024, 3, 1) - date(2024, 2, 1)", "29 days, 0:00:00"),
        ("from datetime import date\ndate(2026, 11, 28).strftime('%A')", "Saturday"),
        ("from zoneinfo import ZoneInfo\nfrom datetime import datetime\n"
         "datetime(2026, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')).isoformat()", "2026-07-01T00:00:00+02:00"),
        ("import math, itertools\nlen(list(itertools.combinations(range(6), 2))) * math.comb(5, 2)", "150"),
        ("import statistics\nstatistics.median([3, 1, 2])", "2"),
        ("import numpy as np\nint(np.linalg.det(np.array([[1, 2], [3, 4]])).round())", "-2"),
        ("'grüße 数 \U0001f600'", "grüße 数 \U0001f600"),
        ("x = 3\nresult = x * 2", "6"),
        ("result = 6\nprint(result)", "6"),
        ("result = 6\n7", "7"),
        ("x = 1", None),
        ("", None),
        ("if True:\n    5", None),
        ("def main():\n    global result\n    result = __name__\nif __name__ == '__main__':\n    main()", "__main__"),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    b: int\nA(1)", "A(b=1)"),
        ("import sys\nresult = 3\nsys.exit()", "3"),
    ],
)  # fmt: skip
def test_values(code: str, value: str | None) -> None:
    outcome = run_program(code)
    assert outcome.ok and outcome.value == value and not outcome.cut, outcome


@runs
@sympy
def test_equations() -> None:
    code = "from sympy import *\nx = symbols('x')\nprint(integrate(x**2, x))\nsolve(Eq(x**2 - 5*x, -6), x)"
    outcome = run_program(code)
    assert (outcome.value, outcome.output) == ("[2, 3]", "x**3/3\n")


@runs
def test_what_is_printed() -> None:
    outcome = run_program("print('one', 2)\nprint('three', end='')\nprint('no', file=__import__('sys').stderr)")
    assert outcome.ok and outcome.output == "one 2\nthree" and outcome.seconds > 0
    assert outcome.text == "one 2\nthree"


@runs
def test_output_is_cut_and_says_so() -> None:
    outcome = run_program("print('ü' * 1000)\n'v' * 1000", shown_bytes=101)
    assert outcome.ok and outcome.cut and outcome.output == "ü" * 50 and outcome.value == "v" * 101
    assert outcome.cut == ("output", "value")
    assert outcome.text == "ü" * 50 + "\n[the output was cut here]\nvalue: " + "v" * 101 + "\n[the value was cut here]"
    assert run_program("'ü' * 100", shown_bytes=150).cut == ("value",)
    assert run_program("raise ValueError('v' * 200)", shown_bytes=101).cut == ("error",)
    whole = run_program("print('ü' * 50, end='')", shown_bytes=100)
    assert not whole.cut and whole.output == "ü" * 50


@runs
@pytest.mark.parametrize(
    ("code", "line", "error"),
    [
        ("x = 1\n\nx / 0", 3, "line 3: x / 0\nZeroDivisionError: division by zero"),
        (
            "def half(n):\n    return n / 0\n\nhalf(\n    3)",
            2,
            "line 4: half(\nline 2 in half: return n / 0\nZeroDivisionError: division by zero",
        ),
        ("x = 1\ny = (", 2, "line 2: y = (\nSyntaxError: '(' was never closed"),
        ("if True:\nx", 2, "line 2: x\nIndentationError: expected an indented block after 'if' statement on line 1"),
        (
            "import json\njson.loads('{')",
            2,
            "line 2: json.loads('{')\njson.decoder.JSONDecodeError: Expecting property",
        ),
        ("import sys\nsys.exit('no')", 2, "line 2: sys.exit('no')\nSystemExit: no"),
        ("class A:\n    def __str__(self): raise SystemExit\nA()", 2, "line 2 in __str__: def __str__(self): raise"),
        ("import no_such_module", 1, "line 1: import no_such_module\nModuleNotFoundError: No module named"),
    ],
)
def test_errors_say_where(code: str, line: int, error: str) -> None:
    outcome = run_program(code)
    assert not outcome.ok and outcome.stopped is None and outcome.value is None
    assert outcome.line == line and outcome.error.startswith(error)


@runs
def test_errors_name_no_absolute_path() -> None:
    outcome = run_program("from json import nothing")
    assert "ImportError: cannot import name 'nothing' from 'json'" in outcome.error and "(/" not in outcome.error


@runs
def test_a_deep_error_is_short() -> None:
    outcome = run_program("def f(n):\n    return f(n + 1)\nf(0)")
    assert outcome.line == 2 and "more ..." in outcome.error and len(outcome.error.splitlines()) == 8


@runs
def test_what_was_printed_before_a_limit_is_kept() -> None:
    outcome = run_program(
        "print('so far')\nwhile True: pass", limits=PROGRAM_LIMITS.model_copy(update={"cpu_seconds": 0.4})
    )
    assert (outcome.output, outcome.stopped) == ("so far\n", "processor") and "0.4 s of processor" in outcome.error
    assert 0.1 < outcome.seconds < 3


@runs
def test_too_much_memory_is_said_with_its_line() -> None:
    limits = PROGRAM_LIMITS.model_copy(update={"memory_bytes": 128 * MIB})
    outcome = run_program("a = 1\nb = bytearray(1 << 28)", limits=limits)
    assert (outcome.stopped, outcome.line) == ("memory", 2) and outcome.error.endswith("MemoryError")
    assert run_program("len(bytearray(1 << 26))", limits=limits).value == str(1 << 26)


@runs
def test_cancelling() -> None:
    cancel = threading.Event()
    threading.Timer(0.4, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        run_program("while True: pass", cancel=cancel)
    assert time.monotonic() - started < 3
    with pytest.raises(CancelledError):
        run_program("1", cancel=cancel)


@runs
def test_programs_from_several_threads() -> None:
    values: list[str | None] = []
    threads = [threading.Thread(target=lambda n=n: values.append(run_program(f"{n} * 10").value)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(value or "" for value in values) == ["0", "10", "20", "30"]


def test_too_much_code() -> None:
    with pytest.raises(TooLargeError, match="over the"):
        run_program("ü" * (CODE_BYTES // 2 + 1))


@pytest.mark.parametrize("missing", [{"landlock_abi": 0}, {"seccomp": False}])
def test_a_weaker_system_must_be_asked_for_by_name(missing: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    full = Level(landlock_abi=7, seccomp=True, rlimits=True, detail="what is missing")
    monkeypatch.setattr("omniloom.isolation.programs.level", lambda: full.model_copy(update=missing))
    with pytest.raises(UnsupportedError, match=r"what is missing.*weak"):
        run_program("1 + 1")
    assert run_program("1 + 1", confinement="weak").value == "2"


@runs
def test_what_is_in_force_in_the_child_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system could, the child did not: nothing is run."""
    level = Level(landlock_abi=0, seccomp=True, rlimits=True, detail="in force in this child")
    monkeypatch.setattr("omniloom.isolation.child._level", lambda told: level)
    with pytest.raises(UnsupportedError, match="not run here"):
        run_program("1 + 1")
