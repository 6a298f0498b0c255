"""Constraint puzzles with known answers, solved by OR-Tools in a real child."""

import random
import threading
import time
from itertools import chain
from typing import Any

import jsonschema
import pytest

from omniloom.core.errors import CancelledError, UnsupportedError
from omniloom.tools.solver import Bounds, Solution, solver

ZEBRA = [
    *("english == red", "spaniard == dog", "coffee == green", "ukrainian == tea", "green == ivory + 1"),
    *("old_gold == snails", "kools == yellow", "milk == 3", "norwegian == 1", "abs(chesterfield - fox) == 1"),
    *("abs(kools - horse) == 1", "lucky == juice", "japanese == parliament", "abs(norwegian - blue) == 1"),
]
GROUPS = [
    ["english", "spaniard", "ukrainian", "norwegian", "japanese"],
    ["red", "green", "ivory", "yellow", "blue"],
    ["coffee", "tea", "milk", "juice", "water"],
    ["old_gold", "kools", "chesterfield", "lucky", "parliament"],
    ["dog", "snails", "fox", "horse", "zebra"],
]
SUDOKU = """
53..7.... 6..195... .98....6. 8...6...3 4..8.3..1 7...2...6 .6....28. ...419..5 ....8..79
""".split()
SOLVED = """
534678912 672195348 198342567 859761423 426853791 713924856 961537284 287419635 345286179
""".split()
# By its name, the problem and what stands in the solution.
SMALL = {
    "chained": (["1 <= x < y < z <= 3"], {"x": 1, "y": 2, "z": 3}),
    "powers of two": (["x * x == 81", "y == x // 2 - 2", "z == x % 5"], {"x": 9, "y": 2, "z": 4}),
    "far ends": (["max(x, y, z) - min(x, y, z) == 9", "x > y + 8", "z == 2 * y + 7"], {"x": 9, "y": 0, "z": 7}),
    "counted": (
        ["count(x == 1, y == 1, not z != 1) == 2", "x != y", "z + x < y + 2", "y < 2"],
        {"x": 0, "y": 1, "z": 1},
    ),
    "either": (
        [
            "(x == 4) != (y == 4)",
            "y != 4",
            "z == 5 or x == 5",
            "all_different([x, y, z]) == (y == 7)",
            "y > 6",
            "y < 8",
        ],
        {"x": 4, "y": 7, "z": 5},
    ),
    "listed": (
        ["x in [2, 3, 5, 7]", "y not in (0, 1, 2, 3, 4, 5, 6, 7, 8)", "x * y == 45", "z == -(x - y)"],
        {"x": 5, "y": 9, "z": 4},
    ),
    "implied": (
        [
            "implies(x > 2, y == 9)",
            "implies(y < 9, x > 2)",
            "implies(x > 1 and z < 4, x == 0)",
            "x > 7",
            "z - 3 == 1",
            "x + y == 17",
        ],
        {"x": 8, "y": 9, "z": 4},
    ),
    "sums that differ": (
        ["all_different(x + y, y + z, 12)", "x + y + z == 26", "not all_different(x, y)", "x > 8"],
        {"x": 9, "y": 9, "z": 8},
    ),
}


def solved(**given: Any) -> Solution:
    tool = solver(Bounds(seconds=20))
    jsonschema.validate(given, tool.parameters)
    assert tool.function is not None
    return tool.function(**given)


def numbers(names: list[str], low: int = 0, high: int = 9) -> list[dict[str, Any]]:
    return [{"names": names, "low": low, "high": high}]


def test_the_zebra_has_one_owner() -> None:
    different = [f"all_different({', '.join(group)})" for group in GROUPS]
    found = solved(variables=numbers([*chain(*GROUPS)], 1, 5), constraints=[*different, *ZEBRA], all=True)
    assert (found.status, found.unique, found.other, found.timed_out) == ("feasible", True, {}, False)
    assert found.values["zebra"] == found.values["japanese"] == 5 and found.values["water"] == found.values["norwegian"]
    without = solved(variables=numbers([*chain(*GROUPS)], 1, 5), constraints=[*different, *ZEBRA[:-1]], all=True)
    assert without.unique is False and without.other.keys() == without.values.keys() and without.other != without.values
    assert "it is not the only solution" in str(without)


def test_send_more_money() -> None:
    letters = list("SENDMORY")
    sum_ = "1000*S + 100*E + 10*N + D + 1000*M + 100*O + 10*R + E == 10000*M + 1000*O + 100*N + 10*E + Y"
    rules = [f"all_different({', '.join(letters)})", "S != 0", "M != 0", sum_]
    found = solved(variables=numbers(letters), constraints=rules, all=True)
    assert found.unique and "".join(str(found.values[each]) for each in letters) == "95671082"


def test_eight_queens() -> None:
    queens = [f"q{column}" for column in range(1, 9)]
    lines = [f"all_different({', '.join(f'{name} {sign} {at}' for at, name in enumerate(queens))})" for sign in "+-"]
    found = solved(
        variables=numbers(queens, 1, 8), constraints=[f"all_different({', '.join(queens)})", *lines], all=True
    )
    assert found.unique is False
    for rows in ([each[name] for name in queens] for each in (found.values, found.other)):
        assert len({*rows}) == len({at + int(row) for at, row in enumerate(rows)}) == 8
        assert len({at - int(row) for at, row in enumerate(rows)}) == 8


def test_a_sudoku() -> None:
    cells = [[f"r{row}c{column}" for column in range(9)] for row in range(9)]
    boxes = [[cells[r + i][c + j] for i in range(3) for j in range(3)] for r in (0, 3, 6) for c in (0, 3, 6)]
    units = [*cells, *map(list, zip(*cells, strict=True)), *boxes]
    rules = [f"all_different({', '.join(unit)})" for unit in units]
    rules += [f"{cells[r][c]} == {SUDOKU[r][c]}" for r in range(9) for c in range(9) if SUDOKU[r][c] != "."]
    found = solved(variables=numbers([*chain(*cells)], 1, 9), constraints=rules, all=True)
    assert found.unique
    assert ["".join(str(found.values[each]) for each in row) for row in cells] == SOLVED


def test_a_schedule_with_an_objective() -> None:
    """Three jobs on two machines, each first on one, then on the other; the shortest plan takes 11 hours."""
    hours = {"a": (3, 2), "b": (2, 4), "c": (4, 3)}
    names = [f"{job}{machine}" for job in hours for machine in (1, 2)]
    rules = [f"{job}2 >= {job}1 + {first}" for job, (first, _) in hours.items()]
    for machine in (1, 2):
        for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
            x, y = f"{one}{machine}", f"{other}{machine}"
            rules.append(f"{x} + {hours[one][machine - 1]} <= {y} or {y} + {hours[other][machine - 1]} <= {x}")
    rules += [f"done >= {job}2 + {last}" for job, (_, last) in hours.items()]
    found = solved(variables=[*numbers(names, 0, 30), *numbers(["done"], 0, 60)], constraints=rules, minimize="done")
    # Johnson's rule: b, c, a; the second machine starts after b's 2 hours and then never waits: 2 + 4 + 3 + 2.
    assert (found.status, found.objective, found.bound, found.unique) == ("optimal", 11, 11, None)


def test_names_as_values() -> None:
    """Knights tell the truth, knaves do not: A says "we are both knaves"."""
    people = [{"names": ["a", "b"], "values": ["knight", "knave"]}]
    found = solved(variables=people, constraints=["(a == 'knight') == (a == 'knave' and b == \"knave\")"], all=True)
    assert (found.values, found.unique) == ({"a": "knave", "b": "knight"}, True)
    lands = ["wa", "nt", "sa", "q", "nsw", "v"]
    near = ["wa nt", "wa sa", "nt sa", "nt q", "sa q", "sa nsw", "sa v", "q nsw", "nsw v"]
    rules = [f"{pair.split()[0]} != {pair.split()[1]}" for pair in near]
    colored = solved(variables=[{"names": lands, "values": ["red", "green", "blue"]}], constraints=rules)
    assert all(colored.values[one] != colored.values[other] for one, other in map(str.split, near))
    two = solved(variables=[{"names": lands, "values": ["red", "green"]}], constraints=rules)
    assert two.status == "infeasible" and two.minimal and len(two.core) == 3  # three lands that all touch


def test_what_contradicts() -> None:
    rules = ["a < b", "d != 2", "b < c", "a + d > 0", "c < 3", "implies(d == 1, a == 1)"]
    found = solved(variables=numbers(["a", "b", "c", "d"], 1, 9), constraints=rules, minimize="a")
    assert (found.status, found.values, found.objective) == ("infeasible", {}, None)
    assert (found.core, found.minimal) == ({1: "a < b", 3: "b < c", 5: "c < 3"}, True)
    assert "constraint 3: b < c" in str(found)
    alone = solved(variables=numbers(["x"]), constraints=["x > 2", "2 == 3", "x < 9"])
    assert alone.core == {2: "2 == 3"}


@pytest.mark.parametrize("name", SMALL)
def test_each_word_of_the_language(name: str) -> None:
    rules, values = SMALL[name]
    found = solved(variables=numbers(["x", "y", "z"]), constraints=rules, all=True)
    assert (found.values, found.unique) == (values, True)


def test_objectives() -> None:
    most = solved(
        variables=numbers(["x", "y"], -5, 5), constraints=["x + y <= 3"], maximize="2 * x + y + 100", all=True
    )
    assert (most.status, most.values, most.objective, most.bound, most.unique) == (
        *("optimal", {"x": 5, "y": -2}, 108, 108),
        True,
    )
    least = solved(variables=[{"names": ["x"], "values": [-7, 2, 3]}], minimize="abs(x * x - 6)", all=True)
    assert (least.objective, least.unique, least.values) == (2, True, {"x": 2})
    flat = solved(variables=numbers(["x"]), minimize="3", all=True)
    assert (flat.objective, flat.unique, flat.bound) == (3, False, 3)


def test_what_takes_for_ever_ends() -> None:
    """Market split (Cornuéjols and Dawande, 1998): five sums of forty numbers, each halved by the same choice."""
    draw = random.Random(0)
    names, rules = [f"x{at}" for at in range(40)], list[str]()
    for _ in range(5):
        factors = [draw.randrange(100) for _ in names]
        rules.append(" + ".join(f"{factor} * {name}" for factor, name in zip(factors, names, strict=True)))
        rules[-1] += f" == {sum(factors) // 2}"
    start, function = time.monotonic(), solver(Bounds(seconds=1)).function
    assert function is not None
    found = function(variables=numbers(names, 0, 1), constraints=rules, all=True)
    assert (found.status, found.timed_out, found.unique, found.values) == ("unknown", True, None, {})
    assert str(found) == "status: unknown (out of time)" and time.monotonic() - start < 60


def test_a_caller_may_stop_it() -> None:
    cancel = threading.Event()
    cancel.set()
    function = solver(cancel=cancel).function
    assert function is not None
    with pytest.raises(CancelledError):
        function(variables=numbers(["x"]), constraints=["x == 1"])


def test_without_or_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"omniloom\[math\]"):
        solved(variables=numbers(["x"]))
