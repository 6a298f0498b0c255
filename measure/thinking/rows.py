"""The rows of the table: from answers to numbers, each with n and its 95 % interval."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from measure.trust.going import Answers
from measure.trust.rows import Cell, Row, mean
from omniloom.evaluation.log import Record
from omniloom.evaluation.statistics import Interval, clustered, difference, ratio

Logs = Mapping[tuple[str, str], Sequence[Record]]
"""By side and task."""


BUDGETS = (0, 128, 512, 2048)
"""Tokens; the last one is that of our side, the others have sides of their own, named "budget N"."""
_NAMES = {"wtq": "WikiTableQuestions", "tatqa": "TAT-QA", "gsm8k": "GSM8K"}


def rows(found: Sequence[Answers]) -> list[Row]:
    """A row of which no task was run is left out."""
    logs = {(each.side, each.task): each.records for each in found}
    made: list[Row] = []
    if ("ours", "wtq") in logs:
        made.append(_exact("WikiTableQuestions, exact", _of(logs, "wtq"), 0.50))
        made.append(Row("of the right ones, cells cited", {"ours": _cited(logs["ours", "wtq"])}, 0.90))
    if ("ours", "tatqa") in logs:
        made += _sums(_of(logs, "tatqa"))
    if ("ours", "gsm8k") in logs:
        made.append(_exact("GSM8K, exact", _of(logs, "gsm8k")))
        made.append(_points(logs["ours", "gsm8k"], logs["direct", "gsm8k"]))
    for name in dict.fromkeys(task for _, task in logs):
        made += _against_eight(_NAMES[name], logs["ours", name], logs.get(("eight", name), ()))
        made += _rising(logs, name)
        made.append(Row(f"{_NAMES[name]}, tokens written", _each_written(logs, name), digits=0))
    return made


def _of(logs: Logs, task: str) -> dict[str, Sequence[Record]]:
    return {side: told for (side, name), told in logs.items() if name == task and not side.startswith("budget ")}


def _each_written(logs: Logs, task: str) -> dict[str, Cell]:
    return {side: _written(told) for side, told in _of(logs, task).items()}


def _exact(measure: str, sides: Mapping[str, Sequence[Record]], floor: float | None = None) -> Row:
    return Row(measure, {side: mean(told, "exact") for side, told in sides.items()}, floor)


def _cited(records: Sequence[Record]) -> Cell:
    """Of the right answers those that cite a place."""
    return mean([each for each in records if each.values.get("exact") == 1], "cited")


def _sums(sides: Mapping[str, Sequence[Record]]) -> list[Row]:
    made = [_exact("TAT-QA, all kinds, exact", sides)]
    made.append(Row("TAT-QA arithmetic, exact", {side: mean(told, "arithmetic") for side, told in sides.items()}))
    right = [each for each in sides["ours"] if each.values.get("arithmetic") == 1]
    derived = sum(any(claim.derived for claim in each.claims) for each in right)
    shown = Cell(derived / len(right), n=len(right)) if right else Cell(None, note="none is right")
    made.append(Row("of the right ones, derivation shown", {"ours": shown}, 1.0))
    if "plain" in sides:
        one, other, groups = _pairs(sides["ours"], sides["plain"], "arithmetic")
        against = _finite(ratio(one, other, groups)) if one else Cell(None, note="no question")
        made.append(Row("TAT-QA arithmetic, against the plain model", {"ours": against}, 1.5, digits=2))
    return made


def _points(ours: Sequence[Record], direct: Sequence[Record]) -> Row:
    one, other, groups = _pairs(ours, direct, "exact")
    found = difference(one, other, groups)
    cell = Cell(100 * found.value, 100 * found.low, 100 * found.high, found.n)
    return Row("GSM8K, points over direct", {"ours": cell}, 10.0, digits=1)


def _against_eight(task: str, ours: Sequence[Record], eight: Sequence[Record]) -> list[Row]:
    """Of those problems that both were asked."""
    drawn = {each.id for each in eight}
    same = [each for each in ours if each.id in drawn]
    fewer, lost = Cell(None, note="not run"), Cell(None, note="not run")
    if same:
        one, other, groups = _pairs(same, eight, "exact")
        found = difference(other, one, groups)
        lost = Cell(100 * found.value, 100 * found.low, 100 * found.high, found.n)
        fewer = _finite(ratio(_tokens(eight), _tokens(same), [each.group or each.id for each in same]))
    return [
        Row(f"{task}, tokens of eight samples over ours", {"ours": fewer}, 3.0, digits=2),
        Row(f"{task}, points lost against eight samples", {"ours": lost}, 1.0, at_most=True, digits=1),
    ]


def _rising(logs: Logs, task: str) -> list[Row]:
    """What each budget reaches on the samples that all were asked, and the largest fall from one to the next, less its
    standard error."""
    told = [logs.get((f"budget {budget}", task)) for budget in BUDGETS[:-1]]
    if not all(told):
        return []
    ids = {each.id for each in told[0] or ()}
    steps = [*(each or () for each in told), [each for each in logs["ours", task] if each.id in ids]]
    made = [
        Row(f"{_NAMES[task]}, exact, budget of {budget}", {"ours": mean(records, "exact")})
        for budget, records in zip(BUDGETS, steps, strict=True)
    ]
    falls = [_fall(before, after) for before, after in pairwise(steps)]
    worst = Cell(100 * max(falls), n=len(ids))
    return [*made, Row(f"{_NAMES[task]}, points lost with more budget", {"ours": worst}, 0.0, at_most=True, digits=1)]


def _fall(before: Sequence[Record], after: Sequence[Record]) -> float:
    """At least 0."""
    one, other, groups = _pairs(before, after, "exact")
    lost = [a - b for a, b in zip(one, other, strict=True)]
    found = clustered(lost, groups)
    error = found.stderr if math.isfinite(found.stderr) else 0.0
    return max(found.value - error, 0.0)


def _pairs(one: Sequence[Record], other: Sequence[Record], name: str) -> tuple[list[float], list[float], list[str]]:
    """The score of those answers for which it is defined, and their groups; an answer that failed is wrong."""
    both = [(a, b) for a, b in zip(one, other, strict=True) if name in a.values or name in b.values]
    values = [[each.values.get(name, 0.0) for each in side] for side in zip(*both, strict=True)] or [[], []]
    return values[0], values[1], [a.group or a.id for a, _ in both]


def _finite(found: Interval) -> Cell:
    if not math.isfinite(found.value):
        return Cell(None, n=found.n, note="the plain model has none right")
    return Cell(found.value, found.low, found.high, found.n)


def _written(records: Sequence[Record]) -> Cell:
    """Tokens of output and of reasoning; an answer that failed wrote none that are known."""
    told = _tokens([each for each in records if each.error is None])
    return Cell(sum(told) / len(told), n=len(told)) if told else Cell(None, note="no answer")


def _tokens(records: Sequence[Record]) -> list[float]:
    return [float(each.usage.output_tokens + each.usage.reasoning_tokens) for each in records]
