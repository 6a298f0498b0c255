"""Where the sources of one call contradict each other: said in words by `prose`, and beside data by `disputed`."""

from collections.abc import Callable, Iterator, Sequence

from omniloom.core.values import Claim, Loss
from omniloom.reasoning import conflicts, copies
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.conflicts import Conflict
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.phrases import phrase
from omniloom.reasoning.prompts import Task
from omniloom.runtime.run import EngineRun


def disputes(run: EngineRun, task: Task, concerns: Callable[[Quote], bool] | None) -> list[Conflict]:
    """The contradictions of the sources, few and the surest first; of those with a side that `concerns` the answer."""
    if len(task.parts) < 2:
        return []
    found = _candidates(run, task, concerns)
    with run.span("conflicts", "conflicts", candidates=len(found)) as kept:
        chosen = conflicts.confirmed(run, task, found)
        kept["confirmed"] = len(chosen)
        return chosen


def is_disputed(run: EngineRun, task: Task, claims: Sequence[Claim]) -> bool:
    """Whether another source says nearly the same as these claims cite, and something else: told without the model."""
    cited = ClaimWriter(task.passages, task.parts, claims=list(claims)).has_cited
    return len(task.parts) > 1 and any(each.sure for each in _candidates(run, task, cited))


def _candidates(run: EngineRun, task: Task, concerns: Callable[[Quote], bool] | None) -> list[Conflict]:
    found: dict[tuple[int, int, int, int], Conflict] = {}
    apart = copies.templates(task.passages, run.check)
    for each in (*copies.differing(task.passages, run.check), *conflicts.candidates(task.passages, run.check)):
        if frozenset(task.passages.segments[side.index].source for side in (each.first, each.second)) in apart:
            continue  # two invoices do not contradict each other
        if concerns is None or concerns(each.first) or concerns(each.second):
            found.setdefault((each.first.index, each.first.start, each.second.index, each.second.start), each)
    return list(found.values())


def disputed(run: EngineRun, task: Task, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Loss]]:
    """For JSON, which has no prose to say it in: a Claim at the field concerned that cites both sides, and a Loss."""
    writer = ClaimWriter(task.passages, task.parts, claims=list(claims))
    for conflict in disputes(run, task, writer.has_cited) if claims else ():
        sides = [conflict.first, conflict.second]
        citations = tuple(map(writer.cite, sides))
        names = {part.id: part.name for part in task.parts}
        first, second = (names.get(each.source, each.source) for each in citations)
        one, other = (f"“{' '.join(each.quote.split())}”" for each in citations)
        told = {"first": first, "one": one, "second": second, "other": other}
        at = next(
            claim.at
            for claim in claims
            if any(ClaimWriter(task.passages, task.parts, claims=[claim]).has_cited(side) for side in sides)
        )
        loss = Loss(
            kind="contradiction",
            severity="reduced",
            part=names.get(citations[1].source, ""),
            detail=phrase("disagree", "", **told),
            locator=citations[1].locator,
        )
        text = phrase("disagree", task.said, **told)
        yield Claim(at=at, text=text, citations=citations, supported=True), loss
