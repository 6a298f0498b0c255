"""The language of constraints: read by Python's parser, through a list of what is allowed, into plain trees.

A tree is a list that JSON carries. Of a number: [kind, low, high, ...], low and high being what it can be:
  ["int", v, v]  ["var", low, high, index]  ["sum", low, high, [[factor, tree], ...]]  ["times", low, high, one, other]
  ["div" or "mod", low, high, tree, divisor]  ["abs", low, high, tree]  ["min" or "max", low, high, [tree, ...]]
  ["count", low, high, [condition, ...]]
Of a condition:
  ["is", operator, number]  the number compared with 0  ["among", number, [value, ...]]
  ["and" or "or", [condition, ...]]  ["not", condition]  ["same", one, other]  ["different", [number, ...]]
Names that are values stand as numbers: one for each text, the same in every variable.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from omniloom.tools.solving.words import DEPTH, FUNCTIONS, Place, nearest, parsed, shown

MOST = 10**12  # of every number on the way: far from what 64 bits overflow at
NODES = 200_000
PRODUCTS = 500
_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_KINDS = {"number": "a number", "name": "a name", "condition": "a condition"}
_ORDERS = {"<", "<=", ">", ">="}


@dataclass(frozen=True)
class Term:
    """A part of an expression. values: of a name, the codes that it can be."""

    kind: Literal["number", "name", "condition"]
    tree: list[Any]
    values: frozenset[int] = frozenset()

    @property
    def low(self) -> int:
        return self.tree[1]

    @property
    def high(self) -> int:
        return self.tree[2]


@dataclass(frozen=True)
class Known:
    """What expressions may name: variables, and the code of each text that is a value. `spent` counts nodes and
    products over all of them."""

    terms: Mapping[str, Term]
    codes: Mapping[str, int]
    spent: dict[str, int]


def condition(place: Place, known: Known) -> list[Any]:
    """The tree of a constraint. Raises UsageError and TooLargeError that name it."""
    return _Reader(place, known).needed(parsed(place), "condition").tree


def number(place: Place, known: Known) -> list[Any]:
    """The tree of an objective."""
    return _Reader(place, known).needed(parsed(place), "number").tree


class _Reader:
    def __init__(self, place: Place, known: Known) -> None:
        self._place, self._known, self._depth, self._chained = place, known, 0, False

    def needed(self, node: ast.expr, kind: str) -> Term:
        found = self._read(node)
        if found.kind != kind:
            hint = "compare it: x == 3, or color == 'red'" if kind == "condition" else "count(...) counts conditions"
            self._place.wrong(f"{_code(node)} is {_KINDS[found.kind]}, not {_KINDS[kind]}", hint)
        return found

    def _read(self, node: ast.expr) -> Term:
        self._depth += 1
        if self._depth > DEPTH:
            self._place.large(f"it is nested deeper than {DEPTH}", "write several constraints")
        self._pay(1)
        try:
            read = getattr(self, f"_read_{type(node).__name__.lower()}", None)
            if read is None:
                self._place.wrong(f"{_code(node)} is not part of the language", "compare sums of variables")
            return read(node)
        finally:
            self._depth -= 1

    def _pay(self, nodes: int, what: str = "nodes", most: int = NODES) -> None:
        self._known.spent[what] = self._known.spent.get(what, 0) + nodes
        if self._known.spent[what] > most:
            self._place.large(f"up to here the problem has more than {most} {what}", "ask a smaller problem")

    # -- words ---------------------------------------------------------------------------------------------------

    def _read_name(self, node: ast.Name) -> Term:
        if node.id not in self._known.terms:
            if node.id in self._known.codes:
                self._place.wrong(f"{shown(node.id)} is a value, not a variable", f"write it in quotes: '{node.id}'")
            self._place.wrong(f"there is no variable {shown(node.id)}", nearest(node.id, self._known.terms))
        return self._known.terms[node.id]

    def _read_constant(self, node: ast.Constant) -> Term:
        value = node.value
        if isinstance(value, str):
            if (code := self._known.codes.get(value)) is None:
                self._place.wrong(f"no variable has the value {shown(value)}", nearest(value, self._known.codes))
            return Term("name", ["int", code, code], frozenset({code}))
        if type(value) is not int:
            self._place.wrong(
                f"{shown(str(value))} is not part of the language", "write whole numbers, and names in quotes"
            )
        return self._number("int", value, value)

    def _number(self, kind: str, low: int, high: int, *rest: Any) -> Term:
        if max(abs(low), abs(high)) > MOST:
            self._place.large(f"a number in it can be beyond {MOST}", "give the variables smaller ranges")
        return Term("number", ["int", low, high] if low == high else [kind, low, high, *rest])

    # -- arithmetic ----------------------------------------------------------------------------------------------

    def _read_binop(self, node: ast.BinOp) -> Term:
        if isinstance(node.op, (ast.Add, ast.Sub)):
            return self._sum(node)
        left, right = self.needed(node.left, "number"), self.needed(node.right, "number")
        if isinstance(node.op, ast.Mult):
            return self._product(left, right)
        if not isinstance(node.op, (ast.FloorDiv, ast.Mod)):
            self._place.wrong(f"{_code(node)}: this operator is not known", "use + - * // %")
        if right.low != right.high or right.low < 1 or left.low < 0:
            self._place.wrong(
                f"{_code(node)}: // and % need a constant above 0 on the right, and nothing negative on the left",
                "add a multiple of the divisor to the left, or write a product",
            )
        by = right.low
        if isinstance(node.op, ast.FloorDiv):
            return self._number("div", left.low // by, left.high // by, left.tree, by)
        whole = left.low // by == left.high // by
        return self._number("mod", left.low % by if whole else 0, left.high % by if whole else by - 1, left.tree, by)

    def _sum(self, node: ast.expr) -> Term:
        """A chain of + and -, however long: the parser nests it to the left."""
        parts: list[tuple[int, ast.expr]] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            parts.append((-1 if isinstance(node.op, ast.Sub) else 1, node.right))
            node = node.left
        parts.append((1, node))
        return self._added([(sign, self.needed(each, "number")) for sign, each in reversed(parts)])

    def _added(self, parts: Sequence[tuple[int, Term]]) -> Term:
        ends = [sorted((factor * each.low, factor * each.high)) for factor, each in parts]
        total = [sum(end[side] for end in ends) for side in (0, 1)]
        return self._number("sum", *total, [[factor, each.tree] for factor, each in parts])

    def _product(self, left: Term, right: Term) -> Term:
        for one, other in ((left, right), (right, left)):
            if one.low == one.high:
                return self._added([(one.low, other)])
        self._pay(1, "products of variables", PRODUCTS)
        ends = [a * b for a in (left.low, left.high) for b in (right.low, right.high)]
        return self._number("times", min(ends), max(ends), left.tree, right.tree)

    def _read_unaryop(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            return Term("condition", ["not", self.needed(node.operand, "condition").tree])
        if isinstance(node.op, ast.USub):
            return self._added([(-1, self.needed(node.operand, "number"))])
        return self.needed(node.operand, "number")

    # -- conditions ----------------------------------------------------------------------------------------------

    def _read_boolop(self, node: ast.BoolOp) -> Term:
        parts = [self.needed(each, "condition").tree for each in node.values]
        return Term("condition", ["and" if isinstance(node.op, ast.And) else "or", parts])

    def _read_compare(self, node: ast.Compare) -> Term:
        if len(node.ops) == 1:
            return self._pair(node.left, node.ops[0], node.comparators[0])
        # What is between two signs stands in the tree twice: chains inside of chains would double it each time.
        if self._chained:
            self._place.wrong(f"{_code(node)}: a chain of comparisons is inside another one", "write and")
        self._chained = True
        sides = [node.left, *node.comparators]
        parts = [self._pair(*each).tree for each in zip(sides, node.ops, sides[1:], strict=False)]
        self._chained = False
        return Term("condition", ["and", parts])

    def _pair(self, one: ast.expr, sign: ast.cmpop, other: ast.expr) -> Term:
        operator = _OPERATORS.get(type(sign))
        if operator is None:
            self._place.wrong(f"{_code(one)}: the comparison after it is not known", "use == != < <= > >= in")
        left = self._read(one)
        if "in" in operator:
            return self._among(one, left, other, negated=operator == "not in")
        right = self._read(other)
        self._check_pair(one, left, operator, other, right)
        if left.kind == "condition":
            tree = ["same", left.tree, right.tree]
            return Term("condition", tree if operator == "==" else ["not", tree])
        return Term("condition", ["is", operator, self._added([(1, left), (-1, right)]).tree])

    def _check_pair(self, one: ast.expr, left: Term, operator: str, other: ast.expr, right: Term) -> None:
        why = hint = ""
        if left.kind != right.kind:
            why = f"{_KINDS[left.kind]} is compared with {_KINDS[right.kind]}"
            hint = "compare numbers with numbers, names with names; count(...) makes a number of conditions"
        elif left.kind != "number" and operator in _ORDERS:
            why, hint = "only numbers have an order", "use == or !=, or number the values"
        elif left.kind == "name" and not left.values & right.values:
            why, hint = "the two have no value in common", f"one is {self._texts(left)}; the other {self._texts(right)}"
        if why:
            self._place.wrong(f"{_code(one)} {operator} {_code(other)}: {why}", hint)

    def _texts(self, term: Term) -> str:
        return ", ".join(text for text, code in self._known.codes.items() if code in term.values)[:200]

    def _among(self, one: ast.expr, left: Term, listed: ast.expr, *, negated: bool) -> Term:
        if not isinstance(listed, (ast.List, ast.Tuple)) or not listed.elts or left.kind == "condition":
            self._place.wrong(f"{_code(one)} in {_code(listed)}: that needs a list", "write x in [1, 3, 5]")
        values: list[int] = []
        for each in listed.elts:
            value = self._read(each)
            self._check_pair(one, left, "==", each, value)
            if value.low != value.high:
                self._place.wrong(f"{_code(each)} is no constant", "write x == y or x == z")
            values.append(value.low)
        tree = ["among", left.tree, values]
        return Term("condition", ["not", tree] if negated else tree)

    # -- functions -----------------------------------------------------------------------------------------------

    def _read_call(self, node: ast.Call) -> Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            self._place.wrong(f"{_code(node.func)} cannot be called", f"there are {', '.join(FUNCTIONS)}")
        given = list(node.args)
        if len(given) == 1 and isinstance(given[0], (ast.List, ast.Tuple)):
            given = list(given[0].elts)
        least, most = {"abs": (1, 1), "implies": (2, 2), "all_different": (2, None)}.get(name, (1, None))
        if len(given) < least or (most is not None and len(given) > most):
            self._place.wrong(f"{name} is given {len(given)} arguments", f"it takes {most or f'{least} or more'}")
        if name == "all_different":
            return self._all_different(node, given)
        if name in ("count", "implies"):
            conditions = [self.needed(each, "condition").tree for each in given]
            if name == "implies":
                return Term("condition", ["or", [["not", conditions[0]], conditions[1]]])
            return Term("number", ["count", 0, len(given), conditions])
        return self._of_numbers(name, [self.needed(each, "number") for each in given])

    def _of_numbers(self, name: str, numbers: Sequence[Term]) -> Term:
        if name == "sum":
            return self._added([(1, each) for each in numbers])
        if name == "abs":
            [only] = numbers
            ends = sorted((abs(only.low), abs(only.high)))
            return self._number("abs", 0 if only.low <= 0 <= only.high else ends[0], ends[1], only.tree)
        pick = max if name == "max" else min
        low, high = pick(each.low for each in numbers), pick(each.high for each in numbers)
        return self._number(name, low, high, [each.tree for each in numbers])

    def _all_different(self, node: ast.Call, given: Sequence[ast.expr]) -> Term:
        terms = [self._read(each) for each in given]
        if len({each.kind for each in terms}) > 1 or terms[0].kind == "condition":
            self._place.wrong(f"{_code(node)} takes numbers alone or names alone", "give variables of one kind")
        self._pay(len(terms) * (len(terms) - 1) // 2)
        return Term("condition", ["different", [each.tree for each in terms]])


def _code(node: ast.AST) -> str:
    """As it is written, cut short; what nests too deep to be written has no words."""
    try:
        text = ast.unparse(node)
    except RecursionError:
        return "what stands there"
    return text if len(text) <= 60 else text[:59] + "…"
