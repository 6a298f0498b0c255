"""The schema of all values that another schema does not allow, where one can be written without `not`."""

from collections.abc import Callable
from typing import Any

from omniloom.outputs.enforcing.patterns import other_than

_TYPES = ("null", "boolean", "string", "number", "array", "object")
_ANNOTATIONS = frozenset(
    "$schema $id id $comment $anchor $defs definitions title description default examples deprecated readOnly "
    "writeOnly format contentMediaType contentEncoding".split()
)
# keyword → (type, the keyword of its opposite, what is added to its value)
_BOUNDS: dict[str, tuple[str, str, int]] = {
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minimum": ("number", "exclusiveMaximum", 0),
    "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0),
    "exclusiveMaximum": ("number", "minimum", 0),
}
_DEEP = 12
Lookup = Callable[[str], Any]


def negated(schema: Any, lookup: Lookup, depth: int = 0) -> Any:
    """A schema, or None where there is none. `lookup` gives the schema that a `$ref` means, or None."""
    if isinstance(schema, bool):
        return not schema
    if depth > _DEEP:
        return None
    options: list[Any] = []
    for key in schema:
        if key in _ANNOTATIONS or key.startswith("x-"):
            continue
        option = _keyword(key, schema, lookup, depth + 1)
        if option is None:
            return None
        if option is not False:
            options.append(option)
    if not options:
        return False
    return options[0] if len(options) == 1 else {"anyOf": options}


def _keyword(key: str, schema: dict[str, Any], lookup: Lookup, depth: int) -> Any:
    value = schema[key]
    if key in _BOUNDS:
        return _bound(key, value)
    if key in ("const", "enum"):
        return _values([value] if key == "const" else value)
    if key == "type":
        return _type([value] if isinstance(value, str) else value)
    if key == "required":
        return _some([{"type": "object", "properties": {name: False}} for name in value])
    if key == "properties":
        inner = {name: negated(each, lookup, depth) for name, each in value.items()}
        shapes = [{"type": "object", "required": [n], "properties": {n: each}} for n, each in inner.items() if each]
        return None if None in inner.values() else _some(shapes)
    if key == "not":
        return value
    if key in ("anyOf", "allOf"):
        inner_list = [negated(each, lookup, depth) for each in value]
        if None in inner_list:
            return None
        return {"allOf": inner_list} if key == "anyOf" else _some(inner_list)
    if key == "$ref":
        found = lookup(value)
        return None if found is None else negated(found, lookup, depth)
    return None


def _some(options: list[Any]) -> Any:
    options = [option for option in options if option is not False]
    if len(options) <= 1:
        return options[0] if options else False
    return {"anyOf": options}


def _bound(key: str, value: Any) -> Any:
    kind, opposite, step = _BOUNDS[key]
    if isinstance(value, bool):
        return None
    if value + step < 0 and kind != "number":
        return False
    return {"type": kind, opposite: value + step}


def _type(types: list[str]) -> Any:
    if "integer" in types and "number" not in types:
        return None
    rest = [kind for kind in _TYPES if kind not in types]
    return {"type": rest} if rest else False


def _values(values: list[Any]) -> Any:
    """All values but these; None where one of them is a list, an object, or one of several numbers."""
    texts = [value for value in values if isinstance(value, str)]
    truths = [value for value in values if isinstance(value, bool)]
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(texts) + len(truths) + len(numbers) + values.count(None) < len(values) or len(numbers) > 1:
        return None
    kinds = {"null"} if None in values else set[str]()
    kinds |= ({"string"} if texts else set()) | ({"boolean"} if truths else set()) | ({"number"} if numbers else set())
    options: list[Any] = [{"type": [kind for kind in _TYPES if kind not in kinds]}]
    if texts:
        options.append({"type": "string", "pattern": other_than(texts)})
    if len(set(truths)) == 1:
        options.append({"const": not truths[0]})
    for number in numbers:
        options += [{"type": "number", "exclusiveMaximum": number}, {"type": "number", "exclusiveMinimum": number}]
    return {"anyOf": options}
