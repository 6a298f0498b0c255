"""From logits to a token, the same for the same seed whatever else runs."""

import math
from collections.abc import Sequence as Ordered
from typing import Any

from omniloom.core.errors import EngineError
from omniloom.core.values import Sampling

_COLDEST = 1e-30  # of temperatures; what is below is 0 in 32 bits
_BLOCK = 1024
_FEW = 1024  # tokens that are sorted at first; all that a filter keeps are nearly always among them


class Sampler:
    """For one sequence. Order: repeat penalty, temperature, top-k, top-p, min-p (llama.cpp documents these filters)."""

    def __init__(self, sampling: Sampling, seed: int) -> None:
        self._sampling, self._seed = sampling, seed
        self._random: Any = None  # made at the first draw: a greedy answer need not wait for its import

    def pick(self, logits: Any, written: Ordered[int], allowed: Any = None) -> int:
        """A token. logits: float32 [tokens], not changed. written: what a penalty counts. allowed: bool [tokens].

        Raises EngineError where no logit is a number to choose by.
        """
        import numpy as np

        asked = self._sampling
        logits = self._bound(logits, written, allowed)
        best = int(logits.argmax())  # of the first that is no number, if there is one
        if not math.isfinite(logits[best]):
            raise EngineError("the model's weights give no numbers to choose a token by: the file is damaged")
        if asked.temperature <= 0:
            return best
        tokens, weights = self._kept(logits, float(logits[best]))
        if self._random is None:
            self._random = np.random.default_rng(self._seed)
        # In the order of the vocabulary: two tokens that change places by a hair's breadth move no other's share.
        place = _place(weights, self._random.random())
        return place if tokens is None else int(tokens[place])

    def _kept(self, logits: Any, best: float) -> tuple[Any, Any]:
        """The tokens that pass the filters, ascending (None for all), and their weights."""
        import numpy as np

        asked = self._sampling
        weights = logits - np.float32(best)
        weights /= np.float32(max(asked.temperature, _COLDEST))
        np.exp(weights, out=weights)
        if not asked.top_k and asked.top_p == 1.0 and not asked.min_p:
            return None, weights
        total = weights.sum(dtype=np.float64)
        for most in (asked.top_k,) if asked.top_k else (_FEW, _FEW**2):
            order = _likeliest(logits, most)
            if asked.top_k:
                order = order[:most]
                total = weights[order].sum(dtype=np.float64)
            shares = weights[order] / total
            kept = (np.cumsum(shares) - shares < asked.top_p) & (shares >= asked.min_p * shares[0])
            if asked.top_k or not kept[-1]:
                break
        tokens = np.sort(order[kept])
        return tokens, weights[tokens]

    def lead(self, logits: Any, written: Ordered[int], allowed: Any = None) -> float:
        """By how many logits the likeliest token leads the next one; arguments as for `pick`."""
        import numpy as np

        second, first = np.partition(self._bound(logits, written, allowed), -2)[-2:]
        return float(first - second)

    def _bound(self, logits: Any, written: Ordered[int], allowed: Any) -> Any:
        """The logits after the penalty, and without the tokens that are not allowed."""
        import numpy as np

        penalty = self._sampling.repeat_penalty
        if penalty != 1.0 and written:
            logits = logits.copy()
            seen = list(set(written))
            logits[seen] = np.where(logits[seen] > 0, logits[seen] / penalty, logits[seen] * penalty)
        return logits if allowed is None else np.where(allowed, logits, -np.inf)


def _place(weights: Any, share: float) -> int:
    """Where in `weights` so much of their sum lies before. By blocks: one sum of all, and the steps of one block."""
    import numpy as np

    blocks = _sums(weights)
    heights = np.cumsum(blocks)
    sought = share * heights[-1]
    block = _first_above(heights, sought)
    within = weights[block * _BLOCK : (block + 1) * _BLOCK]
    steps = np.cumsum(within, dtype=np.float64)
    return block * _BLOCK + _first_above(steps, sought - (heights[block] - blocks[block]))


def _first_above(sums: Any, sought: float) -> int:
    """Where cumulative sums first exceed `sought`. By rounding it may lie below 0, or at the last sum: then where they
    first exceed 0, or reach that; so it is never a place that adds nothing."""
    import numpy as np

    found = np.searchsorted(sums, max(sought, 0.0), side="right")
    return int(min(found, np.searchsorted(sums, sums[-1], side="left")))


def _sums(weights: Any) -> Any:
    """float64 [blocks]. Within a block in 32 bits, by pairs: half the time, and as exact as the weights are."""
    import numpy as np

    whole = len(weights) // _BLOCK * _BLOCK
    sums = weights[:whole].reshape(-1, _BLOCK).sum(axis=1)
    rest = weights[whole:]
    return np.append(sums, rest.sum()).astype(np.float64) if len(rest) else sums.astype(np.float64)


def _likeliest(logits: Any, most: int) -> Any:
    """At least the `most` likeliest tokens, in order; of two alike the first comes first."""
    import numpy as np

    if most >= len(logits):
        return np.argsort(-logits, kind="stable")
    found = np.flatnonzero(logits >= np.partition(logits, -most)[-most])
    return found[np.argsort(-logits[found], kind="stable")]


def logprobs(logits: Any, token: int, top: int) -> tuple[float, list[tuple[int, float]]]:
    """The natural log-probability of `token` before any filter, and the `top` likeliest tokens with theirs."""
    import numpy as np

    highest = float(logits.max())
    weights = logits - np.float32(highest)
    total = highest + math.log(float(_sums(np.exp(weights, out=weights)).sum()))
    if not top:
        return float(logits[token]) - total, []
    near = _near(logits, top)
    likely = near[np.argpartition(-logits[near], top - 1)[:top]]
    likely = likely[np.argsort(-logits[likely], kind="stable")]
    return float(logits[token]) - total, [(int(each), float(logits[each]) - total) for each in likely]


def _near(logits: Any, top: int) -> Any:
    """Tokens among which the `top` likeliest are: they lie in as many blocks. All answers over sources ask for two, and
    to order the whole vocabulary for that took as long as their log-probability."""
    import numpy as np

    starts = np.arange(0, len(logits), _BLOCK)
    if top >= len(starts):
        return np.arange(len(logits))
    blocks = np.argpartition(-np.maximum.reduceat(logits, starts), top - 1)[:top]
    return np.concatenate([np.arange(at, min(at + _BLOCK, len(logits))) for at in starts[blocks]])
