"""Speech that is read, not asked about: the transcript is the answer, and words are compared with words."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omniloom.core.values import Citation, Claim, Confidence, Part, Response
from omniloom.evaluation.records import text_of
from omniloom.evaluation.values import Sample

if TYPE_CHECKING:
    from omniloom.runtime.model import Model

SENTENCES = {
    "jfk.flac": "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country",
    "librivox/sense_and_sensibility_01_austen_64kb-0870.wav": "and mister john dashwood had then leisure to consider "
    "how much there might be prudently in his power to do for them",
    "librivox/sense_and_sensibility_01_austen_64kb-0880.wav": "he was not an ill disposed young man",
    "librivox/sense_and_sensibility_01_austen_64kb-0930.wav": "he might even have been made amiable himself",
}
"""Readings in the public domain that come without a transcript."""
NUMBERS = "zero one two three four five six seven eight nine ten".split()
_SHORTENED = {"mr": "mister", "mrs": "missus", "dr": "doctor"} | {str(n): word for n, word in enumerate(NUMBERS)}


def transcript(model: "Model", sample: Sample) -> Response:
    """What the readers make of the sample's sources; the model is asked nothing. Each Segment is a claim at its place.

    The confidence is the reader's own, that of the surest Segment (0 where nothing was heard): a score, no probability.
    """
    from omniloom.catalog import ensure
    from omniloom.inputs import read_part
    from omniloom.storage.intake import as_part, take_in

    sources: list[Part] = []
    claims: list[Claim] = []
    sure = 0.0
    text = ""
    for each in sample.inputs:
        part = take_in(as_part(each), model.store)
        if not part.is_source:
            continue
        sources.append(part)
        for segment in read_part(part, model.store, weights=lambda name: ensure(name).paths).segments:
            start = len(text) + bool(text)
            text = f"{text} {segment.text}".strip()
            url = f"{part.name}#{segment.locator.fragment}"
            cited = Citation(
                source=part.id, locator=segment.locator, quote=segment.text, url=url, segment=len(claims) + 1
            )
            claims.append(Claim(at=(start, len(text)), text=segment.text, citations=(cited,), supported=True))
            sure = max(sure, segment.confidence or 0.0)
    return Response(
        text=text,
        outputs={"text": text},
        claims=tuple(claims),
        confidence=Confidence(value=round(sure, 4), method="reader"),
        abstained=not text,
        sources=tuple(sources),
    )


def words(text: str) -> list[str]:
    """Lower case, no marks, digits up to ten and titles as words."""
    plain = re.sub(r"[^\w' ]", " ", text.lower().replace("-", " ")).replace("_", " ").split()
    return [_SHORTENED.get(word, word) for word in plain]


def word_errors(reference: Sequence[str], written: Sequence[str]) -> int:
    """How many words have to be exchanged, left out or put in: the Levenshtein distance over words."""
    row = list(range(len(written) + 1))
    for number, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(written, start=1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def transcripts(folder: Path) -> dict[str, str]:
    """File → sentence, as the data set gives them."""
    found: dict[str, str] = {}
    for file in sorted(folder.glob("ASR_train*.json")):
        found |= {f"asr/{name}.wav": each["wrd"].lower() for name, each in json.loads(text_of(file)).items()}
    return found
