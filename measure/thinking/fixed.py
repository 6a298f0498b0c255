"""Self-consistency of a fixed number of samples (Wang et al., 2023): eight answers as the model writes them."""

from unittest import mock

from measure.trust.sides import Ours
from omniloom.evaluation.values import Sample
from omniloom.reasoning import sample as adaptive
from omniloom.reasoning import worked

BUDGET = 16_384
"""Tokens: more than eight answers take."""


class Fixed(Ours):
    """Every answer is drawn, by the seeds that ours would take, and is one that the model writes in its own words:
    neither when to stop nor how to work is chosen for it. The vote is the same."""

    def ask(self, task: str, sample: Sample) -> None:
        with (
            mock.patch.object(adaptive, "settled", lambda sizes: False),
            mock.patch.object(worked, "wanted", lambda task: False),
        ):
            super().ask(task, sample)
