"""What the filters keep, by their plain definition over the whole vocabulary, and what is drawn from that."""

from typing import Any

import numpy as np
import pytest

from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.sampler import Sampler, _place

FILTERS: list[dict[str, Any]] = [
    {},
    {"top_k": 40},
    {"top_k": 1},
    {"top_p": 0.9},
    {"min_p": 0.05},
    {"top_k": 40, "top_p": 0.8},
    {"top_p": 0.5, "min_p": 0.1},
    {"top_k": 7, "min_p": 0.2},
]


def defined(logits: Any, asked: Sampling) -> set[int]:
    """All tokens sorted, then one filter after the other."""
    order = np.argsort(-logits, kind="stable")[: asked.top_k or None]
    shares = np.exp((logits[order] - logits[order[0]]) / asked.temperature, dtype=np.float64)
    shares /= shares.sum()
    kept = (np.cumsum(shares) - shares < asked.top_p) & (shares >= asked.min_p * shares[0])
    return set(order[kept].tolist()) if asked != Sampling(temperature=asked.temperature) else set(range(len(logits)))


@pytest.mark.parametrize("options", FILTERS, ids=str)
@pytest.mark.parametrize("size", [5, 3000, 40_000])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 8.0])
def test_filters_keep_what_they_say(options: dict[str, Any], size: int, temperature: float) -> None:
    random = np.random.default_rng(size)
    asked = Sampling(temperature=temperature, **options)
    for logits in (random.normal(0, 3, size), np.round(random.normal(0, 3, size)), np.zeros(size)):
        given = logits.astype(np.float32)
        tokens, weights = Sampler(asked, 1)._kept(given, float(given.max()))
        tokens = np.arange(len(weights)) if tokens is None else tokens
        expected = defined(given, asked)
        # A sum of shares may end a hair's breadth on this side of top_p or on that.
        assert len(set(tokens.tolist()) ^ expected) <= (1 if asked.top_p < 1 else 0)
        assert np.all(np.diff(tokens) > 0) and np.all(weights > 0)


def test_what_is_not_allowed_is_never_drawn() -> None:
    logits = np.array([5.0, 1.0, 0.5, 0.0], dtype=np.float32)
    allowed = np.array([False, True, False, True])
    sampler = Sampler(Sampling(temperature=5.0), 1)
    assert {sampler.pick(logits, [], allowed) for _ in range(200)} == {1, 3}


@pytest.mark.parametrize("options", FILTERS, ids=str)
def test_tokens_are_drawn_as_often_as_their_shares_say(options: dict[str, Any]) -> None:
    logits = np.array([2.0, 1.5, 1.0, 0.0, -1.0], dtype=np.float32)
    sampler = Sampler(Sampling(temperature=1.3, **options), 7)
    tokens, weights = sampler._kept(logits, 2.0)
    drawn = np.bincount([sampler.pick(logits, []) for _ in range(4000)], minlength=5)[tokens]
    shares = weights / weights.sum()
    assert drawn.sum() == 4000
    assert np.all(np.abs(drawn / 4000 - shares) < 4.5 * np.sqrt(shares * (1 - shares) / 4000) + 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_the_ends_of_the_draw_fall_on_no_token_without_weight(seed: int) -> None:
    """A draw may lie at, or by rounding beyond, the last weight of a block, or before the first of the next one."""
    random = np.random.default_rng(seed)
    weights = np.zeros(4096, dtype=np.float32)
    weights[100:1500] = random.random(1400)
    weights[3100:3900] = random.random(800)
    sums = np.cumsum(weights.reshape(-1, 1024).sum(axis=1).astype(np.float64))
    ends = [0.0, *sums / sums[-1]]
    near = [end + step * 2.0**-26 for end in ends for step in range(-20, 21)]
    for share in [each for each in near if 0 <= each < 1] + [float(np.nextafter(1, 0))]:
        assert weights[_place(weights, share)] > 0
