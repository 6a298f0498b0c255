"""How sure a number is: standard errors, also of samples that come in groups, and intervals of paired differences.

After Miller, "Adding Error Bars to Evals" (2024): questions about one document go wrong together, so the error of the
mean is that of the groups; and two systems are compared on the same questions, so that what all find hard cancels out.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from omniloom.evaluation.values import Value

_FEW = 10  # groups
_CELLS = 1 << 22  # numbers held at once while resampling


class Interval(NamedTuple):
    """An estimate with its bootstrap interval; n samples, in `groups` groups, which were drawn whole."""

    value: float
    low: float
    high: float
    n: int
    groups: int


def mean(values: Sequence[float]) -> Value:
    """The mean and its standard error; NaN for what too few values do not give."""
    n = len(values)
    if not n:
        return Value(math.nan, math.nan, 0)
    average = math.fsum(values) / n
    spread = math.fsum((value - average) ** 2 for value in values)
    return Value(average, math.sqrt(spread / (n * (n - 1))) if n > 1 else math.nan, n)


def clustered(values: Sequence[float], groups: Sequence[str]) -> Value:
    """The mean, with a standard error for samples that come in groups. Where each is a group of its own, it is `mean`.

    The root of sum over groups of (sum of residuals)^2, times G / (G - 1), over n. A group "" is a group of its own.
    Of fewer than ten groups this is itself unsure, and mostly too small: the plain error stands where it is larger.
    """
    average, plain, n = mean(values)
    sums: dict[str | int, float] = {}
    for at, (value, group) in enumerate(_zipped(values, groups)):
        sums[group or at] = sums.get(group or at, 0.0) + value - average
    count = len(sums)
    if count < 2:
        return Value(average, math.nan, n)
    square = math.fsum(each * each for each in sums.values())
    stderr = math.sqrt(square * count / (count - 1)) / n
    return Value(average, max(stderr, plain) if count < _FEW else stderr, n)


def difference(
    one: Sequence[float],
    other: Sequence[float],
    groups: Sequence[str] = (),
    *,
    level: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> Interval:
    """mean(one) - mean(other) over the same samples, with the percentile interval of a paired bootstrap.

    level: of both ends together; what is exceeded at 95 % is the low end of 0.9.
    """
    return _paired(one, other, groups, lambda a, b: a - b, draws, seed, level)


def ratio(
    one: Sequence[float], other: Sequence[float], groups: Sequence[str] = (), *, draws: int = 4000, seed: int = 0
) -> Interval:
    """mean(one) / mean(other), likewise; NaN where the second is 0, and no upper end where it is in some draws."""
    return _paired(one, other, groups, _divided, draws, seed)


def _divided(one: Any, other: Any) -> Any:
    import numpy as np

    one, other = np.asarray(one, float), np.asarray(other, float)
    none = np.where(one == 0, np.nan, np.inf)
    return np.divide(one, other, out=none, where=other != 0)


def _paired(
    one: Sequence[float],
    other: Sequence[float],
    groups: Sequence[str],
    combine: Callable[[Any, Any], Any],
    draws: int,
    seed: int,
    level: float = 0.95,
) -> Interval:
    """Groups are drawn with replacement, the same ones for both; raises ValueError for lists of unequal length."""
    import numpy as np

    a, b = np.asarray(one, float), np.asarray(other, float)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"a paired comparison needs two lists of one length, got {len(a)} and {len(b)}")
    names = [group or at for at, (_, group) in enumerate(_zipped(one, groups))]
    index = {name: number for number, name in enumerate(dict.fromkeys(names))}
    member, count = np.array([index[name] for name in names]), len(index)
    totals = np.stack([np.bincount(member, each, count) for each in (a, b, np.ones(len(a)))])
    chance = np.random.default_rng(seed)
    found: list[Any] = []
    block = max(1, _CELLS // count)
    for start in range(0, draws, block):
        times = chance.multinomial(count, np.full(count, 1 / count), min(block, draws - start))
        first, second, size = totals @ times.T
        found.append(combine(first / size, second / size))
    drawn = np.concatenate(found)
    drawn = np.sort(drawn[~np.isnan(drawn)])
    low, high = (_quantile(drawn, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return Interval(float(combine(a.mean(), b.mean())), low, high, len(a), count)


def _quantile(ordered: Any, share: float) -> float:
    """The nearest of the drawn values: between a number and infinity there is nothing to interpolate."""
    return float(ordered[round(share * (len(ordered) - 1))]) if len(ordered) else math.nan


def _zipped(values: Sequence[float], groups: Sequence[str]) -> list[tuple[float, str]]:
    if groups and len(groups) != len(values):
        raise ValueError(f"there are {len(values)} values, but {len(groups)} groups")
    return list(zip(values, groups or [""] * len(values), strict=True))
