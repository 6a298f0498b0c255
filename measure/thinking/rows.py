"""The rows of the table: from answers to numbers, each with n and its 95 % interval."""

import math
from collections.abc import Mapping, Sequence

from measure.trust.going import Answers
from measure.trust.rows import Cell, Row, mean
from omniloom.evaluation.log import Record
from omniloom.evaluation.statistics import Interval, difference, ratio

Logs = Mapping[tuple[str, str], Sequence[Record]]
"""By side and task."""


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
    sides = dict.fromkeys(side for side, _ in logs)
    written = {
        side: _written([each for (name, _), told in logs.items() if name == side for each in told]) for side in sides
    }
    return [*made, Row("tokens written for an answer", written, digits=0)]


def _of(logs: Logs, task: str) -> dict[str, Sequence[Record]]:
    return {side: told for (side, name), told in logs.items() if name == task}


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
    told = [float(each.usage.output_tokens + each.usage.reasoning_tokens) for each in records if each.error is None]
    return Cell(sum(told) / len(told), n=len(told)) if told else Cell(None, note="no answer")
