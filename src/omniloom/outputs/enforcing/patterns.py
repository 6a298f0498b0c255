"""Regular expressions of JSON Schema (ECMA 262), written so that Python and the grammar engine read them alike."""

import re
from collections.abc import Iterable

_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_"}
_DOUBLED = ("&&", "--", "~~", "||")
# Characters that are taken for themselves inside a class, but need a backslash in one dialect or the other.
_ESCAPED = frozenset("[]^-\\&~|")


def portable(pattern: str) -> str:
    """The same pattern with its classes spelled out: `\\d` is ten digits, `[[]` is a bracket."""
    out: list[str] = []
    at, inner = 0, False
    while at < len(pattern):
        char = pattern[at]
        pair = pattern[at : at + 2]
        if char == "\\" and len(pair) == 2:
            out.append(_escape(pair, inner))
            at += 2
            continue
        if inner and char == "[":
            out.append("\\[")
        elif inner and pair in _DOUBLED:
            out.append("\\" + char)
        else:
            if char == "[" and not inner:
                inner = True
                if pattern[at + 1 : at + 3] == "^]" or pair == "[]":
                    return pattern  # the empty class of ECMA, which no other dialect knows
            elif char == "]":
                inner = False
            out.append(char)
        at += 1
    return "".join(out)


def _escape(pair: str, inner: bool) -> str:
    kind = pair[1]
    if kind in _CLASSES:
        return _CLASSES[kind] if inner else f"[{_CLASSES[kind]}]"
    if kind.lower() in _CLASSES and not inner:
        return f"[^{_CLASSES[kind.lower()]}]"
    return kind if kind == "/" else pair


def readable(pattern: str) -> bool:
    """Whether Python can check it."""
    try:
        re.compile(portable(pattern))
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def found(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text; True for a pattern that Python cannot read."""
    try:
        return re.search(portable(pattern), text) is not None
    except (re.error, RecursionError, OverflowError):
        return True


def other_than(texts: Iterable[str]) -> str:
    """A pattern of every text but these."""
    return f"^{_rest(sorted(set(texts)), 0)}$"


def _rest(texts: list[str], at: int) -> str:
    """What may follow the first `at` characters that all `texts` share, so that none of them comes out."""
    nexts: dict[str, list[str]] = {}
    for text in texts:
        if len(text) > at:
            nexts.setdefault(text[at], []).append(text)
    if not nexts:
        return r"[\s\S]+"
    options = [f"[^{''.join(map(_literal, nexts))}]" + r"[\s\S]*"]
    options += [_literal(char) + _rest(some, at + 1) for char, some in nexts.items()]
    if all(len(text) > at for text in texts):
        options.append("")
    return f"({'|'.join(options)})"


def _literal(char: str) -> str:
    if char in _ESCAPED or char in ".*+?(){}$/":
        return "\\" + char if char != "/" else char
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, char)
