"""What can be told of a query by looking at its tree: what it names, where it ends, whether anything decided."""

from collections.abc import Mapping, Sequence
from typing import Any

from omniloom.tools.tabular.tree import Node, body, inside

DECIDED = "cells that only decided, in a condition or an order, are not counted"
_CONDITIONS = ("where_clause", "having", "qualify", "condition", "using_columns", "filter")


def tables_in(tree: Node) -> set[str]:
    """The names that stand in FROM, in lower case."""
    return {str(node["table_name"]).lower() for node in inside(tree) if node.get("type") == "BASE_TABLE"}


def names_in(tree: Node) -> tuple[set[str], bool]:
    """The columns that are named, in lower case, and whether there is a star."""
    nodes = list(inside(tree))
    words = {str(node["column_names"][-1]).lower() for node in nodes if node.get("class") == "COLUMN_REF"}
    return words, any(node.get("class") == "STAR" for node in nodes)


def cut_to(tree: Node) -> int | None:
    """The LIMIT of the whole query, where it is a number."""
    for each in body(tree)["modifiers"]:
        if each["type"] == "LIMIT_MODIFIER" and each["limit_type"] == "ROW_COUNT":
            text = str(((each["limit"] or {}).get("literal") or {}).get("text"))
            return int(text) if text.isdecimal() and len(text) < 10 else None
    return None


def decides(tree: Node) -> bool:
    """Whether cells decided which rows are given: a condition, or an order under a LIMIT."""
    for node in inside(tree):
        if any(node.get(name) for name in _CONDITIONS):
            return True
        kinds = {each["type"] for each in node.get("modifiers") or []}
        if {"LIMIT_MODIFIER", "ORDER_MODIFIER"} <= kinds or any(
            each.get("distinct_on_targets") for each in node.get("modifiers") or []
        ):
            return True
    return False


def whole_rows(tree: Node, tables: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """A name that means a whole row of a table for sure, and one that may; "" where there is none.

    tables: lower-case name → columns. A column of FROM goes before a table of its name.
    """
    known = {name.lower() for names in tables.values() for name in names}
    sources: dict[str, list[set[str]]] = {}
    nodes = list(inside(tree))
    given = {name: [{each.lower() for each in names}] for name, names in tables.items()}
    for each in (each for node in nodes for each in (node.get("cte_map") or {}).get("map", [])):
        value = each["value"]
        names = _given(value.get("query_node") or value["query"]["node"], value["aliases"])
        given.setdefault(str(each["key"]).lower(), []).append(names)
    for node in nodes:
        known |= {str(node["alias"]).lower()} if node.get("class") and node.get("alias") else set()
        known |= {str(each).lower() for each in [*_list(node, "column_name_alias"), *_list(node, "aliases")]}
        known |= {str(each["value"]).lower() for each in _list(node, "rename_list")}
        if node.get("type") == "BASE_TABLE":
            name = str(node["table_name"]).lower()
            found = given.get(name, [set()]) if not node["column_name_alias"] else [set[str]()]
            sources.setdefault(str(node["alias"]).lower() or name, []).extend(found)
        elif node.get("type") == "SUBQUERY" and not node.get("class"):
            names = _given(node["subquery"]["node"], node["column_name_alias"])
            sources.setdefault(str(node["alias"]).lower(), []).append(names)
    for node in nodes:
        if node.get("class") == "COLUMN_REF" and len(node["column_names"]) == 1:
            name = str(node["column_names"][0]).lower()
            if name in sources and name not in known:
                return name, ""
            if any(name not in columns for columns in sources.get(name, [])):
                return "", name
    return "", ""


def _given(query: Node, aliases: Sequence[str]) -> set[str]:
    """The columns that a query surely gives, in lower case: none where it has a star or its columns are named anew."""
    items = query.get("select_list") or []
    names = {str(each["alias"] or (_list(each, "column_names") or [""])[-1]).lower() for each in items}
    return set() if aliases or any(each.get("class") == "STAR" for each in items) else names


def _list(node: Node, name: str) -> list[Any]:
    found = node.get(name)
    return found if isinstance(found, list) else []
