"""Rows at the end of a table that sum up those above: a query runs without them, but for a SELECT that names one by its
label or its place, so that no sum takes them in and what they say themselves can still be asked for."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from omniloom.core.errors import UsageError
from omniloom.core.values import Tool
from omniloom.isolation.database import quoted
from omniloom.tools.sql import Result, Tables
from omniloom.tools.tabular.sheets import ROW, Sheet

_PART = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\b(?=SELECT\b)""")
_LITERAL = r"'(?:[^']|'')*'"
_LEFT_OUT = re.compile(rf"(?:<>|!=|\bNOT ILIKE|\bNOT LIKE) {_LITERAL}|\bNOT IN \({_LITERAL}(?:, {_LITERAL})*\)")
_AT = re.compile(rf"{re.escape(quoted(ROW))} = (\d+)")
_ALIAS = (
    r'(?P<as> AS (?:\w+|"[^"]+")| (?!(?:where|group|order|limit|join|on|inner|left|right|full|cross|having|union|'
    r"window|qualify|using|natural|except|intersect)\b)[a-z_]\w*)?"
)
_MIXED = "it takes a row of totals together with rows that it is the total of"


@dataclass(frozen=True)
class Totals:
    """The tables of a call: those of `sheets` as they are queried, without their last rows that are sums, then those
    that have such rows once more with them. whole: of each of these its number in `sheets`."""

    sheets: Sequence[Sheet]
    tables: Tables
    whole: Sequence[int]
    _labels: frozenset[str] = field(repr=False)
    _places: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, sheets: Sequence[Sheet]) -> "Totals":
        """Raises InputError, UsageError, as `Tables` does."""
        whole = [at for at, sheet in enumerate(sheets) if sheet.sums]
        grids = [*(sheet.without_sums().grid() for sheet in sheets), *(sheets[at].grid() for at in whole)]
        labels = frozenset(label.casefold() for at in whole for label in sheets[at].labels)
        places = frozenset(str(len(sheets[at].rows) - back) for at in whole for back in range(sheets[at].sums))
        return cls(sheets, Tables(grids), whole, labels, places)

    @property
    def count(self) -> int:
        """How many rows there are that are sums."""
        return sum(sheet.sums for sheet in self.sheets)

    def sheet(self, table: int) -> Sheet:
        """That of a table of a result."""
        return self.sheets[table if table < len(self.sheets) else self.whole[table - len(self.sheets)]]

    def named(self, query: str) -> bool:
        """Whether a query asks for one of these rows, by its label or its place."""
        return self._with_sums(query) != query

    def tool(self, cancel: threading.Event | None = None) -> Tool:
        plain = self.tables.tool(cancel)

        def function(query: str) -> Result:
            result = self.tables.query(self._with_sums(query), cancel=cancel)
            if result.traced == "rows" and any(self._mixes(row) for row in result.origins):
                raise UsageError(_MIXED, hint="ask for one of both")
            return result

        return plain.model_copy(update={"function": function})

    def _with_sums(self, query: str) -> str:
        """Each SELECT that names such a row reads the table that has these rows."""
        starts = [0, *(match.start() for match in _PART.finditer(query) if not match.group()), len(query)]
        parts = [query[start:end] for start, end in pairwise(starts)]
        return "".join(self._whole(part) if self._names(part) else part for part in parts)

    def _names(self, part: str) -> bool:
        texts = re.findall(_LITERAL, _LEFT_OUT.sub("", part))
        if self._places.intersection(_AT.findall(part)):
            return True
        return any(self._is_label(text[1:-1].replace("''", "'").casefold()) for text in texts)

    def _is_label(self, text: str) -> bool:
        """Whether a literal names such a row: as it stands, or by a pattern that speaks of totals."""
        bare = text.strip("%: ")
        return bare in self._labels or ("%" in text and "total" in bare and any(bare in each for each in self._labels))

    def _whole(self, part: str) -> str:
        for number, at in enumerate(self.whole, len(self.sheets)):
            name, whole = quoted(self.tables.names[at]), quoted(self.tables.names[number])
            named = re.compile(rf"\b(FROM|JOIN) {re.escape(name)}{_ALIAS}", re.IGNORECASE)
            part = named.sub(lambda m, to=whole, name=name: f"{m[1]} {to}{m['as'] or f' AS {name}'}", part)
        return part

    def _mixes(self, origins: Sequence[tuple[int, int, int]]) -> bool:
        """Whether a row was made of rows of one table of which some are sums."""
        for at in {table for table, _, _ in origins if table >= len(self.sheets)}:
            sheet = self.sheet(at)
            last = sheet.top + len(sheet.rows) - sheet.sums - 1  # that is no sum
            rows = [span for span in origins if span[0] == at]
            if any(end > last for _, _, end in rows) and any(start <= last for _, start, _ in rows):
                return True
        return False
