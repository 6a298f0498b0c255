"""`strategy="cascade"`: a smaller model answers first, and the large one is asked where it is not sure enough.

Whether it is sure is told by its calibrated confidence, a probability that a calibrator of its own answers learnt
(as FrugalGPT, Chen et al., 2023, decides by a learned score). Without one every question goes to the large model too.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event as Flag

from omniloom.core.errors import BudgetError, CancelledError, OmniloomError
from omniloom.core.events import Event
from omniloom.core.protocols import Engine
from omniloom.core.values import Budget, Loss, Response
from omniloom.runtime.call import Call
from omniloom.runtime.walk import Walk
from omniloom.storage.store import Store

SURE = 0.9
"""The probability of being right from which the small model's answer is given."""


class Cascade:
    """One call over two engines; `go` returns the Response. Nothing of the small model's answer is told before it is
    taken. The usage is that of both, and the trace that of the model whose answer it is."""

    def __init__(
        self,
        engines: tuple[Callable[[], Engine], Engine],
        store: Store,
        call: Call,
        emit: Callable[[Event], None],
        cancel: Flag,
        embedder: Callable[[], Engine] | None,
    ) -> None:
        self._engines = engines
        self._store = store
        self._call = replace(call, strategy="direct")
        self._emit = emit
        self._rest = (cancel, embedder)
        self._began = time.monotonic()

    def go(self) -> Response:
        small, large = self._engines
        told: list[Event] = []
        walk = Walk(small(), self._store, replace(self._call, reasoning_budget=0), told.append, *self._rest)
        try:
            first, why = self._weighed(walk.go())
        except (BudgetError, CancelledError):
            raise
        except OmniloomError as error:  # what the small one cannot do, the large one may
            first, why = None, str(error)
        if first is not None and not why:
            walk.run.note("cascade", chosen=walk.engine.name, of=large.name, confidence=_value(first))
            for event in told:
                self._emit(event)
            return first
        return self._asked(large, walk, first, why)

    def _weighed(self, response: Response) -> tuple[Response, str]:
        """The answer, and why it is not given; "" if it is."""
        found = response.confidence
        if response.abstained:
            return response, "it gives no answer"
        if found is None or found.calibrator is None:
            return response, "no calibrator says how sure it is, so both models are asked"
        return response, "" if found.value >= SURE else f"it is right with a probability of {found.value:.2f}"

    def _asked(self, large: Engine, before: Walk, first: Response | None, why: str) -> Response:
        walk = Walk(large, self._store, replace(self._call, budget=self._left(first)), self._emit, *self._rest)
        told = {"of": before.engine.name, "why": why, "first": before.run.trace_id}
        try:
            response = walk.go()
        except BudgetError as error:
            if first is None:
                raise
            before.run.note("cascade", chosen=before.engine.name, of=large.name, why=str(error))
            return _with(first, "not_asked", large.name, f"{error.message}: this is the answer of {told['of']}")
        walk.run.note("cascade", chosen=large.name, **told)
        if first is None:
            return response
        response = response.model_copy(update={"usage": response.usage + first.usage})
        sure = first.confidence is not None and first.confidence.calibrator is not None
        return response if sure or first.abstained else _with(response, "not_weighed", before.engine.name, why)

    def _left(self, first: Response | None) -> Budget:
        """What the first answer leaves of the budget."""
        budget, changed = self._call.budget, dict[str, float]()
        if budget.tokens is not None and first is not None:
            used = first.usage
            changed["tokens"] = max(budget.tokens - used.input_tokens - used.output_tokens - used.reasoning_tokens, 1)
        if budget.seconds is not None:
            changed["seconds"] = max(budget.seconds - (time.monotonic() - self._began), 0.001)
        return budget.model_copy(update=changed)


def _with(response: Response, kind: str, part: str, detail: str) -> Response:
    loss = Loss(kind=kind, severity="reduced", part=part, detail=detail)
    return response.model_copy(update={"losses": (*response.losses, loss)})


def _value(response: Response) -> float:
    return round(response.confidence.value, 3) if response.confidence is not None else 0.0
