"""Real JSON Schemas (JSONSchemaBench, Geng et al., 2025): refused by the path of a keyword, or filled in and valid.

The folder: `schemas`, with JSON files in folders of their own.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omniloom.core.errors import OutputError, SchemaError, UsageError
from omniloom.core.values import Response
from omniloom.evaluation.records import text_of
from omniloom.evaluation.values import Metric, Sample, Score, Scorer

if TYPE_CHECKING:
    from omniloom.runtime.model import Model

FAMILY = "fields"
CORRECT = "served"
QUESTION = "Invent one short example of a value for this form."
_TOKENS = 400


def samples(data: Path) -> Iterator[Sample]:
    """A file of each folder in turn, so that the first few are of every kind."""
    folders = [sorted(folder.glob("*.json")) for folder in sorted((data / "schemas").glob("*"))]
    files = [file for turn in zip_longest(*folders) for file in turn if file is not None]
    if not files:
        raise UsageError(f"{str(data / 'schemas')!r} holds no schemas", hint="they are .json files in folders")
    for file in files:
        schema = json.loads(text_of(file))
        yield Sample(
            id=f"{file.parent.name}/{file.stem}",
            question=QUESTION,
            inputs=(QUESTION,),
            target=("any value that the schema allows",),
            group=f"{file.parent.name}/{file.stem}",
            options={"schema": schema, "max_output_tokens": _TOKENS},
            metadata={"schema": schema},
        )


def answer(model: "Model", sample: Sample) -> Response:
    """Of a refused schema an answer that abstains, whose text is the path; without data where what was written is
    not valid, or longer than the limit."""
    try:
        return model.generate(list(sample.inputs), **sample.options)
    except SchemaError as error:
        return Response(text=error.path, abstained=True)
    except OutputError as error:
        return Response(text=error.message, finish_reason="error")


def served(sample: Sample, response: Response) -> Score:
    """`accepted`; of those `valid` (by the jsonschema package); of the others `by_path`: whether the path that was
    given is one of the schema. `served`: accepted and valid."""
    schema = sample.metadata["schema"]
    if response.abstained:
        found = exists(schema, response.text)
        values = {"accepted": 0.0, "by_path": float(found), "served": 0.0}
        return Score(values, f"refused at {response.text}", "" if found else "no such path in the schema")
    why = problem(response, schema)
    valid = float(not why)
    said = json.dumps(response.data, ensure_ascii=False) if response.data is not None else response.text
    return Score({"accepted": 1.0, "valid": valid, "served": valid}, said, why)


def problem(response: Response, schema: Any) -> str:
    """Why there is no valid value; "" where there is one."""
    if response.finish_reason == "error":
        return response.text or "nothing was written"
    from jsonschema import validators
    from jsonschema_specifications import REGISTRY

    from omniloom.outputs.schemas import normalize

    draft = normalize(schema)  # the schema as it was given, with the draft under which it is one
    checker = validators.validator_for(draft, default=validators.Draft202012Validator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # patterns that Python reads with a remark
        error = next(iter(checker(draft, registry=REGISTRY).iter_errors(response.data)), None)
    return f"{error.json_path}: {error.message}"[:300] if error else ""


def exists(schema: Any, pointer: str) -> bool:
    """Whether the JSON Pointer leads to something inside the schema."""
    for step in filter(None, pointer.split("/")):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list) and key.isdigit() and int(key) < len(schema):
            schema = schema[int(key)]
        elif isinstance(schema, dict) and key in schema:
            schema = schema[key]
        else:
            return False
    return pointer not in ("", "/")


SCORERS: Sequence[Scorer] = (served,)
METRICS: Mapping[str, Metric] = {}
