"""Causal questions over a stated graph and a table: what is identified, how large the effect is, what would have been.

causal = Causal(Grid(name="stones", rows=rows, source="stones.csv"))
effect = causal.effect(["size -> treatment", "size -> success", "treatment -> success"], "treatment", "success")
effect.estimand.text, effect.value, effect.low, effect.high
causal.counterfactual(graph, unit=7, treatment="dose", to=2, outcome="pain")

`identify` needs no table and no extra; the numbers are made by DoWhy (the extra "causal") in a child with limits.
"""

import importlib.util
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.errors import IsolationError, TooLargeError, UnsupportedError, UsageError
from omniloom.core.values import Tool
from omniloom.isolation import Limits, run_isolated
from omniloom.isolation.limits import MIB
from omniloom.tools.causality.answers import ASSUMED, LINEAR, Counterfactual, Effect, Group
from omniloom.tools.causality.graph import Graph, read_graph
from omniloom.tools.causality.identify import Estimand
from omniloom.tools.causality.identify import identify as _identify
from omniloom.tools.causality.variables import Used, Variables
from omniloom.tools.sql import Grid

__all__ = ["Bounds", "Causal", "Counterfactual", "Effect", "Estimand", "Graph", "Grid", "identify"]
_EFFECT = "omniloom.tools.causality.estimate:answer"
_COUNTERFACTUAL = "omniloom.tools.causality.counterfactual:answer"
_LEAST, _PER = 20, 5  # rows in all, and for each number that is fitted
Edges = str | Sequence[str | Sequence[str]] | Graph


class Bounds(Value):
    """What one question may use."""

    seconds: float = Field(default=120.0, gt=0)
    memory_mib: int = Field(default=1500, ge=256)


def identify(
    graph: Edges, treatment: str, outcome: str, *, unobserved: Sequence[str] = (), modifiers: Sequence[str] = ()
) -> Estimand:
    """What the graph says has to be computed. Raises UsageError and TooLargeError as `read_graph` does, UsageError for
    a treatment, outcome or modifier that cannot be one."""
    return _identify(read_graph(graph, unobserved), treatment, outcome, modifiers)


class Causal:
    """A table to ask about causes. Raises TooLargeError and UsageError as `Variables` does."""

    def __init__(self, table: Grid | Mapping[str, Sequence[Any]], bounds: Bounds | None = None) -> None:
        self._variables, self._bounds = Variables(table), bounds or Bounds()

    def effect(
        self,
        graph: Edges,
        treatment: str,
        outcome: str,
        *,
        levels: Sequence[Any] | None = None,
        modifiers: Sequence[str] = (),
        unobserved: Sequence[str] = (),
        cancel: threading.Event | None = None,
    ) -> Effect:
        """The mean change of the outcome when treatment is set from the first level to the second.

        levels: the two values of a column that has two, else 0 and 1: one unit. modifiers: for whose values the effect
        is told apart. An effect that the graph does not identify has no value, and its estimand says why.
        Raises UsageError, UnsupportedError without the extra, IsolationError over the time, CancelledError.
        """
        read = read_graph(graph, unobserved)
        modifiers = list(dict.fromkeys(modifiers))
        self._check_names(read, treatment, outcome)
        estimand = _identify(read, treatment, outcome, modifiers)
        names = list(dict.fromkeys([treatment, outcome, *estimand.variables]))
        values, used = self._variables.complete(names)
        low, high, notes = self._levels(values, treatment, levels)
        known: dict[str, Any] = {"treatment": treatment, "outcome": outcome, "levels": (low, high)}
        known |= {"estimand": estimand, "assumptions": ASSUMED[estimand.kind], "used": used, "notes": notes}
        if estimand.kind == "none":
            return Effect(**known)
        if estimand.kind == "zero":
            return Effect(**known, value=0.0, method="the graph alone")
        self._check_rows(values, used, 2 + 2 * len(estimand.variables))
        asked = {"columns": values, "kind": estimand.kind, "treatment": treatment, "outcome": outcome}
        asked |= {"variables": list(estimand.variables), "modifiers": modifiers, "levels": (low, high)}
        told = self._child(_EFFECT, asked, cancel)["effect"]
        placebo, spread = told.pop("placebo")
        by = tuple(Group(modifier=m, low=a, high=b, value=v, n=n) for m, a, b, v, n in told.pop("by"))
        known["notes"] = (*notes, *told.pop("notes"))
        return Effect.model_validate(known | told | {"placebo": placebo, "placebo_deviation": spread, "by": by})

    def counterfactual(
        self,
        graph: Edges,
        *,
        unit: int | Mapping[str, Any],
        treatment: str,
        to: Any,
        outcome: str,
        unobserved: Sequence[str] = (),
        cancel: threading.Event | None = None,
    ) -> Counterfactual:
        """What the outcome of one unit would have been, had its treatment been `to`.

        unit: a row as the source numbers it, or a value for each variable that is needed. Every mechanism is linear
        with additive noise. Raises as `effect` does, and UsageError for a two-valued outcome or mediator, and for an
        unobserved cause that the noise of one equation cannot stand for.
        """
        read = read_graph(graph, unobserved)
        self._check_names(read, treatment, outcome)
        _identify(read, treatment, outcome)
        mechanisms = _mechanisms(read, treatment, outcome)
        parents = [parent for each in mechanisms.values() for parent in each]
        names = list(dict.fromkeys([treatment, *parents, *mechanisms, outcome]))
        values, used = self._variables.complete(names)
        given = self._unit(unit, names)
        put = self._variables.level(treatment, to)
        known: dict[str, Any] = {"treatment": treatment, "outcome": outcome, "to": put, "used": used}
        known |= {"factual": given[outcome], "assumptions": LINEAR}
        if not mechanisms:
            why = f"no directed path leads from {treatment} to {outcome}: nothing changes"
            return Counterfactual(**known, value=given[outcome], notes=(why,))
        self._check_rows(values, used, 2 + max(map(len, mechanisms.values())))
        for node in mechanisms:
            if len(set(values[node])) <= 2:
                hint = "linear equations give no counterfactual of yes and no: ask for its effect instead"
                raise UsageError(f"{node!r} has two values", hint=hint)
        asked = {"columns": values, "mechanisms": mechanisms, "unit": given, "treatment": treatment}
        told = self._child(_COUNTERFACTUAL, asked | {"to": put, "outcome": outcome}, cancel)["counterfactual"]
        lines = [_equation(node, mechanisms[node], told["equations"][node], given) for node in mechanisms]
        return Counterfactual.model_validate(known | told | {"equations": lines})

    def tool(self, cancel: threading.Event | None = None) -> Tool:
        """The tool for a model: `effect`, or with `row` and `to` a counterfactual. Its function raises as they do."""

        def function(
            graph: Edges,
            treatment: str,
            outcome: str,
            unobserved: Sequence[str] = (),
            levels: Sequence[Any] | None = None,
            modifiers: Sequence[str] = (),
            row: int | None = None,
            to: Any = None,
        ) -> Effect | Counterfactual:
            if row is None and to is None:
                more = {"levels": levels, "modifiers": modifiers, "unobserved": unobserved, "cancel": cancel}
                return self.effect(graph, treatment, outcome, **more)
            if row is None or to is None:
                raise UsageError("a counterfactual needs row and to", hint="give both, or neither for an effect")
            names = {"treatment": treatment, "outcome": outcome, "unobserved": unobserved}
            return self.counterfactual(graph, unit=row, to=to, **names, cancel=cancel)

        columns = ", ".join(self._variables.names)[:2000]
        return Tool(
            name="causal",
            description=(
                "Find how much one column causes another, given a causal graph, with the estimand, an interval and the "
                f"assumptions; or what a row would have been. The columns are: {columns}"
            ),
            parameters={
                "type": "object",
                "properties": _PROPERTIES,
                "required": ["graph", "treatment", "outcome"],
                "additionalProperties": False,
            },
            effects=frozenset({"execute"}),
            function=function,
        )

    def _check_names(self, graph: Graph, *asked: str) -> None:
        names = self._variables.names
        if missing := [name for name in graph.nodes if name not in names and name not in graph.unobserved]:
            raise UsageError(
                f"the graph names {missing[0]!r}, which no column is",
                hint=f"say that it is unobserved, or use the columns: {', '.join(names)}"[:500],
            )

    def _levels(
        self, values: Mapping[str, Sequence[float]], treatment: str, given: Sequence[Any] | None
    ) -> tuple[float, float, tuple[str, ...]]:
        found = sorted(set(values[treatment]))
        if given is None:
            return (found[0], found[1], ()) if len(found) == 2 else (0.0, 1.0, ())
        if isinstance(given, str) or len(given) != 2:
            raise UsageError(
                f"levels are two values, not {given!r}", hint="give the one to compare with, then the other"
            )
        low, high = (self._variables.level(treatment, each) for each in given)
        if low == high:
            raise UsageError(f"both levels are {given[0]!r}", hint="name two that differ")
        outside = [each for each in (low, high) if found and not found[0] <= each <= found[-1]]
        return low, high, tuple(f"extrapolated: no row has {treatment} as far as {each:g}" for each in outside)

    def _unit(self, unit: int | Mapping[str, Any], names: Sequence[str]) -> dict[str, float]:
        if isinstance(unit, int):
            return self._variables.unit(unit, names)
        if missing := [name for name in names if unit.get(name) is None]:
            raise UsageError(f"the unit has no {missing[0]!r}", hint=f"it needs {', '.join(names)}"[:500])
        return {name: self._variables.level(name, unit[name]) for name in names}

    def _check_rows(self, values: Mapping[str, Sequence[float]], used: Used, fitted: int) -> None:
        if used.n < (least := max(_LEAST, _PER * fitted)):
            raise UsageError(
                f"{used.n} rows are complete, and at least {least} are needed",
                hint=f"{used.dropped} rows lack a cell of {', '.join(used.columns)}: fill them, or give more rows",
            )
        if constant := [name for name, cells in values.items() if len(set(cells)) == 1]:
            hint = (
                "take it out of the graph" if constant[0] not in used.columns[:2] else "give rows in which it differs"
            )
            raise UsageError(f"the column {constant[0]!r} has one value in all complete rows", hint=hint)

    def _child(self, target: str, payload: dict[str, Any], cancel: threading.Event | None) -> dict[str, Any]:
        if importlib.util.find_spec("dowhy") is None:
            raise UnsupportedError("DoWhy is not installed", hint='pip install "omniloom[causal]"')
        seconds = self._bounds.seconds
        memory = self._bounds.memory_mib * MIB
        limits = Limits(
            memory_bytes=memory,
            cpu_seconds=seconds,
            wall_seconds=seconds,
            output_bytes=4 * MIB,
            file_bytes=MIB,
            threads=1,
        )
        for told in run_isolated(target, payload, limits=limits, cancel=cancel):
            if failed := told.get("failed"):
                kind = TooLargeError if failed.get("code") == "too_large" else UsageError
                raise kind(str(failed.get("message")), hint=str(failed.get("hint", "")))
            return told
        raise IsolationError("the child process said nothing", hint="ask again")


def _mechanisms(graph: Graph, treatment: str, outcome: str) -> dict[str, list[str]]:
    """Of each variable between treatment and outcome its observed causes, causes before effects."""
    needed = (graph.descendants(treatment) - {treatment}) & graph.ancestors(outcome)
    if outcome not in needed:
        return {}
    for node in needed:
        for cause in (node, *graph.parents(node)):
            noise = cause != node and graph.children(cause) == [node] and not graph.parents(cause)
            if cause in graph.unobserved and not noise:
                raise UsageError(
                    f"{cause!r} is unobserved, and no noise of one equation",
                    hint=f"the equation of {node!r} cannot be told from the table; ask for the effect instead",
                )
    ordered = sorted(needed, key=lambda node: (len(graph.ancestors(node) & needed), node))
    return {node: [each for each in graph.parents(node) if each not in graph.unobserved] for node in ordered}


def _equation(node: str, parents: Sequence[str], numbers: Sequence[float], unit: Mapping[str, float]) -> str:
    terms = "".join(
        f" {'-' if slope < 0 else '+'} {abs(slope):.4g} {name}"
        for name, slope in zip(parents, numbers[1:], strict=True)
    )
    noise = unit[node] - numbers[0] - sum(slope * unit[name] for name, slope in zip(parents, numbers[1:], strict=True))
    return f"{node} = {numbers[0]:.4g}{terms} + noise ({noise:.4g} for this unit)"


_NAME = {"type": "string", "description": "a column"}
_NAMES = {"type": "array", "items": {"type": "string"}}
_ANY = {"type": ["number", "string"]}
_PROPERTIES: dict[str, Any] = {
    "graph": {
        "description": 'edges like ["cause -> effect"], or DOT text',
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    },
    "treatment": _NAME,
    "outcome": _NAME,
    "unobserved": {**_NAMES, "description": "variables of the graph that are no columns"},
    "levels": {"type": "array", "items": _ANY, "minItems": 2, "maxItems": 2, "description": "treatment from, to"},
    "modifiers": {**_NAMES, "description": "columns for whose values the effect is told apart"},
    "row": {"type": "integer", "description": "for a counterfactual: the row of the table"},
    "to": {**_ANY, "description": "for a counterfactual: what treatment would have been"},
}
