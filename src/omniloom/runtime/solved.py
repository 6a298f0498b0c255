"""`strategy="solve"`: the data that a model writes of a puzzle go to the solver, what comes of it to the task."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from omniloom.core.values import Constraint, Loss, Segment
from omniloom.reasoning import puzzles, survey
from omniloom.reasoning.computed import MOST_CITED, Computed
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.restated import spelled
from omniloom.reasoning.wording import keys
from omniloom.reasoning.worked import schema
from omniloom.runtime.call import Call
from omniloom.runtime.run import EngineRun
from omniloom.tools.solver import check_installed, solver


def solved(run: EngineRun, call: Call, task: Task, report: Callable[[Sequence[Loss]], None]) -> tuple[Task, int]:
    """(the task with what the solver found, what may still be thought): where it finds nothing, the answer is the
    direct one. Raises UnsupportedError without a solver."""
    check_installed()
    found, whole = None, replace(task, focus=frozenset())
    if survey.is_broad(task):
        reason = "every source is visited on its own instead"
        run.note(puzzles.PURPOSE, skipped=reason)
    else:
        why = run.engine.supports(Constraint(kind="json_schema", value=schema()))
        if why is not None:
            run.note(puzzles.PURPOSE, unconstrained=why)
        if task.focus:
            run.note("focus", widened="every source may have a clue")
        run.give(solver(cancel=run.cancel), allowed={"execute"})
        found, reason = puzzles.solve(run, whole, constrained=why is None, in_words="text" in call.output_modes)
    if found is None:
        report([_loss("not_solved", f"what is said is the direct answer, for {reason}")])
        return task, call.reasoning_budget
    if call.reasoning_budget:
        run.note("reasoning", skipped="the solver thinks: the budget is not used")
    report(list(_losses(found)))
    return replace(whole, computed=_computed(whole, found)), 0


def _computed(task: Task, found: puzzles.Solved) -> Computed:
    """Each value opens in the passages that the puzzle was read in."""
    written = frozenset(keys("\n".join([found.conditions, *map(spelled, found.solution.values)])))
    asked = written.intersection(keys(task.question))
    about = _passages(task, written, asked)
    quotes = tuple(Quote(at, 0, len(task.passages.segments[at].text), frozenset()) for at in about)
    rows = tuple(puzzles.rows(found))
    return Computed(
        query=found.told,
        rows=rows,
        quotes=tuple(tuple(quotes for _ in row) for row in rows),
        told=Segment(source="question", content=found.values, made_by="tool.solver"),
        of=", ".join(part.name for part in task.parts) or "the question",
        alone=True,
        completion=found.completion,
        how="a solver",
        words=found.words,
        named=True,
        concluded=not quotes and (not task.parts or 2 * len(asked) >= len(written)),
    )


def _passages(task: Task, written: frozenset[str], asked: frozenset[str]) -> list[int]:
    """Those that hold a number or a name of the problem as it was written, the best first: of the sources that have one
    which neither the question has nor a better source."""
    segments, known = task.passages.segments, task.passages.keys
    of: dict[str, frozenset[str]] = {}
    for at, segment in enumerate(segments):
        if segment.source not in task.left_out:
            of[segment.source] = of.get(segment.source, frozenset()) | (known[at] & written)
    left, chosen = written - asked, set[str]()
    while of and left & of[best := max(of, key=lambda source: len(of[source] & left))]:
        chosen.add(best)
        left -= of.pop(best)
    held = [at for at, segment in enumerate(segments) if segment.source in chosen and known[at] & written]
    return sorted(sorted(held, key=lambda at: -len(known[at] & written))[:MOST_CITED])


def _losses(found: puzzles.Solved) -> list[Loss]:
    solution, told = found.solution, list[Loss]()
    if found.before:
        told.append(_loss("rewritten", f"it was written anew, for as it was written first {found.before}"))
    if found.dropped:
        told.append(_loss("goal_dropped", f"{found.dropped}: the question asks for no largest or smallest"))
    if solution.unique is False:
        other = ", ".join(f"{name} = {value}" for name, value in solution.other.items())
        as_good = " that is as good" if solution.objective is not None else ""
        told.append(_loss("not_unique", f"there is another solution{as_good}: {other}"))
    if solution.timed_out:
        told.append(_loss("timed_out", _late(solution.objective, solution.bound, solution.status)))
    if found.why:
        told.append(_loss("not_worded", f"{found.why}: the values are given as they are"))
    return told


def _late(objective: int | None, bound: int | None, status: str) -> str:
    if objective is not None and status != "optimal":
        return f"the time of the solver ended: {objective} is the best that was found, {bound} what nothing betters"
    return "the time of the solver ended before it was known whether there is another solution"


def _loss(kind: str, detail: str) -> Loss:
    return Loss(kind=kind, severity="reduced", part="strategy='solve'", detail=detail)
