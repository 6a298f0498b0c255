"""XQuAD with the paragraph exchanged for one of another article, which does not answer: that is to be said.

The folder: as of xquad. All questions about a paragraph get one and the same other paragraph, chosen by chance that
does not change, in which none of their answers stands.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.parts import Text
from omniloom.evaluation.scorers import absent, normalized, verbatim
from omniloom.evaluation.tasks.xquad import SCHEMA, group, records
from omniloom.evaluation.values import Metric, Sample, Scorer

FAMILY = "extract"
CORRECT = "abstained"
SCORERS: Sequence[Scorer] = (absent, verbatim)
METRICS: Mapping[str, Metric] = {}
_SEED = "xquad_unanswerable/1"


def samples(data: Path) -> Iterator[Sample]:
    """`metadata` holds the answers that the exchanged paragraph would have given. Groups are those of xquad, so that a
    question is never on both sides of a split of the two together."""
    found = records(data)
    others = exchanged(found)
    for record in found:
        title, paragraph = others[record["context"]]
        yield Sample(
            id=f"{record['id']}-exchanged",
            question=record["question"],
            inputs=(record["question"], Text(paragraph.encode(), name=f"{title}.txt")),
            group=group(record["context"]),
            options={"schema": SCHEMA, "max_output_tokens": 96},
            metadata={"title": record["title"], "answers": tuple(record["answers"])},
        )


def exchanged(found: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, str]]:
    """For each paragraph the title and text of another. Raises UsageError where there is none that will do."""
    titles = {record["context"]: record["title"] for record in found}
    plain = {paragraph: f" {normalized(paragraph)} " for paragraph in titles}
    chosen: dict[str, tuple[str, str]] = {}
    for paragraph, title in titles.items():
        answers = [normalized(a) for record in found if record["context"] == paragraph for a in record["answers"]]
        others = [each for each in titles if titles[each] != title]
        random.Random(f"{_SEED} {paragraph}").shuffle(others)  # noqa: S311 nothing secret
        silent = (each for each in others if not any(f" {answer} " in plain[each] for answer in answers))
        other = next(silent, None)
        if other is None:
            raise UsageError(f"no paragraph of another title leaves the questions of {title!r} unanswered")
        chosen[paragraph] = (titles[other], other)
    return chosen
