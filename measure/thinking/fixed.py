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
        never = {"settled": lambda sizes: False, "likelihood": lambda done: 0.0, "IN_VAIN": None}
        with mock.patch.multiple(adaptive, **never):
            super().ask(task, sample)
