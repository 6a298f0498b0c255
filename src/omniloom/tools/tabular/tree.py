"""Queries as trees: DuckDB's own parser gives them as JSON, we look at them, and it writes them as SQL again."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from omniloom.core.errors import UsageError

Node = dict[str, Any]
_GIVERS = frozenset({"range", "generate_series", "unnest"})
_FORBIDDEN = frozenset({"current_setting", "getenv", "getvariable", "write_log", "nextval", "currval"})
_LETTERS = 20_000


class Trees:
    """Reads and writes queries over one connection."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._forms: dict[str, Node] = {}

    def read(self, sql: str) -> Node:
        """The one statement of `sql`, or UsageError."""
        if len(sql) > _LETTERS:
            raise UsageError(f"the query has {len(sql)} characters, {_LETTERS} are taken", hint="ask for less at once")
        statements = self._connection.extract_statements(sql)
        if len(statements) != 1 or not _is_select(statements[0]):
            raise UsageError("only one SELECT statement is run", hint="write one query that begins with SELECT or WITH")
        query = "SELECT json_serialize_sql($1::VARCHAR, skip_null := false)"
        read = json.loads(self._connection.execute(query, [sql]).fetchone()[0])
        if read.get("error"):
            raise UsageError(f"only SELECT is run: {read.get('error_message', '')}"[:300], hint="write one SELECT")
        return read

    def write(self, tree: Node) -> str:
        query = "SELECT json_deserialize_sql($1::JSON)"
        return str(self._connection.execute(query, [json.dumps(tree)]).fetchone()[0])

    def expression(self, sql: str, **holes: Node) -> Node:
        """The tree of an expression, with trees in place of the columns that are named like `holes`."""
        if sql not in self._forms:
            self._forms[sql] = body(self.read(f"SELECT {sql}"))["select_list"][0]
        return _filled(self._forms[sql], holes)

    def named(self, item: Node) -> str:
        """What a column of a result is called that has no name of its own."""
        form = self.read("SELECT 1")
        body(form)["select_list"] = [item]
        return self.write(form).removeprefix("SELECT ")


def _is_select(statement: Any) -> bool:
    try:
        return statement.type.name == "SELECT"
    except ValueError:  # a kind of statement that DuckDB's Python side has no name for
        return False


def body(tree: Node) -> Node:
    return tree["statements"][0]["node"]


def inside(node: Any, stop: Callable[[Node], bool] = lambda _: False) -> Iterator[Node]:
    """Every object of the tree, outer ones first; not what is inside those where `stop` holds."""
    waiting: list[Any] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += [] if stop(each) else reversed(each.values())
        elif isinstance(each, list):
            waiting += reversed(each)


def is_subquery(node: Node) -> bool:
    return node.get("class") == "SUBQUERY"


def checked(tree: Node, tables: dict[str, str]) -> None:
    """Raises UsageError where the query reads anything but `tables` (lower case → name) and what it names itself.

    What WITH names is known after it in its own query, and nowhere else: outside, such a name may be the system's.
    """
    shown = ", ".join(sorted(tables.values()))[:300]
    waiting: list[tuple[Any, frozenset[str]]] = [(tree["statements"], frozenset(tables))]
    while waiting:
        node, known = waiting.pop()
        if isinstance(node, list):
            waiting += [(each, known) for each in node]
        elif isinstance(node, dict):
            _allowed(node, known, shown)
            if node.get("type") == "RECURSIVE_CTE_NODE":
                known |= {str(node["cte_name"]).lower()}
            for each in (node.get("cte_map") or {}).get("map", []):
                waiting.append((each["value"], known))
                known |= {str(each["key"]).lower()}
            waiting += [(value, known) for key, value in node.items() if key != "cte_map"]


def _allowed(node: Node, known: frozenset[str], shown: str) -> None:
    kind = node.get("type")
    if kind == "BASE_TABLE":
        outside = node.get("schema_name") or node.get("catalog_name") or len(_path(node)) > 1
        if outside or str(node["table_name"]).lower() not in known:
            raise UsageError(f"there is no table {'.'.join(_path(node))[:80]!r}", hint=f"the tables are {shown}")
    elif kind == "TABLE_FUNCTION" and str(node["function"].get("function_name")).lower() not in _GIVERS:
        name = str(node["function"].get("function_name"))[:80]
        raise UsageError(f"{name}() gives no table here", hint=f"the tables are {shown}")
    elif kind == "SHOW_REF":
        raise UsageError("DESCRIBE, SUMMARIZE and SHOW are not run", hint="only SELECT over the tables is")
    elif node.get("class") == "FUNCTION" and str(node.get("function_name")).lower() in _FORBIDDEN:
        raise UsageError(f"{node['function_name']}() is not allowed", hint="ask for columns of the tables")


def _path(node: Node) -> list[str]:
    return (node.get("qualified_name") or {}).get("path") or [str(node["table_name"])]


def _filled(node: Any, holes: dict[str, Node]) -> Any:
    if isinstance(node, dict):
        named = node.get("column_names")
        if node.get("class") == "COLUMN_REF" and named and named[0] in holes:
            return copy.deepcopy(holes[named[0]])
        return {key: _filled(value, holes) for key, value in node.items()}
    return [_filled(each, holes) for each in node] if isinstance(node, list) else node


class UntraceableError(Exception):
    """The query has something that rows cannot be followed through."""
