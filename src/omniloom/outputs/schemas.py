"""From what a user gives as a schema to a JSON Schema.

The short form is that of the `llm` tool: fields separated by commas or new lines, each a name, then optionally a type
(str, int, float, bool, date, or one of these in brackets for a list), then a description behind a colon. A question
mark behind the type allows null.
"""

import json
import re
from pathlib import Path
from typing import Any

from omniloom.core.errors import SchemaError

_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}
_FIELD = re.compile(r"(?P<name>[^\W\d]\w*)(?:\s+(?P<list>\[)?(?P<type>[a-z]+)\]?(?P<null>\?)?)?")


def normalize(schema: Any) -> dict[str, Any]:
    """A JSON Schema as a dict, from a pydantic model, a dict, JSON text, a Path to a .json file, or the short form.

    Raises SchemaError; its `path` is the JSON Pointer of what is wrong.
    """
    if isinstance(schema, type) and hasattr(schema, "model_json_schema"):
        found: Any = schema.model_json_schema()  # type: ignore[attr-defined]
    elif isinstance(schema, Path):
        found = _parsed(_file(schema), str(schema))
    elif isinstance(schema, str):
        found = _parsed(schema, "the schema") if schema.lstrip().startswith(("{", "true", "false")) else _short(schema)
    else:
        found = schema
    if found is True:
        found = {}
    if not isinstance(found, dict):
        raise SchemaError(
            f"a schema is a pydantic model, a JSON Schema or a short form, got {type(schema).__name__}",
            hint='such as schema="name, age int"',
        )
    _check(found)
    return found


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaError(f"the schema file {str(path)!r} cannot be read: {error}") from error


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SchemaError(f"{name} is not valid JSON: {error}") from error


def _check(schema: dict[str, Any]) -> None:
    """Against the meta-schema of its own draft, so that a typo is told before anything runs."""
    import jsonschema

    checker = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        checker.check_schema(schema)
    except jsonschema.exceptions.SchemaError as error:
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.absolute_path)
        raise SchemaError(
            f"the schema is not valid at {pointer or '/'}: {error.message[:300]}", path=pointer
        ) from error


def _short(text: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in filter(None, (piece.strip() for piece in re.split(r"\n" if "\n" in text else ",", text))):
        declared, _, description = field.strip(", ").partition(":")
        match = _FIELD.fullmatch(declared.strip())
        if match is None:
            raise SchemaError(
                f"{field!r} is not a field of the short form", hint='a field is "name", "name int" or "tags [str]"'
            )
        name, kind = match["name"], match["type"] or "str"
        if kind not in _TYPES:
            raise SchemaError(f"the type {kind!r} of {name!r} is unknown", path=f"/{name}", hint=", ".join(_TYPES))
        if name in properties:
            raise SchemaError(f"the field {name!r} is given twice", path=f"/{name}")
        shape = dict(_TYPES[kind])
        if match["null"]:
            shape["type"] = [shape["type"], "null"]
        shape = {"type": "array", "items": shape} if match["list"] else shape
        properties[name] = shape | ({"description": description.strip()} if description.strip() else {})
    if not properties:
        raise SchemaError("the schema is empty", hint='such as schema="name, age int"')
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
