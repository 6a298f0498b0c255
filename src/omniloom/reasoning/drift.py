"""Whether answers still look like those a calibrator was made from. If not, what it promises is withdrawn.

Every STEP answers the last WINDOW are compared with the calibration answers, signal by signal, by the two-sample
Kolmogorov-Smirnov test (Smirnov, 1939). The k-th comparison is made at the level delta / (k (k + 1)), shared among the
signals (Bonferroni): these levels sum to delta, so however long it watches, the chance of any false alarm is at most
delta. It sees signals only: answers that are wrong more often and look the same are not seen.
"""

import bisect
import math
from collections import deque
from collections.abc import Iterable, Mapping
from threading import Lock

from omniloom.core.values import Loss
from omniloom.reasoning.calibrator import Calibrator, Reference

WINDOW = 50
STEP = 25
DELTA = 0.05


class Drift:
    """Watches the answers of one calibrator. Safe from several threads; once it has found drift, it has."""

    def __init__(self, calibrator: Calibrator, *, delta: float = DELTA) -> None:
        used = {each.name for each in calibrator.signals}
        self.calibrator = calibrator
        self._references = [each for each in calibrator.references if each.name in used]
        self._delta = delta
        self._recent: deque[dict[str, float]] = deque(maxlen=WINDOW)
        self._since = 0
        self._tests = 0
        self._lock = Lock()
        self._loss: Loss | None = None

    @property
    def loss(self) -> Loss | None:
        """The drift that was found, as a Loss of kind "drift"; None while there is none."""
        return self._loss

    def seen(self, signals: Mapping[str, float]) -> Loss | None:
        """Takes note of one more answer; returns `loss`."""
        with self._lock:
            self._recent.append(dict(signals))
            self._since += 1
            if self._loss is None and len(self._recent) == WINDOW and self._since >= STEP:
                self._since, self._tests = 0, self._tests + 1
                self._loss = self._compared()
            return self._loss

    def _compared(self) -> Loss | None:
        level = self._delta / (self._tests * (self._tests + 1) * max(1, len(self._references)))
        found = []
        for each in self._references:
            p = p_value(each, [signals.get(each.name, math.nan) for signals in self._recent])
            if p <= level:
                found.append((p, each.name))
        if not found:
            return None
        named = ", ".join(f"{name} (p = {p:.1g})" for p, name in sorted(found))
        return Loss(
            kind="drift",
            severity="reduced",
            detail=f"the last {WINDOW} answers do not look like those that {self.calibrator.name!r} was made from: "
            f"{named}; its promise of risk is withdrawn until `omniloom calibrate` has made a new one",
        )


def p_value(reference: Reference, values: Iterable[float]) -> float:
    """How likely a distance this large is if both are drawn alike. An absent value (NaN) is the lowest of all.

    Of the calibration only quantiles are known, so a distance between two of them does not count.
    """
    recent = sorted(-math.inf if math.isnan(value) else value for value in values)
    known = [each for each in reference.quantiles if math.isfinite(each)]
    if not recent or not reference.n:
        return 1.0
    absent = reference.absent / reference.n
    distance = 0.0
    for point in {*recent, *known}:
        below = bisect.bisect_right(known, point) / len(known) if known else 0.0
        seen = bisect.bisect_right(recent, point) / len(recent)
        distance = max(distance, abs(absent + (1 - absent) * below - seen))
    coarse = 1 / len(known) if known else 0.0
    return kolmogorov(max(0.0, distance - coarse) * math.sqrt(reference.n * len(recent) / (reference.n + len(recent))))


def kolmogorov(x: float) -> float:
    """The chance of a scaled distance above x in the limit; for finite samples it is less, so this errs to caution."""
    if x < 0.2:
        return 1.0
    terms = (2 * (-1) ** (k - 1) * math.exp(-2 * k * k * x * x) for k in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))
