"""XQuAD (Artetxe et al., 2020), English: a question and the paragraph that answers it; the answer is a span of that.

The folder: `text/xquad_en.jsonl` (id, title, context, question, answers).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.parts import Text
from omniloom.evaluation.scorers import absent, placed, verbatim, words
from omniloom.evaluation.values import Metric, Place, Sample, Scorer

FAMILY = "extract"
CORRECT = "right"
SCORERS: Sequence[Scorer] = (words, verbatim, placed, absent)
METRICS: Mapping[str, Metric] = {}
SCHEMA = {
    "type": "object",
    "properties": {
        "answer": {"type": "string", "description": "a name, a number or a few words of the source", "maxLength": 300}
    },
    "required": ["answer"],
    "additionalProperties": False,
}


def samples(data: Path) -> Iterator[Sample]:
    for record in records(data):
        name = f"{record['title']}.txt"
        yield Sample(
            id=record["id"],
            question=record["question"],
            inputs=(record["question"], Text(record["context"].encode(), name=name)),
            target=tuple(record["answers"]),
            places=(Place(name, record["answers"][0]),),
            group=group(record["context"]),
            options={"schema": SCHEMA, "max_output_tokens": 96},
            metadata={"title": record["title"]},
        )


def group(paragraph: str) -> str:
    """Questions about one paragraph are one group."""
    return hashlib.sha256(paragraph.encode()).hexdigest()[:12]


def records(data: Path) -> list[dict[str, Any]]:
    """Raises UsageError where the file is missing or not of the form."""
    path = data / "text" / "xquad_en.jsonl"
    try:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        for record in found:
            if not all(isinstance(record[key], str) for key in ("id", "title", "context", "question")):
                raise ValueError(f"{record['id']!r} has a field that is no text")
            if not record["answers"]:
                raise ValueError(f"{record['id']!r} has no answers")
    except OSError as error:
        hint = "--data names a folder of the form of the development data, which docs/evaluation.md tells"
        raise UsageError(f"{str(path)!r} is missing: {error.strerror}", hint=hint) from error
    except (ValueError, KeyError, TypeError) as error:
        hint = "one object a line with id, title, context, question, answers"
        raise UsageError(f"{str(path)!r} is not of the form: {error!r}", hint=hint) from error
    return found
