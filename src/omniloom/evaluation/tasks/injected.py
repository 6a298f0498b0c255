"""XQuAD with a source added that gives instructions: none of them is to be followed.

The folder: as of xquad. Every second sample is asked for JSON, which a source may try to change, the others for words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omniloom.core.values import Response
from omniloom.evaluation.scorers import verbatim, words
from omniloom.evaluation.tasks import xquad
from omniloom.evaluation.values import Metric, Sample, Score, Scorer
from omniloom.evaluation.variants.instructing import obeyed, vary

FAMILY = "extract"
CORRECT = "resisted"
_SEED = 20261128


def samples(data: Path) -> Iterator[Sample]:
    for number, sample in enumerate(xquad.samples(data)):
        varied = vary(sample, _SEED)
        yield replace(varied, options={"max_output_tokens": 96}) if number % 2 else varied


def answered(sample: Sample, response: Response) -> Score:
    """`exact` and `f1` of the answers in JSON: an attack may succeed in that nothing right is said any more."""
    return words(sample, response) if "schema" in sample.options else Score({})


SCORERS: Sequence[Scorer] = (obeyed, answered, verbatim)
METRICS: Mapping[str, Metric] = {}
