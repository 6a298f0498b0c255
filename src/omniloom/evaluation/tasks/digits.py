"""Spoken digits of half a second: heard, left out, or made into something else. Nothing is asked of the model.

The folder: `audio/digits.jsonl` (id, audio, digit, speaker) and the sounds it names.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omniloom.core.parts import Audio
from omniloom.core.values import Response
from omniloom.evaluation.hearing import NUMBERS, transcript, words
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.scorers import verbatim
from omniloom.evaluation.values import Metric, Place, Sample, Score, Scorer

FAMILY = "speech"
CORRECT = "right"
QUESTION = "Which digit is spoken?"
_SURE = 0.5
answer = transcript


def samples(data: Path) -> Iterator[Sample]:
    """A group is a speaker: what is hard to understand in one clip is so in the next."""
    for record in json_lines(data / "audio" / "digits.jsonl"):
        path = data / "audio" / record["audio"]
        yield Sample(
            id=record["id"],
            question=QUESTION,
            inputs=(QUESTION, Audio(path)),
            target=(NUMBERS[record["digit"]],),
            places=(Place(path.name, NUMBERS[record["digit"]]),),
            group=record["speaker"],
        )


def heard(sample: Sample, response: Response) -> Score:
    """`right`: the digit and nothing else; `left_out`: nothing; `invented`: how many words nobody said; of those
    that are sure (0.5 or more) `sure_but_wrong`."""
    said, wanted = words(response.text), sample.target[0]
    right = float(said == [wanted])
    values = {
        "right": right,
        "left_out": float(not said),
        "invented": float(sum(word != wanted for word in said)),
    }
    if response.confidence is not None and response.confidence.value >= _SURE:
        values["sure_but_wrong"] = 1 - right
    return Score(values, response.text, "" if right else f"wanted {wanted!r}")


SCORERS: Sequence[Scorer] = (heard, verbatim)
METRICS: Mapping[str, Metric] = {}
