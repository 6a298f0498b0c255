"""The tables for a prompt: columns, types, examples, what was normalised; bounded in length."""

from collections.abc import Sequence

from omniloom.isolation.database import quoted
from omniloom.tools.tabular.columns import Column

_EXAMPLES, _LETTERS = 3, 40
_Table = tuple[str, Sequence[Column], Sequence[Sequence[str | None]]]


def described(tables: Sequence[_Table], most: int) -> str:
    """With fewer examples, then without notes, then cut, but not the names of tables, where it would be too long."""
    for examples, notes in ((_EXAMPLES, True), (1, True), (0, True), (1, False), (0, False)):
        text = "\n".join(_table(table, examples, notes) for table in tables)
        if len(text) <= most:
            return text
    heads = [_head(table) for table in tables]
    left = most - sum(len(head) + len("\n  …\n") for head in heads)
    lines: list[str] = []
    for head, table in zip(heads, tables, strict=True):
        lines.append(head)
        for line in _table(table, 0, False).split("\n")[1:]:
            if left < len(line) + 1:
                lines.append("  …")
                break
            lines.append(line)
            left -= len(line) + 1
    text = "\n".join(lines)
    return text if len(text) <= most else text[: max(0, most - 1)] + "…"[:most]


def _head(table: _Table) -> str:
    return f"table {quoted(table[0])}, {len(table[2][0])} rows"


def _table(table: _Table, examples: int, notes: bool) -> str:
    _, columns, content = table
    lines = [_head(table)]
    copies = {each.text for each in columns if each.text != each.name}
    for column, cells in zip(columns, content, strict=True):
        if column.name not in copies:
            lines.append(_column(column, cells, examples, notes))
    return "\n".join(lines)


def _column(column: Column, cells: Sequence[str | None], examples: int, notes: bool) -> str:
    line = f"  {quoted(column.name)} {column.kind}"
    shown = [each for each in dict.fromkeys(cells) if each][:examples]
    if shown:
        line += " such as " + ", ".join(_short(each, column.kind) for each in shown)
    if column.text != column.name and (column.notes or column.kind == "DATE"):
        line += f"; as written: {quoted(column.text)}"
    if notes and column.notes:
        line += f" ({'; '.join(column.notes)})"
    return line


def _short(value: str, kind: str) -> str:
    cut = " ".join(value.split())
    cut = cut if len(cut) <= _LETTERS else cut[: _LETTERS - 1] + "…"
    return cut if kind in ("BIGINT", "DOUBLE") else "'" + cut.replace("'", "''") + "'"
