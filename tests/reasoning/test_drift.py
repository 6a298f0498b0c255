"""Drift is found where there is some, and seldom where there is none, however long it watches."""

import math

import numpy as np
import pytest

from omniloom.evaluation.calibration.design import Answered, references
from omniloom.reasoning.calibrator import Calibrator, Estimated, Fingerprint, HeldOut, Reference, Signal
from omniloom.reasoning.drift import STEP, WINDOW, Drift, kolmogorov, p_value

NAMES = ("logprob_mean", "agreement", "judge")


def answers(n: int, random: np.random.Generator, shift: float = 0.0, absent: float = 0.1) -> list[dict[str, float]]:
    """One smooth signal, one of four values, one that is sometimes absent."""
    found = []
    for _ in range(n):
        each = {"logprob_mean": random.normal(shift), "agreement": random.integers(0, 4) / 3.0}
        if random.random() >= absent:
            each["judge"] = random.beta(3, 1)
        found.append(each)
    return found


def calibrator(samples: list[dict[str, float]]) -> Calibrator:
    known = references([Answered(str(at), "", each, True) for at, each in enumerate(samples)], NAMES)
    signals = tuple(Signal(name=name, mean=0, scale=1, weight=1, absent=0.0) for name in NAMES)
    nothing = HeldOut(
        n=1, accuracy=1, ece=Estimated(value=0, low=0, high=0), brier=0, brier_of_the_mean=0, aurc=0, auroc=None
    )
    data = Fingerprint(n=len(samples), sha256="", date="")
    return Calibrator(
        name="c", model="m", family="f", bias=0, signals=signals, references=known, held_out=nothing, data=data
    )


def watched(seed: int, count: int, **changed: float) -> Drift:
    random = np.random.default_rng(seed)
    drift = Drift(calibrator(answers(200, random)))
    for each in answers(count, random, **changed):
        drift.seen(each)
    return drift


def test_false_alarms_are_rare_in_a_thousand_answers() -> None:
    """At most 3 of 60 are allowed; watching for drift at 0.05 each time would alarm in most."""
    assert sum(watched(seed, 1000).loss is not None for seed in range(60)) <= 3


def test_it_would_alarm_often_if_every_comparison_had_the_whole_level() -> None:
    alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        made = calibrator(answers(200, random))
        windows = [answers(WINDOW, random) for _ in range(40)]
        ps = [
            p_value(each, [a.get(each.name, math.nan) for a in window])
            for window in windows
            for each in made.references
        ]
        alarms += min(ps) <= 0.05
    assert alarms >= 10, "else the test of false alarms above could not fail"


@pytest.mark.parametrize("changed", [{"shift": -1.0}, {"absent": 0.6}], ids=["lower", "missing"])
def test_a_change_is_found_within_150_answers(changed: dict[str, float]) -> None:
    assert sum(watched(seed, 150, **changed).loss is not None for seed in range(40)) >= 38


def test_what_is_found_says_what_and_stays_found() -> None:
    drift = watched(1, 150, shift=-2.0)
    assert drift.loss is not None and (drift.loss.kind, drift.loss.severity) == ("drift", "reduced")
    assert "logprob_mean (p = " in drift.loss.detail and "'c'" in drift.loss.detail and "withdrawn" in drift.loss.detail
    assert "agreement" not in drift.loss.detail
    random = np.random.default_rng(2)
    assert all(drift.seen(each) == drift.loss for each in answers(200, random)), "good weather does not mend it"


def test_nothing_is_said_before_the_window_is_full() -> None:
    assert watched(1, WINDOW - 1, shift=-9.0).loss is None
    assert watched(1, WINDOW, shift=-9.0).loss is not None
    assert STEP <= WINDOW


def test_p_values_against_known_ones() -> None:
    assert kolmogorov(1.358) == pytest.approx(0.05, abs=0.001) and kolmogorov(0) == 1
    reference = Reference(name="x", n=1000, quantiles=tuple(np.linspace(0, 1, 101)))
    assert p_value(reference, [0.5] * 50) < 1e-9 < 0.9 < p_value(reference, np.linspace(0, 1, 50))
    assert p_value(reference, [math.nan] * 50) < 1e-12
    assert p_value(Reference(name="x", n=100, absent=100), [math.nan] * 50) == 1
