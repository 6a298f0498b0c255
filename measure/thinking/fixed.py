"""Self-consistency of a fixed number of samples (Wang et al., 2023): ours, but it never stops before."""

from unittest import mock

from measure.trust.sides import Ours
from omniloom.evaluation.values import Sample
from omniloom.reasoning import sample as adaptive

BUDGET = 16_384
"""Tokens: more than eight answers take."""


class Fixed(Ours):
    """It draws what its strategy draws, by the same seeds in the same order, and goes on to the last: only when
    to stop differs, and what both draw is computed once."""

    def ask(self, task: str, sample: Sample) -> None:
        on = {"_enough": lambda self, sizes, tokens: False, "_is_in_vain": lambda self: False}
        with mock.patch.multiple(adaptive.Sampler, **on), mock.patch.object(adaptive, "likelihood", lambda done: 0.0):
            super().ask(task, sample)
