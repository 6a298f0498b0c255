"""What a step of k tokens costs on this machine, and by how much it changes what a model says."""

import math
from typing import Any, NamedTuple

_HARDLY = 1.1
_MOST_WIDTHS = 32


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
