"""`max_risk`: an answer is given only where a calibrator, made from labelled answers, promises so small a risk."""

from threading import Lock
from weakref import WeakKeyDictionary

from omniloom.core.errors import UsageError
from omniloom.core.protocols import Engine
from omniloom.core.values import Confidence, Loss, Part
from omniloom.reasoning.calibrator import Calibrator, Threshold, confidence, foreign
from omniloom.reasoning.calibrators import find
from omniloom.reasoning.drift import Drift
from omniloom.reasoning.signals import Signals
from omniloom.storage.store import Store

_WATCHED: "WeakKeyDictionary[Store, dict[str, Drift]]" = WeakKeyDictionary()
_CHOSEN: "WeakKeyDictionary[Store, Calibrator]" = WeakKeyDictionary()
_LOCK = Lock()
FAMILIES = {
    "extract": "from texts and pictures, or from several kinds of sources, in one field",
    "words": "from texts and pictures, or from several kinds of sources, in words",
    "compute": "from tables alone, in words or one field",
    "fields": "with several fields, from anything but sound and video",
    "speech": "from sound and video alone",
}
"""Which answers of `ask` use a calibrator, as `family` decides."""


def choose(store: Store, calibrator: Calibrator) -> None:
    """From now on the calls on this store take it, and no other. They raise UsageError where it is for other answers
    than theirs: to take another one then would give another promise than the one that was asked for."""
    with _LOCK:
        _CHOSEN[store] = calibrator


def family(parts: tuple[Part, ...], fields: int) -> str:
    """Which answers this one is calibrated with: those from speech, of several fields, from tables, and from texts in
    one field or in words: a sentence has other likelihoods than a name."""
    kinds = {part.kind for part in parts}
    if kinds and kinds <= {"audio", "video"}:
        return "speech"
    if fields > 1:
        return "fields"
    if kinds == {"table"}:
        return "compute"
    return "extract" if fields else "words"


class Risk:
    """Of one call: what its calibrator makes of the signals, and whether its promise lets the answer be given.

    beside: the name of the other model of a cascade: a calibrator that was chosen for that one is none for this.
    Raises UsageError where `max_risk` is given and no calibrator promises as much, or a chosen one is for others.
    """

    def __init__(self, max_risk: float | None, store: Store, engine: Engine, of: str, beside: str = "") -> None:
        self.of = of
        self.model = engine.name
        self.calibrator = _chosen(store, engine.name, of, beside) or find(store.root, engine.name, of)
        self.promise: Threshold | None = None
        self.losses: list[Loss] = []
        if max_risk is not None:
            self.promise = _promise(self.calibrator, max_risk, engine.name, of)
        self._drift = _watched(store, self.calibrator) if self.calibrator is not None else None

    def weighs(self, signal: str) -> bool:
        return self.calibrator is not None and any(each.name == signal for each in self.calibrator.signals)

    def confidence(self, signals: Signals, *, whole: bool = True) -> Confidence | None:
        """A probability where the calibrator can tell one, of an answer that is `whole`, else a raw score; with its
        signals."""
        found = confidence(signals, self.calibrator if whole else None, model=self.model, family=self.of)
        return found and found.model_copy(update={"signals": dict(signals)})

    def withholds(self, signals: Signals) -> str:
        """Why an answer with these signals may not be given; "" if it may. Once for each answer that the model gave and
        that nothing else withholds, as those were from which the calibrator was made: drift is watched here."""
        loss = self._drift.seen(signals) if self._drift is not None else None
        if loss is not None and loss not in self.losses:
            self.losses.append(loss)
        if self.promise is None or self.calibrator is None:
            return ""
        if loss is not None:
            return "the promise is withdrawn: these answers are no longer like those that it was made from"
        if (why := self.calibrator.refusal(signals)) is not None:
            return why
        least = self.promise.threshold
        assert least is not None, "_promise raises where there is none"
        if self.calibrator.given(signals, self.promise):
            return ""
        return f"it is less sure than the promise needs: its {self.promise.by} is below {least:.3f}"


def _chosen(store: Store, model: str, of: str, beside: str) -> Calibrator | None:
    with _LOCK:
        found = _CHOSEN.get(store)
    if found is not None and found.model == beside:
        return None
    why = foreign(found, model, of) if found is not None else None
    if why is not None:
        raise UsageError(why, hint="leave it out, or make one from answers of this kind: omniloom calibrate DATA")
    return found


def _promise(calibrator: Calibrator | None, max_risk: float, model: str, of: str) -> Threshold:
    hint = "make one from answers of this kind: omniloom calibrate DATA"
    if of == "words":
        hint += "; or ask for one field, such as schema='answer'"
    if calibrator is None:
        raise UsageError(
            f"max_risk={max_risk} needs a calibrator, and there is none for {of!r} answers of {model!r}: "
            f"those {FAMILIES[of]}",
            hint=hint,
        )
    promise = calibrator.threshold(max_risk)
    if promise is None or promise.threshold is None:
        kept = [each for each in calibrator.thresholds if each.method == "learn_then_test"]
        least = [each.alpha for each in kept if each.threshold is not None]
        why = f"the least that it can promise is {min(least)}" if least else "it can promise nothing"
        raise UsageError(f"the calibrator {calibrator.name!r} cannot promise max_risk={max_risk}: {why}", hint=hint)
    return promise


def _watched(store: Store, calibrator: Calibrator) -> Drift:
    """The one watch of a calibrator over all calls on a store."""
    with _LOCK:
        of_store = _WATCHED.setdefault(store, {})
        found = of_store.get(calibrator.name)
        if found is None or found.calibrator != calibrator:
            found = of_store[calibrator.name] = Drift(calibrator)
        return found
