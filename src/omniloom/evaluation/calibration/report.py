"""What was learnt, in words: for people who decide whether to trust a calibrator."""

import math

from omniloom.evaluation.calibration.fit import Fitted, Worth
from omniloom.evaluation.calibration.metrics import Bin
from omniloom.reasoning.calibrator import Calibrator, HeldOut


def lines(fitted: Fitted, *, abstained: int = 0, failed: int = 0, computed: int = 0) -> list[str]:
    """abstained, failed, computed: samples that are no part of it."""
    made = fitted.calibrator
    head = f"{made.name}: {made.model}, {made.family} ({', '.join(made.data.tasks)}), {made.data.n} answers"
    told = (f"{abstained} abstained", f"{failed} failed", f"{computed} computed")
    left = f"; {', '.join(told)} are no part of it" if abstained or failed or computed else ""
    return [
        f"{head}, {made.held_out.n} of them held out{left}",
        "",
        *_signals(fitted.worth, made),
        "",
        *_held_out(made.held_out),
        "",
        *_reliability(fitted.bins),
        "",
        *_promises(made),
    ]


def _signals(worth: tuple[Worth, ...], made: Calibrator) -> list[str]:
    weights = {each.name: each.weight for each in made.signals}
    found = [
        f"{'signal':<16} {'AURC alone':>10} {'weight':>8}  (on the half that is learnt from; lower AURC is better)"
    ]
    for each in worth:
        aurc = f"{each.aurc:.3f}" if math.isfinite(each.aurc) else ""
        weight = f"{weights[each.name]:+.2f}" if each.name in weights else "out"
        note = f"  {each.why}" if each.why else "  baseline" if each.gain is None else ""
        found.append(f"{each.name:<16} {aurc:>10} {weight:>8}{note}")
    return [*found, f"a rising line on top: {'helps' if made.isotonic else 'does not help, left out'}"]


def _held_out(held: HeldOut) -> list[str]:
    error = held.ece
    auroc = "" if held.auroc is None else f", AUROC {held.auroc:.3f}"
    return [
        f"held out (n={held.n}): {held.accuracy:.1%} right; ECE {error.value:.3f}, 95 % interval {error.low:.3f} to "
        f"{error.high:.3f} (debiased; Kumar et al. 2019)",
        f"Brier {held.brier:.3f} (always saying {held.accuracy:.2f}: {held.brier_of_the_mean:.3f}){auroc}",
        f"AURC {held.aurc:.3f}; "
        + "; ".join(
            f"{name} alone {value:.3f}" + (f" ({held.aurc / value:.2f}x)" if value > 0 else "")
            for name, value in held.baselines.items()
        ),
    ]


def _reliability(bins: tuple[Bin, ...]) -> list[str]:
    found = [f"{'said':>6} {'right':>6} {'95 % interval':>15} {'n':>5}"]
    for each in bins:
        found.append(f"{each.confidence:>6.2f} {each.right:>6.2f} {each.low:>7.2f} to {each.high:.2f} {each.n:>5}")
    return found


def _promises(made: Calibrator) -> list[str]:
    """One line for all risks of which nothing can be promised; what is promised in full."""
    tested = [each for each in made.thresholds if each.method == "learn_then_test"]
    none = [f"{each.alpha:.1%}" for each in tested if each.threshold is None]
    found = [f"max_risk={each.alpha:g}: {each.guarantee}" for each in tested if each.threshold is not None]
    if none:
        found.insert(0, f"max_risk: no threshold can promise {', '.join(none)} with n={tested[0].n} answers.")
    average = [
        f"{each.alpha:g}: {each.threshold:.3f}"
        for each in made.thresholds
        if each.method != "learn_then_test" and each.threshold is not None
    ]
    if average:
        found.append(
            f"on average only (conformal risk control, wrong answers per question asked): {', '.join(average)}"
        )
    return found
