"""What the trees of `language.py` are worth under given values; by this the parent checks what a child found."""

from collections.abc import Iterable, Sequence
from typing import Any


def number(tree: list[Any], values: Sequence[int]) -> int:
    """values: of each variable, in the order of their indices."""
    kind = tree[0]
    if kind == "int":
        return tree[1]
    if kind == "var":
        return values[tree[3]]
    if kind == "sum":
        return sum(factor * number(each, values) for factor, each in tree[3])
    if kind == "count":
        return sum(holds(each, values) for each in tree[3])
    if kind in ("min", "max"):
        return (min if kind == "min" else max)(number(each, values) for each in tree[3])
    one = number(tree[3], values)
    if kind == "abs":
        return abs(one)
    if kind == "times":
        return one * number(tree[4], values)
    return one // tree[4] if kind == "div" else one % tree[4]


def holds(tree: list[Any], values: Sequence[int]) -> bool:
    kind = tree[0]
    if kind == "is":
        of = number(tree[2], values)
        return {"==": of == 0, "!=": of != 0, "<": of < 0, "<=": of <= 0, ">": of > 0, ">=": of >= 0}[tree[1]]
    if kind == "among":
        return number(tree[1], values) in tree[2]
    if kind == "not":
        return not holds(tree[1], values)
    if kind == "same":
        return holds(tree[1], values) == holds(tree[2], values)
    if kind == "different":
        found = [number(each, values) for each in tree[1]]
        return len(set(found)) == len(found)
    return (all if kind == "and" else any)(holds(each, values) for each in tree[1])


def intervals(values: Iterable[int]) -> list[int]:
    """[low, high, low, high, ...] of the runs of neighbours."""
    ends: list[int] = []
    for value in sorted(set(values)):
        if ends and value == ends[-1] + 1:
            ends[-1] = value
        else:
            ends += [value, value]
    return ends
