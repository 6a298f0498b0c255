"""Validation of what was written: as JSON Schema says, and exactly where Python's floats and regexes would not be."""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from omniloom.core.errors import SchemaError
from omniloom.outputs.enforcing import grammar
from omniloom.outputs.enforcing.patterns import found
from omniloom.outputs.enforcing.subschemas import mapped

_OLDER = ("Draft7Validator", "Draft4Validator")


def draft_of(schema: dict[str, Any]) -> Any:
    """jsonschema's class for the draft that `$schema` names; 2020-12 where it names none that is known."""
    from jsonschema import validators

    return validators.validator_for(schema, default=validators.Draft202012Validator)


def fault(schema: dict[str, Any], draft: Any) -> tuple[str, str] | None:
    """(JSON Pointer, what is wrong) against the meta-schema of the draft; None if nothing is."""
    from jsonschema import exceptions, validators

    checker = validators.validator_for(draft.META_SCHEMA, default=draft)(draft.META_SCHEMA)
    error = exceptions.best_match(checker.iter_errors(schema))
    if error is None:
        return None
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.absolute_path)
    return pointer, error.message[:300]


def with_draft(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with `$schema` set to an older draft where it names none and is only valid there.

    Raises SchemaError where it is valid under none.
    """
    from jsonschema import validators

    if not isinstance(schema.get("$schema", ""), str):
        raise SchemaError(f"$schema is a text, got {schema['$schema']!r:.80}", path="/$schema", hint="leave it out")
    if draft_of(schema) is validators.Draft3Validator:
        raise SchemaError("JSON Schema draft 3 is not supported", path="/$schema", hint="draft 4 and newer are")
    first = fault(schema, draft_of(schema))
    if first is None:
        return schema
    schema = _once(schema, "")
    if fault(schema, draft_of(schema)) is None:
        return schema
    if "$schema" not in schema:
        for name in _OLDER:
            draft = getattr(validators, name)
            if fault(schema, draft) is None:
                return {"$schema": draft.META_SCHEMA["$schema"]} | schema
    raise SchemaError(
        f"the schema is not valid at {first[0] or '/'}: {first[1]}",
        path=first[0],
        hint='correct it there, or use the short form, such as schema="name, age int"',
    )


def _once(schema: Any, pointer: str) -> Any:
    """The schema without values that stand twice in an enum, which some drafts forbid and which mean nothing."""
    if not isinstance(schema, dict):
        return schema
    copy = mapped(schema, _once, pointer)
    if isinstance(copy.get("enum"), list):
        values = {json.dumps(value, sort_keys=True): value for value in reversed(copy["enum"])}
        copy["enum"] = list(values.values())[::-1]
    return copy


def problem(data: Any, schema: dict[str, Any]) -> str | None:
    """What is not valid, with its place; None if all is."""
    from jsonschema import exceptions

    error = exceptions.best_match(_exact(draft_of(schema))(schema).iter_errors(data))
    if error is None:
        return None
    pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in error.absolute_path)
    return f"{pointer or 'the top'}: {error.message[:300]}"


@lru_cache(8)
def _exact(draft: Any) -> Any:
    from jsonschema import validators

    return validators.extend(draft, {"pattern": _pattern, "multipleOf": _multiple, "format": _format})


def _pattern(validator: Any, pattern: str, text: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(text, "string") and not found(pattern, text):
        yield _error(f"{text!r} does not match {pattern!r}")


def _multiple(validator: Any, unit: Any, number: Any, schema: Any) -> Iterator[Any]:
    """In decimals: 0.3 is a multiple of 0.1."""
    if not validator.is_type(number, "number"):
        return
    try:
        good = Decimal(str(number)) % Decimal(str(unit)) == 0
    except InvalidOperation:
        good = False
    if not good:
        yield _error(f"{number!r} is not a multiple of {unit!r}")


def _format(validator: Any, name: str, text: Any, schema: Any) -> Iterator[Any]:
    """Formats that the grammar enforces are asserted; the others say something to readers only."""
    if not validator.is_type(text, "string"):
        return
    if name in grammar.SHAPES:
        good = found(grammar.SHAPES[name], text)
    elif grammar.knows_format(name):
        good = grammar.fits({"type": "string", "format": name}, json.dumps(text, ensure_ascii=False))
    else:
        return
    if not good:
        yield _error(f"{text!r} is not a {name!r}")


def _error(message: str) -> Any:
    from jsonschema import exceptions

    return exceptions.ValidationError(message)
