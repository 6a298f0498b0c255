"""Self-consistency of a fixed number of samples (Wang et al., 2023): eight answers to one prompt, and the commonest."""

from contextlib import ExitStack
from unittest import mock

from measure.trust.sides import Ours
from omniloom.evaluation.values import Sample
from omniloom.reasoning import direct, programs
from omniloom.reasoning import sample as adaptive

BUDGET = 16_384
"""Tokens: more than eight answers take."""


class Fixed(Ours):
    """Ours without what it stops by, and without other ways to ask. It draws by the same seeds in the same order: what
    both draw is computed once."""

    def ask(self, task: str, sample: Sample) -> None:
        without = (
            (adaptive.Sampler, "_ends", False),
            (adaptive.Sampler, "_is_in_vain", False),
            (adaptive, "likelihood", 0.0),
            (programs, "_needs_no_vote", False),
            (direct, "others", adaptive.NO_OTHER),
        )
        with ExitStack() as patched:
            for where, name, always in without:
                patched.enter_context(mock.patch.object(where, name, mock.Mock(return_value=always)))
            super().ask(task, sample)
