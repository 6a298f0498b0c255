"""A folder of one's own: files, and `questions.jsonl` with one object a line:

    {"question": "Who signed?", "sources": ["contract.pdf"], "answers": ["Ann Lee"], "group": "contract"}

sources: files of the folder. answers: those that are right; none if the sources do not say it. group (optional):
questions of one group are never on both sides of a split; without it those with the same sources are one group.
id (optional): names the sample. family (optional): which answers are calibrated together, "extract", "table" (or
"compute", its name elsewhere), "fields" or "speech"; it follows from the sources and the schema, as a call decides it,
and one that is named otherwise is refused: its promise would be of other answers.
options (optional): more of `generate`, such as {"schema": "answer"}.

An answer is right if it says one of `answers` (see `evaluation/saying.py`); without any, if it says that the sources do
not say it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.values import Response
from omniloom.evaluation.saying import says
from omniloom.evaluation.scorers import absent, answer_text, verbatim
from omniloom.evaluation.values import Metric, Sample, Score, Scorer
from omniloom.outputs.schemas import normalize
from omniloom.runtime import risk
from omniloom.storage.intake import as_part

FAMILY = "extract"
CORRECT = "right"
METRICS: Mapping[str, Metric] = {}
QUESTIONS = "questions.jsonl"
_FIELDS = {"question", "sources", "answers", "group", "id", "options", "family"}
_ALIASES = {"table": "compute"}
_HINT = 'one object a line, such as {"question": "Who signed?", "sources": ["contract.pdf"], "answers": ["Ann Lee"]}'


def right(sample: Sample, response: Response) -> Score:
    """`right`: the answer says one of the targets; or, where there are none, no answer is given."""
    silent = absent(sample, response).values["abstained"] >= 0.5
    answer = answer_text(response)
    if not sample.target:
        return Score({"right": float(silent)}, answer, "" if silent else "the sources do not say it")
    found = not silent and any(says(answer, each, sample.question) for each in sample.target)
    return Score({"right": float(found)}, answer, "" if found else f"wanted {' or '.join(map(repr, sample.target))}")


SCORERS: Sequence[Scorer] = (right, verbatim, absent)


def samples(data: Path) -> Iterator[Sample]:
    path = data / QUESTIONS
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}", hint=_HINT) from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _sample(json.loads(line), number, data)
            except ValueError as error:
                what = error.message if isinstance(error, UsageError) else str(error)
                raise UsageError(f"line {number} of {str(path)!r}: {what}", hint=_HINT) from error


def _sample(record: Any, number: int, data: Path) -> Sample:
    if not isinstance(record, dict) or not record.keys() <= _FIELDS:
        odd = sorted(record.keys() - _FIELDS) if isinstance(record, dict) else record
        raise ValueError(f"{odd!r:.80} is not known here")
    question, sources, answers = (record.get(each) for each in ("question", "sources", "answers"))
    if not isinstance(question, str) or not question.strip():
        raise ValueError("it has no question")
    for name, values in (("sources", sources), ("answers", answers)):
        if not isinstance(values, list) or not all(isinstance(each, str) and each.strip() for each in values):
            raise ValueError(f"{name} is not a list of texts")
    assert isinstance(sources, list) and isinstance(answers, list)
    options = record.get("options", {})
    if not sources or not isinstance(options, dict):
        raise ValueError("it has no sources" if not sources else "options are no object")
    sample = Sample(
        id=str(record.get("id", number)),
        question=question,
        inputs=(question, *(as_part(_inside(data, each)) for each in sources)),
        target=tuple(answers),
        group=str(record.get("group", " + ".join(sorted(sources)))),
        options=options,
    )
    return _agreed(sample, record.get("family"))


def family(sample: Sample) -> str:
    """The one of which a call takes the calibrator, whatever a variant has added to the sources."""
    schema = sample.options.get("schema")
    fields = 0 if schema is None else len(normalize(schema).get("properties", ()))
    return risk.family(tuple(each for each in sample.inputs if not isinstance(each, str)), fields)


def _agreed(sample: Sample, named: Any) -> Sample:
    found = family(sample)
    if named is not None and _ALIASES.get(named, named) != found:
        raise ValueError(f"its answer is of the family {found!r}, by its sources and schema, not {named!r}")
    return sample


def _inside(data: Path, name: str) -> Path:
    """A file of the folder, and of no other place."""
    path = (data / name).resolve()
    if not path.is_relative_to(data.resolve()):
        raise ValueError(f"the source {name!r} lies outside of the folder")
    if not path.is_file():
        raise ValueError(f"the source {name!r} is not there")
    return path
