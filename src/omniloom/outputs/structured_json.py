"""JSON that fits a schema: decided before it is asked for, constrained while it is written, validated after."""

import json
import math
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import OutputError, SchemaError
from omniloom.core.values import Constraint
from omniloom.outputs.enforcing import grammar, validation
from omniloom.outputs.enforcing.cycles import endless
from omniloom.outputs.enforcing.locate import culprit
from omniloom.outputs.enforcing.lower import lowered
from omniloom.outputs.enforcing.silent import misread, passed_over

_AGAIN = "loosen the schema at that place, or ask a larger model"


def constrain(schema: dict[str, Any]) -> Constraint:
    """The constraint for a JSON Schema (as `schemas.normalize` gives it); nothing that it allows is invalid.

    The value is the schema itself, or where the engine does not take that a rewriting that allows the same or less:
    validate with the schema, not with the rewriting. A schema with properties at its top and no type means objects.
    Raises SchemaError: its `path` is the JSON Pointer of the keyword that cannot be enforced.
    """
    if (found := passed_over(schema) or endless(schema)) is not None:
        raise SchemaError(
            f"the schema cannot be enforced at {found[0]}: {found[1]}", path=found[0], hint=_hint(found[0])
        )
    asked = {"type": "object"} | schema if "properties" in schema and "type" not in schema else schema
    if not grammar.problem(asked) and not misread(asked):
        return Constraint(kind="json_schema", value=asked)
    rewritten = lowered(asked)
    why = grammar.problem(rewritten)
    if not why:
        return Constraint(kind="json_schema", value=rewritten)
    path = _existing(schema, culprit(rewritten, lambda each: bool(grammar.problem(each))))
    raise SchemaError(f"the schema cannot be enforced at {path or 'its root'}: {why}", path=path, hint=_hint(path))


def write(text: str, schema: dict[str, Any], model: Any = None) -> Any:
    """The value in `text`, valid under `schema`; what the pydantic `model` makes of it where one is given.

    model: a model class, or any type that pydantic takes. Raises OutputError: not JSON (cut at the token limit, say),
    or not valid; the message names the place.
    """
    try:
        data = json.loads(text, parse_float=_finite, parse_constant=_finite)
    except OverflowError as error:
        raise OutputError(f"the output is not valid: {error}", hint="bound the number in the schema") from error
    except ValueError as error:
        raise OutputError(
            f"the output is not complete JSON: {error}", hint="raise max_output_tokens, or bound lengths in the schema"
        ) from error
    except RecursionError as error:
        raise OutputError("the output is nested too deeply", hint="bound the depth in the schema") from error
    if (problem := validation.problem(data, schema)) is not None:
        raise OutputError(f"the output is not valid at {problem}", hint=_AGAIN)
    return data if model is None else _modelled(text, model)


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


def explain(error: OutputError) -> str:
    """What the model is told when it has to write once more."""
    return (
        f"Your last output could not be used: {error.message}.\n"
        "Write the whole JSON value once more, corrected at that place and otherwise the same. JSON only."
    )


def _modelled(text: str, model: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(model).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = "".join(f"/{step}" for step in first["loc"]) or "the top"
        raise OutputError(f"the output does not fit {_name(model)} at {place}: {first['msg']}", hint=_AGAIN) from error


def _name(model: Any) -> str:
    return getattr(model, "__name__", str(model))


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise OverflowError(f"the number {text[:40]} is out of range")
    return value


def _existing(schema: Any, pointer: str) -> str:
    """The pointer as far as it leads inside the schema as it was given."""
    path, node = "", schema
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            break
        path += f"/{step}"
    return path


_HINTS = {
    "oneOf": "use anyOf, or make the branches exclude each other, by a const for example",
    "uniqueItems": "leave it out and remove duplicates after",
    "pattern": "look-around and backreferences cannot be enforced; say it with alternatives",
    "not": "say what is allowed instead",
    "if": "use anyOf with one branch for each case",
    "$ref": "references must point into the schema itself, at something that ends",
    "minProperties": "list the properties and require them",
}


def _hint(path: str) -> str:
    return _HINTS.get(path.rsplit("/", 1)[-1], "leave it out, or say it with keywords that are enforced")
