"""What a grammar engine would pass over without a word, so that what is written could be invalid."""

import math
import re
import sys
from typing import Any

from omniloom.outputs.enforcing import grammar
from omniloom.outputs.enforcing.patterns import readable
from omniloom.outputs.enforcing.subschemas import escaped, everything
from omniloom.outputs.enforcing.validation import draft_of

_LEGACY = ("divisibleBy", "disallow", "extends")
_EXACT = 2**53
_LARGEST = int(sys.float_info.max)
# Keywords that limit values in some draft, with the drafts (as jsonschema names them) from which on they do.
_SINCE = {
    "const": 6,
    "contains": 6,
    "propertyNames": 6,
    "if": 7,
    "then": 7,
    "else": 7,
    "dependentRequired": 2019,
    "dependentSchemas": 2019,
    "unevaluatedProperties": 2019,
    "unevaluatedItems": 2019,
    "prefixItems": 2020,
}
_SET = re.compile(r"\[[^\]]*(\[|&&|--|~~)")


def passed_over(schema: dict[str, Any]) -> tuple[str, str] | None:
    """(JSON Pointer, why) of the first such keyword; None if there is none."""
    draft = _number(draft_of(schema).__name__)
    for pointer, node in everything(schema):
        if isinstance(node, dict):
            for key, why in _reasons(node, draft):
                return f"{pointer}/{escaped(key)}", why
    return None


def misread(schema: dict[str, Any]) -> bool:
    """Whether there is a format that not all engines enforce, or a pattern that some take for operations on sets."""
    for _, node in everything(schema):
        pattern, name = (node.get("pattern"), node.get("format")) if isinstance(node, dict) else (None, None)
        if isinstance(pattern, str) and _SET.search(pattern):
            return True
        if isinstance(node, dict) and rounded(node):
            return True
        if isinstance(name, str) and not grammar.knows_format(name):
            return True
    return False


def rounded(node: dict[str, Any]) -> dict[str, int]:
    """The bounds that are no exact floats, which grammar engines take them for, moved to the next one inside."""
    found: dict[str, int] = {}
    for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
        value = node.get(key)
        if isinstance(value, int) and _inexact(value):
            near, inner = float(value), math.inf if key.endswith("inimum") else -math.inf
            outside = int(near) < value if inner > 0 else int(near) > value
            found[key] = int(math.nextafter(near, inner) if outside else near)
    return found


def _reasons(node: dict[str, Any], draft: int) -> list[tuple[str, str]]:
    found = [(key, "a keyword of draft 3, which later drafts ignore") for key in _LEGACY if key in node]
    for key, since in _SINCE.items():
        if key in node and since > draft and key != "const":
            found.append((key, f"not a keyword of the schema's own draft ({draft}), where it would say nothing"))
    for key in ("const", "enum"):
        if key in node and _inexact(node[key]):
            found.append((key, "a whole number above 2^53, which is not exact"))
    patterns = node.get("patternProperties")
    for name in patterns if isinstance(patterns, dict) else ():
        if not readable(name) or _SET.search(name):
            found.append(("patternProperties", f"the pattern {name!r} is not read alike everywhere"))
    least = node.get("minProperties", 0)
    if least > max(1, len(node.get("required", ()))) and (
        node.get("additionalProperties", True) is not False or node.get("patternProperties")
    ):
        found.append(("minProperties", "names that the schema does not list could be repeated"))
    return found


def _inexact(value: Any) -> bool:
    """Whether there is a whole number in it that no float is."""
    if isinstance(value, list):
        return any(map(_inexact, value))
    if isinstance(value, dict):
        return any(map(_inexact, value.values()))
    if not isinstance(value, int) or abs(value) <= _EXACT:
        return False
    return abs(value) > _LARGEST or int(float(value)) != value


def _number(name: str) -> int:
    """Draft4Validator → 4, Draft202012Validator → 2020."""
    digits = re.sub(r"\D", "", name)[:4]
    return int(digits)
