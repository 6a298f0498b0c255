"""From what a user gives as a schema to a JSON Schema.

The short form is that of the `llm` tool: fields separated by commas or new lines, each a name, then optionally a type
(str, int, float, bool, date, datetime, or one of these in brackets for a list), then a description behind a colon. A
question mark behind the type allows null.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from omniloom.core.errors import SchemaError
from omniloom.outputs.enforcing.validation import with_draft

_TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}
_TYPES |= {"string": _TYPES["str"], "integer": _TYPES["int"], "number": _TYPES["float"], "boolean": _TYPES["bool"]}
_FIELD = re.compile(
    r"(?P<name>[^\W\d][\w-]*)(?:\s+(?P<list>\[)?(?P<type>[a-z]+)(?P<none>\?)?(?(list)\])(?P<null>\?)?)?"
)

_DEEPEST, _NESTED = 12, 64


def normalize(schema: Any) -> dict[str, Any]:
    """A JSON Schema as a dict, valid under the draft that its `$schema` names.

    schema: a pydantic model, a dataclass, TypedDict, enum or `list[Model]`; a dict; JSON text; a Path to a .json file;
    the short form. Raises SchemaError; its `path` is the JSON Pointer of what is wrong.
    """
    if isinstance(schema, Path):
        found = _parsed(_file(schema), repr(str(schema)))
    elif isinstance(schema, str):
        found = _parsed(schema, "the schema") if schema.lstrip().startswith("{") else _short(schema)
    elif is_type(schema):
        from omniloom.outputs.enforcing.models import schema_of

        found = schema_of(schema)
    else:
        found = dict(schema) if isinstance(schema, Mapping) else schema
    if found is True:
        found = {}
    if not isinstance(found, dict):
        raise SchemaError(
            f"a schema is a pydantic model, a JSON Schema or a short form, got {found!r:.80}",
            hint='such as schema="name, age int"',
        )
    return with_draft(_plain(found))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as it is in JSON. Raises SchemaError where it holds what JSON does not, or nests too deeply."""
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError, RecursionError) as error:
        raise SchemaError(f"the schema is not JSON: {error}", hint="texts, numbers, lists and dicts are") from error
    waiting: list[tuple[Any, int]] = [(schema, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > _NESTED:
            raise SchemaError(f"the schema nests deeper than {_NESTED} levels", hint="use $defs and $ref")
        if isinstance(node, (dict, list, tuple)):
            waiting += [(each, depth + 1) for each in (node.values() if isinstance(node, dict) else node)]
    return json.loads(text)


def is_type(schema: Any) -> bool:
    """Whether the schema is a type that makes values of its own: a model, a dataclass, `list[Model]`."""
    return isinstance(schema, type) or get_origin(schema) is not None


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why = f"the schema file {str(path)!r} cannot be read: {error.strerror or error}"
        raise SchemaError(why, hint=f"check the path; relative ones start from {str(Path.cwd())!r}") from error
    except UnicodeDecodeError as error:
        raise SchemaError(
            f"the schema file {str(path)!r} is no text: {error}", hint="a schema file is JSON, in UTF-8"
        ) from error


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = 'correct it there, or use the short form, such as schema="name, age int"'
        raise SchemaError(f"{name} is not valid JSON: {error}", hint=hint) from error


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
            raise SchemaError(f"the field {name!r} is given twice", path=f"/{name}", hint="give each its own name")
        shape = dict(_TYPES[kind])
        if match["none"]:
            shape["type"] = [shape["type"], "null"]
        shape = {"type": "array", "items": shape} if match["list"] else shape
        if match["null"] and isinstance(shape["type"], str):
            shape["type"] = [shape["type"], "null"]
        properties[name] = shape | ({"description": description.strip()} if description.strip() else {})
    if not properties:
        raise SchemaError("the schema is empty", hint='such as schema="name, age int"')
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def shape(schema: dict[str, Any]) -> str:
    """How the JSON looks, for a prompt: `{"name": "<full name>", "age": <integer or null>}`.

    A tenth of the tokens of a JSON Schema, and small models follow it better (lab log). A schema that is more than
    objects, lists and plain values is shown as it is.
    """
    try:
        return _shape(schema, schema, 0)
    except (KeyError, TypeError, RecursionError):
        return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def _shape(schema: dict[str, Any], root: dict[str, Any], depth: int) -> str:
    if depth > _DEEPEST:
        raise RecursionError
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        return _shape(root["$defs"][name] | {k: v for k, v in schema.items() if k == "description"}, root, depth + 1)
    said = schema.get("description", "")
    if choices := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return "<" + " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices) + _note(said) + ">"
    kinds = schema.get("anyOf") or schema["type"]
    if isinstance(kinds, list):
        kinds = [kind if isinstance(kind, dict) else {**schema, "type": kind} for kind in kinds]
        return " or ".join(dict.fromkeys(_shape(kind, root, depth + 1) for kind in kinds))
    if kinds == "object":
        fields = (f"{json.dumps(name)}: {_shape(each, root, depth + 1)}" for name, each in schema["properties"].items())
        return "{" + ", ".join(fields) + "}"
    if kinds == "array":
        return "[" + _shape(schema["items"], root, depth + 1) + ", ...]"
    if kinds == "string":
        return f'"<{said or schema.get("format") or "text"}>"'
    return "null" if kinds == "null" else f"<{kinds}{_note(said)}>"


def _note(description: str) -> str:
    return f": {description}" if description else ""
