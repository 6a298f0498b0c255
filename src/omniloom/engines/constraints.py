"""Constraints as llguidance grammars: what they compile to, whether they can be enforced, whether a text fits.

Every kind becomes one Lark grammar in llguidance's dialect, which both the engine's sampler and the Python package
read, so what is checked here before running is what is enforced there. Source: llguidance's docs/syntax.md.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from omniloom.core.values import Constraint

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_SINGLE = ("items", "additionalProperties", "additionalItems", "not", "if", "then", "else", "contains", "propertyNames")
KINDS = frozenset({"json_schema", "grammar", "regex", "choices"})
# Whitespace is fixed as models were taught it: free whitespace costs tokens and lets a weak model pad for ever.
_WHITESPACE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_ESCAPES = re.compile(r"\\.|[/\n]", re.DOTALL)  # in a regex: what is escaped already, and what has to be


def to_lark(constraint: Constraint) -> str:
    """The constraint as a Lark grammar. Raises ValueError on a value that is not of the constraint's kind."""
    value = constraint.value
    if constraint.kind == "json_schema":
        if isinstance(value, bool):
            value = {} if value else {"not": {}}
        if not isinstance(value, dict):
            raise ValueError(f"a JSON Schema is an object, got {type(value).__name__}")
        return f"start: %json {json.dumps(value | {'x-guidance': _WHITESPACE}, ensure_ascii=False)}"
    if constraint.kind == "choices":
        if not isinstance(value, (list, tuple)) or not value or not all(isinstance(v, str) and v for v in value):
            raise ValueError(f"choices are a list of texts that are not empty, got {value!r}")
        return "start: " + " | ".join(json.dumps(choice, ensure_ascii=False) for choice in value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"a {constraint.kind} is a text that is not empty, got {value!r}")
    if constraint.kind == "regex":
        return f"start: /{_ESCAPES.sub(_in_lark, value)}/"
    return value.removeprefix("%llguidance {}").lstrip("\n")


def _in_lark(found: re.Match[str]) -> str:
    """A bare slash would end the regex, a new line the rule."""
    return {"/": "\\/", "\n": "\\n", "\\\n": "\\n"}.get(found[0], found[0])


def refusal(constraint: Constraint) -> str | None:
    """Why the constraint cannot be enforced, beginning with the JSON Pointer of the keyword; None if it can."""
    try:
        why = _compiled(to_lark(constraint))
    except ValueError as error:
        return f"/: {error}"
    if why is None:
        return None
    place = _place(constraint.value, {}) if isinstance(constraint.value, dict) else ""
    return f"{place or '/'}: {_reason(why)}"


def fits(constraint: Constraint, text: str) -> bool:
    """Whether `text`, whole, is what the constraint allows."""
    import llguidance

    matcher = llguidance.LLMatcher(_bytes(), to_lark(constraint), log_level=0)
    data = list(text.encode("utf-8"))
    return matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting()


def _place(schema: dict[str, Any], shared: dict[str, Any]) -> str:
    """The JSON Pointer of the innermost keyword without which the schema would compile; "" if there is none."""
    shared = shared or {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    for pointer, inner in _inner(schema):
        if isinstance(inner, dict) and _fails({**shared, **inner}):
            return pointer + _place(inner, shared or {"$defs": {}})
    for key in schema:
        if not _fails({**shared, **{name: value for name, value in schema.items() if name != key}}):
            return "/" + _escaped(key)
    return ""


def _inner(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas directly inside, with their pointers."""
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            yield from ((f"/{key}/{_escaped(name)}", inner) for name, inner in value.items())
        elif key in _LISTS and isinstance(value, list):
            yield from ((f"/{key}/{at}", inner) for at, inner in enumerate(value))
        elif key in _SINGLE and isinstance(value, dict):
            yield f"/{key}", value


def _fails(schema: dict[str, Any]) -> bool:
    return _compiled(to_lark(Constraint(kind="json_schema", value=schema))) is not None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _reason(error: str) -> str:
    """llguidance's words without its line numbers and the grammar it shows."""
    kept = [line for line in error.splitlines() if not re.match(r"\s*(\d+ \||\^)", line)]
    text = re.sub(r"^(at )?\d+\(\d+\): (failed to compile JSON schema: )?", "", "\n".join(kept).strip())
    return re.sub(r"\s+", " ", text)


@lru_cache(256)
def _compiled(grammar: str) -> str | None:
    import llguidance

    matcher = llguidance.LLMatcher(_bytes(), grammar, log_level=0)
    return matcher.get_error() or None if matcher.is_error() else None


@lru_cache(1)
def _bytes() -> Any:
    import llguidance

    return llguidance.LLTokenizer("byte")
