"""What a calibrator says of an answer, and when it says nothing."""

import json
import math
from pathlib import Path

import pytest

from omniloom.core.errors import StorageError, UsageError
from omniloom.reasoning import calibrators
from omniloom.reasoning.calibrator import (
    MOST_MARKS,
    Calibrator,
    Estimated,
    Fingerprint,
    HeldOut,
    Reference,
    Signal,
    TakenOut,
    Threshold,
    confidence,
    marks,
)

SIGNALS = (
    Signal(name="logprob_mean", mean=-0.5, scale=0.25, weight=1.0),
    Signal(name="judge", mean=0.5, scale=0.2, weight=0.5, absent=-1.0),
)


def promise(alpha: float, threshold: float | None) -> Threshold:
    return Threshold(
        alpha=alpha, delta=0.05, method="learn_then_test", threshold=threshold, n=100, guarantee=f"at most {alpha}"
    )


def calibrator(**changed: object) -> Calibrator:
    zero = Estimated(value=0, low=0, high=0)
    fields = {
        "name": "mine",
        "model": "tiny",
        "family": "extract",
        "bias": 0.0,
        "signals": SIGNALS,
        "references": tuple(Reference(name=name, n=100) for name in ("logprob_mean", "judge", "retrieval")),
        "taken_out": (TakenOut(name="retrieval", why="it never changes"),),
        "thresholds": (promise(0.05, None), promise(0.1, 0.9), promise(0.2, 0.7)),
        "held_out": HeldOut(n=50, accuracy=0.7, ece=zero, brier=0.2, brier_of_the_mean=0.21, aurc=0.1, auroc=None),
        "data": Fingerprint(n=100, sha256="0" * 64, date="2026-11-28"),
    }
    return Calibrator(**(fields | changed))  # type: ignore[arg-type]


def test_the_probability_is_the_weighted_sum() -> None:
    made = calibrator()
    assert made.apply({"logprob_mean": -0.5, "judge": 0.5}) == 0.5
    assert made.apply({"logprob_mean": -0.25, "judge": 0.7}) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert made.apply({"logprob_mean": -0.5}) == pytest.approx(1 / (1 + math.exp(1.0))), "absent, as was seen before"
    assert made.apply({"logprob_mean": -0.5, "judge": math.nan}) == made.apply({"logprob_mean": -0.5})
    assert made.apply({"logprob_mean": -math.inf, "judge": 0.5}) == pytest.approx(1 / (1 + math.exp(5.0)))


def test_the_line_on_top_is_followed() -> None:
    made = calibrator(isotonic=((0.2, 0.1), (0.6, 0.3), (0.8, 0.9)))
    assert made.apply({"logprob_mean": -0.5, "judge": 0.5}) == pytest.approx(0.25)
    assert made.apply({"logprob_mean": 9.0, "judge": 0.5}) == 0.9
    assert made.apply({"logprob_mean": -9.0, "judge": 0.5}) == 0.1


def test_no_calibrator_no_probability() -> None:
    given = {"logprob_mean": math.log(0.8), "judge": 0.5}
    raw = confidence(given, None)
    assert raw is not None and (raw.value, raw.method, raw.calibrator) == (0.8, "mean_token_probability", None)
    found = confidence(given, calibrator(), model="tiny", family="extract")
    assert found is not None and found.calibrator == "mine" and found.method == "calibrated"
    assert found.value == round(calibrator().apply(given), 4) != raw.value
    assert confidence({"retrieval": 0.4}, None) is None


@pytest.mark.parametrize(
    ("signals", "asked", "why"),
    [
        ({}, {"model": "other"}, "for the model 'tiny', not 'other'"),
        ({}, {"family": "compute"}, "for the family 'extract', not 'compute'"),
        ({"mood": 0.3}, {}, "has never seen the signal 'mood'"),
        ({"logprob_mean": math.nan, "agreement": 0.5}, {}, "never seen the signal 'agreement'"),
        ({"logprob_mean": math.nan, "judge": 0.5}, {}, None),
    ],
)
def test_what_it_was_not_made_for_has_no_probability_and_says_why(
    signals: dict[str, float], asked: dict[str, str], why: str | None
) -> None:
    found = confidence({"logprob_mean": -0.1, **signals}, calibrator(), **asked)
    if why is None:
        assert found is None and "lacks 'logprob_mean'" in (calibrator().refusal(signals) or "")
    else:
        assert found is None or (found.calibrator is None and why in found.method)


def test_a_refused_answer_cannot_be_applied() -> None:
    with pytest.raises(UsageError, match="lacks 'logprob_mean'"):
        calibrator().apply({"judge": 0.5})


def test_an_answer_is_given_by_its_rank_or_by_its_probability() -> None:
    order = (SIGNALS[0].model_copy(update={"weight": 1.0}), Signal(name="answer_tokens", mean=4, scale=2, weight=-1.0))
    known = tuple(Reference(name=each, n=100) for each in ("logprob_mean", "answer_tokens", "judge"))
    made = calibrator(order=order, references=known)
    signals = {"logprob_mean": -0.25, "answer_tokens": 2.0, "judge": 0.5}
    assert made.rank(signals) == 2.0 and made.rank({"logprob_mean": -0.25}) == -math.inf
    by_rank = promise(0.1, 1.9).model_copy(update={"by": "rank"})
    assert made.given(signals, by_rank) and not made.given(signals, promise(0.1, 0.9)), "the probability is 0.73"
    assert not made.given(signals, promise(0.1, None))


def test_the_threshold_is_never_for_more_risk_than_was_asked_for() -> None:
    made = calibrator()
    assert made.threshold(0.15) == made.threshold(0.1) == promise(0.1, 0.9)
    assert made.threshold(0.5) == promise(0.2, 0.7)
    assert made.threshold(0.07) == promise(0.05, None), "nothing can be promised, and that is said"
    assert made.threshold(0.01) is None


def test_it_is_kept_and_found_by_model_and_family(tmp_path: Path) -> None:
    first, other = calibrator(), calibrator(name="other", family="compute")
    place = calibrators.keep(tmp_path, first)
    calibrators.keep(tmp_path, other)
    assert json.loads(place.read_text())["name"] == "mine" and place.stat().st_mode & 0o777 == 0o600
    assert calibrators.named(tmp_path, "mine") == calibrators.find(tmp_path, "tiny", "extract") == first
    assert calibrators.find(tmp_path, "tiny", "compute") == other
    assert calibrators.find(tmp_path, "tiny", "speech") is None is calibrators.find(tmp_path, "big", "extract")
    newer = calibrator(bias=0.3)
    calibrators.keep(tmp_path, newer)
    assert calibrators.named(tmp_path, "mine") == newer
    with pytest.raises(UsageError, match="no calibrator 'yours'"):
        calibrators.named(tmp_path, "yours")


@pytest.mark.parametrize("text", ["", "{", '{"version": 2}', '{"version": 1, "name": "mine"}'])
def test_a_damaged_one_is_said_not_passed_over(tmp_path: Path, text: str) -> None:
    calibrators.keep(tmp_path, calibrator()).write_text(text)
    for find in (lambda: calibrators.named(tmp_path, "mine"), lambda: calibrators.find(tmp_path, "tiny", "extract")):
        with pytest.raises(StorageError, match="'mine' cannot be read"):
            find()


def test_those_of_the_package_can_be_read() -> None:
    for each in calibrators.shipped():
        assert each.held_out.n >= 50 and each.data.n >= 100


def test_samples_are_known_again_by_marks_that_are_bounded() -> None:
    ids = [f"folder/{at}" for at in range(5000)]
    some = Fingerprint(n=3, sha256="", date="", samples=marks(ids[:3]))
    assert [some.has(each) for each in ids[:5]] == [True] * 3 + [False] * 2
    many = Fingerprint(n=5000, sha256="", date="", samples=marks(reversed(ids)))
    assert len(many.samples) == MOST_MARKS == sum(map(many.has, ids)) and many.samples == marks(ids)
    assert not many.has("another") and not Fingerprint(n=1, sha256="", date="").has(ids[0])
