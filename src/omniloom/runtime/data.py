"""The answer in data: filled in, weighed, and given or withheld."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from omniloom.core.values import Claim, Loss
from omniloom.outputs.schemas import shape
from omniloom.reasoning import direct
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.signals import values
from omniloom.runtime.disputes import disputed
from omniloom.runtime.form import Filled, Form, filled_in
from omniloom.runtime.run import EngineRun
from omniloom.runtime.trust import Trust


def weighed(
    run: EngineRun, task: Task, form: Form, notes: str, text: str, native: int, trust: Trust
) -> tuple[Filled, Sequence[Loss]]:
    """The JSON with its signals; where its answer is not to be trusted, as none; and what sources dispute."""
    filled = filled_in(run, task, form, notes, text, native)
    run.deadline.holds = trust.risk.promise is None
    if not task.parts or filled.abstained or task.computed is not None:  # what was computed needs no judge
        silent = bool(task.parts) and filled.silent
        return replace(filled, abstained=filled.abstained or silent), tuple(_contradicted(task, filled.claims))

    def again(other: Task) -> str:
        return values(direct.fill(run, other, form.constraint, shape(form.schema), notes, text, 0).text)

    claims, done, losses = filled.claims, filled.completion, list[Loss]()
    # Of an answer with a value that was asked for once more, the tokens of the first try tell nothing.
    spans = () if filled.repaired else filled.spans.values()
    why = trust.refuses(claims, done, values(done.text, filled.repaired), again, spans)
    refused = bool(why) or filled.silent
    claims = tuple(trust.weighed(claims, done, filled.spans))
    if not text and not refused:
        told = list(disputed(run, task, claims))
        claims += tuple(claim for claim, _ in told)
        losses = [loss for _, loss in told]
    if why or (refused and form.unsupported == "abstain"):  # what is withheld is not given, however it is asked
        return replace(filled, data=None, claims=(), abstained=True, withheld=why), losses
    return replace(filled, claims=claims, abstained=refused), losses


def _contradicted(task: Task, claims: Sequence[Claim]) -> Iterator[Loss]:
    """Of each value that stands under a name, and is not what was computed of it."""
    if (made := task.computed) is None:
        return
    for claim in claims:
        wanted = made.wanted(str(claim.at))
        if not claim.supported and wanted is not None:
            told = f"{claim.at} says {claim.text!r}, where {made.how} found {wanted!r}"
            yield Loss(kind="contradicted", severity="reduced", part="the data", detail=told)
