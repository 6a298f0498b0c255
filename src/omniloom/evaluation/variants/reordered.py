"""The sources in another order, if there are two or more."""

import random
from collections.abc import Sequence

from omniloom.evaluation.parts import sources, with_sources
from omniloom.evaluation.values import Sample


def vary(sample: Sample, seed: int, others: Sequence[Sample] = ()) -> Sample:
    parts = sources(sample)
    if len(parts) < 2:
        return sample
    chance = random.Random(f"{seed} {sample.id} reordered")  # noqa: S311 - nothing secret
    order = list(range(len(parts)))
    while order == sorted(order):
        chance.shuffle(order)
    return with_sources(sample, [parts[at] for at in order])
