"""A query made to say of each row of its result which rows of the tables gave it.

Every table in FROM gets a column with the list of its own row number; it is carried beside the values: joined where
rows are joined, gathered where they are grouped. Rows that only decided (in a condition, an order) are not counted.
"""

import copy
from typing import Any

from omniloom.tools.tabular.tree import Node, Trees, body, inside, is_subquery

FROM = "__from"
_FIRST = {"max": "arg_max", "min": "arg_min"}
_BY = {"arg_max": "arg_max", "max_by": "arg_max", "argmax": "arg_max"}
_BY |= {"arg_min": "arg_min", "min_by": "arg_min", "argmin": "arg_min"}
_NONE = "CAST([] AS BIGINT[])"
_Sources = list[tuple[str, str]]


class UntraceableError(Exception):
    """The query has something that rows cannot be followed through."""


class Lineage:
    """tables: lower-case name → (name, number of its first row). aggregates: the names of aggregate functions."""

    def __init__(self, trees: Trees, tables: dict[str, tuple[str, int]], aggregates: frozenset[str]) -> None:
        self._trees, self._tables, self._aggregates = trees, tables, aggregates
        self._count = 0
        self.notes: list[str] = []

    def followed(self, tree: Node) -> str:
        """The query with a last column of row numbers. Raises UntraceableError."""
        tree = copy.deepcopy(tree)
        tree["statements"][0]["node"] = self._query(body(tree), frozenset())
        return self._trees.write(tree)

    def _query(self, node: Node, named: frozenset[str]) -> Node:
        named = self._with(node, named)
        if node["type"] == "SELECT_NODE":
            return self._select(node, named)
        if node["type"] == "SET_OPERATION_NODE" and node["setop_type"] == "UNION":
            return self._union(node, named)
        raise UntraceableError(f"{node.get('setop_type') or node['type']}".replace("_NODE", "").replace("_", " "))

    def _with(self, node: Node, named: frozenset[str]) -> frozenset[str]:
        for each in node["cte_map"]["map"]:
            value = each["value"]
            if "query_node" in value:
                value["query_node"] = self._query(value["query_node"], named)
            else:
                value["query"]["node"] = self._query(value["query"]["node"], named)
            if value["aliases"]:
                value["aliases"].append(FROM)
            named |= {each["key"].lower()}
        return named

    def _select(self, node: Node, named: frozenset[str]) -> Node:
        if node.get("sample") or (node.get("group_sets") and len(node["group_sets"]) > 1):
            raise UntraceableError("samples and grouping sets")
        sources: _Sources = []
        node["from_table"] = self._table(node["from_table"], named, sources)
        self._say(node)
        parts = [self._trees.expression(f"coalesce({name}, {_NONE})") for _, name in sources]
        origin = self._joined(parts)
        if self._grouped(node):
            origin = self._gathered(node, origin)
        elif self._distinct(node):
            origin = self._trees.expression("flatten(list(hole))", hole=origin)
            node["aggregate_handling"] = "FORCE_AGGREGATES"
        inner = [self._scalar(each, named) for each in self._subqueries(node["select_list"])]
        for star in inside(node["select_list"], is_subquery):
            if star.get("class") == "STAR":
                wanted = str(star["relation_name"]).lower()
                star["exclude_list"] += [name for of, name in sources if not wanted or of.lower() == wanted]
        item = self._trees.expression(
            f"list_sort(list_distinct(coalesce(hole, {_NONE})))", hole=self._joined([origin, *inner])
        )
        node["select_list"].append({**item, "alias": FROM})
        return node

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

    def _calls(self, place: Any) -> list[Node]:
        """The aggregate functions of a place, not those of its subqueries or windows."""
        nodes = inside(place, lambda n: is_subquery(n) or n.get("class") == "WINDOW")
        return [n for n in nodes if n.get("class") == "FUNCTION" and n["function_name"].lower() in self._aggregates]

    def _union(self, node: Node, named: frozenset[str]) -> Node:
        places = ["children"] if node.get("children") else ["left", "right"]
        for place in places:
            given = node[place]
            node[place] = [self._query(e, named) for e in given] if place == "children" else self._query(given, named)
        if node["setop_all"]:
            return node
        modifiers, node["modifiers"], node["setop_all"] = node["modifiers"], [], True
        text = f"SELECT * EXCLUDE ({FROM}), list_sort(list_distinct(flatten(list({FROM})))) AS {FROM}"
        outer = body(self._trees.read(f"{text} FROM (SELECT 1) AS u GROUP BY ALL"))
        outer["from_table"]["subquery"]["node"] = node
        outer["modifiers"] = modifiers
        return outer

    def _table(self, node: Node, named: frozenset[str], sources: _Sources) -> Node:
        kind = node["type"]
        if node.get("sample"):
            raise UntraceableError("samples")
        if kind == "JOIN":
            node["left"] = self._table(node["left"], named, sources)
            right: _Sources = []
            node["right"] = self._table(node["right"], named, right)
            if node["join_type"] in ("SEMI", "ANTI"):
                self._note("the rows that a SEMI or ANTI JOIN looked for are not counted")
            else:
                sources += right
            return node
        if kind in ("EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION"):
            return node
        if kind not in ("BASE_TABLE", "SUBQUERY"):
            raise UntraceableError(kind)
        self._count += 1
        own = f"{FROM}_{self._count}"
        made = self._base(node, own, named) if kind == "BASE_TABLE" else self._derived(node, own, named)
        sources.append((made["alias"], own))
        return made

    def _base(self, node: Node, own: str, named: frozenset[str]) -> Node:
        name = node["table_name"]
        if name.lower() in named:
            made = self._trees.table(f"(SELECT * EXCLUDE ({FROM}), {FROM} AS {own} FROM x) AS a")  # noqa: S608 parsed, not run
        else:
            first = self._tables[name.lower()][1]
            made = self._trees.table(f"(SELECT *, [CAST(rowid AS BIGINT) + {first}] AS {own} FROM x) AS a")  # noqa: S608 parsed, not run
        plain = {**node, "alias": "", "column_name_alias": []}
        made["subquery"]["node"]["from_table"] = plain
        return made | {"alias": node["alias"] or name, "column_name_alias": node["column_name_alias"]}

    def _derived(self, node: Node, own: str, named: frozenset[str]) -> Node:
        made = self._trees.table(f"(SELECT * EXCLUDE ({FROM}), {FROM} AS {own} FROM (SELECT 1) AS x) AS a")  # noqa: S608 parsed, not run
        made["subquery"]["node"]["from_table"]["subquery"]["node"] = self._query(node["subquery"]["node"], named)
        return made | {"alias": node["alias"] or own, "column_name_alias": node["column_name_alias"]}

    def _subqueries(self, place: Any) -> list[Node]:
        found = [each for each in inside(place, is_subquery) if is_subquery(each)]
        if any(each["subquery_type"] != "SCALAR" for each in found):
            self._note("rows that IN or EXISTS looked for are not counted")
        return [each for each in found if each["subquery_type"] == "SCALAR"]

    def _scalar(self, node: Node, named: frozenset[str]) -> Node:
        made = self._trees.expression(f"coalesce((SELECT q.{FROM} FROM (SELECT 1) AS q), {_NONE})")  # noqa: S608 parsed, not run
        holder = next(each for each in inside(made) if is_subquery(each))
        inner = self._query(copy.deepcopy(node["subquery"]["node"]), named)
        holder["subquery"]["node"]["from_table"]["subquery"]["node"] = inner
        return made

    def _joined(self, parts: list[Node]) -> Node:
        if not parts:
            return self._trees.expression(_NONE)
        made = parts[0]
        for part in parts[1:]:
            made = self._trees.expression("list_concat(first_, second_)", first_=made, second_=part)
        return made

    def _say(self, node: Node) -> None:
        if any(is_subquery(each) for each in inside([node["where_clause"], node["having"], node["qualify"]])):
            self._note("rows that a subquery in a condition read are not counted")
        if any(each.get("class") == "WINDOW" for each in inside([node["select_list"], node["qualify"]], is_subquery)):
            self._note("other rows that a window function read are not counted")

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _arguments(call: Node) -> list[Node]:
    given = call.get("arguments") or call.get("children") or []
    return [each.get("expression", each) for each in given]
