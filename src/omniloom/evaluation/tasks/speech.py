"""Read sentences, as the readers of sound write them down. Nothing is asked of the model.

The folder: `audio/asr` (sounds, and their transcripts in ASR_train*.json as SpeechBrain keeps them), and those of
SENTENCES that are there. Some transcripts of `asr` are not what is said; they are taken as they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from omniloom.core.errors import UsageError
from omniloom.core.parts import Audio
from omniloom.core.values import Response
from omniloom.evaluation.hearing import SENTENCES, transcript, transcripts, word_errors, words
from omniloom.evaluation.scorers import verbatim
from omniloom.evaluation.values import Metric, Place, Sample, Score, Scorer

FAMILY = "speech"
CORRECT = "right"
QUESTION = "What is said?"
answer = transcript


def samples(data: Path) -> Iterator[Sample]:
    """A group is a speaker."""
    audio = data / "audio"
    there = {name: said for name, said in (SENTENCES | transcripts(audio / "asr")).items() if (audio / name).is_file()}
    if not there:
        hint = "it needs audio/jfk.flac, audio/librivox or audio/asr with transcripts"
        raise UsageError(f"{str(audio)!r} holds no read sentences", hint=hint)
    for name, said in there.items():
        path = audio / name
        yield Sample(
            id=name,
            question=QUESTION,
            inputs=(QUESTION, Audio(path)),
            target=(said,),
            places=(Place(path.name, said),),
            group=name.partition("_snt")[0] if "_snt" in name else name.partition("/")[0],
        )


def heard(sample: Sample, response: Response) -> Score:
    """`WER`: wrong words by words of the sentence. `errors` and `words` are counted apart: the rate over all
    sentences together is the one by the other. `right`: no wrong word."""
    wanted = words(sample.target[0])
    errors = word_errors(wanted, words(response.text))
    values = {
        "WER": errors / len(wanted),
        "errors": float(errors),
        "words": float(len(wanted)),
        "right": float(not errors),
    }
    return Score(values, response.text, f"{errors} of {len(wanted)} words wrong" if errors else "")


SCORERS: Sequence[Scorer] = (heard, verbatim)
METRICS: Mapping[str, Metric] = {}
