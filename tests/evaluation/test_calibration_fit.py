"""Calibrators made from answers that follow a known law."""

import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.core.errors import UsageError
from omniloom.evaluation.calibration.design import Answered, folds, group_of, halves
from omniloom.evaluation.calibration.fit import fit
from omniloom.evaluation.calibration.logistic import logistic_fit, pava, predict
from omniloom.evaluation.calibration.report import lines
from omniloom.reasoning.calibrator import Calibrator, interpolated


def answers(n: int, seed: int, *, of_a_group: int = 2, bent: bool = False) -> list[Answered]:
    """`agreement` tells what is right and is absent from every tenth; `judge` is chance; `retrieval` never changes."""
    random = np.random.default_rng(seed)
    found = []
    for at in range(n):
        z = random.normal(1, 2)
        right = random.random() < ((0.35 if z < 1 else 0.9) if bent else 1 / (1 + math.exp(-z)))
        signals = {"logprob_mean": 0.2 * z + random.normal(), "answer_tokens": float(random.integers(1, 30))}
        signals |= {"judge": random.normal(), "retrieval": 0.5}
        if random.random() > 0.1:
            signals["agreement"] = z + random.normal(0, 0.3)
        found.append(Answered(f"{seed}-{at}", f"{seed}-{at // of_a_group}", signals, bool(right)))
    return found


def made(samples: list[Answered]) -> Calibrator:
    return fit(samples, name="c", model="m", family="extract", tasks=("t",)).calibrator


def test_probabilities_are_right_for_answers_never_seen() -> None:
    calibrator = made(answers(800, 1))
    fresh = answers(4000, 2)
    p = np.array([calibrator.apply(each.signals) for each in fresh])
    y = np.array([each.right for each in fresh], float)
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 0.85), (0.85, 1)):
        inside = (p >= low) & (p < high)
        assert inside.sum() > 200 and abs(p[inside].mean() - y[inside].mean()) < 0.07
    assert calibrator.held_out.n == 400
    assert calibrator.held_out.brier == pytest.approx(((p - y) ** 2).mean(), abs=0.03)
    assert calibrator.held_out.aurc < 0.7 * min(calibrator.held_out.baselines.values())
    assert calibrator.held_out.ece.low <= 0.05


def test_what_says_nothing_is_taken_out_and_what_says_something_is_kept() -> None:
    kept: dict[str, int] = {}
    for seed in range(12):
        calibrator = made(answers(400, 100 + seed))
        for each in calibrator.signals:
            kept[each.name] = kept.get(each.name, 0) + 1
        assert {each.name for each in calibrator.taken_out} | {each.name for each in calibrator.signals} == {
            *("logprob_mean", "answer_tokens", "judge", "agreement", "retrieval")
        }
    assert kept["agreement"] == kept["logprob_mean"] == kept["answer_tokens"] == 12
    assert kept.get("judge", 0) <= 3 and "retrieval" not in kept


def test_a_rising_line_is_used_only_where_it_helps() -> None:
    bent = [bool(made(answers(1200, seed, bent=True)).isotonic) for seed in range(4)]
    straight = [bool(made(answers(400, seed)).isotonic) for seed in range(6)]
    assert all(bent) and sum(straight) <= 1


def test_promises_hold_for_fresh_answers() -> None:
    calibrator = made(answers(1200, 5))
    promise = calibrator.threshold(0.2)
    assert promise is not None and promise.threshold is not None and promise.answered > 0.25 * promise.n
    fresh = [(calibrator.apply(each.signals), each.right) for each in answers(4000, 6)]
    given_ = [right for p, right in fresh if p >= promise.threshold]
    assert 1 - np.mean(given_) <= 0.2
    assert calibrator.threshold(0.22) == promise, "the stricter one that was made"
    assert calibrator.threshold(0.001) is None


def test_no_group_is_on_both_sides() -> None:
    samples = answers(300, 3, of_a_group=7)
    first, second = halves(samples, 0.5)
    assert not {each.group for each in first} & {each.group for each in second}
    assert len(first) + len(second) == 300 and abs(len(first) - 150) <= 7
    where: dict[str, set[int]] = {}
    for each, fold in zip(samples, folds(samples, 5), strict=True):
        where.setdefault(group_of(each), set()).add(fold)
    assert all(len(each) == 1 for each in where.values())


def test_the_order_of_the_file_does_not_matter() -> None:
    samples = answers(200, 4)
    assert made(samples) == made(samples[::-1])


def test_what_cannot_be_learnt_is_refused() -> None:
    for samples, words in (
        (answers(40, 1), "too few"),
        ([each._replace(right=True) for each in answers(100, 1)], "all answers are right"),
        ([each._replace(id="same") for each in answers(100, 1)], "one id"),
        ([each._replace(signals={}) for each in answers(100, 1)], "no signal"),
    ):
        with pytest.raises(UsageError, match=words):
            made(samples)


def test_the_calibrator_is_plain_json_and_says_what_it_was_made_from() -> None:
    fitted = fit(answers(200, 7), name="c", model="m", family="extract", tasks=("xquad",))
    text = fitted.calibrator.model_dump_json()
    assert Calibrator.model_validate_json(text) == fitted.calibrator and len(text) < 40_000
    assert json.loads(text)["data"]["n"] == 200
    said = "\n".join(lines(fitted, abstained=3, failed=1, computed=2))
    for words in (
        "3 abstained, 1 failed, 2 computed",
        "ECE 0.",
        "95 % interval",
        "Brier",
        "judge",
        "out",
        "n=100",
        "max_risk",
    ):
        assert words in said


def test_logistic_regression_against_its_optimum() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 2))
    y = (random.random(4000) < 1 / (1 + np.exp(-(0.5 + x @ [1.5, -0.7])))).astype(float)
    bias, weights = logistic_fit(x, y, ridge=1e-6)
    assert [bias, *weights] == pytest.approx([0.5, 1.5, -0.7], abs=0.12)
    residual = predict(x, bias, weights) - y
    assert np.abs(x.T @ residual).max() < 1.0 and abs(residual.sum()) < 1.0
    apart = logistic_fit(np.array([[-1.0], [1.0]] * 50), np.array([0.0, 1.0] * 50))
    assert 0 < apart[1][0] < 10, "a ridge keeps what separates perfectly from infinity"


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=120))
def test_isotonic_regression_rises(samples: list[tuple[float, bool]]) -> None:
    p, y = np.array([each[0] for each in samples]), np.array([float(each[1]) for each in samples])
    knots = pava(p, y)
    at = [interpolated(knots, x) for x in np.linspace(-0.1, 1.1, 200)]
    assert all(a <= b + 1e-12 for a, b in pairwise(at))
    assert all(0 < each < 1 for each in at)


def test_isotonic_regression_pools_what_falls() -> None:
    p = np.repeat([0.1, 0.2, 0.3, 0.4], 25)
    y = np.concatenate([np.zeros(25), np.ones(25), np.zeros(25), np.ones(25)])
    shares = dict(pava(p, y))
    assert len({round(each, 3) for each in shares.values()}) <= 4
    assert interpolated(tuple(shares.items()), 0.25) == pytest.approx(0.5, abs=0.05)
