"""References that lead nowhere: back to themselves at the same value, or into values that never end."""

from collections.abc import Iterator
from typing import Any

from omniloom.outputs.enforcing.subschemas import everything, target

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def endless(schema: dict[str, Any]) -> tuple[str, str] | None:
    """(JSON Pointer, why) of the first such `$ref`; None if there is none."""
    nodes = {pointer: node for pointer, node in everything(schema) if isinstance(node, dict)}
    open_ones = _unending(list(nodes.values()), schema)
    for pointer, node in nodes.items():
        if isinstance(node.get("$ref"), str):
            if _returns(node, schema):
                return f"{pointer}/$ref", "it leads back to itself without a property or an item between"
            if id(node) in open_ones:
                return f"{pointer}/$ref", "a value of it would hold another one, without end"
    return None


def _returns(start: dict[str, Any], root: dict[str, Any]) -> bool:
    seen: set[int] = set()
    waiting = list(_beside(start, root))
    while waiting:
        node = waiting.pop()
        if node is start:
            return True
        if id(node) not in seen:
            seen.add(id(node))
            waiting += _beside(node, root)
    return False


def _beside(node: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas that the same value is held to."""
    found = [target(root, node["$ref"])] if isinstance(node.get("$ref"), str) else []
    found += [each for key in _LISTS if isinstance(node.get(key), list) for each in node[key]]
    found += [node[key] for key in _SINGLE if key in node]
    yield from (each for each in found if isinstance(each, dict))


def _unending(nodes: list[dict[str, Any]], root: dict[str, Any]) -> set[int]:
    """The ids of the schemas that no value of finite size fits. A schema in an unknown place counts as fitted."""
    left = {id(node) for node in nodes}
    while done := {id(node) for node in nodes if id(node) in left and _ends(node, root, left)}:
        left -= done
    return left


def _ends(node: dict[str, Any], root: dict[str, Any], left: set[int]) -> bool:
    needed: list[Any] = list(node.get("allOf", ()))
    if isinstance(node.get("$ref"), str):
        needed.append(target(root, node["$ref"]))
    if node.get("type") == "object":
        needed += [node.get("properties", {}).get(name) for name in node.get("required", ())]
    if node.get("type") == "array" and node.get("minItems", 0) > 0:
        needed.append(node.get("items"))
    if any(id(each) in left for each in needed):
        return False
    choices = [node[key] for key in ("anyOf", "oneOf") if node.get(key)]
    return all(any(id(each) not in left for each in some) for some in choices)
