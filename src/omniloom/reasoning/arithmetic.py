"""Arithmetic in words: the equations of numbers that a text writes out, computed again.

`3 boxes * 7 eggs = 22 eggs` is one, in LaTeX too. There is no verdict where anything else may be meant: a variable, a
function, a range, a date, a scale, units of measure that change, a mistake that is spoken of.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

_SPELLED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), spelled)
    for pattern, spelled in (
        (r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\\(?:text|mathrm|boxed)\s*\{([^{}]*)\}", r" \1 "),
        (r"\\times(?![a-z])|\\cdot(?![a-z])|[×⋅·]", "*"),
        (r"\\div(?![a-z])|÷", "/"),
        ("−", "-"),
        (r"\\%", "%"),
        (r"\\left|\\right|\\[()\[\],;!:$]|[$€£]|\*\*|^\s*[-*+]\s", " "),
        (r"(?<=\d),(?=\d{3}(?!\d))", ""),
        (r"(?<=[\d)])\s+x\s+(?=[\d(])", " * "),
        (r"(?<=\d%)\s+of\s+(?=\d)", " * "),
    )
)
_TOKEN = re.compile(
    r"(?P<N>(?:\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})(?![\d.]*\d)(?:\s*%)?)|(?P<W>[^\W\d_]{2,}(?:/[^\W\d_]{2,})?)"
    r"|(?P<O>[-+*/])|(?P<open>\()|(?P<close>\))|(?P<equals>=)|(?P<gap>\s+)|(?P<other>.)"
)
_KINDS = {"open": "(", "close": ")", "equals": "=", "other": "?"}
_LEFT = re.compile(r"\(*N\)*+W{0,2}\)*+(?:O\(*N\)*+W{0,2}\)*+)+$")
_RIGHT = re.compile(r"O?NW?+(?![NO(])")
_MIXED = re.compile(r"N(W{1,3})$")  # 2 hours 30 minutes
_MOST, _LONGEST = 60, 1000  # tokens of a side; characters of a line
_PAUSES = frozenset(":,.;!?|>•—\"'")
_CLOSES = frozenset(".,;!")
_YEAR = re.compile(r"1\d{3}|20\d\d")
_GERMAN = re.compile(r"\d{1,3}\.\d{3}")  # a thousand or a fraction

_JOINS = frozenset("and then so or but".split())
# Before an equation: they belong to it, make of its first number a name, or say that it is not meant exactly.
_BEFORE = frozenset(
    "of minus negative plus times over half twice double triple root squared square cube from between about around "
    "nearly almost roughly approximately step part question problem example case option section chapter table "
    "figure".split()
)
_DENIED = re.compile(
    r"\b(?:wrong\w*|incorrect\w*|mistake\w*|error\w*|false|not|no|never|isn't|instead|mod|modulo|base)\b|…|\.\.",
    re.IGNORECASE,
)
_SCALES = frozenset(
    "dozen hundred thousand million billion trillion mio mrd pair score cent percent pi sqrt am pm bn remainder".split()
)
_MEASURES = frozenset(
    "second sec minute min hour hr day week fortnight month year decade century foot feet inch inche yard mile meter "
    "metre kilometer kilometre centimeter centimetre millimeter millimetre km cm mm gram kilogram kg mg pound lb ounce "
    "oz ton tonne liter litre ml gallon quart pint cup tablespoon teaspoon degree byte kb mb gb tb".split()
)
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Equation:
    """As it is written, what its left side comes to, and whether that is what stands on the right."""

    said: str
    value: str
    holds: bool


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    glued: bool  # to the one before it


def slips(text: str) -> list[Equation]:
    """Those that do not hold."""
    return [each for each in equations(text) if not each.holds]


def equations(text: str) -> Iterator[Equation]:
    for line in text.splitlines():
        if "=" not in line or len(line) > _LONGEST or _DENIED.search(line):
            continue
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


def _checked(tokens: Sequence[_Token], kinds: str, at: int) -> Equation | None:
    """The equation with this sign, if it is one."""
    first = max(kinds.rfind("=", 0, at) + 1, kinds.rfind("?", 0, at) + 1, at - _MOST)
    left, right = _LEFT.search(kinds[first:at]), _RIGHT.match(kinds, at + 1)
    if left is None or right is None:
        return None
    start, end = first + left.start(), right.end()
    side, told = tokens[start:at], tokens[at + 1 : end]
    if _hangs_before(tokens, kinds, start) or _hangs_behind(tokens, end) or _unclear(side, told, tokens[at]):
        return None
    value = value_of("".join(_plain(token) for token in side if token.kind != "W"))
    if value is None:
        return None
    said = " ".join(token.text for token in [*side, tokens[at], *told])
    divides = any(token.text == "/" for token in side)
    return Equation(said, f"{float(value):.12g}", _is(value, told, divides=divides))


def _is(value: Fraction, told: Sequence[_Token], *, divides: bool) -> bool:
    """Whether the right side is the value; of a quotient as many digits of it as are written, rounded or cut."""
    number = next(token.text for token in told if token.kind == "N")
    plain = number.rstrip("% \t")
    wanted = Fraction(plain) * (-1 if told[0].kind == "O" else 1)
    digit = Fraction(1, 10 ** len(plain.partition(".")[2]))
    gaps = [abs(value * scale - wanted) for scale in ((1, 100) if number.endswith("%") else (1,))]
    return any(gap < digit if divides else gap * 10**9 <= abs(value) for gap in gaps)


def _hangs_before(tokens: Sequence[_Token], kinds: str, start: int) -> bool:
    """Whether it begins further left: with an operator, a variable, a function, a word that belongs to it."""
    if not start:
        return False
    before, glued, mixed = tokens[start - 1], tokens[start].glued, _MIXED.search(kinds[max(start - 4, 0) : start])
    if before.kind in "O)(N":
        return True
    if before.kind == "?":
        decimal = start > 1 and before.glued and kinds[start - 2] == "N"
        return glued or decimal or before.text not in _PAUSES
    if before.kind == "W":
        named = {token.text.lower() for token in tokens[max(start - 2, 0) : start]}
        if glued or tokens[start].kind == "(" or named & _BEFORE:
            return True
    words = {token.text.lower() for token in tokens[start - len(mixed[1]) : start]} if mixed else set[str]()
    return not words <= _JOINS


def _hangs_behind(tokens: Sequence[_Token], end: int) -> bool:
    if end == len(tokens):
        return False
    after = tokens[end]
    return after.kind == "(" or (after.kind == "?" and after.text not in _CLOSES)


def _unclear(left: Sequence[_Token], right: Sequence[_Token], sign: _Token) -> bool:
    """Whether units change, a scale is in words, a range or a share more or less is meant, or a point stands for a
    thousand."""
    sides = [{_stem(word) for token in side if token.kind == "W" for word in token.text.split("/")}
             for side in (left, right)]  # fmt: skip
    own, told = (words & _MEASURES for words in sides)
    if own != told or len(own) > 1 or (sides[0] | sides[1]) & _SCALES:
        return True
    numbers = [token.text for token in (*left, *right) if token.kind == "N"]
    if any(_GERMAN.fullmatch(number) for number in numbers):
        return True
    if len(left) == 3 and left[1].text == "-" and all(_YEAR.fullmatch(number) for number in numbers[:2]):
        return True
    dashes = [at for at, token in enumerate(left) if token.text == "-" and token.glued and left[at + 1].glued]
    shares = any(one.text in "+-" and other.text.endswith("%") for one, other in pairwise(left))
    whole = all(token.text.endswith("%") for token in left if token.kind == "N")
    return bool(dashes and not sign.glued) or (shares and not whole)


def _stem(word: str) -> str:
    return word.lower().removesuffix("s")


def _plain(token: _Token) -> str:
    return f"({token.text.rstrip('% ')}/100)" if token.text.endswith("%") else token.text


def value_of(expression: str) -> Fraction | None:
    """What an expression of numbers, brackets and + - * / comes to; None where it comes to nothing, or is none."""
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
