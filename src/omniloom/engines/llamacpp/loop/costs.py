"""What a step of k tokens costs on this machine, and by how much it changes what a model says."""

import math
import time
from typing import Any, NamedTuple

from omniloom.engines.llamacpp.native.context import Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

WIDTHS = (2, 3, 4, 6, 8, 16, 32)
_CELLS = 128
_BEFORE = 64  # tokens that stand before what is measured
_LEAST = 8  # tokens that a width is measured on, in as many steps as that takes
_HARDLY = 1.1
_MOST_WIDTHS = 32
_MARGINS = 1.5  # the noise of a margin is taken for so many times the largest one seen
_TEXT = (
    "The house by the river was sold in the spring of that year for a price that nobody in the village had thought "
    "possible. Its new owner, a printer from the coast, kept the garden as it was, planted two rows of apple trees "
    "along the wall, and wrote down every evening what the day had cost: oil for the lamps, bread, paper, the wages of "
    "the carpenter, and the ferry. In the third winter the book was full. He bound it in blue cloth and began another. "
)


class Costs(NamedTuple):
    """widths: tokens of a step, rising, the first is 1. times: seconds of such a step. noises: by how much the lead of
    the likeliest token over the second may differ there from that in a step of one token (logits)."""

    widths: tuple[int, ...]
    times: tuple[float, ...]
    noises: tuple[float, ...]

    @classmethod
    def told(cls, said: Any) -> "Costs":
        """From three lists. Raises ValueError if they cannot be costs."""
        widths, times, noises = (tuple(each) for each in said)
        numbers = (*widths, *times, *noises)
        whole = (
            _MOST_WIDTHS >= len(widths) == len(times) == len(noises) > 1
            and widths[0] == 1
            and list(widths) == sorted(set(widths))
        )
        if not whole or not all(isinstance(each, (int, float)) and 0 <= each < math.inf for each in numbers):
            raise ValueError(f"these are no costs of steps: {said!r:.100}")
        if min(times) <= 0:
            raise ValueError("a step takes time")
        return cls(widths, times, noises)

    def seconds(self, width: int) -> float:
        """Between two widths that were measured, on the line between them."""
        for at in range(1, len(self.widths)):
            if width <= self.widths[at] or at == len(self.widths) - 1:
                low, high = self.widths[at - 1], self.widths[at]
                share = (width - low) / (high - low)
                return self.times[at - 1] + share * (self.times[at] - self.times[at - 1])
        return self.times[0] * width

    def widest_worth(self, most: int) -> int:
        """The widest up to `most` at which a token costs hardly more than where it costs least: one measurement is not
        exact, and fewer steps are less trouble."""
        costs = {width: self.seconds(width) / width for width in {*self.widths, most} if width <= most}
        return max(width for width, cost in costs.items() if cost <= _HARDLY * min(costs.values()))

    def noise(self, width: int) -> float:
        """That of the next measured width; 0 for a single token."""
        return next(
            (noise for each, noise in zip(self.widths, self.noises, strict=True) if width <= each), self.noises[-1]
        )


# Before anything is measured: as a single step costs, no better than on the two machines of the lab log.
TYPICAL = Costs((1, 4, 8, 16, 32), (1.0, 3.6, 8.5, 13.4, 22.0), (0.0, 0.5, 0.5, 0.5, 0.5))


def measure(weights: Weights, threads: int, stop: Stop | None = None) -> Costs:
    """In a context of its own; takes the time of about 90 single steps. Raises Aborted, EngineError."""
    context = Context(weights, Sizes(_CELLS, _BEFORE, 1, threads), stop or Stop())
    try:
        return _measured(context, weights.tokenize(_TEXT * 2)[: _BEFORE + WIDTHS[-1]])
    finally:
        context.close()


def _measured(context: Context, tokens: list[int]) -> Costs:
    _compute(context, tokens[:_BEFORE], 0)
    alone, times = list[_Lead](), list[float]()
    for at, token in enumerate(tokens[_BEFORE:], _BEFORE):
        began = time.perf_counter()
        logits = _compute(context, [token], at)
        times.append(time.perf_counter() - began)
        alone.append(_lead(logits[0]))
    costs = Costs((1,), (sorted(times)[len(times) // 2],), (0.0,))
    for width in WIDTHS:
        context.cut(0, _BEFORE)
        times, moved = list[float](), 0.0
        for start in range(0, max(width, _LEAST), width):  # two tokens alone would say little of the noise
            began = time.perf_counter()
            at = _BEFORE + start
            logits = _compute(context, tokens[at : at + width], at)
            times.append(time.perf_counter() - began)
            moved = max(moved, *(_moved(lead, each) for lead, each in zip(alone[start:], logits, strict=False)))
        took = sorted(times)[len(times) // 2]
        noise = max(_MARGINS * moved, costs.noises[-1])
        costs = Costs((*costs.widths, width), (*costs.times, took), (*costs.noises, noise))
    return costs


class _Lead(NamedTuple):
    """The two likeliest tokens, and by how many logits the first leads."""

    first: int
    second: int
    logits: float


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
