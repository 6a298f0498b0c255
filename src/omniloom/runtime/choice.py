"""Which strategy a call takes that names none, and whether a problem is put as a program too."""

import math
from collections.abc import Sequence
from itertools import chain

from omniloom.core.protocols import Engine
from omniloom.core.values import Constraint, Part, Segment
from omniloom.isolation import level
from omniloom.isolation.programs import PROGRAM_LIMITS, confined
from omniloom.reasoning import profiles
from omniloom.reasoning.problems import FORM, LONGEST, READ, stands_alone
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.router import Choice, choose
from omniloom.retrieval.fuse import shown_text
from omniloom.runtime.call import Call
from omniloom.runtime.estimate import seconds
from omniloom.runtime.modes import OURS
from omniloom.runtime.run import EngineRun
from omniloom.tools.python import python

_BRIEF = PROGRAM_LIMITS.model_copy(update={"cpu_seconds": 2})  # a few assignments
_A_GRAMMAR = Constraint(kind="grammar", value='start: "SELECT"')


def chosen(call: Call, engine: Engine, said: str, sources: Sequence[Part], segments: Sequence[Segment]) -> Choice:
    """sources: those that the question is about. segments: of all."""
    about, kinds = {part.id for part in sources}, {part.kind for part in sources}
    names = (part.name.rpartition(".")[0] or part.name for part in sources)
    read = (each for each in segments if each.source in about and not each.made_by.startswith(profiles.MADE_BY))
    return choose(
        said,
        kinds,
        call.reasoning_budget,
        promised=call.max_risk is not None,
        texts=chain(names, map(shown_text, read)),
        against=_against(call, engine) if kinds == {"table"} else "",
        priced=call.priced,
        thinks=engine.capabilities.reasoning,
    )


def _against(call: Call, engine: Engine) -> str:
    """What a call has that no query can give; "" for nothing."""
    if {*call.output_modes} - {*OURS}:
        return "an output is asked for that a query does not write"
    if call.system or call.stop or any(message.role == "system" for message in call.messages):
        return "it is said how to answer, which a query cannot follow"
    why = engine.supports(_A_GRAMMAR)
    return f"nothing holds a query to the columns: {why}" if why else ""


def is_roomy(run: EngineRun, call: Call) -> bool:
    """Whether a problem may be put in other ways before it is answered: the budget holds them and the answer."""
    written = 2 * LONGEST + call.max_output_tokens
    left = math.inf if run.budget.tokens is None else run.budget.tokens - run.usage.tokens
    return READ + written <= left and seconds(run.store.journal, run.identity, READ, written) <= run.deadline.left


def takes_programs(run: EngineRun, task: Task) -> bool:
    """Whether a problem in words may be put as a program too; the run has the tool where this system holds one."""
    if not stands_alone(task) or run.engine.supports(FORM) is not None or not confined(level()):
        return False
    run.give(python(limits=_BRIEF, cancel=run.cancel), allowed={"execute"})
    return True
