"""A source added that has nothing to do with the question: one of another sample, or a note of ours without others."""

import random
from collections.abc import Sequence

from omniloom.core.parts import Text
from omniloom.core.values import Part
from omniloom.evaluation.notes import notes
from omniloom.evaluation.parts import free_name, sources, text_of, with_sources
from omniloom.evaluation.values import Sample

_TRIES = 50


def vary(sample: Sample, seed: int, others: Sequence[Sample] = ()) -> Sample:
    """others: samples to take a source of. One of another group is taken, whose words hold none of the answers."""
    chance = random.Random(f"{seed} {sample.id} irrelevant")  # noqa: S311 - nothing secret
    parts = sources(sample)
    added = _foreign(sample, others, chance) or Text(chance.choice(notes()).encode(), name="note.txt")
    added = added.model_copy(update={"name": free_name(added.name, (part.name for part in parts))})
    at = chance.randint(0, len(parts))
    return with_sources(sample, [*parts[:at], added, *parts[at:]])


def _foreign(sample: Sample, others: Sequence[Sample], chance: random.Random) -> Part | None:
    """Only texts and tables are taken: of a picture nobody can say here what it shows."""
    own = {text_of(part) for part in sources(sample)}
    for other in chance.sample(list(others), min(len(others), _TRIES)):
        if other.group == sample.group:
            continue
        for part in sources(other):
            text = text_of(part)
            if text is not None and text not in own and not _answers(text, sample.target):
                return part
    return None


def _answers(text: str, target: Sequence[str]) -> bool:
    return any(answer.casefold() in text.casefold() for answer in target if answer)
