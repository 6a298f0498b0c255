"""What a SELECT sees in its FROM, and `*` written out as the columns that it stands for."""

from collections.abc import Sequence
from typing import NamedTuple

from omniloom.tools.tabular.tree import Node, UntraceableError, inside, is_subquery


class Source(NamedTuple):
    """A table in FROM: its alias, the name of its column of rows, the names of its columns of values."""

    alias: str
    own: str
    names: list[str]


class Scope:
    """merged: lower-case name of a column of USING → the paths that it stands for. unknown: more columns are there."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.merged: dict[str, list[list[str]]] = {}
        self.unknown = False

    def join(self, right: "Scope", using: Sequence[str]) -> None:
        for name in using:
            paths = [[each.alias, name] for of in (self, right) for each in of.sources if _has(each, name)]
            self.merged[name.lower()] = paths
        self.merged |= {name: paths for name, paths in right.merged.items() if name not in self.merged}
        self.sources += right.sources
        self.unknown = self.unknown or right.unknown

    def check(self) -> None:
        aliases = [source.alias.lower() for source in self.sources]
        if len(set(aliases)) < len(aliases):
            raise UntraceableError("two tables of one name")


def distinct_names(given: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names of a table's columns in FROM, as DuckDB makes them: `given` for the first ones, and no two alike."""
    taken: set[str] = set()
    made: list[str] = []
    for name in [*given, *names[len(given) :]]:
        once, count = name, 0
        while once.lower() in taken:
            count += 1
            once = f"{name}_{count}"
        taken.add(once.lower())
        made.append(once)
    return made


def spread(items: list[Node], scope: Scope) -> list[Node]:
    """The select list without stars. Raises UntraceableError for COLUMNS and for stars inside expressions."""
    made: list[Node] = []
    for item in items:
        if item["class"] == "STAR" and not item["columns"] and not item["expr"] and not scope.unknown:
            made += _columns(item, scope)
        elif any(each.get("class") == "STAR" for each in inside(item, is_subquery)):
            raise UntraceableError("this form of *")
        else:
            made.append(item)
    return made


def _columns(star: Node, scope: Scope) -> list[Node]:
    wanted = str(star["relation_name"]).lower()
    if wanted and wanted not in [source.alias.lower() for source in scope.sources]:
        raise UntraceableError("this form of *")
    left_out = {str(each).lower() for each in star["exclude_list"]}
    left_out_of = {(str(each["table"]).lower(), str(each["column"]).lower()) for each in star["qualified_exclude_list"]}
    replaced = {str(each["key"]).lower(): each["value"] for each in star["replace_list"]}
    renamed = {str(each["key"]["column"]).lower(): str(each["value"]) for each in star["rename_list"]}
    made: list[Node] = []
    once: set[str] = set()
    for source in scope.sources:
        for name in source.names if wanted in ("", source.alias.lower()) else []:
            low = name.lower()
            merged = not wanted and low in scope.merged
            if low in left_out or (source.alias.lower(), low) in left_out_of or (merged and low in once):
                continue
            once.add(low)
            path = [name] if merged else [source.alias, name]
            plain = {"class": "COLUMN_REF", "type": "COLUMN_REF", "query_location": 0, "column_names": path}
            made.append({**replaced.get(low, plain), "alias": name if low in replaced else renamed.get(low, "")})
    return made


def _has(source: Source, name: str) -> bool:
    return name.lower() in [each.lower() for each in source.names]
