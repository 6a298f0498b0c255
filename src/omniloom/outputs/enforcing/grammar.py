"""JSON Schemas compiled by llguidance on a tokenizer of single bytes: what compiles here, an engine can enforce."""

import json
import re
from functools import lru_cache
from typing import Any

FORMATS = frozenset("date-time time date duration email hostname ipv4 ipv6 uuid".split())
# Formats said as patterns instead: an absolute URI has a scheme (RFC 3986, section 3).
SHAPES = {"uri": r"^[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+$"}
# Whitespace as engines set it, and no \u escapes: a key could be written with them so that its rule is missed. Where
# an engine's own build cannot forbid them, validation sees it.
OPTIONS: dict[str, Any] = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "json_allowed_escapes": 'nrbtf\\"',
}


def problem(schema: Any) -> str:
    """Why llguidance does not compile the schema; "" if it does."""
    return _problem(json.dumps(_rooted(schema), ensure_ascii=False))


def impossible(schema: Any) -> bool:
    """True if llguidance can tell that no value fits the schema."""
    return "Unsatisfiable schema" in problem(schema)


def matcher(schema: Any) -> Any:
    """llguidance's matcher at the start of a text; each token is one byte."""
    return _matcher(json.dumps(_rooted(schema), ensure_ascii=False)).deep_copy()


def fits(schema: Any, text: str) -> bool:
    """Whether the whole `text` is JSON that the grammar of the schema allows, in the engines' whitespace."""
    start = matcher(schema)
    data = list(text.encode("utf-8", "replace"))
    return start.try_consume_tokens(data) == len(data) and start.is_accepting()


def knows_format(name: str) -> bool:
    """Whether every build of llguidance enforces the format; engines carry older ones than the package."""
    return name in FORMATS


def _rooted(schema: Any) -> dict[str, Any]:
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    return schema | {"x-guidance": OPTIONS}  # a schema's own options could switch keywords off


@lru_cache(1024)
def _problem(text: str) -> str:
    made = _made(text)
    return _worded(made.get_error()) if made.is_error() else ""


@lru_cache(64)
def _matcher(text: str) -> Any:
    return _made(text)


def _made(text: str) -> Any:
    import llguidance

    return llguidance.LLMatcher(_bytes(), f"start: %json {text}", log_level=0)


def _worded(error: str) -> str:
    """llguidance's words without line numbers and the grammar it shows."""
    kept = [line for line in error.splitlines() if not re.match(r"\s*(\d+ \||\^)", line)]
    text = re.sub(r"^(at )?\d+\(\d+\): (failed to compile JSON schema: )?", "", "\n".join(kept).strip())
    return re.sub(r"\s+", " ", text) or "the grammar does not compile"


@lru_cache(1)
def _bytes() -> Any:
    import llguidance

    return llguidance.LLTokenizer("byte")
