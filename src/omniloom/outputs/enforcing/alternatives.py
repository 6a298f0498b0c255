"""`oneOf` and counts of properties, written as choices that exclude each other."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

from omniloom.outputs.enforcing import grammar

_MOST = 40
Lookup = Callable[[str], Any]


def exclusive(node: dict[str, Any], shared: dict[str, Any], lookup: Lookup) -> tuple[list[Any] | None, bool]:
    """(the branches of `oneOf` so that no value fits two of them, whether some got narrower); None where not found.

    Two branches exclude each other if the grammar engine sees that both together are impossible. Where they do not,
    a key that the one requires and the other does not mention is forbidden in the other.
    """
    branches = [branch for branch in node["oneOf"] if branch is not False]
    if len(branches) > _MOST:
        return None, False
    beside = {
        key: value for key, value in node.items() if key not in ("oneOf", "anyOf", "allOf", "$defs", "definitions")
    }
    result, narrowed = [], False
    for at, branch in enumerate(branches):
        others = branches[:at] + branches[at + 1 :]
        banned: list[str] = []
        for other in others:
            if _apart(_without(branch, banned), other, beside, shared):
                continue
            key = _separator(branch, other, beside, shared, banned, lookup)
            if key is None:
                return None, False
            banned.append(key)
        # With nothing but required keys in all branches the ban is what oneOf says.
        narrowed = narrowed or bool(banned and not all(_only_required(each) for each in branches))
        result.append(_without(branch, banned))
    return result, narrowed


def _apart(first: Any, second: Any, beside: dict[str, Any], shared: dict[str, Any]) -> bool:
    both = [first, second, beside] if beside else [first, second]
    return grammar.impossible({**shared, "allOf": both})


def _separator(
    branch: Any, other: Any, beside: dict[str, Any], shared: dict[str, Any], banned: list[str], lookup: Lookup
) -> str | None:
    own, names = _required(branch, lookup) | set(beside.get("required", ())), _named(branch, lookup)
    for key in sorted(_required(other, lookup) - own, key=lambda key: key in names):
        if key not in names and _apart(_without(branch, [*banned, key]), other, beside, shared):
            return key
    return None


def _without(branch: Any, keys: list[str]) -> Any:
    return {"allOf": [branch, {"properties": dict.fromkeys(keys, False)}]} if keys else branch


def _only_required(branch: Any) -> bool:
    return isinstance(branch, dict) and set(branch) <= {"required", "title", "description"}


def _required(branch: Any, lookup: Lookup, depth: int = 0) -> set[str]:
    if not isinstance(branch, dict) or depth > 8:
        return set()
    keys = set(branch.get("required", ()))
    for each in _joined(branch, lookup):
        keys |= _required(each, lookup, depth + 1)
    return keys


def _named(branch: Any, lookup: Lookup, depth: int = 0) -> set[str]:
    if not isinstance(branch, dict) or depth > 8:
        return set()
    keys = set(branch.get("properties", ()))
    for each in _joined(branch, lookup):
        keys |= _named(each, lookup, depth + 1)
    return keys


def _joined(branch: dict[str, Any], lookup: Lookup) -> list[Any]:
    return [*branch.get("allOf", ()), *([lookup(branch["$ref"])] if isinstance(branch.get("$ref"), str) else [])]


def counted(node: dict[str, Any]) -> tuple[dict[str, Any], list[Any], bool]:
    """(the node without minProperties and maxProperties where they can be said otherwise, what to add, narrower)."""
    names = [name for name, each in node.get("properties", {}).items() if each is not False]
    required = [name for name in names if name in node.get("required", ())]
    free = [name for name in names if name not in required]
    closed = node.get("additionalProperties") is False and not node.get("patternProperties")
    rest, added, narrower = dict(node), list[Any](), False
    least, most = node.get("minProperties", 0), node.get("maxProperties")
    if least <= len(set(node.get("required", ()))):
        rest.pop("minProperties", None)
    elif names and (some := _choices(free, least - len(required))) is not None:
        added.append({"anyOf": [{"required": list(each)} for each in some]})
        rest.pop("minProperties")
        narrower = not closed
    if most is not None and closed:
        some = [()] if most >= len(names) else _choices(free, most - len(required))
        if some is not None:
            if most < len(names):
                bans = [[name for name in free if name not in each] for each in some]
                added.append({"anyOf": [{"properties": dict.fromkeys(ban, False)} for ban in bans]})
            rest.pop("maxProperties")
    return rest, added, narrower


def _choices(names: list[str], count: int) -> list[tuple[str, ...]] | None:
    if not 0 <= count <= len(names):
        return None
    found = []
    for each in combinations(names, count):
        found.append(each)
        if len(found) > _MOST:
            return None
    return found
