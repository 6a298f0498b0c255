"""Problems that are wrong, or reach for more than a puzzle: each a typed error that says where, before any child."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import OmniloomError, TooLargeError, UsageError
from omniloom.isolation import Limits
from omniloom.isolation.limits import MIB
from omniloom.tools import solver as room
from omniloom.tools.solver import Bounds, problem, solve, solver

HOSTILE = Path(__file__).with_name("hostile_constraints.txt").read_text(encoding="utf-8").splitlines()
XYZ: list[dict[str, Any]] = [
    {"names": ["x", "y", "z"], "low": 0, "high": 1000},
    {"names": ["color"], "values": ["red", "green"]},
    {"names": ["size"], "values": ["small", "large"]},
]
LONG = {
    "parentheses": "(" * 1900 + "x" + ")" * 1900 + " == 1",
    "brackets": "[" * 1900 + "x" + "]" * 1900 + " == 1",
    "nested calls": "abs(" * 50 + "x" + ")" * 50 + " == 1",
    "minus signs": "-" * 3900 + "x == 1",
    "nots": "not " * 900 + "x == 1",
    "a long text": "x" + " + x" * 2000 + " == 1",
    "a long name": "x" * 3000 + " == 1",
    "a long string": f"color == '{'a' * 3000}'",
    "powers": "x == " + "9" + "**9" * 900,
    "products of variables": " + ".join(["x * y"] * 501) + " > 1",
    "commas": "all_different(" + "," * 3000 + ")",
    "zeros and a wrong byte": "x == 1\x00",
    "a surrogate": "x == \ud800",
    "empty": "",
    "blank": " \n ",
}
MALFORMED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no variables": {"variables": []},
    "variables as text": {"variables": "x"},
    "a variable as text": {"variables": ["x"]},
    "no names": {"variables": [{"names": [], "low": 0, "high": 1}]},
    "a number for a name": {"variables": [{"names": [1], "low": 0, "high": 1}]},
    "no domain": {"variables": [{"names": ["x"]}]},
    "half a domain": {"variables": [{"names": ["x"], "low": 1}]},
    "two domains": {"variables": [{"names": ["x"], "low": 0, "high": 1, "values": [1]}]},
    "an empty range": {"variables": [{"names": ["x"], "low": 1, "high": 0}]},
    "a huge range": {"variables": [{"names": ["x"], "low": 0, "high": 10**10}]},
    "a number of 5000 digits": {"variables": [{"names": ["x"], "low": 0, "high": 10**5000}]},
    "a float": {"variables": [{"names": ["x"], "low": 0.0, "high": 1}]},
    "not a number": {"variables": [{"names": ["x"], "low": float("nan"), "high": 1}]},
    "a truth": {"variables": [{"names": ["x"], "low": False, "high": True}]},
    "no values": {"variables": [{"names": ["x"], "values": []}]},
    "a value twice": {"variables": [{"names": ["x"], "values": ["a", "a"]}]},
    "values of two kinds": {"variables": [{"names": ["x"], "values": ["a", 1]}]},
    "an empty value": {"variables": [{"names": ["x"], "values": [""]}]},
    "a long value": {"variables": [{"names": ["x"], "values": ["a" * 61]}]},
    "a huge value": {"variables": [{"names": ["x"], "values": [10**10]}]},
    "too many values": {"variables": [{"names": ["x"], "values": list(range(10_001))}]},
    "values with gaps": {"variables": [{"names": [f"x{at}" for at in range(99)], "values": list(range(0, 9000, 2))}]},
    "a name twice": {"variables": [{"names": ["x", "x"], "low": 0, "high": 1}]},
    "too many variables": {"variables": [{"names": [f"x{at}" for at in range(2001)], "low": 0, "high": 1}]},
    "an unknown field": {"variables": [{"names": ["x"], "low": 0, "high": 1, "step": 2}]},
    "an unknown argument": {"variables": XYZ, "solver": "/bin/sh"},
    "constraints as text": {"variables": XYZ, "constraints": "x == 1"},
    "a constraint that is none": {"variables": XYZ, "constraints": [None]},
    "too many constraints": {"variables": XYZ, "constraints": ["x == 1"] * 5001},
    "two goals": {"variables": XYZ, "minimize": "x", "maximize": "y"},
    "a condition for a goal": {"variables": XYZ, "minimize": "x == 1"},
    "a name for a goal": {"variables": XYZ, "maximize": "color"},
    "a list for a goal": {"variables": XYZ, "maximize": ["x"]},
    "a word for all": {"variables": XYZ, "all": "yes"},
    "too many pairs": {
        "variables": [{"names": [f"x{at}" for at in range(500)], "low": 0, "high": 999}],
        "constraints": [f"all_different({', '.join(f'x{at}' for at in range(500))})"] * 2,
    },
}
NAMES = ["", "1x", "x y", "x.y", "__class__", "_x", "class", "not", "True", "abs", "count", "ﬁ", "x" * 61, "x\n", "ｘ"]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Callable[..., OmniloomError]:
    """The error that a problem is refused with, within two seconds of processor time and without a child."""

    def started(*_: object, **__: object) -> None:
        raise AssertionError("a child was started")

    monkeypatch.setattr(room, "run_isolated", started)

    def refused(**given: Any) -> OmniloomError:
        function, start = solver().function, time.process_time()
        assert function is not None
        with pytest.raises((UsageError, TooLargeError)) as wrong:
            function(**given)
        assert time.process_time() - start < 2
        assert wrong.value.hint and len(str(wrong.value)) < 900
        return wrong.value

    return refused


def test_there_are_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 100


@pytest.mark.parametrize("text", [*HOSTILE, *LONG.values()], ids=[*HOSTILE, *LONG])
def test_a_constraint_is_refused_by_its_number(text: str, refused: Callable[..., OmniloomError]) -> None:
    error = refused(variables=XYZ, constraints=["x <= y", text])
    assert error.message.startswith("constraint 2 (")


@pytest.mark.parametrize("given", MALFORMED.values(), ids=MALFORMED)
def test_malformed_problems(given: dict[str, Any], refused: Callable[..., OmniloomError]) -> None:
    refused(**given)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_variables(name: str, refused: Callable[..., OmniloomError]) -> None:
    assert refused(variables=[{"names": ["y", name], "low": 0, "high": 1}]).message.startswith("variables 1: ")


def test_errors_say_what_was_meant(refused: Callable[..., OmniloomError]) -> None:
    def told(text: str) -> str:
        return str(refused(variables=[*XYZ, {"names": ["japanese"], "low": 1, "high": 5}], constraints=[text]))

    wrong = "constraint 1 ('japanes == 3'): there is no variable 'japanes' (there are japanese)"
    assert told("japanes == 3") == wrong
    assert "write it in quotes: 'red'" in told("color == red")
    assert "== compares" in told("x = 3")
    assert "no variable has the value 'grün'" in told("color == 'grün'")
    assert "one is red, green; the other small, large" in told("color == size")
    assert "x + y is a number, not a condition" in told("x + y")
    assert "only whole numbers" in told("x == 1.5")
    assert refused(variables=XYZ, maximize="x +").message.startswith("maximize ('x +'): it cannot be read")


FOUND = {"status": "OPTIMAL", "values": [1, 2, 3, 0, 2], "bound": None}
LIES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an unknown status": {"status": "SOLVED", "values": [1, 2, 3, 0, 2], "bound": None},
    "a constraint that does not hold": {"status": "OPTIMAL", "values": [1, 1, 3, 0, 2], "bound": None},
    "a value out of its range": {"status": "OPTIMAL", "values": [-1, 2, 3, 0, 2], "bound": None},
    "a truth for a number": {"status": "OPTIMAL", "values": [True, 2, 3, 0, 2], "bound": None},
    "too few values": {"status": "OPTIMAL", "values": [1, 2, 3, 0], "bound": None},
    "no values": {"status": "OPTIMAL", "values": None, "bound": None},
    "a constraint that is not there": {"status": "INFEASIBLE", "values": [], "core": [7]},
    "a second solution that is none": FOUND | {"known": True, "other": [2, 2, 3, 0, 2]},
    "the same solution twice": FOUND | {"known": True, "other": [1, 2, 3, 0, 2]},
}


@pytest.mark.parametrize("told", LIES.values(), ids=LIES)
def test_what_a_child_says_is_checked(told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "run_isolated", lambda *_, **__: iter([{"started": True}, told]))
    asked = problem({"variables": XYZ, "constraints": ["x < y"], "all": True})
    with pytest.raises(OmniloomError, match="no answer"):
        solve(asked, Bounds())
    honest = FOUND | {"values": [1, 2, 3, 0, 3], "known": True, "other": None}
    monkeypatch.setattr(room, "run_isolated", lambda *_, **__: iter([honest]))
    assert solve(asked).values == {"x": 1, "y": 2, "z": 3, "color": "red", "size": "large"}


def test_what_stood_before_a_child_was_ended_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[str, Any]] = [{"started": True}]

    def ended(*_: object, limits: Limits, **__: object) -> Iterator[dict[str, Any]]:
        assert limits.memory_bytes == 100 * MIB and limits.threads == 1 and limits.stall_seconds == 32
        yield from said
        raise TooLargeError("needed more than 100 MiB of memory", hint="give less")

    monkeypatch.setattr(room, "run_isolated", ended)
    asked = problem({"variables": XYZ, "constraints": ["x < y", "y < x"], "all": True})
    bounds = Bounds(seconds=2, memory_mib=100)
    with pytest.raises(TooLargeError, match="memory"):
        solve(asked, bounds)
    said.append({"status": "INFEASIBLE", "values": [], "bound": None})
    found = solve(asked, bounds)
    assert (found.core, found.minimal, found.timed_out) == ({1: "x < y", 2: "y < x"}, False, True)
    said[-1] = FOUND
    found = solve(asked.model_copy(update={"constraints": ["x < y"]}), bounds)
    assert (found.values["y"], found.unique, found.timed_out) == (2, None, True)
