"""How good confidences are: Brier, calibration error, AURC, AUROC, and the curves they are read from.

`confidence` is one number a sample, `right` is 1.0 where the answer was right and 0.0 where not; both in one order.
Every function raises ValueError for lists that are empty, of unequal length, or not of numbers.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from omniloom.evaluation.calibration.resampling import DRAWS, Array, Estimate, spread
from omniloom.evaluation.values import Value

BINS = 15
_FEWEST = 10  # samples in a bin, below which its mean says little


class Bin(NamedTuple):
    """Samples of neighbouring confidence: their mean confidence, the share that is right, and its 95 % interval."""

    confidence: float
    right: float
    low: float
    high: float
    n: int


class Point(NamedTuple):
    """If only answers with at least this confidence are given: the share that is, and the share of those wrong."""

    threshold: float
    coverage: float
    risk: float


def brier(confidence: Sequence[float], right: Sequence[float]) -> Value:
    """The mean squared distance of a probability from what happened (Brier, 1950); proper, so no bins are needed."""
    import numpy as np

    p, y = _pair(confidence, right)
    each = (p - y) ** 2
    stderr = float(np.std(each, ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.nan
    return Value(float(each.mean()), stderr, len(each))


def ece(
    confidence: Sequence[float],
    right: Sequence[float],
    groups: Sequence[str] = (),
    *,
    bins: int = BINS,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """The calibration error with a 95 % bootstrap interval, over whole `groups` where they are given.

    The debiased l2 estimator of Kumar, Liang and Ma (2019) over bins of equal mass: the root of
    sum_b n_b/n [(mean p - mean y)^2 - mean y (1 - mean y) / (n_b - 1)], which subtracts what the chance of each bin
    adds, so that its square is right on average. Chosen because the plain estimator says 0.13 of perfect confidences
    at n = 100 and 0.07 at n = 300, equal-mass sweeps (Roelofs et al., 2022) 0.06 and 0.04, this one 0.04 and 0.02; and
    because it is at least as large as the mean absolute error of the same bins in expectation.
    The interval is that of the square: resamples vary around the plain estimate, from which they are drawn.
    """
    import numpy as np

    p, y = _pair(confidence, right)
    bins = max(1, min(bins, len(p) // _FEWEST))
    square, plain = _squared(p, y, bins)
    drawn = spread(lambda at: _squared(p[at], y[at], bins)[0], groups or [""] * len(p), draws, seed) - plain
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(_root(square), _root(square - high), _root(square - low), len(p))


def reliability(confidence: Sequence[float], right: Sequence[float], *, bins: int = 10) -> list[Bin]:
    """Bins of equal mass, from low to high confidence; the interval is Wilson's (1927)."""
    p, y = _pair(confidence, right)
    found: list[Bin] = []
    for at in _equal_mass(p, max(1, min(bins, len(p) // _FEWEST))):
        share, n = float(y[at].mean()), len(at)
        middle, half = (share + 1.96**2 / (2 * n)), 1.96 * math.sqrt(share * (1 - share) / n + 1.96**2 / (4 * n * n))
        scale = 1 + 1.96**2 / n
        found.append(Bin(float(p[at].mean()), share, max(0.0, (middle - half) / scale), (middle + half) / scale, n))
    return found


def risk_coverage(confidence: Sequence[float], right: Sequence[float]) -> list[Point]:
    """One point a distinct confidence, from the highest: equal confidences are answered together or not at all."""
    import numpy as np

    p, y = _pair(confidence, right)
    order = np.argsort(-p, kind="stable")
    p, wrong = p[order], np.cumsum(1 - y[order])
    last = np.flatnonzero(np.append(np.diff(p) != 0, True))
    return [Point(float(p[at]), (int(at) + 1) / len(p), float(wrong[at]) / (int(at) + 1)) for at in last]


def aurc(
    confidence: Sequence[float], right: Sequence[float], groups: Sequence[str] = (), *, draws: int = 200, seed: int = 0
) -> Value:
    """The area under the risk-coverage curve (Geifman & El-Yaniv, 2017): the mean over k of the risk of the k surest.

    Samples of equal confidence count as the mean over their orders, so no order of the file decides.
    """
    import numpy as np

    p, y = _pair(confidence, right)
    drawn = spread(lambda at: area(p[at], y[at]), groups or [""] * len(p), draws, seed)
    return Value(area(p, y), float(np.std(drawn, ddof=1)), len(p))


def area(p: Array, y: Array) -> float:
    """AURC of arrays, without an error."""
    import numpy as np

    _, block = np.unique(-p, return_inverse=True)
    block = block.reshape(-1)
    mean = np.bincount(block, 1 - y) / np.bincount(block)
    wrong = mean[np.sort(block)]
    return float((np.cumsum(wrong) / np.arange(1, len(p) + 1)).mean())


def auroc(confidence: Sequence[float], right: Sequence[float]) -> Value:
    """The chance that a right answer is surer than a wrong one, ties counted half; stderr by DeLong et al. (1988).

    NaN where all answers are right or all wrong.
    """
    import numpy as np

    p, y = _pair(confidence, right)
    good, bad = p[y > 0.5], p[y <= 0.5]
    if not good.size or not bad.size:
        return Value(math.nan, math.nan, len(p))
    above = _placed(good, np.sort(bad))
    below = 1 - _placed(bad, np.sort(good))
    if len(good) < 2 or len(bad) < 2:
        return Value(float(above.mean()), math.nan, len(p))
    variance = np.var(above, ddof=1) / len(good) + np.var(below, ddof=1) / len(bad)
    return Value(float(above.mean()), float(math.sqrt(variance)), len(p))


def _placed(values: Array, ordered: Array) -> Array:
    """For each value the share of `ordered` below it, equal ones counted half."""
    import numpy as np

    sides = [np.searchsorted(ordered, values, side) for side in ("left", "right")]
    return (sides[0] + sides[1]) / (2 * len(ordered))


def _squared(p: Array, y: Array, bins: int) -> tuple[float, float]:
    """The squared calibration error, debiased and plain."""
    import numpy as np

    order = np.argsort(p, kind="stable")
    starts = np.cumsum([0, *(len(each) for each in np.array_split(order, bins))])[:-1]
    n = np.diff(np.append(starts, len(p)))
    mean, share = (np.add.reduceat(each[order], starts) / n for each in (p, y))
    plain = (mean - share) ** 2
    noise = share * (1 - share) / np.maximum(n - 1, 1)
    return float(((plain - noise) * n).sum() / len(p)), float((plain * n).sum() / len(p))


def _equal_mass(p: Array, bins: int) -> list[Array]:
    import numpy as np

    return np.array_split(np.argsort(p, kind="stable"), bins)


def _root(square: float) -> float:
    return math.sqrt(max(0.0, float(square)))


def _pair(confidence: Any, right: Any) -> tuple[Array, Array]:
    import numpy as np

    p, y = np.asarray(confidence, float), np.asarray(right, float)
    if p.ndim != 1 or p.shape != y.shape or not p.size:
        raise ValueError(f"{p.shape} confidences and {y.shape} answers: one of each a sample is needed")
    if not np.isfinite(p).all() or not np.isfinite(y).all():
        raise ValueError("a confidence or a score is not a number")
    return p, y
