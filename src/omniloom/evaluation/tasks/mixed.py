"""Bundles of a PDF, a table, a receipt and a recording; questions that need one of them, two, or that none answers.

The folder: text/xquad_en.jsonl, tables/wtq.jsonl, tables/tatqa.json, images/sroie.jsonl and audio/digits.jsonl with the
files they name; audio/asr, audio/librivox and audio/jfk.flac where they are there. `evaluation/bundles` makes the
bundles of them; what is asked about one bundle is one group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from omniloom.core.values import Response
from omniloom.evaluation.bundles.samples import samples as bundled
from omniloom.evaluation.citing import citing
from omniloom.evaluation.scorers import absent, verbatim, words
from omniloom.evaluation.values import Metric, Sample, Score, Scorer

FAMILY = "extract"
CORRECT = "right"
SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "description": "a name, a number or a few words", "maxLength": 200},
    },
    "required": ["answer"],
    "additionalProperties": False,
}


def samples(data: Path) -> Iterator[Sample]:
    for sample in bundled(data):
        yield replace(sample, options={"schema": SCHEMA, "max_output_tokens": 96})


def answered(sample: Sample, response: Response) -> Score:
    """`right`: what the target says (see `words`), or no answer where none of the sources gives one. `exact` and `f1`
    of the questions that the sources answer, and of those that need one and two of them apart; `recognised` of those
    that they do not, and `refused` of those that they do."""
    silent = absent(sample, response).values["abstained"]
    if not sample.target:
        answer = absent(sample, response).answer
        return Score({"right": silent, "recognised": silent}, answer, "" if silent else "no source answers this")
    given, kind = words(sample, response), sample.metadata["kind"]
    apart = {f"{name}_{kind}": given.values[name] for name in ("exact", "f1")}
    values = {**given.values, **apart, "refused": silent}
    return replace(given, values=values)


SCORERS: Sequence[Scorer] = (answered, citing, verbatim)
METRICS: Mapping[str, Metric] = {}
