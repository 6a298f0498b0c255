"""The measures of confidence against closed forms, and against simulations whose truth is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.evaluation.calibration.metrics import aurc, auroc, brier, ece, reliability, risk_coverage


def simulated(n: int, gap: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that are `gap` too high, everywhere."""
    random = np.random.default_rng(seed)
    p = random.uniform(0.3, 0.95, n)
    return p, (random.random(n) < p - gap).astype(float)


def test_brier_of_known_answers() -> None:
    found = brier([1.0, 0.5, 0.0, 0.2], [1, 1, 0, 1])
    assert found.value == pytest.approx((0 + 0.25 + 0 + 0.64) / 4) and found.n == 4
    assert found.stderr == pytest.approx(np.std([0, 0.25, 0, 0.64], ddof=1) / 2)
    assert math.isnan(brier([0.5], [1]).stderr)


def test_ece_is_the_gap_where_chance_has_no_part() -> None:
    """All right at a confidence of 0.8: every bin is 0.2 off, and has no variance to subtract."""
    found = ece([0.8] * 60, [1.0] * 60)
    assert found.value == pytest.approx(0.2) and found.low == pytest.approx(0.2) == found.high


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.2])
def test_ece_has_little_bias(gap: float) -> None:
    """At n = 300 the plain estimator says 0.07 of perfect confidences."""
    values = [ece(*simulated(300, gap, seed), draws=2).value for seed in range(200)]
    assert gap - 0.012 < np.mean(values) < gap + (0.03 if gap == 0 else 0.012)


def test_the_interval_of_ece_covers_the_truth() -> None:
    """95 % of intervals should: of 200 fewer than 180 do only if it is one of less."""
    found = [ece(*simulated(300, 0.1, seed), draws=200, seed=seed) for seed in range(200)]
    assert sum(each.low <= 0.1 <= each.high for each in found) >= 180
    assert sum(each.low <= 0.2 <= each.high for each in found) < 60, "an interval that holds everything says nothing"


def test_the_interval_is_wider_where_samples_come_in_groups() -> None:
    p, y = simulated(100, 0.1, 1)
    thrice, right = np.repeat(p, 3), np.repeat(y, 3)
    alone = ece(thrice, right)
    grouped = ece(thrice, right, [str(at) for at in np.repeat(np.arange(100), 3)])
    assert grouped.high - grouped.low > 1.3 * (alone.high - alone.low)


def test_aurc_of_known_orders() -> None:
    right = [1, 1, 1, 0]
    assert aurc([0.9, 0.8, 0.7, 0.1], right).value == pytest.approx(0.25 / 4)  # risks 0, 0, 0, 1/4
    assert aurc([0.1, 0.2, 0.3, 0.9], right).value == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert aurc([0.5] * 4, right).value == pytest.approx(0.25), "confidence that says nothing has the risk of all"


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.9]), st.booleans()), min_size=2, max_size=30), st.randoms())
def test_aurc_and_auroc_do_not_depend_on_the_order_of_the_file(
    samples: list[tuple[float, bool]], random: object
) -> None:
    shuffled = samples.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for metric in (lambda p, y: aurc(p, y, draws=2), auroc):
        one, other = (metric(*zip(*each, strict=True)).value for each in (samples, shuffled))
        assert one == pytest.approx(other, nan_ok=True)


def test_auroc_of_known_orders_and_its_error() -> None:
    assert auroc([0.9, 0.8, 0.1], [1, 1, 0]).value == 1
    assert auroc([0.5, 0.5, 0.5], [1, 0, 1]).value == 0.5
    assert math.isnan(auroc([0.2, 0.3], [1, 1]).value)
    random = np.random.default_rng(5)
    values, errors = [], []
    for _ in range(200):
        y = (random.random(120) < 0.6).astype(float)
        found = auroc(random.normal(y, 1.0), y)
        values.append(found.value)
        errors.append(found.stderr)
    assert np.mean(values) == pytest.approx(0.7602, abs=0.01)  # Phi(1 / sqrt 2)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.2)


def test_points_of_the_curve_and_bins() -> None:
    points = risk_coverage([0.9, 0.9, 0.5, 0.2], [1, 0, 1, 0])
    assert [(each.threshold, each.coverage, each.risk) for each in points] == [
        (0.9, 0.5, 0.5),
        (0.5, 0.75, pytest.approx(1 / 3)),
        (0.2, 1.0, 0.5),
    ]
    bins = reliability(np.linspace(0, 1, 100), np.repeat([0.0, 1.0], 50), bins=10)
    assert [each.n for each in bins] == [10] * 10 and bins[0].right == 0 and bins[9].right == 1
    assert bins[0].low == 0 < bins[0].high < 0.3 and all(each.low <= each.right <= each.high + 1e-12 for each in bins)


@pytest.mark.parametrize("given_", [([], []), ([0.5], [1, 0]), ([math.nan], [1])])
def test_what_cannot_be_measured_is_refused(given_: tuple[list[float], list[float]]) -> None:
    for metric in (brier, ece, aurc, auroc, reliability, risk_coverage):
        with pytest.raises(ValueError):
            metric(*given_)
