"""What is promised of risk holds, in simulations whose true risk is known, and with nothing to spare for a mistake."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniloom.evaluation.calibration import risk
from omniloom.evaluation.calibration.risk import (
    binomial_below,
    conformal,
    counts,
    fewest,
    first_that_promises,
    max_risk,
    p_value,
)

ALPHA, SPLITS = 0.1, 200


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidences, losses, and the true risk of each."""
    random = np.random.default_rng(seed)
    p = random.beta(3, 0.6, n)
    true = 1 - p
    return p, (random.random(n) < true).astype(float), true


def split(seed: int, n: int = 400) -> tuple[float, float, float]:
    """(true risk, risk seen in as many fresh answers, coverage) of the threshold chosen; zeros if none is."""
    p, loss, _ = world(n, seed)
    chosen = max_risk(p, loss, ALPHA).threshold
    if chosen is None:
        return 0, 0, 0
    many, _, true = world(20_000, 20_000 + seed)
    fresh, fresh_loss, _ = world(n, 30_000 + seed)
    return true[many >= chosen].mean(), fresh_loss[fresh >= chosen].mean(), (fresh >= chosen).mean()


def test_the_promise_holds_in_95_of_100_splits_and_much_is_answered() -> None:
    found = np.array([split(seed) for seed in range(SPLITS)])
    assert (found[:, 0] <= ALPHA).mean() >= 0.95, "the true risk, which is what is promised"
    assert (found[:, 1] <= ALPHA).mean() >= 0.9, "what is seen in as many answers again, which is chance too"
    assert found[:, 2].mean() >= 0.5, "a promise that is kept by saying nothing is none"


@pytest.mark.parametrize(
    "broken",
    [
        lambda wrong, n, alpha: 0.0 if wrong / n <= alpha else 1.0,  # what was seen is taken for the truth
        lambda wrong, n, alpha: p_value(4 * wrong, 4 * n, alpha),  # four times the answers there are
    ],
    ids=["no margin", "too large an n"],
)
def test_a_broken_promise_would_be_seen(broken: Callable[..., float], monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation above can fail: with mistakes of these kinds it does."""
    monkeypatch.setattr(risk, "p_value", broken)
    assert (np.array([split(seed)[0] for seed in range(SPLITS)]) <= ALPHA).mean() < 0.93


def test_the_first_that_fails_ends_it() -> None:
    """Confidence that says nothing, risk just above alpha: the lowest p-value of all counts is below what is spent far
    too often, that of the first is not."""
    broken = lowest = 0
    spent = risk.DELTA * risk.SPENT
    for seed in range(4 * SPLITS):
        random = np.random.default_rng(seed)
        p, loss = random.random(300), (random.random(300) < ALPHA + 0.001).astype(float)
        broken += max_risk(p, loss, ALPHA).threshold is not None
        wrong = np.cumsum(loss[np.argsort(-p)])
        lowest += min(p_value(round(wrong[at - 1]), at, ALPHA) for at in counts(300, ALPHA)) <= spent
    assert broken <= 33 < lowest, "0.025 of 800, and three standard errors"


def test_p_values_are_binomial_tails() -> None:
    assert binomial_below(1, 3, 0.5) == pytest.approx(0.5)
    assert p_value(0, 20, 0.1) == pytest.approx(0.9**20)
    assert p_value(10, 200, 0.1) == pytest.approx(sum(math.comb(200, k) * 0.1**k * 0.9 ** (200 - k) for k in range(11)))
    assert fewest(0.1) == 36 and fewest(0.05) == 72


def test_each_count_that_is_tested_forgives_one_error_more() -> None:
    tested = list(counts(300, ALPHA))
    spent = risk.DELTA * risk.SPENT
    forgiven = [max(k for k in range(n) if p_value(k, n, ALPHA) <= spent) for n in tested[:-1]]
    assert tested[0] >= risk.FIRST * 300 and tested[-1] == 300
    assert forgiven == list(range(forgiven[0], forgiven[0] + len(forgiven)))
    assert [p_value(k, n - 1, ALPHA) > spent for k, n in zip(forgiven, tested[:-1], strict=True)] == [True] * len(
        forgiven
    )


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=150),
    st.floats(0.02, 0.6),
    st.floats(1.0, 1.6),
)
@settings(max_examples=60, deadline=None)
def test_who_allows_more_risk_is_answered_at_least_as_much(
    samples: list[tuple[float, bool]], alpha: float, more: float
) -> None:
    """Of conformal risk control; Learn then Test takes other counts for another risk."""
    p, loss = [each[0] for each in samples], [float(each[1]) for each in samples]
    strict, loose = conformal(p, loss, alpha), conformal(p, loss, min(0.99, alpha * more))
    assert strict.answered <= loose.answered
    if strict.threshold is not None:
        assert loose.threshold is not None and loose.threshold <= strict.threshold


def test_conformal_risk_control_holds_on_average_and_is_not_far_from_it() -> None:
    """Its loss counts questions that are not answered as 0."""
    found = []
    for seed in range(SPLITS):
        p, loss, _ = world(100, seed)
        chosen = conformal(p, loss, ALPHA).threshold
        many, _, true = world(5_000, 20_000 + seed)
        found.append((true * (many >= chosen)).mean() if chosen is not None else 0.0)
    assert 0.085 < np.mean(found) <= ALPHA + 2 * np.std(found) / math.sqrt(SPLITS)
    assert np.mean(np.array(found) > ALPHA) > 0.2, "for one choice of answers it promises nothing"


def test_what_cannot_be_promised_is_said() -> None:
    none = max_risk([0.9] * 20, [0.0] * 20, 0.05)
    assert none.threshold is None and "n=20" in none.guarantee and "needs 72" in none.guarantee
    some = max_risk([0.9] * 80 + [0.2] * 20, [0.0] * 80 + [1.0] * 20, 0.05)
    assert (some.threshold, some.answered, some.wrong) == (0.9, 80, 0)
    for words in ("at most 5.0%", "95%", "n=100", "drawn"):
        assert words in some.guarantee
    assert "on average" in conformal([0.9] * 80, [0.0] * 80, 0.05).guarantee
    assert conformal([0.9] * 5, [0.0] * 5, 0.05).threshold is None


@pytest.mark.parametrize("values", [{"alpha": 0.0}, {"alpha": 1.0}, {"alpha": 0.1, "delta": 0.0}])
def test_wrong_levels_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        max_risk([0.5], [0.0], **values)
    with pytest.raises(ValueError, match="between 0 and 1"):
        conformal([0.5], [2.0], 0.1)
    with pytest.raises(ValueError, match="0 or 1"):
        max_risk([0.5], [0.5], 0.1)


def test_what_is_promised_by_a_rank_stands_before_what_is_promised_by_a_probability() -> None:
    sure, none = max_risk([0.9] * 80, [0.0] * 80, 0.05, by="rank"), max_risk([0.9] * 20, [0.0] * 20, 0.05)
    assert first_that_promises(sure, none) == sure == first_that_promises(none, sure) and first_that_promises(
        none, none
    )
    assert (sure.by, none.by) == ("rank", "probability")
