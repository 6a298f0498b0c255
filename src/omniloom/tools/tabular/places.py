"""Numbers of cells, as the lineage carries them, and back: rectangles and rows as the source counts them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

WIDE = 1 << 20  # more columns than a table has
FROM = "__from"  # no name of a table or column begins so
VIEW, COMPANION = f"{FROM}@", f"{FROM}:"


def number(row: int, column: int | None) -> int:
    """Of a cell, or of a whole row. row: counted through all tables, from 0."""
    return row * WIDE + (0 if column is None else column + 1)


class Places:
    """tables: with "content", "at", "first_row", "first_column". starts: the number of each one's first row."""

    def __init__(self, tables: list[dict[str, Any]]) -> None:
        self._tables = tables
        self.starts = [0]
        for table in tables:
            self.starts.append(self.starts[-1] + len(table["content"][0]))

    def spans(self, numbers: Sequence[int]) -> list[list[int]]:
        """[table, first row, last row] of whole rows."""
        return [[table, *rows] for table, rows in self._runs(each // WIDE for each in numbers)]

    def rectangles(self, numbers: Sequence[int]) -> list[list[int]]:
        """[table, first row, first column, last row, last column]. Where the whole row is given its cells are not."""
        columns: dict[int, list[int]] = {}
        for each in numbers:
            columns.setdefault(each % WIDE - 1, []).append(each // WIDE)
        whole = columns.pop(-1, [])
        made = [[table, a, *self._across(table, 0, self._width(table)), b] for table, (a, b) in self._runs(whole)]
        runs: dict[tuple[int, tuple[int, int]], list[int]] = {}
        for column in sorted(columns):
            for run in self._runs(sorted(set(columns[column]) - set(whole))):
                runs.setdefault(run, []).append(column)
        for (table, (first, last)), at in runs.items():
            for _, group in groupby(enumerate(at), lambda each: each[1] - each[0]):
                side = [column for _, column in group]
                made.append([table, first, *self._across(table, side[0], side[-1]), last])
        return sorted([table, first, left, last, right] for table, first, left, right, last in made)

    def _runs(self, rows: Iterable[int]) -> list[tuple[int, tuple[int, int]]]:
        """Neighbouring rows of one table. Given in order."""
        runs: list[tuple[int, tuple[int, int]]] = []
        for row in rows:
            table = bisect_right(self.starts, row) - 1
            at = row - self.starts[table] + self._tables[table]["first_row"]
            if runs and runs[-1][0] == table and runs[-1][1][1] == at - 1:
                runs[-1] = (table, (runs[-1][1][0], at))
            else:
                runs.append((table, (at, at)))
        return runs

    def _width(self, table: int) -> int:
        return max(self._tables[table]["at"])

    def _across(self, table: int, first: int, last: int) -> tuple[int, int]:
        left = self._tables[table]["first_column"]
        return left + first, left + last
