"""What a plot shows, in numbers: bins of equal mass, and risk at coverage."""

import math
from collections.abc import Sequence

from omniloom.rendering.report import Bin

_MOST_BINS, _IN_A_BIN, _MOST_POINTS = 10, 10, 200
_Z = 1.96


def bins(confidences: Sequence[float], right: Sequence[bool]) -> tuple[Bin, ...]:
    """In order of confidence; as many bins as hold ten answers each, ten at most. Answers that are equally sure stay
    in one bin, so that what a bin holds does not depend on their order. The intervals are Wilson's."""
    order = sorted(zip(confidences, right, strict=True))
    count = max(1, min(_MOST_BINS, len(order) // _IN_A_BIN))
    found: list[Bin] = []
    start = 0
    for number in range(1, count + 1):
        end = max(start, round(number * len(order) / count))
        while 0 < end < len(order) and order[end][0] == order[end - 1][0]:
            end += 1
        if end > start:
            found.append(_bin(order[start:end]))
        start = end
    return tuple(found)


def _bin(members: Sequence[tuple[float, bool]]) -> Bin:
    n, right = len(members), sum(hit for _, hit in members)
    low, high = wilson(right, n)
    mean = math.fsum(confidence for confidence, _ in members) / n
    return Bin(members[0][0], mean, members[-1][0], right / n, low, high, n)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927): sensible also at 0 and 1, where the plain one has no width."""
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def risk_coverage(sureness: Sequence[float], right: Sequence[bool]) -> tuple[tuple[tuple[float, float], ...], float]:
    """((coverage, share that is wrong among the surest) …) and the mean risk over all coverages (AURC).

    Among answers that are equally sure any order is as good: their risk is the expected one, and only the end of
    such a block is a point.
    """
    order = sorted(zip(sureness, right, strict=True), key=lambda each: -each[0])
    points: list[tuple[float, float]] = []
    start, wrong, area = 0, 0, 0.0
    while start < len(order):
        end = start
        while end < len(order) and order[end][0] == order[start][0]:
            end += 1
        share = sum(not hit for _, hit in order[start:end]) / (end - start)
        area += math.fsum((wrong + share * taken) / (start + taken) for taken in range(1, end - start + 1))
        wrong += round(share * (end - start))
        points.append((end / len(order), wrong / end))
        start = end
    return _thinned(points), area / len(order)


def _thinned(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    step = math.ceil(len(points) / _MOST_POINTS)
    return tuple(points[at] for at in range(len(points)) if at % step == 0 or at == len(points) - 1)
