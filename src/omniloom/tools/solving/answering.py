"""The child's side: solve, ask for a second solution, or find which constraints contradict each other."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from omniloom.tools.solving.model import Model
from omniloom.tools.solving.values import number

_Trees = list[Any]


def answer(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"domains", "constraints", "objective", "sign", "all", "seconds"}.

    Yields {"started"}, then {"status", "values", "bound"}, then {"other": values | None, "known"} where `all` asks for
    it, or {"core", "minimal"} where nothing is possible. Each of the last two has `seconds` of its own; where it never
    comes the first stands.
    """
    asking = _Asking(payload)
    yield {"started": True}
    status, values, bound = asking.solved(payload["constraints"], asking.end(), payload["objective"])
    yield {"status": status, "values": values, "bound": bound}
    if status == "INFEASIBLE":
        core, minimal = asking.core()
        yield {"core": core, "minimal": minimal}
    elif status == "OPTIMAL" and payload["all"]:
        found, other = asking.another(values)
        yield {"other": other, "known": found != "UNKNOWN"}


class _Asking:
    def __init__(self, payload: dict[str, Any]) -> None:
        self._domains, self._constraints = payload["domains"], payload["constraints"]
        self._objective, self._sign, self._seconds = payload["objective"], payload["sign"], payload["seconds"]
        Model([])  # OR-Tools is imported before any clock starts

    def end(self) -> float:
        return time.monotonic() + self._seconds

    def solved(
        self, constraints: Sequence[_Trees], end: float, objective: _Trees | None = None, without: Sequence[int] = ()
    ) -> tuple[str, list[int], int | None]:
        """(CP-SAT's status, the values, the best bound of the objective)."""
        if end - time.monotonic() <= 0:
            return "UNKNOWN", [], None
        model = Model(self._domains)
        for each in constraints:
            model.require(each)
        if objective is not None:
            model.minimize(objective, self._sign)
        if without:
            model.exclude(without)
        parameters = model.native.SatParameters()
        # One worker with one seed gives the same answer each time, and needs no second thread.
        parameters.num_workers, parameters.random_seed = 1, 0
        parameters.max_time_in_seconds = max(0.001, end - time.monotonic())
        wrapper = model.native.SolveWrapper()
        wrapper.set_parameters(parameters)
        done = wrapper.solve(model.proto)
        if done.status.name == "MODEL_INVALID":
            raise ValueError(model.native.CpSatHelper.validate_model(model.proto))
        told = objective is not None and done.status.name in ("OPTIMAL", "FEASIBLE")
        bound = self._sign * math.ceil(done.best_objective_bound - 1e-6) if told else None
        return done.status.name, list(done.solution)[: len(self._domains)], bound

    def another(self, values: Sequence[int]) -> tuple[str, list[int] | None]:
        """A second solution, as good as the first one where there is an objective."""
        constraints, end = list(self._constraints), self.end()
        if self._objective is not None:
            best = number(self._objective, values)
            constraints.append(["is", "==", ["sum", 0, 0, [[1, self._objective], [-1, ["int", best, best]]]]])
        status, other, _ = self.solved(constraints, end, without=values)
        return status, other if status in ("OPTIMAL", "FEASIBLE") else None

    def core(self) -> tuple[list[int], bool]:
        """Constraints, by number from 0, that cannot all hold, and whether every one of them is needed for that.

        QuickXplain (Junker, 2004): what contradicts is looked for in halves, so that k of n constraints take some
        k log n solutions. What is not decided in time counts as possible; then the core may be larger than needed.
        """
        end, minimal = self.end(), True

        def contradicts(numbers: Sequence[int]) -> bool:
            nonlocal minimal
            status, _, _ = self.solved([self._constraints[at] for at in numbers], end)
            minimal = minimal and status != "UNKNOWN"
            return status == "INFEASIBLE"

        return sorted(_explained([], False, list(range(len(self._constraints))), contradicts)), minimal


def _explained(
    kept: list[int], changed: bool, among: list[int], contradicts: Callable[[Sequence[int]], bool]
) -> list[int]:
    """What of `among` is needed to contradict `kept`; both together do."""
    if changed and contradicts(kept):
        return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    first, second = among[:half], among[half:]
    of_second = _explained(kept + first, True, second, contradicts)
    of_first = _explained(kept + of_second, bool(of_second), first, contradicts)
    return of_first + of_second
