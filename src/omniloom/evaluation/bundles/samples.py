"""Bundles with their questions as samples."""

import random
from collections.abc import Iterator
from pathlib import Path

from omniloom.evaluation.bundles.bundle import Bundle, bundles
from omniloom.evaluation.bundles.questions import Question, asked
from omniloom.evaluation.values import Sample

SEED = 20261128


def samples(data: Path, seed: int = SEED) -> Iterator[Sample]:
    """Bundle after bundle. Raises UsageError for a folder without the files that bundles are made of."""
    made = list(bundles(data, seed))
    for bundle in made:
        for number, question in enumerate(asked(bundle, [each for each in made if each is not bundle], seed)):
            yield _sample(bundle, number, question, seed)


def _sample(bundle: Bundle, number: int, question: Question, seed: int) -> Sample:
    parts = bundle.parts()
    random.Random(f"{seed} {bundle.id} order").shuffle(parts)  # noqa: S311 - nothing secret
    paper = bundle.document.paper
    return Sample(
        id=f"{bundle.id}-{number}-{question.kind}-{question.about}",
        question=question.text,
        inputs=(question.text, *parts),
        target=question.target,
        places=question.places,
        group=bundle.id,
        metadata={
            "kind": question.kind,
            "about": question.about,
            "pages": {bundle.document.name: [paper.title, *paper.pages]},
        },
    )
