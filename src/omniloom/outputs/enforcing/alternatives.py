"""`oneOf` and counts of properties, written as choices that exclude each other."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from omniloom.outputs.enforcing import grammar

_MOST = 40
Lookup = Callable[[str], Any]


def exclusive(node: dict[str, Any], shared: dict[str, Any], lookup: Lookup) -> tuple[list[Any] | None, bool]:
    """(the branches of `oneOf` so that no value fits two of them, whether some got narrower); None where not found.

    Two branches exclude each other if the grammar engine sees that both together are impossible. Where they do not,
    a branch is held to objects, or to those without a key that the other requires, or with a key of its own.
    """
    branches = [branch for branch in node["oneOf"] if branch is not False]
    if len(branches) > _MOST:
        return None, False
    beside = {
        key: value for key, value in node.items() if key not in ("oneOf", "anyOf", "allOf", "$defs", "definitions")
    }
    context = {**shared, "allOf": [beside]}
    result, changed = [], False
    for at, branch in enumerate(branches):
        held = branch
        for other in (*branches[:at], *branches[at + 1 :]):
            if not _apart(held, other, context):
                held = _held(held, other, context, lookup)
                changed = True
            if held is None:
                return None, False
        if not grammar.impossible({**context, "allOf": [beside, held]}):
            result.append(held)
    # With nothing but required keys in all branches the bans are what oneOf says.
    exact = node.get("type") == "object" and all(_only_required(each) for each in branches)
    return (result, changed and not exact) if result else (None, False)


def _apart(first: Any, second: Any, context: dict[str, Any]) -> bool:
    return grammar.impossible({**context, "allOf": [*context["allOf"], first, second]})


def _held(branch: Any, other: Any, context: dict[str, Any], lookup: Lookup) -> Any:
    """The branch with less, so that nothing of it fits the other; None where none of the ways works."""
    for more in _ways(branch, other, context, lookup):
        held = {"allOf": [branch, more]}
        if _apart(held, other, context) and not grammar.impossible({**context, "allOf": [*context["allOf"], held]}):
            return held
    return None


def _ways(branch: Any, other: Any, context: dict[str, Any], lookup: Lookup) -> Iterator[dict[str, Any]]:
    names, required = _named(branch, lookup), _required(branch, lookup)
    if names or required:
        yield {"type": "object"}
    for key in sorted(_required(other, lookup) - required - names):
        yield {"type": "object", "properties": {key: False}}
    telling = [key for key in sorted(names - required) if _apart({"allOf": [branch, _with(key)]}, other, context)]
    if telling:
        yield {"anyOf": [_with(key) for key in telling]}


def _with(key: str) -> dict[str, Any]:
    return {"type": "object", "required": [key]}


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
