"""What causal questions give: numbers with what they rest on, and how a model is told."""

from pydantic import Field

from omniloom.core.base import Value
from omniloom.tools.causality.identify import Estimand, Kind
from omniloom.tools.causality.variables import Used

_GRAPH = "the graph is right: what has no arrow in it has no effect, and no common cause is left out"
_ROWS = "rows are independent, of one population, and what is missing in them is missing by chance"
ASSUMED: dict[Kind, tuple[str, ...]] = {
    "adjustment": (
        _GRAPH,
        _ROWS,
        "given what is adjusted for, treatment is as good as random, and every value of it occurs with both levels",
        "the outcome is linear in treatment, in what is adjusted for, and in their products",
    ),
    "instrument": (
        _GRAPH,
        _ROWS,
        "the instrument changes treatment, reaches the outcome through it alone, and shares no cause with the outcome",
        "the effect is linear and the same for all; else it is that of those whom the instrument moves",
    ),
    "front door": (
        _GRAPH,
        _ROWS,
        "the mediator carries the whole effect, and shares no unobserved cause with treatment, nor with the outcome",
        "both steps are linear, without products",
    ),
    "zero": (_GRAPH,),
    "none": (_GRAPH,),
}
LINEAR = (_GRAPH, _ROWS, "every equation is linear, and the noise of a unit stays what it was")


class Group(Value):
    """The effect among rows whose modifier lies between low and high, both included."""

    modifier: str
    low: float
    high: float
    value: float
    n: int


class Effect(Value):
    """An effect. value, low, high: the mean change of the outcome from the first level to the second, with its 95%
    interval; None where the graph does not identify it. unadjusted: what the table shows without the graph. placebo:
    the mean effect of a permuted treatment, near 0 if the estimate is sound, and its standard deviation."""

    treatment: str
    outcome: str
    levels: tuple[float, float]
    estimand: Estimand
    value: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = ""
    unadjusted: float | None = None
    placebo: float | None = None
    placebo_deviation: float | None = None
    by: tuple[Group, ...] = ()
    assumptions: tuple[str, ...] = Field(repr=False)
    used: Used = Field(repr=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"estimand: {self.estimand.text}", f"why: {self.estimand.why}"]
        if self.value is not None:
            change = f"{self.treatment} from {self.levels[0]:g} to {self.levels[1]:g}"
            lines.append(f"effect of {change} on {self.outcome}: {_interval(self.value, self.low, self.high)}")
            lines.append(f"method: {self.method}")
        if self.placebo is not None and self.placebo_deviation is not None:
            lines.append(f"unadjusted difference: {self.unadjusted:.4g}")
            lines.append(f"placebo treatment: {self.placebo:.2g} (deviation {self.placebo_deviation:.2g}; 0 is sound)")
        for group in self.by:
            which = f"{group.modifier} from {group.low:g} to {group.high:g}"
            lines.append(f"where {which}: {group.value:.4g} (n={group.n})")
        return "\n".join([*lines, *_basis(self.used, self.assumptions, self.notes)])


class Counterfactual(Value):
    """What one unit would have been. factual: its outcome as it was. low, high: the 95% interval of the fitted
    equations; None where nothing had to be fitted."""

    treatment: str
    outcome: str
    to: float
    factual: float
    value: float
    low: float | None = None
    high: float | None = None
    method: str = "linear structural model (DoWhy gcm)"
    equations: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = Field(repr=False)
    used: Used = Field(repr=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        had = f"had {self.treatment} been {self.to:g}, {self.outcome} would have been"
        lines = [f"{had} {_interval(self.value, self.low, self.high)}; it was {self.factual:.4g}"]
        lines += [f"method: {self.method}", *(f"equation: {each}" for each in self.equations)]
        return "\n".join([*lines, *_basis(self.used, self.assumptions, self.notes)])


def _interval(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.4g}" if low is None or high is None else f"{value:.4g} (95% interval {low:.4g} to {high:.4g})"


def _basis(used: Used, assumptions: tuple[str, ...], notes: tuple[str, ...]) -> list[str]:
    rows = f"rows: {used.n} used, {used.dropped} dropped for missing cells; columns: {', '.join(used.columns)}"
    return [rows, *(f"assumed: {each}" for each in assumptions), *(f"note: {each}" for each in (*used.notes, *notes))]
