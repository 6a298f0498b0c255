"""Constraints as llguidance grammars: what they compile to, whether they can be enforced, whether a text fits.

Every kind becomes one Lark grammar in llguidance's dialect, which both the engine's sampler and the Python package
read, so what is checked here before running is what is enforced there. Source: llguidance's docs/syntax.md.
"""

import json
from functools import lru_cache
from typing import Any

from omniloom.core.values import Constraint

KINDS = frozenset({"json_schema", "grammar", "regex", "choices"})
# Whitespace is fixed as models were taught it: free whitespace costs tokens and lets a weak model pad for ever.
_WHITESPACE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def to_lark(constraint: Constraint) -> str:
    """The constraint as a Lark grammar. Raises ValueError on a value that is not of the constraint's kind."""
    value = constraint.value
    if constraint.kind == "json_schema":
        if isinstance(value, bool):
            value = {} if value else {"not": {}}
        if not isinstance(value, dict):
            raise ValueError(f"a JSON Schema is an object, got {type(value).__name__}")
        return f"start: %json {json.dumps({'x-guidance': _WHITESPACE} | value, ensure_ascii=False)}"
    if constraint.kind == "choices":
        if not isinstance(value, (list, tuple)) or not value or not all(isinstance(v, str) and v for v in value):
            raise ValueError(f"choices are a list of texts that are not empty, got {value!r}")
        return "start: " + " | ".join(json.dumps(choice, ensure_ascii=False) for choice in value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"a {constraint.kind} is a text that is not empty, got {value!r}")
    if constraint.kind == "regex":
        return "start: /" + value.replace("/", "\\/").replace("\n", "\\n") + "/"
    return value.removeprefix("%llguidance {}").lstrip("\n")


def refusal(constraint: Constraint) -> str | None:
    """Why the constraint cannot be enforced; None if it can."""
    try:
        return _compiled(to_lark(constraint))
    except ValueError as error:
        return str(error)


def fits(constraint: Constraint, text: str) -> bool:
    """Whether `text`, whole, is what the constraint allows."""
    import llguidance

    matcher = llguidance.LLMatcher(_bytes(), to_lark(constraint), log_level=0)
    data = list(text.encode("utf-8"))
    return matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting()


@lru_cache(256)
def _compiled(grammar: str) -> str | None:
    import llguidance

    matcher = llguidance.LLMatcher(_bytes(), grammar, log_level=0)
    return matcher.get_error() or None if matcher.is_error() else None


@lru_cache(1)
def _bytes() -> Any:
    import llguidance

    return llguidance.LLTokenizer("byte")
