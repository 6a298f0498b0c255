"""`strategy="cascade"`: a smaller model answers first, and the large one is asked where it is not sure enough.

Whether it is sure is told by its calibrated confidence, a probability that a calibrator of its own answers learnt
(as FrugalGPT, Chen et al., 2023, decides by a learned score). Without one every question goes to the large model too.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.events import Event, Progress
from omniloom.core.protocols import Engine
from omniloom.core.values import Budget, Loss, Response
from omniloom.runtime.call import Call
from omniloom.runtime.cut import KIND as CUT
from omniloom.runtime.cut import is_cut
from omniloom.runtime.walk import Walk

Emit = Callable[[Event], None]
SURE = 0.9
"""The probability of being right from which the small model's answer is given."""


class Cascade:
    """One call over two engines; `go` returns the Response. Of each answer nothing but its progress is told before it
    is taken. The usage is that of both, and the trace that of the model whose answer it is."""

    def __init__(
        self, small: Engine, large: Engine, call: Call, emit: Emit, walk: Callable[[Engine, Call, Emit], Walk]
    ) -> None:
        self._small, self._large = small, large
        self._call = replace(call, strategy="direct")
        self._emit = emit
        self._walk = walk
        self._began = time.monotonic()

    def go(self) -> Response:
        told: list[Event] = []
        call = replace(self._call, reasoning_budget=0, beside=self._large.name)
        before = self._walk(self._small, call, self._held(told))
        first: Response | None = None
        try:
            first = before.go()
            why = _doubted(first)
        except BudgetError:
            raise
        except EngineError as error:  # what the small one cannot do, the large one may
            before.run.check()
            why = str(error)
        if first is None or why:
            return self._asked(before, first, told, why)
        assert first.confidence is not None, "what is not doubted has a probability"
        sure = round(first.confidence.value, 3)
        before.run.note("cascade", chosen=self._small.name, of=self._large.name, confidence=sure)
        return self._given(told, first)

    def _held(self, told: list[Event]) -> Emit:
        """Tells progress at once, and keeps what is of the answer."""
        return lambda event: self._emit(event) if isinstance(event, Progress) else told.append(event)

    def _given(self, told: list[Event], response: Response) -> Response:
        for event in told:
            self._emit(event)
        return response

    def _asked(self, before: Walk, first: Response | None, held: list[Event], why: str) -> Response:
        small, large = self._small.name, self._large.name
        call = replace(self._call, budget=self._left(before), beside=small)
        # While the small one's answer may still be given, nothing of the large one's is shown.
        bound = self._call.budget.seconds is not None or self._call.budget.tokens is not None
        holds = bound and first is not None and not first.abstained
        told: list[Event] = []
        walk = self._walk(self._large, call, self._held(told) if holds else self._emit)
        try:
            response, ended = walk.go(), ""
        except (BudgetError, EngineError) as error:
            if first is None or not holds:
                raise
            response, ended = first, error.message
        if first is not None and holds and not is_cut(first):  # what is whole is better than a part
            ended = ended or next((each.detail for each in response.losses if each.kind == CUT), "")
        if ended and first is not None:
            before.run.note("cascade", chosen=small, of=large, why=ended)
            loss = _loss("not_asked", large, f"{ended}: this is the answer of {small}")
            return self._given(held, _of_both(first, before, walk, loss))
        walk.run.note("cascade", chosen=large, of=small, why=why, first=before.run.trace_id)
        losses = [_loss("not_answered", small, why)] if first is None else []
        if first is not None and not (first.abstained or _calibrated(first)):
            losses = [_loss("not_weighed", small, why)]
        return self._given(told, _of_both(response, walk, before, *losses))

    def _left(self, before: Walk) -> Budget:
        """What the first answer leaves of the budget."""
        budget, changed = self._call.budget, dict[str, float]()
        if budget.tokens is not None:
            changed["tokens"] = max(budget.tokens - before.run.usage.tokens, 1)
        if budget.seconds is not None:
            changed["seconds"] = max(budget.seconds - (time.monotonic() - self._began), 0.001)
        return budget.model_copy(update=changed)


def _doubted(response: Response) -> str:
    """Why the answer is not given; "" if it is."""
    found = response.confidence
    if response.abstained:
        return "it gives no answer"
    if is_cut(response):
        return "a budget cut it"
    if found is None or not _calibrated(response):
        return "no calibrator says how sure it is, so both models are asked"
    if any(loss.kind == "drift" for loss in response.losses):
        return "its answers are no longer like those that its calibrator was made from"
    return "" if found.value >= SURE else f"it is right with a probability of {found.value:.2f}"


def _calibrated(response: Response) -> bool:
    return response.confidence is not None and response.confidence.calibrator is not None


def _loss(kind: str, part: str, detail: str) -> Loss:
    return Loss(kind=kind, severity="reduced", part=part, detail=detail)


def _of_both(response: Response, walk: Walk, other: Walk, *losses: Loss) -> Response:
    """The response of a walk with what the other one used, and kept so."""
    changed = {"usage": response.usage + other.usage(), "losses": (*response.losses, *losses)}
    response = response.model_copy(update=changed)
    walk.store.journal.keep_response(walk.run.trace_id, response, sources=list(walk.run.sources))
    return response
