"""Which columns of the tables the values of a result column are made of, by the names in its expression."""

from typing import Any

from omniloom.tools.tabular.tree import Node, body, inside, is_subquery

Used = tuple[int, int]


def uses(tree: Node, shown: list[str], tables: dict[str, int], columns: dict[str, list[Used]]) -> list[list[Used]]:
    """Of each column in `shown` the (table, column of its grid); none where it names no column, as count(*).

    tables: lower-case name → number. columns: lower-case name → where columns of that name stand.
    """
    aliases = {
        str(n["alias"]).lower(): tables[str(n["table_name"]).lower()] for n in _bases(tree, tables) if n["alias"]
    }
    names = _Names(tree, tables | aliases, columns)
    found: list[set[Used]] = [set() for _ in shown]
    for select in _selects(body(tree)):
        for at, item in enumerate(_spread(select["select_list"], len(shown))):
            found[at] |= names.of(item) if item else set(columns.get(shown[at].lower(), [])) | names.called(shown[at])
    return [sorted(each) for each in found]


def _bases(tree: Node, tables: dict[str, int]) -> list[Node]:
    bases = [node for node in inside(tree) if node.get("type") == "BASE_TABLE"]
    return [node for node in bases if str(node["table_name"]).lower() in tables]


def _selects(node: Node) -> list[Node]:
    if node["type"] == "SET_OPERATION_NODE":
        children = node.get("children") or [node["left"], node["right"]]
        return [select for child in children for select in _selects(child)]
    return [node] if "select_list" in node else []


def _spread(items: list[Node], width: int) -> list[Node | None]:
    """The item of each result column; None for those that a star gives."""
    stars = [at for at, item in enumerate(items) if any(n.get("class") == "STAR" for n in inside(item, is_subquery))]
    if not stars:
        return [*items[:width], *[None] * (width - len(items))]
    before, after = items[: stars[0]], items[stars[-1] + 1 :]
    between = max(0, width - len(before) - len(after))
    return [*before, *[None] * between, *after][:width]


class _Names:
    """Names in expressions, followed through the aliases of subqueries."""

    def __init__(self, tree: Node, tables: dict[str, int], columns: dict[str, list[Used]]) -> None:
        self._tables, self._columns = tables, columns
        self._aliases: dict[str, list[Node]] = {}
        for node in inside(tree):
            for item in node.get("select_list") or []:
                if item.get("alias"):
                    self._aliases.setdefault(str(item["alias"]).lower(), []).append(item)

    def called(self, name: str) -> set[Used]:
        return {each for item in self._aliases.get(name.lower(), []) for each in self.of(item, (name.lower(),))}

    def of(self, item: Any, seen: tuple[str, ...] = ()) -> set[Used]:
        found: set[Used] = set()
        for node in inside(item, is_subquery):
            if is_subquery(node):
                for select in _selects(node["subquery"]["node"]):
                    found |= self.of(select["select_list"], seen)
            elif node.get("class") == "COLUMN_REF":
                found |= self._column([str(each).lower() for each in node["column_names"]], seen)
        return found

    def _column(self, path: list[str], seen: tuple[str, ...]) -> set[Used]:
        name = path[-1]
        places = self._columns.get(name, [])
        if len(path) > 1 and path[-2] in self._tables:
            return {each for each in places if each[0] == self._tables[path[-2]]}
        found = set(places)
        if name not in seen:
            for item in self._aliases.get(name, []):
                found |= self.of(item, (*seen, name))
        return found
