"""Answers as numbers: which samples go where, and signals on one scale."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from omniloom.reasoning.calibrator import Reference, Signal, drawn_in

if TYPE_CHECKING:
    from omniloom.evaluation.calibration.resampling import Array

# Of these the logarithm is weighed: an answer of one unlikely word differs more from a likely one than from one of two.
_LONG_TAILED = frozenset({"logprob_mean", "logprob_min", "answer_tokens"})
_QUANTILES = 101
_RARE = 0.02  # a signal lacked by fewer answers than this says nothing of those that lack it


class Answered(NamedTuple):
    """An answer whose truth is known. group: answers of one group share a source; "" is a group of its own."""

    id: str
    group: str
    signals: Mapping[str, float]
    right: bool


def halves(samples: Sequence[Answered], share: float, seed: int = 0) -> tuple[list[Answered], list[Answered]]:
    """About `share` of the samples and the rest; no group is on both sides, and the order of the file plays no part."""
    groups: dict[str, list[Answered]] = {}
    for each in samples:
        groups.setdefault(group_of(each), []).append(each)
    first: list[Answered] = []
    second: list[Answered] = []
    for name in sorted(groups, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
        (first if len(first) < share * len(samples) else second).extend(groups[name])
    return first, second


def folds(samples: Sequence[Answered], count: int, seed: int = 0) -> list[int]:
    """A fold for each sample, the same for all of a group; each of about one size."""
    sizes: dict[str, int] = {}
    for each in samples:
        sizes[group_of(each)] = sizes.get(group_of(each), 0) + 1
    filled, where = [0] * count, {}
    for name in sorted(sizes, key=lambda name: hashlib.sha256(f"fold {seed} {name}".encode()).digest()):
        where[name] = min(range(count), key=lambda at: filled[at])
        filled[where[name]] += sizes[name]
    return [where[group_of(each)] for each in samples]


def group_of(sample: Answered) -> str:
    return f"g {sample.group}" if sample.group else f"s {sample.id}"


def value(sample: Answered, name: str) -> float:
    """NaN where the answer lacks the signal."""
    found = sample.signals.get(name)
    return math.nan if found is None else float(found)


def scales(samples: Sequence[Answered], names: Sequence[str]) -> list[Signal]:
    """Mean and spread of each signal, with no weight yet; those that never change, or nearly never are there, are left
    out. Infinite values are drawn in to the largest finite ones. `absent` is set where answers lack it often enough."""
    import numpy as np

    found: list[Signal] = []
    for name in names:
        values = np.array([value(each, name) for each in samples])
        log = name in _LONG_TAILED
        there = values[np.isfinite(values)]
        there = np.array([drawn_in(each) for each in there.tolist()]) if log else there
        lacking = float(np.isnan(values).mean()) if len(values) else 1.0
        if len(there) < 10 or float(there.std()) < 1e-9:
            continue
        absent = 0.0 if lacking >= _RARE else None
        shape = {"mean": float(there.mean()), "scale": float(there.std()), "log": log}
        found.append(Signal(name=name, weight=0.0, absent=absent, **shape))
    return found


def matrix(samples: Sequence[Answered], signals: Sequence[Signal]) -> "Array":
    """A column a signal, and one more that says where it is absent for those that may be."""
    import numpy as np

    columns = []
    for each in signals:
        values = np.array([value(sample, each.name) for sample in samples], float)
        lacking = np.isnan(values)
        columns.append(np.array([0.0 if math.isnan(at) else each.scaled(at) for at in values.tolist()]))
        if each.absent is not None:
            columns.append(lacking.astype(float))
    return np.column_stack(columns) if columns else np.zeros((len(samples), 0))


def weighted(signals: Sequence[Signal], weights: "Array") -> tuple[Signal, ...]:
    """The signals with the weights of the columns of `matrix`."""
    left = [float(each) for each in weights]
    found = []
    for each in signals:
        update = {"weight": left.pop(0)}
        if each.absent is not None:
            update["absent"] = left.pop(0)
        found.append(each.model_copy(update=update))
    return tuple(found)


def references(samples: Sequence[Answered], names: Sequence[str]) -> tuple[Reference, ...]:
    """What each signal looks like, for `reasoning.drift`. Quantiles are values that were seen."""
    import numpy as np

    found = []
    for name in names:
        values = np.array([value(each, name) for each in samples])
        there = values[np.isfinite(values)]
        at = np.linspace(0, 1, min(_QUANTILES, len(there))) if len(there) else np.array([])
        quantiles = np.quantile(there, at, method="nearest") if len(there) else at
        lacking = int(len(values) - len(there))
        found.append(Reference(name=name, n=len(values), absent=lacking, quantiles=tuple(map(float, quantiles))))
    return tuple(found)
