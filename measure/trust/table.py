"""The table as text, as Markdown for the README, and as JSON; and the exit status."""

import math
from collections.abc import Sequence
from typing import Any

from measure.trust.rows import Cell, Row

MISSED, UNMEASURED = 1, 4


def status(rows: Sequence[Row]) -> int:
    """0 where all floors hold; what could not be measured does not hold."""
    if any(row.holds is False for row in rows):
        return MISSED
    return UNMEASURED if any(row.floor is not None and row.holds is None for row in rows) else 0


def text(rows: Sequence[Row], sides: Sequence[str]) -> str:
    """With what is missed, and what could not be measured, below."""
    head = ["measure", "floor", *sides, ""]
    lines = [head, *([row.measure, bound(row), *(shown(row, side) for side in sides), verdict(row)] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    missed = [row.measure for row in rows if row.holds is False]
    open_ones = [(row.measure, row.cells["ours"].note) for row in rows if row.floor is not None and row.holds is None]
    told += ["", f"missed: {'; '.join(missed)}" if missed else "no floor is missed"]
    told += [f"not measured: {name}: {note}" for name, note in open_ones]
    notes = [f"note: {row.measure}: {side}: {cell.note}" for row in rows for side, cell in row.cells.items()
             if cell.note and cell.value is not None]  # fmt: skip
    return "\n".join([*told, *notes])


def markdown(rows: Sequence[Row], sides: Sequence[str]) -> str:
    lines = [["measure", "floor", *sides], ["---"] * (2 + len(sides))]
    for row in rows:
        own = {side: shown(row, side) for side in sides}
        marked = [f"**{cell}**" if row.holds and side == "ours" else cell for side, cell in own.items()]
        lines.append([row.measure, bound(row), *marked])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bound(row: Row) -> str:
    if row.floor is None:
        return ""
    return f"{'<=' if row.at_most else '>='} {row.floor:g}"


def verdict(row: Row) -> str:
    if row.floor is None:
        return ""
    return {True: "holds", False: "MISSED", None: "not measured"}[row.holds]


def shown(row: Row, side: str) -> str:
    """Value, interval, n."""
    cell = row.cells.get(side)
    if cell is None or cell.value is None:
        return "-"
    number = f"{cell.value:.{row.digits}f}"
    if math.isfinite(cell.low) and math.isfinite(cell.high):
        number += f" ({cell.low:.{row.digits}f} to {cell.high:.{row.digits}f})"
    return f"{number} n={cell.n}"


def as_json(rows: Sequence[Row], sides: Sequence[str], answers: Sequence[Any], **told: Any) -> dict[str, Any]:
    """told: what stands at its head. answers: of which it is made, counted."""
    measures = [
        {
            "measure": row.measure,
            "floor": row.floor,
            "at_most": row.at_most,
            "holds": row.holds,
            "sides": {side: _plain(row.cells[side]) for side in sides if side in row.cells},
        }
        for row in rows
    ]
    counted = [{"side": each.side, "task": each.task, "n": len(each.records)} for each in answers]
    return {**told, "sides": list(sides), "answers": counted, "measures": measures, "status": status(rows)}


def _plain(cell: Cell) -> dict[str, Any]:
    numbers = {name: getattr(cell, name) for name in ("value", "low", "high")}
    kept = {name: each if each is not None and math.isfinite(each) else None for name, each in numbers.items()}
    return {**kept, "n": cell.n, "note": cell.note}
