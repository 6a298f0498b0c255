"""XQuAD with a second copy of the paragraph that gives another answer: that they disagree is to be said, both cited.

The folder: as of xquad. Asked for in words: JSON of one answer has no place to say it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omniloom.evaluation.citing import citing
from omniloom.evaluation.scorers import verbatim
from omniloom.evaluation.tasks import xquad
from omniloom.evaluation.values import Metric, Sample, Scorer
from omniloom.evaluation.variants.contradicting import contradiction, vary

FAMILY = "words"
CORRECT = "contradiction"
SCORERS: Sequence[Scorer] = (contradiction, citing, verbatim)
METRICS: Mapping[str, Metric] = {}
_SEED = 20261128


def samples(data: Path) -> Iterator[Sample]:
    for sample in xquad.samples(data):
        varied = vary(sample, _SEED)
        if varied is not sample:
            yield replace(varied, options={"max_output_tokens": 128})
