"""A query made to say of each value of its result which cells gave it, and of each row which rows did.

Every table in FROM has, beside each column, one with the list of its own cells (`COMPANION` and the column's name), and
one with its row. They are carried beside the values: joined where rows are joined, gathered where they are grouped.
What an expression names, its companion names by the same path, so DuckDB resolves both alike, whatever the scope.
Cells and rows that only decided (in a condition, an order) are not counted.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from omniloom.tools.tabular.places import COMPANION, FROM, VIEW
from omniloom.tools.tabular.stars import Scope, Source, distinct_names, spread
from omniloom.tools.tabular.tree import Node, Trees, UntraceableError, body, inside, is_subquery

MOST = 200_000
_FIRST = {"max": "arg_max", "min": "arg_min"}
_BY = {"arg_max": "arg_max", "max_by": "arg_max", "argmax": "arg_max"}
_BY |= {"arg_min": "arg_min", "min_by": "arg_min", "argmin": "arg_min"}
_NONE = "CAST([] AS BIGINT[])"
_LIST = f"list_slice(list_sort(list_distinct(coalesce(hole, {_NONE}))), 1, {MOST + 1})"
_DEPTH = 4
_Named = dict[str, list[str]]


class Followed(NamedTuple):
    """A query with its value columns, by name, then a companion of each, then the row numbers."""

    node: Node
    names: list[str]


class Lineage:
    """tables: lower-case name → names of its columns. aggregates: the names of aggregate functions.

    cells: whether values have companions; without, only rows are followed, through more forms of queries.
    """

    def __init__(self, trees: Trees, tables: _Named, aggregates: frozenset[str], cells: bool) -> None:
        self._trees, self._tables, self._aggregates, self._cells = trees, tables, aggregates, cells
        self._count = self._depth = 0
        self.notes: list[str] = []

    def followed(self, tree: Node) -> str:
        """The query with further columns. Raises UntraceableError."""
        tree = copy.deepcopy(tree)
        tree["statements"][0]["node"] = self._query(body(tree), {}).node
        return self._trees.write(tree)

    def _query(self, node: Node, named: _Named) -> Followed:
        named = self._with(node, named)
        if node["type"] == "SELECT_NODE":
            return self._select(node, named)
        if node["type"] == "SET_OPERATION_NODE" and node["setop_type"] == "UNION":
            return self._union(node, named)
        raise UntraceableError(f"{node.get('setop_type') or node['type']}".replace("_NODE", "").replace("_", " "))

    def _with(self, node: Node, named: _Named) -> _Named:
        """Each query of WITH stays as it is, for conditions, and is there once more with its companions."""
        entries: list[Node] = []
        for each in node["cte_map"]["map"]:
            made = copy.deepcopy(each)
            entries += [each, made | {"key": VIEW + each["key"]}]
            value = made["value"]
            holder, place = (value, "query_node") if "query_node" in value else (value["query"], "node")
            holder[place], names = self._query(holder[place], named)
            names = distinct_names(value["aliases"], names)
            value["aliases"] = self._all(names)
            named = named | {each["key"].lower(): names}
        node["cte_map"]["map"] = entries
        return named

    def _all(self, names: Sequence[str]) -> list[str]:
        return [*names, *[COMPANION + name for name in names if self._cells], FROM]

    def _select(self, node: Node, named: _Named) -> Followed:
        if node.get("sample") or (node.get("group_sets") and len(node["group_sets"]) > 1):
            raise UntraceableError("samples and grouping sets")
        scope = Scope()
        node["from_table"] = self._table(node["from_table"], named, scope)
        scope.check()
        self._say(node)
        items = node["select_list"] = spread(node["select_list"], scope)
        names = [self._name(item) for item in items]
        parts = [self._trees.expression(f"coalesce(x, {_NONE})", x=_reference([of.own])) for of in scope.sources]
        row, grouped = self._joined(parts), self._grouped(node)
        made = [self._of(item, scope, row, grouped, named) for item in items] if self._cells else []
        origin = self._gathered(node, row) if grouped else row
        if not grouped and self._distinct(node):
            made = [self._trees.expression("flatten(list(hole))", hole=each) for each in made]
            origin = self._trees.expression("flatten(list(hole))", hole=row)
            node["aggregate_handling"] = "FORCE_AGGREGATES"
        inner = [self._scalar(each, named, "r") for each in self._subqueries(items)]
        for name, hole in zip(self._all(names)[len(names) :], [*made, self._joined([origin, *inner])], strict=True):
            done = self._trees.expression(_LIST, hole=hole)
            items.append({**done, "alias": name})
        return Followed(node, names)

    def _name(self, item: Node) -> str:
        if item["alias"] or item["class"] == "COLUMN_REF":
            return str(item["alias"] or item["column_names"][-1])
        return self._trees.named(item)

    def _of(self, item: Node, scope: Scope, row: Node, grouped: bool, named: _Named) -> Node:
        """The cells that an expression names; of aggregates those that were taken in; of windows at least the row."""
        calls = self._calls(item, is_subquery) if grouped else []
        parts = [self._of_aggregate(call, self._argument_cells(call, scope, named) or row) for call in calls]
        for node in inside(item, lambda n: is_subquery(n) or any(n is call for call in calls)):
            if any(node is call for call in calls):
                continue
            found = self._named_by(node, scope, named)
            if found and grouped and not is_subquery(node):
                found = [self._trees.expression("flatten(list(hole))", hole=self._joined(found))]
            parts += found
        if not parts and any(each.get("class") == "WINDOW" for each in inside(item, is_subquery)):
            parts = [self._trees.expression("flatten(list(hole))", hole=row) if grouped else row]
        return self._joined(parts)

    def _named_by(self, node: Node, scope: Scope, named: _Named) -> list[Node]:
        """The companions of what one node names itself."""
        if node.get("class") == "COLUMN_REF":
            path = [str(each) for each in node["column_names"]]
            paths = scope.merged.get(path[0].lower(), [path]) if len(path) == 1 else [path]
            named_so = [_reference([*each[:-1], COMPANION + each[-1]]) for each in paths]
            return [self._trees.expression(f"coalesce(x, {_NONE})", x=each) for each in named_so]
        if node.get("class") == "POSITIONAL_REFERENCE":
            raise UntraceableError("columns by their number")
        if not is_subquery(node):
            return []
        if node["subquery_type"] == "SCALAR":
            return [self._scalar(node, named, "c")]
        return [each for part in inside(node["child"], is_subquery) for each in self._named_by(part, scope, named)]

    def _argument_cells(self, call: Node, scope: Scope, named: _Named) -> Node | None:
        """None where the arguments name nothing, as in count(*)."""
        nodes = [node for each in _arguments(call) for node in inside(each, is_subquery)]
        parts = [part for node in nodes for part in self._named_by(node, scope, named)]
        return self._joined(parts) if parts else None

    def _distinct(self, node: Node) -> bool:
        """Whether SELECT DISTINCT was there; it is taken away, for GROUP BY ALL does the same."""
        plain = [
            each
            for each in node["modifiers"]
            if each["type"] == "DISTINCT_MODIFIER" and not each["distinct_on_targets"]
        ]
        node["modifiers"] = [each for each in node["modifiers"] if each not in plain]
        if plain and any(each.get("class") == "WINDOW" for each in inside(node["select_list"])):
            raise UntraceableError("DISTINCT over window functions")
        return bool(plain)

    def _grouped(self, node: Node) -> bool:
        places = [node["select_list"], node["having"], node["modifiers"]]
        grouped = node["group_expressions"] or node["aggregate_handling"] != "STANDARD_HANDLING" or node["having"]
        if not grouped and not any(self._calls(place) for place in places):
            return False
        if any(each["type"] == "DISTINCT_MODIFIER" for each in node["modifiers"]):
            raise UntraceableError("DISTINCT over groups")
        return True

    def _gathered(self, node: Node, origin: Node) -> Node:
        """Of a group: the row that holds the largest or smallest where only that is asked, else all its rows."""
        parts = [self._of_aggregate(call, origin) for call in self._calls(node["select_list"])]
        rows = self._trees.expression("flatten(list(hole))", hole=origin)
        if not parts or not (node["group_expressions"] or node["aggregate_handling"] != "STANDARD_HANDLING"):
            return self._joined(parts or [rows])
        text = "CASE WHEN len(given_) = 0 THEN rows_ ELSE given_ END"  # a group of which all is NULL still has a key
        return self._trees.expression(text, given_=self._joined(parts), rows_=rows)

    def _of_aggregate(self, call: Node, origin: Node) -> Node:
        name, arguments = call["function_name"].lower(), _arguments(call)
        holes: dict[str, Node] = {"hole": origin}
        conditions: list[str] = []
        if call.get("filter"):
            holes["cond"] = call["filter"]
            conditions.append("cond")
        text = "flatten(list(hole){})"
        if name in _FIRST and len(arguments) == 1:
            holes["value"] = arguments[0]
            text = _FIRST[name] + "(hole, value){}"
            self._note(f"of {name}() the row is one that holds the value")
        elif name in _BY and len(arguments) == 2:
            holes |= {"shown": arguments[0], "value": arguments[1]}
            conditions.append("shown IS NOT NULL")
            text = _BY[name] + "(hole, value){}"
        elif len(arguments) == 1 and name in ("sum", "avg", "count", "mean", "median"):
            holes["value"] = arguments[0]
            conditions.append("value IS NOT NULL")
        condition = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
        return self._trees.expression(f"coalesce({text.format(condition)}, {_NONE})", **holes)

    def _calls(self, place: Any, stop: Callable[[Node], bool] | None = None) -> list[Node]:
        """The aggregate functions of a place, not those of its subqueries or windows."""
        nodes = inside(place, stop or (lambda n: is_subquery(n) or n.get("class") == "WINDOW"))
        return [n for n in nodes if n.get("class") == "FUNCTION" and n["function_name"].lower() in self._aggregates]

    def _union(self, node: Node, named: _Named) -> Followed:
        places = ["children"] if node.get("children") else ["left", "right"]
        names: list[str] | None = None
        for place in places:
            made = [self._query(each, named) for each in (node[place] if place == "children" else [node[place]])]
            names = made[0].names if names is None else names
            node[place] = [each.node for each in made] if place == "children" else made[0].node
        assert names is not None
        if node["setop_all"]:
            return Followed(node, names)
        modifiers, node["modifiers"], node["setop_all"] = node["modifiers"], [], True
        names = distinct_names([], names)
        outer = body(self._trees.read("SELECT 1 FROM (SELECT 1) AS u GROUP BY ALL"))
        outer["select_list"] = [_reference(["u", name]) for name in names]
        for name in self._all(names)[len(names) :]:
            hole = self._trees.expression("flatten(list(hole))", hole=_reference(["u", name]))
            outer["select_list"].append(self._trees.expression(_LIST, hole=hole) | {"alias": name})
        outer["from_table"]["subquery"]["node"] = node
        outer["from_table"]["column_name_alias"] = self._all(names)
        outer["modifiers"] = modifiers
        return Followed(outer, names)

    def _table(self, node: Node, named: _Named, scope: Scope) -> Node:
        kind = node["type"]
        if node.get("sample"):
            raise UntraceableError("samples")
        if kind == "JOIN":
            return self._join(node, named, scope)
        if kind in ("EXPRESSION_LIST", "TABLE_FUNCTION"):
            scope.unknown = True
            if self._cells:  # their columns have no companions, so a name of theirs might be taken for one outside
                raise UntraceableError("tables that the query makes itself")
        if kind in ("EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION"):
            return node
        if kind not in ("BASE_TABLE", "SUBQUERY"):
            raise UntraceableError(kind)
        self._count += 1
        own = f"{FROM}{self._count}"
        if kind == "SUBQUERY":
            node["subquery"]["node"], given = self._query(node["subquery"]["node"], named)
            node["alias"], companions = node["alias"] or own, self._cells
        else:
            name = str(node["table_name"])
            given, companions = named.get(name.lower()), self._cells
            if given is None:
                given, companions = self._tables[name.lower()], True
            node |= {"table_name": VIEW + name, "qualified_name": {"path": [VIEW + name]}}
            node["alias"] = node["alias"] or name
        names = distinct_names(node["column_name_alias"], given)
        node["column_name_alias"] = [*names, *[COMPANION + name for name in names if companions], own]
        scope.sources.append(Source(node["alias"], own, names))
        return node

    def _join(self, node: Node, named: _Named, scope: Scope) -> Node:
        if node["alias"] or node["ref_type"] == "NATURAL":
            raise UntraceableError("NATURAL joins")
        node["left"] = self._table(node["left"], named, scope)
        right = Scope()
        node["right"] = self._table(node["right"], named, right)
        if any(is_subquery(each) for each in inside(node["condition"])):
            self._note("rows that a subquery in a condition read are not counted")
        if node["join_type"] in ("SEMI", "ANTI"):
            self._note("the rows that a SEMI or ANTI JOIN looked for are not counted")
        else:
            scope.join(right, node["using_columns"])
        return node

    def _subqueries(self, place: Any) -> list[Node]:
        found = [each for each in inside(place, is_subquery) if is_subquery(each)]
        if any(each["subquery_type"] != "SCALAR" for each in found):
            self._note("rows that IN or EXISTS looked for are not counted")
        return [each for each in found if each["subquery_type"] == "SCALAR"]

    def _scalar(self, node: Node, named: _Named, wanted: str) -> Node:
        """The cells ("c") or the rows ("r") of a subquery that gives one value."""
        if self._depth >= _DEPTH:
            raise UntraceableError("subqueries so deep in one another")
        self._depth += 1
        made = self._trees.expression(f"coalesce((SELECT q.{wanted} FROM (SELECT 1) AS q), {_NONE})")  # noqa: S608 parsed, not run
        holder = next(each for each in inside(made) if is_subquery(each))
        table = holder["subquery"]["node"]["from_table"]
        table["subquery"]["node"] = self._query(copy.deepcopy(node["subquery"]["node"]), named).node
        table["column_name_alias"] = ["v", "c", "r"] if self._cells else ["v", "r"]
        self._depth -= 1
        return made

    def _joined(self, parts: list[Node]) -> Node:
        if not parts:
            return self._trees.expression(_NONE)
        while len(parts) > 1:  # in pairs, so that many parts are not deep
            pairs = [(first, *parts[at + 1 : at + 2]) for at, first in enumerate(parts) if at % 2 == 0]
            parts = [self._pair(*pair) for pair in pairs]
        return parts[0]

    def _pair(self, first: Node, second: Node | None = None) -> Node:
        both = "list_concat(first_, second_)"
        return self._trees.expression(both, first_=first, second_=second) if second else first

    def _say(self, node: Node) -> None:
        conditions = [node["where_clause"], node["having"], node["qualify"]]
        if any(is_subquery(each) for each in inside(conditions)):
            self._note("rows that a subquery in a condition read are not counted")
        if any(each.get("class") == "WINDOW" for each in inside([node["select_list"], node["qualify"]], is_subquery)):
            self._note("other rows that a window function read are not counted")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _reference(path: list[str]) -> Node:
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "query_location": 0, "column_names": path}


def _arguments(call: Node) -> list[Node]:
    given = call.get("arguments") or call.get("children") or []
    return [each.get("expression", each) for each in given]
