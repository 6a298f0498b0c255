"""Make a calibrator from answers whose truth is known.

Half of the groups are learnt from: which signals are worth having, their weights, whether a rising line on top helps.
The other half is never looked at for that: it says how good the probabilities are, and what risk they can promise where
all answers, ranked in an order that no label has made, can promise none.
The method is Platt's (1999), of several signals, and isotonic regression (Zadrozny and Elkan, 2002) where it helps.
"""

import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from omniloom.core.errors import UsageError
from omniloom.evaluation.calibration import metrics
from omniloom.evaluation.calibration.design import (
    Answered,
    folds,
    group_of,
    halves,
    matrix,
    references,
    scales,
    value,
    weighted,
)
from omniloom.evaluation.calibration.logistic import logistic_fit, pava, predict
from omniloom.evaluation.calibration.risk import ALPHAS, conformal, first_that_promises, max_risk
from omniloom.evaluation.statistics import Interval, difference
from omniloom.reasoning.calibrator import (
    Calibrator,
    Estimated,
    Fingerprint,
    HeldOut,
    Signal,
    TakenOut,
    interpolated,
    marks,
)

if TYPE_CHECKING:
    from omniloom.evaluation.calibration.resampling import Array

__all__ = ["BASELINES", "LEAST", "Answered", "Fitted", "Worth", "fit"]

BASELINES = ("answer_tokens", "logprob_mean")
LEAST = 60
FOLDS = 5
DRAWS = 1000


class Worth(NamedTuple):
    """What one signal brings: its AURC alone, and how much adding it to the baselines lowers the log loss, with what
    that exceeds at 95 % (None for a baseline). why: it is taken out, "" if it is not."""

    name: str
    aurc: float
    gain: Interval | None
    why: str = ""


class Fitted(NamedTuple):
    """The calibrator, the worth of every signal, and the bins of the held-out half."""

    calibrator: Calibrator
    worth: tuple[Worth, ...]
    bins: tuple[metrics.Bin, ...]


def fit(
    samples: Sequence[Answered],
    *,
    name: str,
    model: str,
    family: str,
    tasks: Sequence[str] = (),
    seed: int = 0,
    alphas: Sequence[float] = ALPHAS,
) -> Fitted:
    """Raises UsageError for fewer than LEAST answers, ids that are not unique, or answers that are all right or wrong,
    in the half that is learnt from or in the other."""
    samples = sorted(samples, key=lambda each: each.id)
    learnt, held = halves(samples, 0.5, seed)
    _enough(samples, learnt, held)
    names = sorted({name for each in samples for name, found in each.signals.items() if found is not None})
    signals, worth = _chosen(learnt, names, seed)
    if not signals:
        raise UsageError("no signal of these answers changes", hint="is the engine one that gives log-probabilities?")
    y = _right(learnt)
    bias, weights = logistic_fit(matrix(learnt, signals), y)
    knots = _isotonic(learnt, signals, seed)
    data = Fingerprint(
        n=len(samples),
        sha256=hashlib.sha256("\n".join(each.id for each in samples).encode("utf-8", "replace")).hexdigest(),
        date=datetime.now(UTC).date().isoformat(),
        tasks=tuple(sorted(set(tasks))),
        samples=marks(each.id for each in samples),
    )
    empty = {"held_out": _nothing(), "data": data, "references": references(samples, names)}
    more = {"signals": weighted(signals, weights), "isotonic": knots, "order": _order(samples)}
    rough = Calibrator(name=name, model=model, family=family, bias=bias, **more, **empty)
    p, loss = _probabilities(rough, held), 1 - _right(held)
    rank, wrong = _ranked(rough, samples)
    promises = [
        first_that_promises(max_risk(rank, wrong, alpha, by="rank"), max_risk(p, loss, alpha)) for alpha in alphas
    ]
    promises += [conformal(p, loss, alpha) for alpha in alphas]
    out = tuple(TakenOut(name=each.name, why=each.why) for each in worth if each.why)
    update = {"held_out": _checked(p, held, seed), "thresholds": tuple(promises), "taken_out": out}
    return Fitted(rough.model_copy(update=update), worth, tuple(metrics.reliability(p, 1 - loss)))


def _enough(samples: Sequence[Answered], learnt: Sequence[Answered], held: Sequence[Answered]) -> None:
    if len(samples) < LEAST:
        raise UsageError(
            f"{len(samples)} answers are too few to calibrate",
            hint=f"{LEAST} at least, hundreds better; those that were withheld or failed do not count",
        )
    if len({each.id for each in samples}) < len(samples):
        raise UsageError("two answers have one id", hint="ids tell the samples of all tasks apart")
    for half in (learnt, held):
        right = sum(each.right for each in half)
        if not half or right in (0, len(half)):
            what = "wrong" if right == 0 else "right"
            hint = "harder or easier questions, and sources in several groups"
            raise UsageError(f"of one half ({len(half)}) all answers are {what}: nothing to learn from", hint=hint)


def _chosen(learnt: Sequence[Answered], names: Sequence[str], seed: int) -> tuple[list[Signal], tuple[Worth, ...]]:
    """The signals that are worth having: the baselines, and what lowers the loss if it is added to them."""
    all_scaled = {each.name: each for each in scales(learnt, names)}
    base = [all_scaled[name] for name in BASELINES if name in all_scaled]
    y, groups = _right(learnt), [group_of(each) for each in learnt]
    without = _log_loss(_crossed(learnt, base, seed), y)
    kept, worth = list(base), []
    for name in names:
        if name not in all_scaled:
            worth.append(Worth(name, math.nan, None, "it hardly ever changes, or is hardly ever there"))
            continue
        alone = _alone(learnt, name)
        if name in BASELINES:
            worth.append(Worth(name, alone, None))
            continue
        gain = _gain(without, _log_loss(_crossed(learnt, [*base, all_scaled[name]], seed), y), groups, seed)
        why = "" if gain.low > 0 else f"beside {' and '.join(s.name for s in base) or 'the mean'} it does not help: "
        why += "" if gain.low > 0 else f"log loss lower by {gain.value:.3f}, with 95 % by more than {gain.low:.3f}"
        worth.append(Worth(name, alone, gain, why))
        kept += [] if why else [all_scaled[name]]
    return kept, tuple(worth)


def _isotonic(learnt: Sequence[Answered], signals: Sequence[Signal], seed: int) -> tuple[tuple[float, float], ...]:
    """The knots, if a line made from one part lowers the Brier score of another; none otherwise."""
    import numpy as np

    y, p = _right(learnt), _crossed(learnt, signals, seed)
    part = np.array(folds(learnt, 2, seed + 1))
    bent = np.empty(len(p))
    for half in (0, 1):
        knots = pava(p[part != half], y[part != half])
        bent[part == half] = [interpolated(knots, float(each)) for each in p[part == half]]
    gain = _gain((p - y) ** 2, (bent - y) ** 2, [group_of(each) for each in learnt], seed)
    return pava(p, y) if gain.low > 0 else ()


def _gain(worse: "Array", better: "Array", groups: Sequence[str], seed: int) -> Interval:
    """By how much the losses are lower; low is what that exceeds at 95 %."""
    return difference(worse.tolist(), better.tolist(), groups, level=0.9, draws=DRAWS, seed=seed)


def _crossed(samples: Sequence[Answered], signals: Sequence[Signal], seed: int) -> "Array":
    """The probability of each sample by weights learnt from the other folds."""
    import numpy as np

    x, y = matrix(samples, signals), _right(samples)
    fold = np.array(folds(samples, FOLDS, seed))
    found = np.empty(len(samples))
    for each in range(FOLDS):
        inside = fold == each
        found[inside] = predict(x[inside], *logistic_fit(x[~inside], y[~inside]))
    return found


def _checked(p: "Array", held: Sequence[Answered], seed: int) -> HeldOut:
    y, groups = _right(held), [group_of(each) for each in held]
    error = metrics.ece(p, y, groups, seed=seed)
    auroc = metrics.auroc(p, y).value
    there = [name for name in BASELINES if any(not math.isnan(value(each, name)) for each in held)]
    return HeldOut(
        n=len(held),
        accuracy=float(y.mean()),
        ece=Estimated(value=error.value, low=error.low, high=error.high),
        brier=metrics.brier(p, y).value,
        brier_of_the_mean=float(y.mean() * (1 - y.mean())),
        aurc=metrics.area(p, y),
        auroc=auroc if math.isfinite(auroc) else None,
        baselines={name: _alone(held, name) for name in there},
    )


def _alone(samples: Sequence[Answered], name: str) -> float:
    """AURC of one signal; an answer that lacks it is the least sure, and a longer one less sure."""
    import numpy as np

    values = np.nan_to_num(
        np.array([value(each, name) for each in samples]), nan=-math.inf if name != "answer_tokens" else math.inf
    )
    return metrics.area(-values if name == "answer_tokens" else values, _right(samples))


def _probabilities(calibrator: Calibrator, samples: Sequence[Answered]) -> "Array":
    """As a call would have it; an answer whose signals the calibrator refuses is never given."""
    import numpy as np

    return np.array([0.0 if calibrator.refusal(_own(each)) else calibrator.apply(_own(each)) for each in samples])


def _order(samples: Sequence[Answered]) -> tuple[Signal, ...]:
    """The baselines, each in standard deviations; an answer that is longer is less sure."""
    weights = {"answer_tokens": -1.0, "logprob_mean": 1.0}
    found = scales(samples, BASELINES)
    return tuple(each.model_copy(update={"weight": weights[each.name], "absent": None}) for each in found)


def _ranked(calibrator: Calibrator, samples: Sequence[Answered]) -> tuple["Array", "Array"]:
    """The rank and the loss of those answers that have one: no call gives another by it."""
    import numpy as np

    ranks = np.array([calibrator.rank(_own(each)) for each in samples], float)
    there = np.isfinite(ranks)
    return ranks[there], (1 - _right(samples))[there]


def _own(sample: Answered) -> dict[str, float]:
    return {name: float(found) for name, found in sample.signals.items() if found is not None}


def _right(samples: Sequence[Answered]) -> "Array":
    import numpy as np

    return np.array([each.right for each in samples], float)


def _log_loss(p: "Array", y: "Array") -> "Array":
    import numpy as np

    return -np.log(np.where(y > 0.5, p, 1 - p))


def _nothing() -> HeldOut:
    nothing = Estimated(value=0, low=0, high=0)
    return HeldOut(n=0, accuracy=0, ece=nothing, brier=0, brier_of_the_mean=0, aurc=0, auroc=None)
