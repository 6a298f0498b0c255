"""What the text of an expression may hold, checked before Python's parser sees it."""

import ast
import difflib
import re
from collections.abc import Collection
from typing import NoReturn

from omniloom.core.errors import TooLargeError, UsageError

LETTERS = 4000
DEPTH = 40
_SHOWN = 100
FUNCTIONS = ("abs", "all_different", "count", "implies", "max", "min", "sum")
_TOKEN = re.compile(
    r"(?P<name>[^\W\d]\w*)|(?P<number>[0-9]{1,18})(?![\w.])|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")"
    r"|(?P<operator>==|!=|<=|>=|//|[-+*%<>,()\[\]])|(?P<blank>[ \t\n]+)"
)
_WORDS = "words, whole numbers below 10**18, names in quotes, and + - * // % == != < <= > >= ( ) [ ]"
_HINTS = {
    "=": "== compares",
    ".": "only whole numbers: multiply both sides by 10 or 100; nothing has attributes",
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "^": "write a product",
    "/": "write a product on the other side, or // for the whole quotient",
}


class Place:
    """Where an error is: "constraint 3" and its text."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def wrong(self, why: str, hint: str) -> NoReturn:
        raise UsageError(f"{self.name} ({shown(self.text)}): {why}", hint=hint)

    def large(self, why: str, hint: str) -> NoReturn:
        raise TooLargeError(f"{self.name} ({shown(self.text)}): {why}", hint=hint)


def shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def nearest(name: str, known: Collection[str]) -> str:
    """A hint that names what was meant, or some of what there is."""
    near = difflib.get_close_matches(name[:60], list(known)[:2000], 3) or sorted(known)[:8]
    return f"there are {', '.join(near)}" if near else "there is none"


def parsed(place: Place) -> ast.expr:
    """The syntax tree of an expression of known words, not yet checked for what they say. Raises UsageError,
    TooLargeError."""
    text = place.text
    if len(text) > LETTERS:
        place.large(f"it has {len(text)} characters, more than {LETTERS}", "write several shorter constraints")
    _check_words(place)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        place.wrong(f"it cannot be read: {error.msg}", "write one comparison, such as 2 * x + y <= 10")
    except (ValueError, RecursionError, MemoryError):
        place.large("it is nested too deep", "write several constraints")


def _check_words(place: Place) -> None:
    at, depth, text = 0, 0, place.text
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            piece = re.match(r"\S{1,20}", text[at:])
            hint = _HINTS.get("." if re.match(r"\d+\.", text[at:]) else text[at], _WORDS)
            place.wrong(f"{piece[0] if piece else text[at]!r} is not part of the language", hint)
        at = found.end()
        depth += (found[0] in "([") - (found[0] in ")]") if found.lastgroup == "operator" else 0
        if depth > DEPTH:
            place.large(f"it is nested deeper than {DEPTH}", "write several constraints")
