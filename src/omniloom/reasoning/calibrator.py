"""A calibrator: it turns the raw signals of an answer into the probability that the answer is right.

It is plain data, made by `omniloom calibrate` for one model and one family of tasks, and says what it was made from.
Signals are numbers by name, higher where an answer is surer (except `answer_tokens`). No calibrator, no probability.
"""

import bisect
import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.errors import UsageError
from omniloom.core.values import Confidence

MOST_MARKS = 4096
_FAR = 5.0  # standard deviations beyond which a signal says no more: one odd value decides nothing


class Signal(Value):
    """(value - mean) / scale times weight is added to the log-odds; `absent` instead where the answer lacks it.

    absent is None where no answer of the calibration lacked the signal: nothing is known of one that does. log: in
    place of the value its logarithm is taken, of 1 + its size, with its sign: of what has a long tail.
    """

    name: str
    mean: float
    scale: float = Field(gt=0)
    weight: float
    absent: float | None = None
    log: bool = False

    def scaled(self, value: float) -> float:
        """In standard deviations from the mean, drawn in where it is far."""
        drawn = drawn_in(value) if self.log else value
        return max(-_FAR, min(_FAR, (drawn - self.mean) / self.scale))


def drawn_in(value: float) -> float:
    """The logarithm of 1 + its size, with its sign."""
    return math.copysign(math.log1p(abs(value)), value)


class Reference(Value):
    """What a signal looked like in calibration: how many answers had it and lacked it, and quantiles from 0 to 1."""

    name: str
    n: int
    absent: int = 0
    quantiles: tuple[float, ...] = Field(default=(), repr=False)


class Estimated(Value):
    """A measured number with its 95 % interval."""

    value: float
    low: float
    high: float


class TakenOut(Value):
    """A signal that is not used, and why."""

    name: str
    why: str


class HeldOut(Value):
    """How good the probabilities are for answers that the calibrator was not made from.

    baselines: AURC of every trivial one, by name. The lower an AURC, the better.
    """

    n: int
    accuracy: float
    ece: Estimated
    brier: float
    brier_of_the_mean: float
    aurc: float
    auroc: float | None
    baselines: dict[str, float] = Field(default_factory=dict)


class Threshold(Value):
    """Answers of at least this much are given. None: no threshold can promise this with so few answers.

    method "learn_then_test": of the answers given at most `alpha` are wrong, with probability 1 - delta.
    "conformal_risk_control": of all questions at most `alpha` are answered wrongly, on average; delta is None.
    by: what answers are ranked by, the probability or `Calibrator.rank`.
    n, answered, wrong: of the answers tested, how many there were, and would have been given and wrong.
    """

    alpha: float
    delta: float | None
    method: Literal["learn_then_test", "conformal_risk_control"]
    threshold: float | None
    by: Literal["probability", "rank"] = "probability"
    n: int
    answered: int = 0
    wrong: int = 0
    guarantee: str


class Fingerprint(Value):
    """The data a calibrator was made from: how many answers, the sha256 of their sorted ids, and the day.

    samples: the marks of their ids, in order; of more than `MOST_MARKS` the smallest, which are a fair draw. Empty in a
    calibrator that was made before they were kept.
    """

    n: int
    sha256: str
    date: str
    tasks: tuple[str, ...] = ()
    samples: tuple[str, ...] = Field(default=(), repr=False)

    def has(self, sample: str) -> bool:
        """Whether the sample of this id is among those whose marks are kept."""
        at = bisect.bisect_left(self.samples, marked := mark(sample))
        return self.samples[at : at + 1] == (marked,)


class Calibrator(Value):
    """A named calibrator, for answers of `model` in tasks of `family` and no others.

    order: signals that rank answers in equal weights (Dawes, 1979), which no label chose: so a promise by this rank is
    tested on all answers, not only on those that nothing was learnt from. Empty in one that was made before.
    isotonic: knots (probability of the combination, share right), between which lines are drawn; empty if it does not
    help. references: of every signal that the calibration answers had, used or not.
    """

    version: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    model: str
    family: str
    bias: float
    signals: tuple[Signal, ...]
    order: tuple[Signal, ...] = ()
    isotonic: tuple[tuple[float, float], ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    taken_out: tuple[TakenOut, ...] = ()
    references: tuple[Reference, ...] = Field(default=(), repr=False)
    held_out: HeldOut
    data: Fingerprint

    def refusal(self, signals: Mapping[str, float]) -> str | None:
        """Why no probability can be given for an answer with these signals; None if one can."""
        given = {name for name, value in signals.items() if not math.isnan(value)}
        unknown = given - {each.name for each in self.references}
        if unknown:
            return f"the calibrator {self.name!r} has never seen the signal {min(unknown)!r}"
        missing = [each.name for each in self.signals if each.absent is None and each.name not in given]
        if missing:
            return f"the answer lacks {missing[0]!r}, which every answer had that {self.name!r} was made from"
        return None

    def apply(self, signals: Mapping[str, float]) -> float:
        """The probability that the answer is right. Raises UsageError where `refusal` says why there is none."""
        why = self.refusal(signals)
        if why is not None:
            raise UsageError(why, hint="make a calibrator from answers of this kind: omniloom calibrate")
        odds = self.bias
        for each in self.signals:
            value = signals.get(each.name, math.nan)
            if math.isnan(value):
                odds += each.absent or 0.0
            else:
                odds += each.weight * each.scaled(value)
        return interpolated(self.isotonic, logistic(odds))

    def given(self, signals: Mapping[str, float], promise: Threshold) -> bool:
        """Whether an answer with these signals, which are not refused, may be given under a promise."""
        if promise.threshold is None:
            return False
        value = self.rank(signals) if promise.by == "rank" else self.apply(signals)
        return value >= promise.threshold

    def rank(self, signals: Mapping[str, float]) -> float:
        """How sure the answer is beside others; -inf where it lacks what others have."""
        given = [(each, signals.get(each.name, math.nan)) for each in self.order]
        if any(math.isnan(value) for _, value in given):
            return -math.inf
        return sum(each.weight * each.scaled(value) for each, value in given)

    def threshold(self, max_risk: float) -> Threshold | None:
        """The promise for the largest alpha that is not above `max_risk`, so the one asked for or a stricter one.

        None if `max_risk` is below all that were tried. A Threshold whose `threshold` is None promises nothing.
        """
        tried = [each for each in self.thresholds if each.method == "learn_then_test" and each.alpha <= max_risk + 1e-9]
        return max(tried, key=lambda each: each.alpha, default=None)


def mark(sample: str) -> str:
    """A short digest of a sample's id: it tells samples apart, and nothing of what they ask."""
    return hashlib.sha256(sample.encode("utf-8", "replace")).hexdigest()[:12]


def marks(samples: Iterable[str]) -> tuple[str, ...]:
    """Those that a Fingerprint keeps."""
    return tuple(sorted({mark(each) for each in samples})[:MOST_MARKS])


def confidence(
    signals: Mapping[str, float], calibrator: Calibrator | None, *, model: str = "", family: str = ""
) -> Confidence | None:
    """A probability if the calibrator fits, else a raw score whose `method` says why; None if there is neither.

    model, family: of the answer. A calibrator for others gives no probability; "" is not compared.
    """
    why = ""
    if calibrator is not None:
        why = foreign(calibrator, model, family) or calibrator.refusal(signals) or ""
        if not why:
            value = round(calibrator.apply(signals), 4)
            return Confidence(value=value, method="calibrated", calibrator=calibrator.name)
    raw = _score(signals)
    if raw is None:
        return None
    return Confidence(value=round(raw[0], 4), method=f"{raw[1]} (no probability: {why})" if why else raw[1])


def foreign(calibrator: Calibrator, model: str, family: str) -> str | None:
    """Why the calibrator says nothing about answers of this model or family; None if it does."""
    for what, own, asked in (("model", calibrator.model, model), ("family", calibrator.family, family)):
        if asked and asked != own:
            return f"the calibrator {calibrator.name!r} is for the {what} {own!r}, not {asked!r}"
    return None


def logistic(odds: float) -> float:
    """The probability of log-odds; no overflow."""
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    return math.exp(odds) / (1 + math.exp(odds))


def interpolated(knots: tuple[tuple[float, float], ...], x: float) -> float:
    """The line through the knots at `x`, level before the first and after the last; `x` itself without knots."""
    if not knots:
        return x
    at = bisect.bisect_right(knots, (x, math.inf))
    if at == 0 or at == len(knots):
        return knots[max(0, at - 1)][1]
    (left, low), (right, high) = knots[at - 1], knots[at]
    return low + (high - low) * (x - left) / (right - left)


def _score(signals: Mapping[str, float]) -> tuple[float, str] | None:
    """The raw signal that is shown where there is no probability, and its name."""
    mean = signals.get("logprob_mean", math.nan)
    if not math.isnan(mean):
        return math.exp(min(0.0, mean)), "mean_token_probability"
    for name in ("agreement", "alignment"):
        if not math.isnan(signals.get(name, math.nan)):
            return signals[name], name
    return None
