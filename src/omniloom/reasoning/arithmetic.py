"""Arithmetic in words: the equations of numbers that a text writes out, computed again.

`3 eggs * 7 days = 21 eggs` is one, in LaTeX too. What holds a variable, a date, a time or two units that differ is none:
no verdict is better than a wrong one.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

_SPELLED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spelled)
    for pattern, spelled in (
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\\(?:text|mathrm|boxed)\s*\{([^{}]*)\}", r" \1 "),
        (r"\\times(?![a-z])|\\cdot(?![a-z])|[×⋅·]", "*"),  # noqa: RUF001
        (r"\\div(?![a-z])|÷", "/"),
        ("−", "-"),  # noqa: RUF001
        (r"\\%", "%"),
        (r"\\left|\\right|\\[()\[\],;!:$]|[$€£]|\*\*|^\s*[-*+]\s", " "),
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),
        (r"(?<=[\d)])\s+x\s+(?=[\d(])", " * "),
        (r"(?<=[\d%])\s+of\s+(?=\d)", " * "),
    )
)
_TOKEN = re.compile(
    r"(?P<N>(?:\d+(?:\.\d+)?|\.\d+)(?:\s*%)?)|(?P<W>[^\W\d_]{2,}(?:/[^\W\d_]{2,})?)|(?P<O>[-+*/])"
    r"|(?P<open>\()|(?P<close>\))|(?P<equals>=)|(?P<gap>\s+)|(?P<other>.)"
)
_KINDS = {"open": "(", "close": ")", "equals": "=", "other": "?"}
_LEFT = re.compile(r"\(*N\)*W{0,3}\)*(?:O\(*N\)*W{0,3}\)*)+$")
_RIGHT = re.compile(r"O?N(?P<unit>W?)(?![O(?]N|[O(]\()")
_MIXED = re.compile(r"N(W{1,3})$")  # 2 hours 30 minutes
_JOINS = frozenset("and then so or but".split())
_UNSURE = frozenset("remainder rounded roughly approximately about".split())
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_YEARS = range(1900, 2101)
_MOST = 100  # tokens of a side


@dataclass(frozen=True)
class Slip:
    """An equation that does not hold: as it is written, and what its left side comes to."""

    said: str
    value: str


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    glued: bool  # to the one before it


def slips(text: str) -> Iterator[Slip]:
    for line in text.splitlines():
        tokens = list(_tokens(line))
        kinds = "".join(token.kind for token in tokens)
        for at, kind in enumerate(kinds):
            if kind == "=" and (found := _checked(tokens, kinds, at)) is not None:
                yield found


def _tokens(line: str) -> Iterator[_Token]:
    for pattern, spelled in _SPELLED:
        line = pattern.sub(spelled, line)
    glued = False
    for match in _TOKEN.finditer(line):
        name = str(match.lastgroup)
        if name != "gap":
            yield _Token(_KINDS.get(name, name), match.group(), glued)
        glued = name != "gap"


def _checked(tokens: Sequence[_Token], kinds: str, at: int) -> Slip | None:
    """Of the equation with this sign; None where it holds, or is none."""
    first = max(kinds.rfind("=", 0, at) + 1, kinds.rfind("?", 0, at) + 1, at - _MOST)
    left, right = _LEFT.search(kinds[first:at]), _RIGHT.match(kinds, at + 1)
    if left is None or right is None:
        return None
    start = first + left.start()
    sides, told = tokens[start:at], tokens[at + 1 : right.end()]
    if _hangs(tokens, kinds, start, right.end()) or _differ(sides, told, tokens[right.end() - 1 : right.end() + 2]):
        return None
    expression = "".join(_plain(token) for token in sides if token.kind != "W")
    value = _value(expression)
    if value is None:
        return None
    number = next(token.text for token in told if token.kind == "N")
    wanted = Fraction(number.rstrip("% \t")) * (-1 if told[0].kind == "O" else 1)
    digits = len(number.rstrip("% \t").partition(".")[2])
    if any(abs(value * scale - wanted) * 2 <= Fraction(1, 10**digits) for scale in (1, 100, Fraction(1, 100))):
        return None
    said = " ".join(token.text for token in [*sides, tokens[at], *told])
    return Slip(said, f"{float(value):.12g}")


def _hangs(tokens: Sequence[_Token], kinds: str, start: int, end: int) -> bool:
    """Whether the equation goes on before or behind: a variable, an operator, a decimal comma, a date, a time."""
    before, after = kinds[:start], tokens[end] if end < len(tokens) else None
    if before[-1:] in ("O", ")", "(", "N"):
        return True
    mixed = _MIXED.search(before)
    if mixed and not {token.text.lower() for token in tokens[mixed.start(1) : start]} <= _JOINS:
        return True
    if before[-1:] == "?" and tokens[start].glued:
        return True
    if before[-1:] == "?" and start > 1 and tokens[start - 1].glued and kinds[start - 2] == "N":
        return True
    return after is not None and after.kind == "?" and after.glued and after.text not in ".,;!"


def _differ(left: Sequence[_Token], right: Sequence[_Token], behind: Sequence[_Token]) -> bool:
    """Whether units are converted, something is rounded, or two years are set against each other."""
    own = {word.rstrip("s") for token in left if token.kind == "W" for word in token.text.lower().split("/")}
    told = {word.rstrip("s") for token in right if token.kind == "W" for word in token.text.lower().split("/")}
    if own and told and not own & told:
        return True
    numbers = [token.text for token in left if token.kind == "N"]
    return any(token.text.lower() in _UNSURE for token in behind) or (
        len(numbers) == 2 and all(number.isdigit() and int(number) in _YEARS for number in numbers)
    )


def _plain(token: _Token) -> str:
    return f"({token.text.rstrip('% ')}/100)" if token.text.endswith("%") else token.text


def _value(expression: str) -> Fraction | None:
    try:
        return _of(ast.parse(expression, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, KeyError):
        return None


def _of(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_of(node.left), _of(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_of(node.operand)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return Fraction(str(node.value))
    raise ValueError(f"{ast.dump(node)} is no arithmetic")
