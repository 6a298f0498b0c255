"""`strategy="program"`: the tables of the sources as SQL has them, a query of the model over all of their rows, and
what it gave, with the cells that it came from."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from omniloom.core.errors import InputError, UsageError
from omniloom.core.values import Constraint, Loss, Request, Segment
from omniloom.isolation.database import quoted
from omniloom.reasoning import formulas, programs, survey, unfit
from omniloom.reasoning.computed import MOST_CITED, MOST_ROWS, Computed
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.selects import Column, Kind, View, grammar, joins
from omniloom.reasoning.wording import keys
from omniloom.runtime.run import EngineRun
from omniloom.runtime.totals import Totals
from omniloom.tools.sql import Result, Tables
from omniloom.tools.tabular.sheets import Sheet, sheets
from omniloom.tools.tabular.wording import DECIDED

_MOST_TABLES = 6
_MOST_BESIDE = 8  # passages cited from tables, where other sources have to be shown as well
_TOTALS = re.compile(r"\btotals?\b", re.IGNORECASE)
_KINDS: dict[str, Kind] = {"BIGINT": "number", "DOUBLE": "number", "DATE": "date"}


def computed(
    run: EngineRun,
    task: Task,
    segments: Sequence[Segment],
    schema: dict[str, Any],
    holds: Callable[[Request], bool] | None = None,
) -> tuple[Computed | None, list[Loss]]:
    """What a query gave, its places by the numbers of `segments`, and what was normalised of the columns that it names.

    None where the sources have no tables, or no query gives anything; the trace says which. holds: whether the budget
    has room for a query and for an answer without it, where no query was asked for by name; then there is nothing to
    insist on: one that gives nothing is not written anew.
    """
    book = _book(run, task, segments)
    if book is None:
        return None, []
    if why := unfit.doubtful(task.said, book.views):
        run.note("program", skipped=why)
        return None, [book.unanswered(why)]
    pairs = joins(book.views)
    fields: dict[str, Any] = schema.get("properties") or {}
    several = len(fields) != 1 or "object" in json.dumps(fields)
    constraint = Constraint(kind="grammar", value=grammar(book.views, pairs, several=several, said=task.said))
    if (why := run.engine.supports(constraint)) is not None:
        run.note("program", unconstrained=why)
        constraint = None
    run.give(book.totals.tool(run.cancel), allowed={"execute"})
    names = list(fields) if len(fields) > 1 else []
    asked = programs.request(task, book.views, pairs, constraint, names)
    rules = programs.Rules(len(names) if book.alone else 0, insists=holds is None, holds=holds or (lambda asked: True))
    if not rules.holds(asked):
        run.note("program", skipped="the budget does not hold a query and an answer without it")
        return None, []
    solved = programs.solve(run, task, book.views, asked, rules)
    return (None, [book.unanswered()]) if solved is None else (book.computed(solved), book.losses(solved))


@dataclass(frozen=True)
class _Book:
    """The tables of one call, as they are queried, and as the model is told of them."""

    task: Task
    totals: Totals
    views: list[View]

    @property
    def alone(self) -> bool:
        """Whether there is nothing but these tables to answer from."""
        sources = {sheet.source for sheet in self.totals.sheets}
        return all(part.kind == "table" and part.id in sources for part in self.task.asked)

    def computed(self, solved: programs.Tried) -> Computed:
        result: Result = solved.told.value
        sources = {sheet.source for sheet in self.totals.sheets}
        new = self._answers(result)
        columns = range(len(result.columns))
        told = partial(unfit.magnitude, self.task.said, solved.query)
        made = Computed(
            query=solved.query,
            rows=tuple(tuple(map(told, result.texts[at])) for at in new),
            quotes=tuple(tuple(self._quotes(result, row, at) for at in columns) for row in new),
            told=solved.told.segments[0],
            of=", ".join(part.name for part in self.task.parts if part.id in sources),
            alone=self.alone,
            completion=solved.completion,
            columns=tuple(result.columns),
            more=len(result.rows) - len(result.texts[:MOST_ROWS]),
        )
        return made if made.alone else made.placed({at: at for at in made.cited[:_MOST_BESIDE]})

    def _answers(self, result: Result) -> Sequence[int]:
        """The rows that are told: those that do not only say what the question names, where there are any."""
        rows = range(len(result.texts[:MOST_ROWS]))
        return [at for at in rows if not unfit.echoes(self.task.said, result.texts[at])] or rows

    def _quotes(self, result: Result, row: int, column: int) -> tuple[Quote, ...]:
        """The cells of a value, in the order of the rows."""
        found: list[Quote] = []
        for table, first, left, last, right in result.spans(row, column):
            sheet = self.totals.sheet(table)
            columns = range(left - 1, right) if right - left < len(sheet.header) else ()  # with "row", a whole one
            for segment, start, end in sheet.found(first - sheet.top, last - sheet.top, columns):
                found.append(Quote(segment, start, end, frozenset()))
                if len(found) == MOST_CITED:
                    return tuple(found)
        return tuple(found)

    def unanswered(self, why: str = "no query answered") -> Loss:
        name = {part.id: part.name for part in self.task.parts}.get(self.views[0].source, "")
        return Loss(kind="not_computed", severity="reduced", part=name, detail=f"{why}: what is said was read")

    def losses(self, solved: programs.Tried) -> list[Loss]:
        """What was normalised of the columns that the query names, what it does not count, and what is not told."""
        names = {part.id: part.name for part in self.task.parts}
        result: Result = solved.told.value
        made = result.texts[:MOST_ROWS]
        said: list[Loss] = []
        for view in self.views:
            name = names.get(view.source, view.source)
            for column in view.columns:
                if column.notes and quoted(column.name) in solved.query and quoted(view.name) in solved.query:
                    told = f"{column.name}: {'; '.join(column.notes)}"
                    said.append(Loss(kind="normalized", severity="reduced", part=name, detail=told))
        of = names.get(self.views[0].source, "")
        said += [
            Loss(kind="not_counted", severity="reduced", part=of, detail=note)
            for note in result.notes
            if note != DECIDED
        ]
        if (count := self.totals.count) and not self.totals.named(solved.query):
            sums = "row that is a sum of those above is" if count == 1 else "rows that are sums of those above are"
            told = f"{count} {sums} not queried"
            said.append(Loss(kind="rows_left_out", severity="reduced", part=of, detail=told))
        if said_again := len(made) - len(self._answers(result)):
            told = f"{said_again} {'row that says' if said_again == 1 else 'rows that say'} what the question names"
            said.append(Loss(kind="rows_left_out", severity="reduced", part=of, detail=told))
        columns = range(len(result.columns))
        most = max((_cells(result, row, at) for row in range(len(made)) for at in columns), default=0)
        if most > MOST_CITED:
            told = f"of {most} cells that a value was made of the first {MOST_CITED} are cited"
            said.append(Loss(kind="not_cited", severity="reduced", part=of, detail=told))
        if (left := len(result.rows) - MOST_ROWS) > 0:
            told = f"of {len(result.rows)} rows that the query gave {left} are left out"
            said.append(Loss(kind="rows_left_out", severity="reduced", part=of, detail=told))
        return said


def _cells(result: Result, row: int, column: int) -> int:
    """How many cells a value was made of; a whole row counts as one."""
    return sum(last - first + 1 for _, first, _, last, _ in result.spans(row, column))


def _book(run: EngineRun, task: Task, segments: Sequence[Segment]) -> _Book | None:
    if survey.is_broad(task):
        run.note("program", skipped="every source is visited on its own instead")
        return None
    about = {part.id for part in task.asked}
    every = sheets(segments, {part.id: part.name for part in task.parts})
    found = _nearest(task.said, [sheet for sheet in every if sheet.source in about])
    if not found:
        why = "" if formulas.asks(task.question) else ", and the question is not taken for one that wants arithmetic"
        run.note("program", skipped=f"no source has a table{why}")
        return None
    try:
        totals = Totals.of(found)
    except (InputError, UsageError) as error:
        run.note("program", skipped=str(error))
        return None
    shown = found if _TOTALS.search(task.said) else [sheet.without_sums() for sheet in found]
    return _Book(task, totals, [_view(totals.tables, at, sheet) for at, sheet in enumerate(shown)])


def _nearest(said: str, found: Sequence[Sheet]) -> list[Sheet]:
    """Of many tables those that share most words with the question, in their order."""
    if len(found) <= _MOST_TABLES:
        return list(found)
    asked = frozenset(keys(said))

    def shared(at: int) -> int:
        sheet = found[at]
        text = " ".join([sheet.name, *sheet.header, *(cell for row in sheet.rows[:200] for cell in row)])
        return len(asked & frozenset(keys(text)))

    best = sorted(range(len(found)), key=lambda at: (-shared(at), at))[:_MOST_TABLES]
    return [found[at] for at in sorted(best)]


def _view(tables: Tables, number: int, sheet: Sheet) -> View:
    """The columns but for the copies of normalised ones, which those name; and the cells as they are written."""
    columns = tables.columns[number]
    copies = {each.text for each in columns if each.text != each.name}
    shown = [each for each in columns if each.name not in copies]
    told = tuple(
        Column(
            name=each.name,
            kind=_KINDS.get(each.kind, "text"),
            written=each.text if each.text != each.name and each.at < len(sheet.header) else "",
            counts=each.at == len(sheet.header),
            notes=each.notes,
        )
        for each in shown
    )
    rows = [tuple((*row, str(at))[each.at] for each in shown) for at, row in enumerate(sheet.rows, 1)]
    return View(tables.names[number], sheet.source, told, rows)
