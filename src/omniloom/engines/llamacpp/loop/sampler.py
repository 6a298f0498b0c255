"""From logits to a token, the same for the same seed whatever else runs."""

import math
from collections.abc import Sequence as Ordered
from typing import Any

from omniloom.core.values import Sampling


class Sampler:
    """For one sequence. Order: repeat penalty, temperature, top-k, top-p, min-p (llama.cpp documents these filters)."""

    def __init__(self, sampling: Sampling, seed: int) -> None:
        import numpy as np

        self._sampling = sampling
        self._random = np.random.default_rng(seed)

    def pick(self, logits: Any, written: Ordered[int]) -> tuple[int, float]:
        """(token, its natural log-probability before any filter). logits: float32 [tokens]; not changed."""
        import numpy as np

        chosen = self._token(logits, written)
        highest = float(logits.max())
        total = float(np.exp(logits - highest, dtype=np.float32).sum(dtype=np.float64))
        return chosen, float(logits[chosen]) - highest - math.log(total)

    def _token(self, logits: Any, written: Ordered[int]) -> int:
        import numpy as np

        asked = self._sampling
        if asked.repeat_penalty != 1.0 and written:
            logits = logits.copy()
            seen = list(set(written))
            logits[seen] = np.where(
                logits[seen] > 0, logits[seen] / asked.repeat_penalty, logits[seen] * asked.repeat_penalty
            )
        if asked.temperature <= 0:
            return int(logits.argmax())
        order = np.argsort(-logits, kind="stable")[: asked.top_k or None]
        weights = np.exp((logits[order] - logits[order[0]]) / asked.temperature, dtype=np.float64)
        weights /= weights.sum()
        kept = np.cumsum(weights) - weights < asked.top_p
        kept &= weights >= asked.min_p * weights[0]
        order, weights = order[kept], weights[kept]
        place = np.searchsorted(np.cumsum(weights), self._random.random() * weights.sum(), side="right")
        return int(order[min(int(place), len(order) - 1)])
