"""A grid of cell text as typed columns with names that SQL can use."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Literal

from omniloom.core.base import Value
from omniloom.tools.tabular.dates import dates
from omniloom.tools.tabular.numbers import LONGEST, numbers
from omniloom.tools.tabular.places import FROM

Kind = Literal["BIGINT", "DOUBLE", "DATE", "VARCHAR"]
_FOOTNOTES = re.compile(r"(?:\s*\[[^\[\]]{1,12}\]|\s*[*†‡§])+$")
_NOTHING = frozenset({"", "-", "–", "—", "−", "n/a", "na", "?", "…", "...", "none", "null", "tba", "tbd"})
_LEAST = 0.9
_NAME = 60
_SAYS = 3


class Column(Value):
    """One column of SQL. `at`: the column of the grid, from 0. `header`: its text there. `text`: the column with the
    cells as they stand, itself where it is not typed. `lost`: that cells which do not fit are NULL."""

    name: str
    kind: Kind
    at: int
    header: str
    text: str
    notes: tuple[str, ...] = ()
    lost: str = ""


def columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[Column], list[list[str | None]]]:
    """The columns and, beside each, its cells as SQL takes them: a typed one is followed by its text."""
    width = max([len(header), *map(len, rows)], default=0)
    names = Names()
    real = [names.take(header[at] if at < len(header) else "", f"column {at + 1}") for at in range(width)]
    texts = [list(each) for each in zip_longest(*rows, [""] * width, fillvalue="")] if width else []
    made: list[Column] = []
    content: list[list[str | None]] = []
    for at, name in enumerate(real):
        cells, title = texts[at][: len(rows)], header[at] if at < len(header) else ""
        kind, values, notes, lost = _typed(cells)
        text = name if kind == "VARCHAR" else names.take(f"{name}_text", "")
        made.append(Column(name=name, kind=kind, at=at, header=title, text=text, notes=tuple(notes), lost=lost))
        content.append(values)
        if text != name:
            made.append(Column(name=text, kind="VARCHAR", at=at, header=title, text=text))
            content.append(_text(cells))
    return made, content


class Names:
    """Names that differ in more than case, and are none that the queries made here need."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {"rowid": 1}

    def take(self, wanted: str, otherwise: str) -> str:
        plain = " ".join("".join(c if c.isprintable() else " " for c in wanted).split())[:_NAME].strip() or otherwise
        plain = plain.lstrip("_") if plain.casefold().startswith(FROM) else plain
        name, count = plain, self._counts.get(plain.casefold(), 0)
        while name.casefold() in self._counts:
            count += 1
            name = f"{plain} {count}"
        self._counts[plain.casefold()] = max(count, 1)
        self._counts.setdefault(name.casefold(), 1)
        return name


def _text(cells: list[str]) -> list[str | None]:
    return [cell if cell.strip() else None for cell in cells]


def _plain(cell: str) -> str:
    """Without footnote marks, where that leaves something; long text as it is."""
    text = cell.strip()
    return text if len(text) > LONGEST else _FOOTNOTES.sub("", text).strip() or text


def _typed(cells: list[str]) -> tuple[Kind, list[str | None], list[str], str]:
    """The kind, the values as text that DuckDB casts, what was done to them, and what was lost."""
    plain = [_plain(cell) for cell in cells]
    filled = [at for at, cell in enumerate(plain) if cell.casefold() not in _NOTHING]
    given = [plain[at] for at in filled]
    least = _LEAST if len(given) >= 10 else 1.0
    values: list[Any] = []
    kind: Kind = "VARCHAR"
    notes: list[str] = []
    if given and (found := numbers(given, least)):
        values, notes = [*found.values], [*found.notes]
        kind = "BIGINT" if all(isinstance(each, int) for each in values if each is not None) else "DOUBLE"
    elif given and (read := dates(given, least)):
        values, notes, kind = [*read[0]], [*read[1]], "DATE"
    if kind == "VARCHAR":
        return kind, _text(cells), [], ""
    typed: list[str | None] = [None] * len(cells)
    for at, value in zip(filled, values, strict=True):
        typed[at] = None if value is None else str(value)
    lost = _lost(cells, filled, typed)
    return kind, typed, [*notes, *_taken(cells, plain, filled), *[lost] * bool(lost)], lost


def _lost(cells: list[str], filled: list[int], typed: list[str | None]) -> str:
    odd = [cells[at] for at in filled if typed[at] is None]
    shown = ", ".join(repr(each[:30]) for each in odd[:_SAYS])
    return f"{len(odd)} of {len(cells)} cells are NULL because they do not fit: {shown}" if odd else ""


def _taken(cells: list[str], plain: list[str], filled: list[int]) -> list[str]:
    notes: list[str] = []
    if any(cells[at].strip() != plain[at] for at in filled):
        notes.append("footnote marks removed")
    kept = set(filled)
    blank = sorted({cell.strip() for at, cell in enumerate(cells) if at not in kept and cell.strip()})
    if blank:
        notes.append(f"{', '.join(map(repr, blank[:_SAYS]))} read as NULL")
    return notes
