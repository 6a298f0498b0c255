"""Tables with questions of which one cell is the answer: from WikiTableQuestions and from TAT-QA, as plain CSV."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omniloom.core.locators import Locator
from omniloom.evaluation.records import json_lines, text_of
from omniloom.evaluation.values import Place

_MOST_ROWS, _MOST_COLUMNS, _LONGEST_CELL = 24, 9, 120
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_COUNTING = re.compile(r"(?i)\b(?:how (?:many|long)|number of (?:times|games|matches|men)|difference)\b")


@dataclass(frozen=True)
class Lookup:
    """A question and the cell that answers it; row and column count from 1, the header is row 1."""

    question: str
    answer: str
    row: int
    column: int


@dataclass(frozen=True)
class Sheet:
    """A table. `rows` holds the header first; `lookups` are the labelled questions."""

    name: str
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    lookups: tuple[Lookup, ...] = ()

    @property
    def data(self) -> bytes:
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows(self.rows)
        return file.getvalue().encode()

    @property
    def text(self) -> str:
        return "\n".join(" | ".join(row) for row in self.rows)

    def place(self, row: int, column: int) -> Place:
        locator = Locator(cells=(row, column, row, column))
        return Place(self.name, self.rows[row - 1][column - 1], locator.fragment)

    def key(self) -> int | None:
        """The column (from 1) by which people name a row: the first of different words; None without one."""
        for column, name in enumerate(self.rows[0], 1):
            cells = [row[column - 1] for row in self.rows[1:]]
            if name and len(set(cells)) == len(cells) and all(re.search(r"[^\W\d]{3}", cell) for cell in cells):
                return column
        return None

    def numbers(self) -> Iterator[tuple[int, int, float]]:
        """(row, column, number) of every cell that is a number, in columns where all are; ranks and years are none."""
        for column, name in enumerate(self.rows[0], 1):
            cells = [row[column - 1] for row in self.rows[1:]]
            plain = all(_NUMBER.fullmatch(cell) for cell in cells)
            if plain and name and not self._counts_up(cells) and not all(map(_is_year, cells)):
                yield from ((row, column, number_of(cell)) for row, cell in enumerate(cells, 2))

    def years(self) -> Iterator[tuple[int, int, int]]:
        """(row, column, year) in columns that hold nothing else."""
        for column, name in enumerate(self.rows[0], 1):
            cells = [row[column - 1] for row in self.rows[1:]]
            if name and all(map(_is_year, cells)):
                yield from ((row, column, int(cell)) for row, cell in enumerate(cells, 2))

    @staticmethod
    def _counts_up(cells: list[str]) -> bool:
        return cells == [str(number) for number in range(1, len(cells) + 1)]


def number_of(text: str) -> float:
    return float(text.replace(",", ""))


def _is_year(cell: str) -> bool:
    return re.fullmatch(r"1[5-9]\d\d|20\d\d", cell) is not None


def sheets(data: Path) -> list[Sheet]:
    """All tables of moderate size that have a question whose answer is one of their cells, and that cell alone."""
    return [sheet for sheet in (*_wiki(data / "tables"), *_reports(data / "tables")) if sheet.lookups]


def _wiki(folder: Path) -> Iterator[Sheet]:
    asked: dict[str, list[dict[str, Any]]] = {}
    for sample in json_lines(folder / "wtq.jsonl"):
        asked.setdefault(sample["table"], []).append(sample)
    for name, samples in asked.items():
        with (folder / "wtq" / name).open(encoding="utf-8", newline="") as file:
            rows = _cleaned(csv.reader(file, escapechar="\\"))
        if rows:
            found = (_lookup(each["question"], each["answers"], rows) for each in samples)
            stem = name.removesuffix(".csv").replace("-csv", "").replace("/", "-")
            yield Sheet(f"table-{stem}.csv", rows, tuple(each for each in found if each))


def _reports(folder: Path) -> Iterator[Sheet]:
    for report in json.loads(text_of(folder / "tatqa.json")):
        rows = _cleaned(report["table"]["table"])
        spans = [each for each in report["questions"] if each["answer_type"] == "span"]
        found = (_lookup(each["question"], each["answer"], rows) for each in spans if "table" in each["answer_from"])
        # What stands in a row without a name is a heading, not a value.
        named = tuple(each for each in found if each and rows[each.row - 1][0] and each.column > 1)
        yield Sheet(f"report-{report['table']['uid'][:8]}.csv", rows, named)


def _cleaned(rows: Any) -> tuple[tuple[str, ...], ...]:
    """Cells with single spaces, rows of one width; nothing for a table that is too large."""
    cells = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    width = max((len(row) for row in cells), default=0)
    longest = max((len(cell) for row in cells for cell in row), default=0)
    if not 3 <= len(cells) <= _MOST_ROWS or not 2 <= width <= _MOST_COLUMNS or longest > _LONGEST_CELL:
        return ()
    return tuple((*row, *[""] * (width - len(row))) for row in cells)


def _lookup(question: str, answers: list[str], rows: tuple[tuple[str, ...], ...]) -> Lookup | None:
    """None unless exactly one cell below the header is the answer, and the question asks for it, not for a count."""
    if len(answers) != 1:
        return None
    wanted = _bare(answers[0])
    places = [(r, c) for r, row in enumerate(rows, 1) for c, cell in enumerate(row, 1) if _bare(cell) == wanted]
    if len(places) != 1 or places[0][0] == 1:
        return None
    row, column = places[0]
    asked = question.casefold()
    mates = [cell.casefold() for at, cell in enumerate(rows[row - 1], 1) if at != column and len(cell) > 2]
    if _COUNTING.search(question) or not (re.search(r"[^\W\d]", wanted) or any(mate in asked for mate in mates)):
        return None
    return Lookup(question, rows[row - 1][column - 1].strip("$ "), row, column)


def _bare(cell: str) -> str:
    return cell.strip("$ ").casefold()
