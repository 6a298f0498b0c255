"""How good a confidence is, on the half of the answers that it was not made from, and in fresh splits."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from omniloom.core.errors import UsageError
from omniloom.evaluation.calibration.design import Answered, group_of, halves
from omniloom.evaluation.calibration.fit import LEAST, fit
from omniloom.evaluation.calibration.metrics import area, brier, ece, risk_coverage
from omniloom.evaluation.calibration.resampling import Estimate, spread
from omniloom.evaluation.values import Value
from omniloom.reasoning.calibrator import Calibrator

ALPHA, SPLITS = 0.1, 200
_DRAWS = 2000


class Sureness(NamedTuple):
    """Of the held-out half: the calibration error, Brier, and AURC against that of log-probability alone (NaN where no
    answer is wrong)."""

    ece: Estimate
    brier: Value
    against: Estimate


class Kept(NamedTuple):
    """Of the splits: the share in which at most ALPHA of the answers given were wrong, the mean share of answers that
    were given, and in how many splits nothing could be promised."""

    held: float
    coverage: float
    silent: int
    splits: int


def held_out(samples: Sequence[Answered]) -> list[Answered]:
    """The half that no calibrator sees: the one that `fit` holds out, the same for every side with the same groups."""
    return halves(sorted(samples, key=lambda each: each.id), 0.5, 0)[1]


def calibrated(samples: Sequence[Answered]) -> Sureness:
    """Of a calibrator made from the other half. Raises UsageError for too few answers, or all right or wrong."""
    made = _made(samples, 0)
    held = held_out(samples)
    return sureness([probability(made, each) for each in held], held)


def raw(samples: Sequence[Answered], name: str = "logprob_mean") -> Sureness:
    """Of a signal as it is: the probability that the model gives to its answer, or what it says of itself."""
    held = held_out(samples)
    if len(samples) < LEAST:
        raise UsageError(f"{len(samples)} answers are too few", hint=f"{LEAST} at least")
    return sureness([plain(each, name) for each in held], held)


def sureness(p: Sequence[float], held: Sequence[Answered]) -> Sureness:
    y, groups = [float(each.right) for each in held], [group_of(each) for each in held]
    alone = [plain(each) for each in held]
    return Sureness(ece(p, y, groups), brier(p, y), against(p, alone, y, groups))


def against(p: Sequence[float], alone: Sequence[float], y: Sequence[float], groups: Sequence[str]) -> Estimate:
    """AURC of one confidence over that of another, with a paired bootstrap over whole groups at 95 %."""
    import numpy as np

    one, other, right = (np.asarray(each, float) for each in (p, alone, y))
    drawn = spread(lambda at: _ratio(area(one[at], right[at]), area(other[at], right[at])), groups, _DRAWS, 0)
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975]) if len(drawn) else (math.nan, math.nan)
    return Estimate(_ratio(area(one, right), area(other, right)), float(low), float(high), len(right))


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else math.nan


def promised(samples: Sequence[Answered], splits: int = SPLITS) -> Kept:
    """Each split makes a calibrator from one half, Learn then Test and all, and gives answers of the other by it. A
    split in which nothing can be promised gives no answer: it holds, and covers nothing."""
    return _over(samples, splits, _learnt)


def hoped(samples: Sequence[Answered], splits: int = SPLITS) -> Kept:
    """What is usual: the lowest log-probability at which at most ALPHA of the calibration half were wrong."""
    return _over(samples, splits, _usual)


def _over(samples: Sequence[Answered], splits: int, choose: Any) -> Kept:
    if len(samples) < 2 * LEAST:
        raise UsageError(f"{len(samples)} answers are too few to split", hint=f"{2 * LEAST} at least")
    ordered = sorted(samples, key=lambda each: each.id)
    held, covered, silent = 0, 0.0, 0
    for seed in range(1, splits + 1):
        known, fresh = halves(ordered, 0.5, 1000 + seed)
        if not fresh:
            raise UsageError("one group holds more than half of the answers", hint="sources in several groups")
        given = choose(known, fresh, seed)
        wrong = sum(not each.right for each in given)
        held += wrong <= ALPHA * len(given)
        covered += len(given) / len(fresh)
        silent += not given
    return Kept(held / splits, covered / splits, silent, splits)


def _learnt(known: Sequence[Answered], fresh: Sequence[Answered], seed: int) -> list[Answered]:
    try:
        made = _made(known, seed)
    except UsageError:  # all right or all wrong, in one half of this half
        return []
    [promise] = [each for each in made.thresholds if each.method == "learn_then_test"]
    own = [(each, {name: float(value) for name, value in each.signals.items()}) for each in fresh]
    return [each for each, signals in own if not made.refusal(signals) and made.given(signals, promise)]


def _usual(known: Sequence[Answered], fresh: Sequence[Answered], seed: int) -> list[Answered]:
    del seed
    points = risk_coverage([plain(each) for each in known], [float(each.right) for each in known])
    good = [each.threshold for each in points if each.risk <= ALPHA]
    return [each for each in fresh if good and plain(each) >= min(good)]


def _made(samples: Sequence[Answered], seed: int) -> Calibrator:
    return fit(samples, name="trust", model="any", family="any", seed=seed, alphas=(ALPHA,)).calibrator


def probability(made: Calibrator, sample: Answered) -> float:
    """As a call would have it; an answer whose signals the calibrator refuses is never given."""
    signals = {name: float(value) for name, value in sample.signals.items()}
    return 0.0 if made.refusal(signals) else made.apply(signals)


def plain(sample: Answered, name: str = "logprob_mean") -> float:
    """0 to 1; 0 where the answer lacks the signal."""
    value = sample.signals.get(name)
    if value is None:
        return 0.0
    return math.exp(value) if name == "logprob_mean" else min(1.0, max(0.0, value))
