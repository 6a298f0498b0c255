"""Statistics against closed forms, and against what simulations with known answers give."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniloom.evaluation.statistics import clustered, difference, mean, ratio

NUMBERS = st.lists(st.floats(0, 1), min_size=2, max_size=30)


def test_the_mean_and_its_error() -> None:
    assert mean([1, 0, 0, 1]) == (0.5, pytest.approx(math.sqrt(1 / 12)), 4)
    value, stderr, n = mean([3.0])
    assert (value, n) == (3.0, 1) and math.isnan(stderr)
    value, stderr, n = mean([])
    assert math.isnan(value) and math.isnan(stderr) and n == 0


@given(NUMBERS)
@settings(max_examples=50, deadline=None)
def test_samples_that_are_groups_of_their_own_give_the_plain_error(values: list[float]) -> None:
    plain = mean(values)
    for groups in ([str(at) for at in range(len(values))], [""] * len(values), []):
        assert clustered(values, groups) == pytest.approx(tuple(plain))


def test_groups_that_agree_are_worth_one_sample_each() -> None:
    values, groups = [1, 1, 0, 0, 1, 1], ["a", "a", "b", "b", "c", "c"]
    assert clustered(values, groups).stderr == pytest.approx(mean([1, 0, 1]).stderr)
    assert math.isnan(clustered([1, 0], ["a", "a"]).stderr)
    with pytest.raises(ValueError, match="2 values, but 1 groups"):
        clustered([1, 0], ["a"])


def test_errors_of_groups_that_cancel_out() -> None:
    """Ten groups of a right and a wrong answer say that all are alike; three say too little for that."""
    assert clustered([1, 0] * 10, [str(at // 2) for at in range(20)]).stderr == 0.0
    few = clustered([1, 0] * 3, [str(at // 2) for at in range(6)])
    assert few == mean([1, 0] * 3) and few.stderr > 0.2


def test_the_clustered_error_is_the_spread_of_means() -> None:
    """400 draws of 60 groups of 5 samples that share most of their luck."""
    chance = np.random.default_rng(7)
    names = [str(at // 5) for at in range(300)]
    found = []
    for _ in range(400):
        values = np.repeat(chance.normal(0, 1, 60), 5) + chance.normal(0, 0.5, 300)
        found.append((values.mean(), clustered(values.tolist(), names).stderr, mean(values.tolist()).stderr))
    means, clusters, plain = map(np.array, zip(*found, strict=True))
    assert clusters.mean() == pytest.approx(means.std(), rel=0.1)
    assert plain.mean() < 0.6 * means.std()


def test_a_paired_difference_is_surer_than_an_unpaired_one() -> None:
    chance = np.random.default_rng(1)
    hard = chance.normal(0, 1, 200)
    one, other = hard + 0.1 + chance.normal(0, 0.1, 200), hard
    found = difference(one.tolist(), other.tolist())
    assert found.low < 0.1 < found.high and found.high - found.low < 0.05 and (found.n, found.groups) == (200, 200)
    assert found == difference(one.tolist(), other.tolist()) != difference(one.tolist(), other.tolist(), seed=1)


def test_intervals_hold_as_often_as_they_say() -> None:
    """Over 40 groups of 4 samples, of 200 intervals of 95 % between 180 and 199 hold; without the groups too few do."""
    chance = np.random.default_rng(3)
    names = [str(at // 4) for at in range(160)]
    held = {"groups": 0, "none": 0, "ratio": 0}
    for _ in range(200):
        one = np.repeat(chance.normal(2, 1, 40), 4)
        other = np.full(160, 1.0)
        found = difference(one.tolist(), other.tolist(), names, draws=400)
        held["groups"] += found.low <= 1 <= found.high
        held["ratio"] += (scaled := ratio(one.tolist(), other.tolist(), names, draws=400)).low <= 2 <= scaled.high
        plain = difference(one.tolist(), other.tolist(), draws=400)
        held["none"] += plain.low <= 1 <= plain.high
    assert 180 <= held["groups"] <= 199 and 180 <= held["ratio"] <= 199 and held["none"] < 160


def test_ratios() -> None:
    assert ratio([2, 2, 2], [1, 1, 1])[:3] == (2.0, 2.0, 2.0)
    none = ratio([1, 1], [0, 0])
    assert none.value == math.inf and none.high == math.inf
    nothing = ratio([0, 0], [0, 0])
    assert math.isnan(nothing.value) and math.isnan(nothing.low)
    sometimes = ratio([1] * 4, [0, 0, 0, 1])
    assert sometimes.value == 4 and sometimes.high == math.inf and math.isfinite(sometimes.low)


@pytest.mark.parametrize(("one", "other"), [([], []), ([1], [1, 2])])
def test_what_is_not_paired(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="lists of one length"):
        difference(one, other)


def test_a_gain_is_seen_only_where_there_is_one() -> None:
    base = np.random.default_rng(3).random(200)

    def least(seed: int, shift: float) -> float:
        other = base - shift + np.random.default_rng(seed).normal(0, 0.2, 200)
        return difference(base.tolist(), other.tolist(), level=0.9, draws=200, seed=seed).low

    assert least(3, 0.1) > 0
    assert sum(least(seed, 0.0) > 0 for seed in range(100)) <= 11, "one-sided at 95 %: five of a hundred"
    narrow, wide = (difference([1.0, 0.0] * 40, [0.0] * 80, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low <= narrow.value <= narrow.high < wide.high
