"""Measure what steps cost, in as many pauses as that takes."""

import time
from typing import Any, NamedTuple

from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.native.context import Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

WIDTHS = (2, 3, 4, 6, 8, 16, 32)
_CELLS = 128
_BEFORE = 64  # tokens that stand before what is measured
_LEAST = 8  # tokens that a width is measured on, in as many steps as that takes: of two the noise would say little
_ROUNDS = 2  # something else may run during one of them, and what is found is kept for good
_MARGINS = 1.5  # the noise of a margin is taken for so many times the largest one seen
_TEXT = (
    "The house by the river was sold in the spring of that year for a price that nobody in the village had thought "
    "possible. Its new owner, a printer from the coast, kept the garden as it was, planted two rows of apple trees "
    "along the wall, and wrote down every evening what the day had cost: oil for the lamps, bread, paper, the wages of "
    "the carpenter, and the ferry. In the third winter the book was full. He bound it in blue cloth and began another. "
)


class _Lead(NamedTuple):
    """The two likeliest tokens, and by how many logits the first leads."""

    first: int
    second: int
    logits: float


class Measurement:
    """For one thread. In a context of its own, which lives no longer than a call of `finish`."""

    def __init__(self, weights: Weights, threads: int, stop: Stop) -> None:
        self._weights, self._sizes, self._stop = weights, Sizes(_CELLS, _BEFORE, 1, threads), stop
        self._tokens = weights.tokenize(_TEXT * 2)[: _BEFORE + WIDTHS[-1]]
        self._alone: list[_Lead] = []
        self._times: dict[int, list[float]] = {1: []}
        self._moved: dict[int, float] = {}
        self._left = list(WIDTHS * _ROUNDS)

    def finish(self) -> Costs:
        """Takes the time of about 140 single steps. Raises Aborted, EngineError; what was measured before is kept."""
        context = Context(self._weights, self._sizes, self._stop)
        try:
            _compute(context, self._tokens[:_BEFORE], 0)
            if not self._alone:
                self._alone = self._singly(context)
            while self._left:
                self._widely(context, self._left[0])
                del self._left[0]
        finally:
            context.close()
        return self._costs()

    def _singly(self, context: Context) -> list[_Lead]:
        found, self._times[1] = list[_Lead](), []
        for at, token in enumerate(self._tokens[_BEFORE:], _BEFORE):
            began = time.perf_counter()
            logits = _compute(context, [token], at)
            self._times[1].append(time.perf_counter() - began)
            found.append(_lead(logits[0]))
        return found

    def _widely(self, context: Context, width: int) -> None:
        context.cut(0, _BEFORE)
        times, moved = list[float](), 0.0
        for start in range(0, max(width, _LEAST), width):
            began = time.perf_counter()
            at = _BEFORE + start
            logits = _compute(context, self._tokens[at : at + width], at)
            times.append(time.perf_counter() - began)
            moved = max(moved, *(_moved(lead, each) for lead, each in zip(self._alone[start:], logits, strict=False)))
        self._times[width] = [*self._times.get(width, []), *times]
        self._moved[width] = max(moved, self._moved.get(width, 0.0))

    def _costs(self) -> Costs:
        """Other work only adds to a time, so the lower ones are nearer to what a step costs."""
        widths = (1, *WIDTHS)
        times = [sorted(self._times[width])[len(self._times[width]) // 4] for width in widths]
        noises = [0.0]
        for width in WIDTHS:
            noises.append(max(_MARGINS * self._moved[width], noises[-1]))
        return Costs(widths, tuple(times), tuple(noises))


def _lead(logits: Any) -> _Lead:
    import numpy as np

    second, first = (int(each) for each in np.argpartition(logits, -2)[-2:])
    if logits[second] > logits[first]:
        first, second = second, first
    return _Lead(first, second, float(logits[first] - logits[second]))


def _moved(lead: _Lead, logits: Any) -> float:
    return abs(float(logits[lead.first] - logits[lead.second]) - lead.logits)


def _compute(context: Context, tokens: list[int], start: int) -> list[Any]:
    return context.step([Item(token, start + at, 0, True) for at, token in enumerate(tokens)])
