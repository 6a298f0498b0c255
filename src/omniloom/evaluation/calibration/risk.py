"""Which answers may be given so that few of them are wrong, and what can be promised of that.

Two promises. *Learn then Test* (Angelopoulos, Bates, Candès, Jordan and Lei, 2021): with probability 1 - delta over the
calibration answers, the risk among the answers given is at most alpha. *Conformal risk control* (Angelopoulos, Bates,
Fisch, Lei and Schuster, 2022): only the expectation is promised, of wrong answers per question asked. Both hold for
new questions that are drawn as the calibration questions were; neither says anything of other ones.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal

from omniloom.evaluation.calibration.resampling import Array, Numbers
from omniloom.reasoning.calibrator import Threshold

DELTA = 0.05
ALPHAS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
SPENT = 0.5
"""Of delta, by each of two ways to rank answers: what the one or the other promises may then be chosen."""
FIRST = 0.2
"""The share of the answers that is tested first: of fewer, chance decides."""


def first_that_promises(one: Threshold, other: Threshold) -> Threshold:
    """Of two the first that promises anything, or the first; both hold together, for each spends half of delta (union
    bound)."""
    return other if one.threshold is None and other.threshold is not None else one


def max_risk(
    surest: Numbers,
    loss: Numbers,
    alpha: float,
    *,
    delta: float = DELTA,
    by: Literal["probability", "rank"] = "probability",
) -> Threshold:
    """Learn then Test: the most answers, the surest first, whose risk is at most alpha.

    surest: a number for each answer by which they are ordered, chosen before the losses were looked at. loss: 1 for a
    wrong answer, 0 for a right one. Tested are the counts of `counts`, in their order, by the exact binomial tail; the
    first that cannot be rejected ends it (fixed-sequence testing), so the chance of any false promise is half of
    delta. The counts look at no loss; that they begin above the smallest needs that risk does not fall with doubt.
    Equal answers are given together.
    Raises ValueError for lists of unequal length, other losses, or alpha or delta outside of 0 to 1.
    """
    order, losses = _sorted(surest, loss)
    _between(alpha=alpha, delta=delta)
    if not set(losses.tolist()) <= {0.0, 1.0}:
        raise ValueError("a loss is 0 or 1")
    n, chosen = len(order), None
    for count in counts(n, alpha, delta):
        answered, wrong = _given(order, losses, float(order[count - 1]))
        if p_value(round(wrong), answered, alpha) > delta * SPENT:
            break
        chosen = (float(order[count - 1]), answered, round(wrong))
    made: dict[str, Any] = {"alpha": alpha, "delta": delta, "method": "learn_then_test", "by": by, "n": n}
    if chosen is None:
        least = fewest(alpha, delta)
        words = f"No threshold can promise a risk of at most {alpha:.1%} with n={n} answers."
        words += f" It needs {least} without any error, or more." if n < least else ""
        return Threshold(**made, threshold=None, guarantee=words)
    threshold, answered, wrong = chosen
    words = (
        f"Of the answers given (those as sure as the surest {answered} of n={n} answers, {wrong} of which were wrong), "
        f"at most {alpha:.1%} are wrong, with probability {1 - delta:.0%} over the choice of these {n}; if new "
        f"questions, sources and the model are drawn as those were, independently of each other."
    )
    return Threshold(**made, threshold=threshold, answered=answered, wrong=wrong, guarantee=words)


def counts(n: int, alpha: float, delta: float = DELTA) -> Iterator[int]:
    """How many of n answers are tested: from a share of FIRST on, each count at which one error more is forgiven."""
    at = max(1, math.ceil(FIRST * n))
    errors = 0
    while p_value(errors, at, alpha) <= delta * SPENT:
        errors += 1
    while at < n:
        while at < n and p_value(errors, at, alpha) > delta * SPENT:
            at += 1
        yield at
        errors += 1


def conformal(confidence: Numbers, loss: Numbers, alpha: float) -> Threshold:
    """Conformal risk control: the lowest threshold at which (wrong answers given + 1) / (n + 1) is at most alpha.

    The loss of a question that is not answered is 0, so it never rises with the threshold, as the theorem needs.
    """
    p, losses = _sorted(confidence, loss)
    _between(alpha=alpha)
    n, best, words = len(p), None, f"No threshold can promise this with n={len(p)} answers."
    for threshold in sorted({*(float(each) for each in p), math.inf}, reverse=True):
        answered, wrong = _given(p, losses, threshold)
        if (wrong + 1) / (n + 1) > alpha:
            break
        best = (threshold, answered, wrong)
    answered, wrong = (best[1], best[2]) if best else (0, 0.0)
    value = best[0] if best and math.isfinite(best[0]) else None
    if value is not None:
        words = (
            f"Of all questions asked, at most {alpha:.1%} get a wrong answer, on average over the choice of the n={n} "
            f"held-out answers (no promise for this one choice); if new questions, sources and the model are drawn "
            f"as those were."
        )
    found = {"threshold": value, "n": n, "answered": answered, "wrong": round(wrong), "guarantee": words}
    return Threshold(alpha=alpha, delta=None, method="conformal_risk_control", **found)


def fewest(alpha: float, delta: float = DELTA) -> int:
    """How many answers, none of them wrong, it takes at least to promise alpha."""
    return math.ceil(math.log(delta * SPENT) / math.log1p(-alpha))


def p_value(wrong: int, n: int, alpha: float) -> float:
    """How likely so few of n answers are wrong if the risk is alpha or more: the binomial tail, which is exact."""
    return binomial_below(wrong, n, alpha)


def binomial_below(k: int, n: int, p: float) -> float:
    """The chance of at most k successes of n."""
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]
    return min(1.0, math.fsum(math.exp(each) for each in logs))


def _given(p: Array, losses: Array, threshold: float) -> tuple[int, float]:
    """How many answers of the sorted ones are at or above the threshold, and the sum of their losses."""
    import numpy as np

    answered = int(np.searchsorted(-p, -threshold, "right"))
    return answered, float(losses[:answered].sum())


def _sorted(confidence: Numbers, loss: Numbers) -> tuple[Array, Array]:
    import numpy as np

    p, losses = np.asarray(confidence, float), np.asarray(loss, float)
    if p.ndim != 1 or p.shape != losses.shape or not np.isfinite(p).all():
        raise ValueError(f"{p.shape} confidences and {losses.shape} losses: one of each an answer is needed")
    if losses.size and not (losses.min() >= 0 and losses.max() <= 1):
        raise ValueError("a loss is between 0 and 1")
    by = np.argsort(-p, kind="stable")
    return p[by], losses[by]


def _between(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < 1:
            raise ValueError(f"{name}={value!r} must be between 0 and 1")
