"""Constraint problems as a tool: variables, constraints and an objective as plain data, solved by OR-Tools in a child.

tool = solver()
found = tool.function(variables=[{"names": ["x", "y"], "low": 0, "high": 9}], constraints=["x + y == 12", "x < y"])
found.status, found.values, found.unique
"""

import importlib.util
import keyword
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr, ValidationError

from omniloom.core.base import Value
from omniloom.core.errors import IsolationError, TooLargeError, UnsupportedError, UsageError
from omniloom.core.values import Tool
from omniloom.isolation import Limits, run_isolated
from omniloom.isolation.limits import MIB
from omniloom.tools.solving import values as worth
from omniloom.tools.solving.language import Known, Term, condition, number
from omniloom.tools.solving.words import FUNCTIONS, Place, shown

_TARGET = "omniloom.tools.solving.answering:answer"
_VARIABLES, _CONSTRAINTS, _VALUES, _LETTERS, _NAME = 2000, 5000, 10_000, 400_000, 60
_FAR, _ENDS = 10**9, 200_000
_START = 30.0  # seconds that a busy machine may take to start a child and build a model
_STATUS: dict[str, Literal["optimal", "feasible", "infeasible", "unknown"]] = {
    "OPTIMAL": "optimal",
    "FEASIBLE": "feasible",
    "INFEASIBLE": "infeasible",
    "UNKNOWN": "unknown",
}
_LANGUAGE = (
    "A constraint is a condition: comparisons == != < <= > >= of sums and products of variables and whole numbers, "
    "// and % by a constant, names in quotes (color == 'red'), x in [1, 3], and, or, not, and the functions "
    "abs(x), min(...), max(...), sum(...), all_different(...), implies(condition, condition) and count(conditions). "
    "Next to each other: abs(x - y) == 1."
)


class Variables(Value):
    """Variables of one kind: whole numbers from low to high, or one of `values`, all of them names or all numbers."""

    names: list[StrictStr] = Field(min_length=1)
    low: StrictInt | None = None
    high: StrictInt | None = None
    values: list[StrictInt | StrictStr] | None = None


class Problem(Value):
    """What is to be solved. all: ask whether the solution is the only one. minimize or maximize: a number."""

    variables: list[Variables] = Field(min_length=1)
    constraints: list[StrictStr] = Field(default_factory=list)
    minimize: StrictStr | None = None
    maximize: StrictStr | None = None
    all: StrictBool = False


class Bounds(Value):
    """What one problem may use. seconds: for the solution, and once more for what is asked about it."""

    seconds: float = Field(default=10.0, gt=0, le=3600)
    memory_mib: int = Field(default=600, ge=16)


class Solution(Value):
    """What the solver found; of `values` and `other` every constraint was checked again.

    status: "optimal" (nothing better is possible), "feasible" (a solution; with an objective, the best one found in
    time), "infeasible" (there is none), "unknown" (the time ended before either was certain).
    unique: whether it is the only solution, of an optimal one the only one as good; None where that was not asked, or
    not decided. other: a second one where it is not.
    core: the constraints, by their numbers from 1, that contradict each other; minimal: without any of them the rest of
    these does not.
    bound: with an objective, a value that no solution betters. timed_out: something was not decided in time.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    values: dict[str, int | str] = Field(default_factory=dict)
    objective: int | None = None
    bound: int | None = None
    unique: bool | None = None
    other: dict[str, int | str] = Field(default_factory=dict)
    core: dict[int, str] = Field(default_factory=dict)
    minimal: bool = False
    timed_out: bool = False

    def __str__(self) -> str:
        """As a model is told."""
        lines = [f"status: {self.status}" + (" (out of time)" if self.timed_out else "")]
        lines += [f"{name} = {value}" for name, value in self.values.items()]
        if self.objective is not None:
            lines.append(f"objective: {self.objective}" + ("" if self.status == "optimal" else f", bound {self.bound}"))
        if self.unique is not None:
            lines.append("it is the only solution" if self.unique else "it is not the only solution; another one:")
            lines += [f"{name} = {value}" for name, value in self.other.items() if value != self.values[name]]
        if self.core:
            lines.append("these contradict each other:" if self.minimal else "among these is a contradiction:")
            lines += [f"constraint {at}: {text}" for at, text in self.core.items()]
        return "\n".join(lines)


def solve(problem: Problem, bounds: Bounds | None = None, *, cancel: threading.Event | None = None) -> Solution:
    """Solve it, in a child process. The same problem gives the same solution, unless the time ends.

    Raises UsageError and TooLargeError that name the constraint, UnsupportedError without OR-Tools, TooLargeError over
    the memory, IsolationError where the child died or did not end in time, CancelledError.
    """
    read, bounds = _Read(problem), bounds or Bounds()
    check_installed()
    told: dict[str, Any] = {}
    try:
        for item in run_isolated(_TARGET, read.payload(bounds.seconds), limits=_limits(bounds), cancel=cancel):
            told |= item
    except (IsolationError, TooLargeError):
        if "status" not in told:
            raise
    return read.solution(told)


def check_installed() -> None:
    """Raises UnsupportedError without OR-Tools."""
    if importlib.util.find_spec("ortools") is None:
        raise UnsupportedError("OR-Tools is not installed", hint='pip install "omniloom[math]"')


def solver(bounds: Bounds | None = None, *, cancel: threading.Event | None = None) -> Tool:
    """The tool; its function takes what a `Problem` has and gives a `Solution`, or raises as `solve` does."""

    def function(**given: Any) -> Solution:
        return solve(problem(given), bounds, cancel=cancel)

    texts = {"type": "array", "items": {"type": "string"}}
    kinds = {
        "names": texts,
        "low": {"type": "integer"},
        "high": {"type": "integer"},
        "values": {"type": "array", "items": {"type": ["string", "integer"]}},
    }
    variables = {"type": "object", "properties": kinds, "required": ["names"], "additionalProperties": False}
    return Tool(
        name="solver",
        description=f"Solve a puzzle or a plan: variables, constraints, what to minimize or maximize. {_LANGUAGE}",
        parameters={
            "type": "object",
            "properties": {
                "variables": {"type": "array", "items": variables, "description": "with low and high, or with values"},
                "constraints": texts,
                "minimize": {"type": "string", "description": "a number, such as x + 2 * y"},
                "maximize": {"type": "string"},
                "all": {"type": "boolean", "description": "ask whether the solution is the only one"},
            },
            "required": ["variables"],
            "additionalProperties": False,
        },
        effects=frozenset({"execute"}),
        function=function,
    )


def problem(given: Mapping[str, Any]) -> Problem:
    """The problem that plain data says. Raises UsageError that names the field."""
    try:
        return Problem.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(each)[:_NAME] for each in first["loc"])
        hint = "variables are objects with names, low and high, or names and values; constraints are texts"
        raise UsageError(f"{place}: {first['msg'][:200]}", hint=hint) from None


class _Read:
    """A problem whose names, sizes and expressions are checked, and what a child says of it."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        texts = [*problem.constraints, problem.minimize or "", problem.maximize or ""]
        if len(problem.constraints) > _CONSTRAINTS or sum(map(len, texts)) > _LETTERS:
            raise TooLargeError(
                f"there are more than {_CONSTRAINTS} constraints or {_LETTERS} characters", hint="give fewer"
            )
        if problem.minimize is not None and problem.maximize is not None:
            raise UsageError("minimize and maximize are both given", hint="give one: minimize a - b")
        self._codes: dict[str, int] = {}
        self._terms: dict[str, Term] = {}
        self._domains: list[list[int]] = []
        self._ends = 0
        for at, group in enumerate(problem.variables, 1):
            self._take(f"variables {at}", group)
        known = Known(self._terms, self._codes, {})
        numbered = enumerate(problem.constraints, 1)
        self._constraints = [condition(Place(f"constraint {at}", text), known) for at, text in numbered]
        self._sign = -1 if problem.maximize is not None else 1
        name, goal = ("minimize", problem.minimize) if problem.maximize is None else ("maximize", problem.maximize)
        self._objective = None if goal is None else number(Place(name, goal), known)

    def _take(self, place: str, group: Variables) -> None:
        kind, values = _domain(place, group)
        for value in values if kind == "name" else ():
            self._codes.setdefault(str(value), len(self._codes))
        codes = [self._codes[str(value)] for value in values] if kind == "name" else list(map(int, values))
        ends = worth.intervals(codes) if group.values is not None else codes
        for name in group.names:
            _check_name(place, name)
            if name in self._terms:
                raise UsageError(f"{place}: {name!r} is there twice", hint="give each variable one domain")
            if len(self._terms) == _VARIABLES:
                raise TooLargeError(f"there are more than {_VARIABLES} variables", hint="ask a smaller problem")
            tree = ["var", ends[0], ends[-1], len(self._domains)]
            tree = tree if ends[0] != ends[-1] else ["int", ends[0], ends[0]]
            self._ends += len(ends)
            if self._ends > _ENDS:
                raise TooLargeError(f"{place}: the values have more than {_ENDS} gaps in all", hint="give ranges")
            self._terms[name] = Term(kind, tree, frozenset(codes if kind == "name" else ()))
            self._domains.append(ends)

    def payload(self, seconds: float) -> dict[str, Any]:
        return {
            "domains": self._domains,
            "constraints": self._constraints,
            "objective": self._objective,
            "sign": self._sign,
            "all": self._problem.all,
            "seconds": seconds,
        }

    def solution(self, told: Mapping[str, Any]) -> Solution:
        """Of what a child told; nothing in it is believed that can be checked. Raises IsolationError."""
        try:
            return self._solution(told)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise IsolationError("the solver's process sent what is no answer", hint="ask again") from error

    def _solution(self, told: Mapping[str, Any]) -> Solution:
        status, goal = _STATUS[told["status"]], self._objective
        if status == "infeasible":
            return self._contradiction(told)
        if status == "unknown":
            return Solution(status=status, timed_out=True)
        values, proven = self._checked(told["values"]), status == "optimal"
        best = None if goal is None else worth.number(goal, values)
        known = proven and self._problem.all and told.get("known") is True
        other = self._checked(told["other"]) if known and told["other"] is not None else None
        if other is not None and (other == values or (goal is not None and worth.number(goal, other) != best)):
            raise ValueError("the second solution is not another one, or not as good")
        return Solution(
            status=status if goal is not None else "feasible",
            values=self._named(values),
            objective=best,
            bound=told["bound"],
            unique=other is None if known else None,
            other={} if other is None else self._named(other),
            timed_out=not proven or (self._problem.all and not known),
        )

    def _contradiction(self, told: Mapping[str, Any]) -> Solution:
        """Where the child was ended before it knew more, all constraints are given."""
        numbers, texts = told.get("core", range(len(self._constraints))), self._problem.constraints
        if not all(type(at) is int and 0 <= at < len(texts) for at in numbers):
            raise ValueError("there is no such constraint")
        minimal = told.get("minimal") is True
        core = {at + 1: texts[at] for at in numbers}
        return Solution(status="infeasible", core=core, minimal=minimal, timed_out=not minimal)

    def _checked(self, values: list[int]) -> list[int]:
        """Raises ValueError for what is not a solution."""
        for value, domain in zip(values, self._domains, strict=True):
            pairs = zip(domain[::2], domain[1::2], strict=True)
            if type(value) is not int or not any(low <= value <= high for low, high in pairs):
                raise ValueError(f"{value!r} is out of the domain")
        for at, tree in enumerate(self._constraints, 1):
            if not worth.holds(tree, values):
                raise ValueError(f"constraint {at} does not hold")
        return values

    def _named(self, values: Sequence[int]) -> dict[str, int | str]:
        texts = {code: text for text, code in self._codes.items()}
        pairs = zip(self._terms.items(), values, strict=True)
        return {name: texts[value] if term.kind == "name" else value for (name, term), value in pairs}


def _domain(place: str, group: Variables) -> tuple[Literal["number", "name"], Sequence[int | str]]:
    """What each variable of it can be: [low, high], or the values. Raises UsageError, TooLargeError."""
    if group.values is None:
        if group.low is None or group.high is None:
            raise UsageError(f"{place}: low and high are missing", hint="give both, or a list of values")
        low, high = group.low, group.high
        if low > high:
            raise UsageError(f"{place}: low {low!s:.40} is above high {high!s:.40}", hint="give low <= high")
        if max(abs(low), abs(high)) > _FAR:
            raise TooLargeError(f"{place}: the range is beyond {_FAR}", hint="give a smaller range, or other units")
        return "number", [low, high]
    values = group.values
    if group.low is not None or group.high is not None:
        raise UsageError(f"{place}: a range and values are given", hint="give one of the two")
    if not 0 < len(values) <= _VALUES or len(set(values)) < len(values):
        raise UsageError(f"{place}: there are no values, the same twice, or over {_VALUES}", hint="give each once")
    if len({type(each) for each in values}) > 1:
        raise UsageError(f"{place}: values are numbers and names", hint="give numbers alone, or names alone")
    for each in values:
        if isinstance(each, int) and abs(each) > _FAR:
            raise TooLargeError(f"{place}: a value is beyond {_FAR}", hint="give smaller ones, or other units")
        if isinstance(each, str) and not 0 < len(each) <= _NAME:
            raise UsageError(f"{place}: {shown(each)} has no or over {_NAME} characters", hint="give a short name")
    return ("name" if isinstance(values[0], str) else "number"), values


def _check_name(place: str, name: str) -> None:
    taken = keyword.iskeyword(name) or name in FUNCTIONS
    plain = name.isidentifier() and not name.startswith("_") and unicodedata.normalize("NFKC", name) == name
    if taken or not plain or len(name) > _NAME:
        why = "is a word of the language" if taken else "is no name of a variable"
        raise UsageError(f"{place}: {shown(name)} {why}", hint=f"take letters, digits and _, at most {_NAME}")


def _limits(bounds: Bounds) -> Limits:
    seconds = 2 * bounds.seconds
    return Limits(
        memory_bytes=bounds.memory_mib * MIB,
        cpu_seconds=seconds + _START,
        wall_seconds=seconds + 3 * _START,
        stall_seconds=bounds.seconds + _START,
        output_bytes=4 * MIB,
        file_bytes=MIB,
        threads=1,
    )
