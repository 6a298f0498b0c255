"""The schemas inside a schema, by JSON Pointer."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

_MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
_LISTS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems", "items"})
_SINGLE = frozenset(
    "items additionalProperties additionalItems not if then else contains propertyNames unevaluatedProperties "
    "unevaluatedItems contentSchema".split()
)
SHARED = ("$defs", "definitions")


def escaped(step: object) -> str:
    """One step of a JSON Pointer."""
    return str(step).replace("~", "~0").replace("/", "~1")


def inside(schema: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """(steps, schema) of the schemas directly inside; definitions first, as others point at them."""
    for key in (*(key for key in SHARED if key in schema), *(key for key in schema if key not in SHARED)):
        value = schema[key]
        if key in _MAPS and isinstance(value, dict):
            yield from (((key, name), each) for name, each in value.items() if isinstance(each, (dict, bool)))
        elif key in _LISTS and isinstance(value, list):
            yield from (((key, at), each) for at, each in enumerate(value))
        elif key in _SINGLE and isinstance(value, (dict, bool)):
            yield (key,), value


def changed(schema: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    """A copy with `value` at `steps`; what is not on the way is shared."""
    if not steps:
        return value
    copy = list(schema) if isinstance(schema, list) else dict(schema)
    copy[steps[0]] = changed(schema[steps[0]], steps[1:], value)  # type: ignore[index]
    return copy


def target(root: Any, reference: str) -> Any:
    """The schema that a local `$ref` means; None for others."""
    node: Any = root
    if not reference.startswith("#") or (reference != "#" and not reference.startswith("#/")):
        return None
    for step in unquote(reference[2:]).split("/") if reference != "#" else ():
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            return None
    return node


def mapped(schema: dict[str, Any], change: Callable[[Any, str], Any], pointer: str) -> dict[str, Any]:
    """A copy in which every schema directly inside is `change(schema, its pointer)`; the order of keys is kept."""
    copy = dict(schema)
    for steps, each in inside(schema):
        place = pointer + "".join(f"/{escaped(step)}" for step in steps)
        copy = changed(copy, steps, change(each, place))
    return copy


def everything(schema: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """(JSON Pointer, schema) of the schema and of all inside it, from the top."""
    yield pointer, schema
    if isinstance(schema, dict):
        for steps, each in inside(schema):
            yield from everything(each, pointer + "".join(f"/{escaped(step)}" for step in steps))
