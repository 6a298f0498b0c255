"""JSON Schemas of pydantic models and other types, such as a grammar can enforce and the type accepts."""

import re
from typing import Any

from omniloom.core.errors import SchemaError

_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_PLACE = r"([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)*[A-Za-z]+(:[0-9]{1,4})?([/?#][!-~]*)?"  # a host, a port, a path


def schema_of(kind: Any) -> dict[str, Any]:
    """As pydantic makes it, but: objects hold the declared fields only, sets are lists, decimals are numbers.

    Raises SchemaError for a type that no JSON Schema describes.
    """
    from pydantic import PydanticUserError, TypeAdapter
    from pydantic.errors import PydanticUndefinedAnnotation

    try:
        found = TypeAdapter(kind).json_schema(schema_generator=_generator())
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError, ImportError) as error:
        text = str(error).split("\n", 1)[0]
        raise SchemaError(
            f"{kind!r} cannot be written as a JSON Schema: {text}", hint="give a pydantic model, or a JSON Schema"
        ) from error
    return _closed(found)


def _generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Generator(GenerateJsonSchema):
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 as pydantic declares it

        def decimal_schema(self, schema: Any) -> Any:
            return _decimal(schema)

        def url_schema(self, schema: Any) -> Any:
            schemes = schema.get("allowed_schemes")
            shape = {"pattern": rf"^({'|'.join(map(re.escape, schemes))})://{_PLACE}$"} if schemes else {}
            return super().url_schema(schema) | shape

        def dict_schema(self, schema: Any) -> Any:
            found = super().dict_schema(schema)
            if schema.get("keys_schema", {}).get("type") != "int":
                return found
            values = found.pop("additionalProperties", True)
            return found | {"patternProperties": {_WHOLE: values}, "additionalProperties": False}

        def tagged_union_schema(self, schema: Any) -> Any:
            """pydantic finds the branch by the tag, also where the tag has a default."""
            found = super().tagged_union_schema(schema)
            tag = found.get("discriminator", {}).get("propertyName")
            return found | {"type": "object", "required": [tag]} if tag else found

        def set_schema(self, schema: Any) -> Any:
            return _list(super().set_schema(schema))

        def frozenset_schema(self, schema: Any) -> Any:
            return _list(super().frozenset_schema(schema))

    return Generator


def _decimal(schema: Any) -> dict[str, Any]:
    bounds = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    limits = {name: float(schema[key]) for key, name in bounds.items() if key in schema}
    places = schema.get("decimal_places")
    unit = schema.get("multiple_of", None if places is None else 10**-places)
    if schema.get("max_digits") is not None:
        most = 10 ** (schema["max_digits"] - (places or 0))
        limits["exclusiveMaximum"] = min(limits.get("exclusiveMaximum", most), most)
        limits["exclusiveMinimum"] = max(limits.get("exclusiveMinimum", -most), -most)
    return {"type": "number"} | limits | ({} if unit is None else {"multipleOf": float(unit)})


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    """A set is written as a list that may repeat itself: the type takes the repetitions out."""
    return {key: value for key, value in schema.items() if key != "uniqueItems"}


def _closed(schema: Any) -> Any:
    """Fields that a model does not declare would be dropped by it: a model shall not spend tokens on them."""
    from omniloom.outputs.enforcing.subschemas import mapped

    if not isinstance(schema, dict):
        return schema
    closed = mapped(schema, lambda each, _: _closed(each), "")
    if closed.get("type") == "object" and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
