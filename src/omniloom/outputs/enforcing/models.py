"""JSON Schemas of pydantic models and other types, such as a grammar can enforce and the type accepts."""

from typing import Any

from omniloom.core.errors import SchemaError


def schema_of(kind: Any) -> dict[str, Any]:
    """As pydantic makes it, but: objects hold the declared fields only, sets are lists, decimals are numbers.

    Raises SchemaError for a type that no JSON Schema describes.
    """
    from pydantic import PydanticUserError, TypeAdapter
    from pydantic.errors import PydanticUndefinedAnnotation

    try:
        found = TypeAdapter(kind).json_schema(schema_generator=_generator())
    except (PydanticUserError, PydanticUndefinedAnnotation, TypeError) as error:
        text = str(error).split("\n", 1)[0]
        raise SchemaError(f"{kind!r} cannot be written as a JSON Schema: {text}") from error
    return _closed(found)


def _generator() -> Any:
    from pydantic.json_schema import GenerateJsonSchema

    class Generator(GenerateJsonSchema):
        ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012 as pydantic declares it

        def decimal_schema(self, schema: Any) -> Any:
            bounds = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
            limits = {name: float(schema[key]) for key, name in bounds.items() if key in schema}
            return (
                {"type": "number"}
                | limits
                | ({"multipleOf": float(schema["multiple_of"])} if "multiple_of" in schema else {})
            )

        def set_schema(self, schema: Any) -> Any:
            return {key: value for key, value in super().set_schema(schema).items() if key != "uniqueItems"}

        def frozenset_schema(self, schema: Any) -> Any:
            return {key: value for key, value in super().frozenset_schema(schema).items() if key != "uniqueItems"}

    return Generator


def _closed(schema: Any) -> Any:
    """Fields that a model does not declare would be dropped by it: a model shall not spend tokens on them."""
    from omniloom.outputs.enforcing.subschemas import mapped

    if not isinstance(schema, dict):
        return schema
    closed = mapped(schema, lambda each, _: _closed(each), "")
    if closed.get("type") == "object" and "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed
