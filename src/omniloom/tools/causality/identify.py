"""Which estimand gives the effect in a graph: an adjustment set, an instrument, or a front door.

Adjustment is decided completely (van der Zander, Liskiewicz and Textor, 2014: if any set works, all permitted ancestors
do) in polynomial time. Instruments and front doors are single variables without further conditions (Pearl, 2009, 3.3
and 7.4). What only the general algorithm of do-calculus would find is not found here, and `why` says so.
"""

from collections.abc import Sequence
from typing import Literal

from omniloom.core.base import Value
from omniloom.core.errors import UsageError
from omniloom.tools.causality.graph import Graph

Kind = Literal["adjustment", "instrument", "front door", "zero", "none"]


class Estimand(Value):
    """What has to be computed of the data. kind: "zero" where no path leads from treatment to outcome, "none" where
    nothing was found. variables: the set adjusted for, or the instrument, or the mediator. why: what the graph says."""

    kind: Kind
    variables: tuple[str, ...] = ()
    text: str
    why: str

    @property
    def identified(self) -> bool:
        return self.kind != "none"


def identify(graph: Graph, treatment: str, outcome: str, modifiers: Sequence[str] = ()) -> Estimand:
    """Raises UsageError for names that the graph has not, unobserved ones, and modifiers that treatment changes."""
    _check_names(graph, treatment, outcome, modifiers)
    t, y = treatment, outcome
    if outcome not in graph.descendants(treatment):
        text = f"E[{y} | do({t})] = E[{y}]"
        return Estimand(
            kind="zero", text=text, why=f"no directed path leads from {t} to {y}: in this graph there is no effect"
        )
    causal = (graph.descendants(t) - {t}) & graph.ancestors(y)
    forbidden = graph.descendants(*causal) | {t, y}
    if touched := [name for name in modifiers if name in forbidden | graph.descendants(t)]:
        raise UsageError(
            f"{touched[0]!r} is changed by {t!r}, and cannot modify its effect", hint="name causes, not consequences"
        )
    if (chosen := _adjustment(graph, t, y, causal, forbidden, modifiers)) is not None:
        return _adjusted(graph, t, y, chosen)
    if not modifiers and (found := _instrument(graph, t, y, causal)):
        text = f"effect of one unit of {t} on {y} = Cov({y}, {found}) / Cov({t}, {found})"
        why = f"{found} moves {t}, and reaches {y} only through it"
        return Estimand(kind="instrument", variables=(found,), text=text, why=why)
    if not modifiers and (found := _front_door(graph, t, y, causal)):
        text = (
            f"E[{y} | do({t})] = sum over {found} of P({found} | {t}) sum over {t}' of E[{y} | {found}, {t}'] P({t}')"
        )
        why = f"the effect goes through {found}, which shares no open cause with {t}, nor with {y} once {t} is known"
        return Estimand(kind="front door", variables=(found,), text=text, why=why)
    return Estimand(kind="none", text="not identifiable from this graph", why=_why(graph, t, y, causal, modifiers))


def proper_backdoor(graph: Graph, treatment: str, causal: set[str]) -> Graph:
    """The graph without the first edges of the paths that are the effect itself."""
    return graph.without((treatment, child) for child in causal)


def _check_names(graph: Graph, treatment: str, outcome: str, modifiers: Sequence[str]) -> None:
    for role, name in (("treatment", treatment), ("outcome", outcome), *(("modifier", each) for each in modifiers)):
        if name not in graph.nodes:
            raise UsageError(f"the {role} {name!r} is not in the graph", hint=f"it has {', '.join(graph.nodes)}"[:500])
        if name in graph.unobserved:
            raise UsageError(f"the {role} {name!r} is unobserved", hint="name one that a column shows")
    if treatment == outcome:
        raise UsageError(f"{treatment!r} is treatment and outcome", hint="name two variables")


def _adjustment(
    graph: Graph, t: str, y: str, causal: set[str], forbidden: set[str], kept: Sequence[str]
) -> list[str] | None:
    """A set of which no member can be left out, with `kept` in it; None where there is none."""
    cut = proper_backdoor(graph, t, causal)
    allowed = graph.ancestors(t, y, *kept) - forbidden - graph.unobserved
    chosen = [name for name in graph.nodes if name in allowed]
    if y in cut.connected(t, chosen):
        return None
    causes = set(graph.parents(y))
    for name in sorted(chosen, key=lambda each: each in causes):  # causes of the outcome stay: they narrow the interval
        rest = [each for each in chosen if each != name]
        if name not in kept and y not in cut.connected(t, rest):
            chosen = rest
    return chosen


def _adjusted(graph: Graph, t: str, y: str, chosen: list[str]) -> Estimand:
    if not chosen:
        why = f"no back-door path between {t} and {y} is open: nothing has to be adjusted for"
        return Estimand(kind="adjustment", text=f"E[{y} | do({t})] = E[{y} | {t}]", why=why)
    names = ", ".join(chosen)
    text = f"E[{y} | do({t})] = sum over {names} of E[{y} | {t}, {names}] P({names})"
    why = f"{{{names}}} blocks every path between {t} and {y} that is not part of the effect"
    return Estimand(kind="adjustment", variables=tuple(chosen), text=text, why=why)


def _instrument(graph: Graph, t: str, y: str, causal: set[str]) -> str:
    cut = proper_backdoor(graph, t, causal)
    later = graph.descendants(t)
    for name in graph.nodes:
        observed = name not in graph.unobserved and name not in later and name != y
        if observed and name in graph.connected(t) and y not in cut.connected(name):
            return name
    return ""


def _front_door(graph: Graph, t: str, y: str, causal: set[str]) -> str:
    first = graph.without((t, child) for child in graph.children(t))
    for name in graph.nodes:
        if name not in causal or name == y or name in graph.unobserved:
            continue
        around = graph.without((name, child) for child in graph.children(name))
        blocked = y not in around.descendants(t)
        if blocked and name not in first.connected(t) and y not in around.connected(name, [t]):
            return name
    return ""


def _why(graph: Graph, t: str, y: str, causal: set[str], modifiers: Sequence[str]) -> str:
    cut = proper_backdoor(graph, t, causal)
    common = [name for name in graph.nodes if name in graph.unobserved & cut.ancestors(t) & cut.ancestors(y)]
    if modifiers:
        return f"no observed set with {', '.join(modifiers)} in it blocks every back-door path between {t} and {y}"
    what = f"unobserved common causes stay open ({', '.join(common)})" if common else "a path stays open"
    return (
        f"no observed set blocks every back-door path between {t} and {y}: {what}; no observed variable is an "
        "instrument or a front door. Estimands that need several of these at once are not looked for"
    )
