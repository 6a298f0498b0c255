"""Trees of `language.py` as a model of CP-SAT, written in its own format (cp_model.proto of OR-Tools).

The Python layer of OR-Tools, `cp_model`, is not used: it imports pandas, which takes longer than most problems.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from omniloom.tools.solving.values import intervals

_FAR = 1 << 60  # beyond every number of a problem
_BELOW, _ABOVE = [-_FAR, -1], [1, _FAR]
# Where a number is that compares so with 0.
_WANTED = {"==": [0, 0], "!=": _BELOW + _ABOVE, "<": _BELOW, "<=": [-_FAR, 0], ">": _ABOVE, ">=": [0, _FAR]}


class Model:
    """domains: of each variable the intervals [low, high, low, high, ...] that it may be in. They are the first
    variables of the model, in their order."""

    def __init__(self, domains: Sequence[Sequence[int]]) -> None:
        from ortools.sat.python import cp_model_helper as native

        self.native = native
        self.proto = native.CpModelProto()
        self._made: dict[str, int] = {}
        for domain in domains:
            self._variable(domain)
        self._true = self._variable([1, 1])

    def require(self, tree: list[Any]) -> None:
        """The condition holds in every solution."""
        kind = tree[0]
        if kind == "and":
            for each in tree[1]:
                self.require(each)
        elif kind == "different":
            constraint = self.proto.constraints.add().all_diff
            for each in tree[1]:
                self._expression(constraint.exprs.add(), each, affine=True)
        elif kind in ("is", "among"):
            self._within(tree, [], holds=True)
        else:
            literals = [self.literal(each) for each in tree[1]] if kind == "or" else [self.literal(tree)]
            self._any(literals)

    def exclude(self, values: Sequence[int]) -> None:
        """Not all variables have these values together: another solution."""
        literals = [
            self.literal(["is", "!=", ["sum", 0, 0, [[1, ["var", 0, 0, at]], [-1, ["int", value, value]]]]])
            for at, value in enumerate(values)
        ]
        self._any(literals)

    def minimize(self, tree: list[Any], sign: int) -> None:
        """sign: -1 makes it as large as can be."""
        factors, constant = self._linear(tree)
        objective = self.proto.objective
        objective.vars.extend(list(factors))
        objective.coeffs.extend([sign * each for each in factors.values()])
        objective.offset = sign * constant

    # -- conditions ----------------------------------------------------------------------------------------------

    def literal(self, tree: list[Any]) -> int:
        """A Boolean variable that is true where the condition is, and nowhere else; -1 - n is the opposite of n."""
        if tree[0] == "not":
            return -1 - self.literal(tree[1])
        key = repr(tree)
        if key not in self._made:
            self._made[key] = self._literal(tree)
        return self._made[key]

    def _literal(self, tree: list[Any]) -> int:
        kind, made = tree[0], self._variable([0, 1])
        if kind in ("is", "among"):
            self._within(tree, [made], holds=True)
            self._within(tree, [-1 - made], holds=False)
        elif kind == "same":
            one, other = self.literal(tree[1]), self.literal(tree[2])
            for a, b in ((one, -1 - other), (-1 - one, other)):
                self._any([a, b], [made])
            for a, b in ((one, other), (-1 - one, -1 - other)):
                self._any([a, b], [-1 - made])
        else:
            parts = self._pairs(tree[1]) if kind == "different" else [self.literal(each) for each in tree[1]]
            positive = made if kind == "or" else -1 - made  # and: the opposite of an or of opposites
            literals = parts if kind == "or" else [-1 - each for each in parts]
            self._any(literals, [positive])
            for each in literals:
                self._any([positive], [each])
        return made

    def _pairs(self, numbers: Sequence[list[Any]]) -> list[int]:
        pairs = combinations(numbers, 2)
        return [self.literal(["is", "!=", ["sum", 0, 0, [[1, one], [-1, other]]]]) for one, other in pairs]

    def _any(self, literals: Sequence[int], where: Sequence[int] = ()) -> None:
        """One of the literals is true, where all of `where` are."""
        constraint = self.proto.constraints.add()
        constraint.enforcement_literal.extend(list(where))
        constraint.bool_or.literals.extend(list(literals))

    def _within(self, tree: list[Any], where: Sequence[int], *, holds: bool) -> None:
        number = tree[2] if tree[0] == "is" else tree[1]
        wanted = _WANTED[tree[1]] if tree[0] == "is" else intervals(tree[2])
        factors, constant = self._linear(number)
        constraint = self.proto.constraints.add()
        constraint.enforcement_literal.extend(list(where))
        constraint.linear.vars.extend(list(factors))
        constraint.linear.coeffs.extend(list(factors.values()))
        domain = wanted if holds else _complement(wanted)
        ends = [end if abs(end) == _FAR else end - constant for end in domain]
        constraint.linear.domain.extend(ends)

    # -- numbers -------------------------------------------------------------------------------------------------

    def _linear(self, tree: list[Any]) -> tuple[dict[int, int], int]:
        """The factors of variables, and a constant."""
        kind = tree[0]
        if kind == "int":
            return {}, tree[1]
        if kind != "sum":
            return {tree[3] if kind == "var" else self._number(tree): 1}, 0
        factors, constant = dict[int, int](), 0
        for times, each in tree[3]:
            more, offset = self._linear(each)
            constant += times * offset
            for variable, factor in more.items():
                factors[variable] = factors.get(variable, 0) + times * factor
        return {variable: factor for variable, factor in factors.items() if factor}, constant

    def _number(self, tree: list[Any]) -> int:
        """A variable that is this number."""
        key = repr(tree)
        if key not in self._made:
            self._made[key] = made = self._variable([tree[1], tree[2]])
            self._define(made, tree)
        return self._made[key]

    def _define(self, made: int, tree: list[Any]) -> None:
        kind, given, constraints = tree[0], tree[3], self.proto.constraints
        if kind == "count":
            linear = constraints.add().linear
            literals = [self.literal(each) for each in given]
            linear.vars.extend([*(each if each >= 0 else -1 - each for each in literals), made])
            linear.coeffs.extend([*(1 if each >= 0 else -1 for each in literals), -1])
            constant = -sum(each < 0 for each in literals)  # the opposite of n counts 1 - n
            linear.domain.extend([constant, constant])
            return
        if kind == "sum":
            self.require(["is", "==", ["sum", 0, 0, [[1, tree], [-1, ["var", 0, 0, made]]]]])
            return
        if kind in ("times", "div", "mod"):
            constraint = getattr(constraints.add(), {"times": "int_prod", "div": "int_div", "mod": "int_mod"}[kind])
            parts = [given, tree[4] if kind == "times" else ["int", tree[4], tree[4]]]
            signs, affine = [1, 1], True
        else:
            constraint, affine = constraints.add().lin_max, False
            parts = [given, given] if kind == "abs" else given
            signs = [1, -1] if kind == "abs" else [-1 if kind == "min" else 1] * len(parts)
        self._expression(constraint.target, ["var", 0, 0, made], -1 if kind == "min" else 1)
        for sign, each in zip(signs, parts, strict=True):
            self._expression(constraint.exprs.add(), each, sign, affine=affine)

    def _expression(self, expression: Any, tree: list[Any], sign: int = 1, *, affine: bool = False) -> None:
        """affine: of one variable at most, as CP-SAT takes them here; a sum is made one."""
        factors, constant = self._linear(tree)
        if affine and len(factors) > 1:
            factors, constant = {self._number(tree): 1}, 0
        expression.vars.extend(list(factors))
        expression.coeffs.extend([sign * each for each in factors.values()])
        expression.offset = sign * constant

    def _variable(self, domain: Sequence[int]) -> int:
        self.proto.variables.add().domain.extend(list(domain))
        return len(self.proto.variables) - 1


def _complement(intervals: Sequence[int]) -> list[int]:
    ends = [-_FAR - 1, *intervals, _FAR + 1]
    pairs = [(ends[at] + 1, ends[at + 1] - 1) for at in range(0, len(ends), 2)]
    return [end for low, high in pairs if low <= high for end in (low, high)]
