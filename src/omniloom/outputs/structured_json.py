"""JSON that fits a schema: constrained while it is written, parsed and validated after."""

import json
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import OutputError
from omniloom.core.values import Constraint


def constrain(schema: dict[str, Any]) -> Constraint:
    """The constraint for a JSON Schema (as `schemas.normalize` gives it)."""
    return Constraint(kind="json_schema", value=schema)


def write(text: str, schema: dict[str, Any], model: type | None = None) -> Any:
    """The value in `text`, valid under `schema`; an instance of the pydantic `model` where one is given.

    Raises OutputError: not JSON (cut at the token limit, say), or not valid; the message names the place.
    """
    import jsonschema

    try:
        data = json.loads(text)
    except ValueError as error:
        raise OutputError(
            f"the output is not complete JSON: {error}", hint="raise max_output_tokens, or bound lengths in the schema"
        ) from error
    checker = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    problem = jsonschema.exceptions.best_match(checker(schema).iter_errors(data))
    if problem is not None:
        raise OutputError(f"the output is not valid at {problem.json_path}: {problem.message[:300]}")
    if model is None:
        return data
    try:
        return model.model_validate(data)  # type: ignore[attr-defined]
    except ValueError as error:
        raise OutputError(f"the output does not fit {model.__name__}: {error}") from error


def leaves(data: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """(JSON Pointer, value) of every value that is neither an object nor an array, in order."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from leaves(value, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from leaves(value, f"{pointer}/{index}")
    else:
        yield pointer, data
