"""Which answers may be given so that few of them are wrong, and what can be promised of that.

Two promises. *Learn then Test* (Angelopoulos, Bates, Candès, Jordan and Lei, 2021): with probability 1 - delta over the
calibration answers, the risk among the answers given is at most alpha. *Conformal risk control* (Angelopoulos, Bates,
Fisch, Lei and Schuster, 2022): only the expectation is promised, of wrong answers per question asked. Both hold for
new questions that are drawn as the calibration questions were; neither says anything of other ones.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

from omniloom.evaluation.calibration.resampling import Array, Numbers
from omniloom.reasoning.calibrator import Threshold

DELTA = 0.05
ALPHAS = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
GRID = tuple(at / 100 for at in range(99, -1, -1))
COVERAGES = tuple(at / 40 for at in range(1, 41))


def max_risk(
    confidence: Numbers,
    loss: Numbers,
    alpha: float,
    *,
    delta: float = DELTA,
    grid: Sequence[float] = GRID,
) -> Threshold:
    """Learn then Test: the lowest threshold of `grid` whose risk among the answers given is at most alpha.

    loss: 0 to 1 for each answer, 1 for a wrong one. grid: thresholds in the order in which they are tested, fixed
    before these losses were looked at; the first that cannot be rejected ends it (fixed-sequence testing), so the
    chance of any false promise is delta. Thresholds at the beginning that too few answers reach for any outcome to
    decide are passed over: this looks at the number of answers only, and needs that risk does not rise with
    confidence. Confidences that are equal are answered together.
    Raises ValueError for lists of unequal length, or alpha or delta outside of 0 to 1.
    """
    p, losses = _sorted(confidence, loss)
    _between(alpha=alpha, delta=delta)
    least = fewest(alpha, delta)
    chosen: tuple[float, int, float] | None = None
    for threshold in grid:
        answered, wrong = _given(p, losses, threshold)
        if chosen is None and answered < least:
            continue
        if not answered or p_value(wrong / answered, answered, alpha) > delta:
            break
        chosen = (threshold, answered, wrong)
    n = len(p)
    if chosen is None:
        words = f"No threshold can promise a risk of at most {alpha:.1%} with n={n} answers."
        words += f" It needs {least} without any error, or more." if n < least else ""
        return Threshold(alpha=alpha, delta=delta, method="learn_then_test", threshold=None, n=n, guarantee=words)
    threshold, answered, wrong = chosen
    words = (
        f"Of the answers given (probability {threshold:.3f} or more), at most {alpha:.1%} are wrong, with probability "
        f"{1 - delta:.0%} over the choice of the n={n} held-out answers, {answered} of which are above the threshold "
        f"and {wrong:g} of these wrong; if new questions, sources and the model are drawn as those were, "
        f"independently of each other."
    )
    found = {"threshold": threshold, "answered": answered, "wrong": round(wrong)}
    return Threshold(alpha=alpha, delta=delta, method="learn_then_test", n=n, guarantee=words, **found)


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


def order(confidence: Numbers, n: int, alpha: float, delta: float = DELTA) -> list[float]:
    """The thresholds to test on `n` other answers, from where a promise is likeliest on to more coverage.

    confidence: probabilities of answers that are not tested on (split fixed-sequence testing, as in Learn then Test,
    section 4.3), so that the order is fixed before the held-out answers are looked at. How likely a promise is follows
    from these probabilities: errors seen above a threshold are too few to tell one from the next.
    """
    import numpy as np

    p = np.sort(np.asarray(confidence, float))[::-1]
    if not len(p):
        return []
    counts = [max(1, math.ceil(coverage * len(p))) for coverage in COVERAGES]
    chances = [
        _chance(float(1 - p[:count].mean()), max(1, round(count / len(p) * n)), alpha, delta) for count in counts
    ]
    start = max(range(len(counts)), key=lambda at: (chances[at], -at))
    return list(dict.fromkeys([float(p[count - 1]) for count in counts[start:-1]] + [0.0]))


def _chance(risk: float, n: int, alpha: float, delta: float) -> float:
    """That as few of n answers are wrong as a promise takes, if each is with the probability `risk`."""
    too_many = bisect_left(range(n), True, key=lambda wrong: p_value(wrong / n, n, alpha) > delta)
    return binomial_below(too_many - 1, n, min(max(risk, 1e-9), 1 - 1e-9)) if too_many else 0.0


def fewest(alpha: float, delta: float = DELTA) -> int:
    """How many answers, none of them wrong, it takes at least to promise alpha."""
    n = max(1, math.floor(math.log(delta) / math.log1p(-alpha)))
    while p_value(0.0, n, alpha) > delta:
        n += 1
    return n


def p_value(risk: float, n: int, alpha: float) -> float:
    """Hoeffding-Bentkus (Bates et al., 2021): how likely a mean loss this low is if the risk is above alpha.

    n losses of 0 to 1. Both bounds hold, so their least does. For losses of 0 and 1 the binomial tail alone is exact;
    with it more is answered, but what is then *seen* in as many fresh answers is above alpha in 8 % of splits instead
    of 4 %, for they are chance too.
    """
    if risk >= alpha:
        return 1.0
    bentkus = math.e * binomial_below(math.ceil(n * risk - 1e-9), n, alpha)
    return min(1.0, math.exp(-n * _divergence(risk, alpha)), bentkus)


def binomial_below(k: int, n: int, p: float) -> float:
    """The chance of at most k successes of n."""
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]
    return min(1.0, math.fsum(math.exp(each) for each in logs))


def _divergence(risk: float, alpha: float) -> float:
    """Kullback-Leibler, of coins."""
    least = (1 - risk) * math.log((1 - risk) / (1 - alpha))
    return least + (risk * math.log(risk / alpha) if risk > 0 else 0.0)


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
