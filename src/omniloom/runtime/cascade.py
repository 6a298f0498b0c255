"""`strategy="cascade"`: a smaller model answers first, and the large one is asked where it is not sure enough.

Whether it is sure is told by its calibrated confidence, a probability that a calibrator of its own answers learnt
(as FrugalGPT, Chen et al., 2023, decides by a learned score). Without one every question goes to the large model too.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event as Flag

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.events import Event, Progress
from omniloom.core.protocols import Engine
from omniloom.core.values import Budget, Loss, Response
from omniloom.runtime.call import Call
from omniloom.runtime.walk import Walk
from omniloom.storage.store import Store

SURE = 0.9
"""The probability of being right from which the small model's answer is given."""


class Cascade:
    """One call over two engines; `go` returns the Response. Of each answer nothing but its progress is told before it
    is taken. The usage is that of both, and the trace that of the model whose answer it is."""

    def __init__(
        self,
        engines: tuple[Engine, Engine],
        store: Store,
        call: Call,
        emit: Callable[[Event], None],
        cancel: Flag,
        embedder: Callable[[], Engine] | None,
    ) -> None:
        """engines: the small one and the large one."""
        self._engines = engines
        self._store = store
        self._call = replace(call, strategy="direct")
        self._emit = emit
        self._rest = (cancel, embedder)
        self._began = time.monotonic()

    def go(self) -> Response:
        small, large = self._engines
        told: list[Event] = []
        call = replace(self._call, reasoning_budget=0, beside=large.name)
        before = Walk(small, self._store, call, self._held(told), *self._rest)
        try:
            first, why = _weighed(before.go())
        except BudgetError:
            raise
        except EngineError as error:  # what the small one cannot do, the large one may
            before.run.check()
            first, why = None, str(error)
        if first is None or why:
            return self._asked(large, before, first, told, why)
        before.run.note("cascade", chosen=small.name, of=large.name, confidence=_value(first))
        return self._given(before, told, first)

    def _held(self, told: list[Event]) -> Callable[[Event], None]:
        """Tells progress at once, and keeps what is of the answer."""
        return lambda event: self._emit(event) if isinstance(event, Progress) else told.append(event)

    def _given(self, walk: Walk, told: list[Event], response: Response) -> Response:
        for event in told:
            self._emit(event)
        self._store.journal.keep_response(walk.run.trace_id, response, sources=list(walk.run.sources))
        return response

    def _asked(self, large: Engine, before: Walk, first: Response | None, held: list[Event], why: str) -> Response:
        call = replace(self._call, budget=self._left(before), beside=before.engine.name)
        # While the small one's answer may still be given, nothing of the large one's is shown.
        bound = self._call.budget.seconds is not None or self._call.budget.tokens is not None
        holds = bound and first is not None and not first.abstained
        told: list[Event] = []
        walk = Walk(large, self._store, call, self._held(told) if holds else self._emit, *self._rest)
        try:
            response = walk.go()
        except (BudgetError, EngineError) as error:
            if first is None or not holds:
                raise
            before.run.note("cascade", chosen=before.engine.name, of=large.name, why=str(error))
            detail = f"{error.message}: this is the answer of {before.engine.name}"
            return self._given(before, held, _with(first, walk, "not_asked", large.name, detail))
        walk.run.note("cascade", chosen=large.name, of=before.engine.name, why=why, first=before.run.trace_id)
        weighed = first is None or first.abstained or _calibrated(first)
        kind = "not_answered" if first is None else "" if weighed else "not_weighed"
        return self._given(walk, told, _with(response, before, kind, before.engine.name, why))

    def _left(self, before: Walk) -> Budget:
        """What the first answer leaves of the budget."""
        budget, changed = self._call.budget, dict[str, float]()
        if budget.tokens is not None:
            used = before.usage()
            left = budget.tokens - used.input_tokens - used.output_tokens - used.reasoning_tokens
            changed["tokens"] = max(left, 1)
        if budget.seconds is not None:
            changed["seconds"] = max(budget.seconds - (time.monotonic() - self._began), 0.001)
        return budget.model_copy(update=changed)


def _weighed(response: Response) -> tuple[Response, str]:
    """The answer, and why it is not given; "" if it is."""
    found = response.confidence
    if response.abstained:
        return response, "it gives no answer"
    if found is None or not _calibrated(response):
        return response, "no calibrator says how sure it is, so both models are asked"
    if any(loss.kind == "drift" for loss in response.losses):
        return response, "its answers are no longer like those that its calibrator was made from"
    return response, "" if found.value >= SURE else f"it is right with a probability of {found.value:.2f}"


def _calibrated(response: Response) -> bool:
    return response.confidence is not None and response.confidence.calibrator is not None


def _with(response: Response, other: Walk, kind: str, part: str, detail: str) -> Response:
    """With what the other model used, and a loss, if it has a kind."""
    losses = [Loss(kind=kind, severity="reduced", part=part, detail=detail)] if kind else []
    changed = {"usage": response.usage + other.usage(), "losses": (*response.losses, *losses)}
    return response.model_copy(update=changed)


def _value(response: Response) -> float:
    return round(response.confidence.value, 3) if response.confidence is not None else 0.0
