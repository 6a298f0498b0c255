"""The two curves a calibrator is made of: logistic regression with a ridge, and a rising line (isotonic regression)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniloom.evaluation.calibration.resampling import Array

RIDGE = 1.0
_STEPS = 50


def logistic_fit(x: "Array", y: "Array", ridge: float = RIDGE) -> tuple[float, "Array"]:
    """Bias and weights that maximise the likelihood minus ridge / 2 times the squared weights; the bias is free.

    Newton's method (iteratively reweighted least squares; Bishop, 2006, 4.3.3), halving a step that leads uphill.
    A bias without bounds, where all of `y` are equal, is kept finite by half a sample of each kind.
    """
    import numpy as np

    design = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-6
    target = (y * len(y) + 0.5) / (len(y) + 1)
    weights = np.zeros(design.shape[1])
    loss = _loss(design, target, weights, penalty)
    for _ in range(_STEPS):
        p = _logistic(design @ weights)
        gradient = design.T @ (p - target) + penalty * weights
        curvature = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (next_loss := _loss(design, target, weights - size * step, penalty)) > loss and size > 1e-6:
            size /= 2
        weights, change, loss = weights - size * step, loss - next_loss, next_loss
        if change < 1e-10:
            break
    return float(weights[0]), weights[1:]


def predict(x: "Array", bias: float, weights: "Array") -> "Array":
    return _logistic(bias + x @ weights)


def pava(p: "Array", y: "Array") -> tuple[tuple[float, float], ...]:
    """Knots (mean p, share right) of the rising steps nearest to `y`: pool adjacent violators (Ayer et al., 1955).

    Steps have at least a twentieth of the samples, and a share is moved to the middle by one sample, so that no few
    samples promise certainty. Between knots a line is drawn, so different confidences stay different.
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    blocks: list[tuple[float, float, int]] = []  # sums of p and y, count
    for at in np.array_split(order, max(1, min(20, len(p) // 10))):
        blocks.append((float(p[at].sum()), float(y[at].sum()), len(at)))
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = tuple(a + b for a, b in zip(blocks[-1], last, strict=True))  # type: ignore[assignment]
    knots: dict[float, float] = {}
    for sum_p, sum_y, n in blocks:
        x, share = sum_p / n, (sum_y + 0.5) / (n + 1)
        knots[x] = max([share, *knots.values()])
    return tuple(knots.items())


def _loss(design: "Array", target: "Array", weights: "Array", penalty: "Array") -> float:
    import numpy as np

    odds = design @ weights
    return float(np.logaddexp(0, odds).sum() - target @ odds + (penalty * weights**2).sum() / 2)


def _logistic(odds: "Array") -> "Array":
    import numpy as np

    return np.exp(-np.logaddexp(0, -odds))
