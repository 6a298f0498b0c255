"""The claims of an answer that no source supports, asked for once more: within the budget, and for no more tokens than
the answer itself took. What was repaired, from what, and why not, is in the trace."""

from collections.abc import Sequence

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.values import Completion
from omniloom.reasoning import repair
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.repair import Asked
from omniloom.runtime.run import EngineRun


def mended(
    run: EngineRun, task: Task, lacking: Sequence[str], claims: Sequence[str], done: Completion, *, last: bool
) -> dict[int, str]:
    """The sentences, as the model wrote them, for those of `lacking` that could be repaired, by their places in it.

    claims: all that the answer says. done: the completion that it came from. last: whether it is the last thing that
    this call is asked for.
    """
    if not lacking:
        return {}
    if not last and run.budget.tokens is not None:
        run.note("not repaired", why="the rest of the token budget is for the data", unsupported=len(lacking))
        return {}
    if run.budget.seconds is not None:
        run.note("not repaired", why="an answer is not risked where there is a deadline", unsupported=len(lacking))
        return {}
    made, said = dict[int, str](), list(claims)
    left = done.usage.input_tokens + done.usage.output_tokens + done.usage.reasoning_tokens
    shown = run.prompt_tokens(request(task, ""))
    for at, claim in enumerate(lacking[: repair.MOST]):
        asked = repair.again(task, claim)
        own = 0 if asked is None else run.prompt_tokens(asked.request) - shown + asked.request.max_output_tokens
        if asked is None or own > left or not _affordable(run, asked):
            why = "no passage is near" if asked is None else "too many tokens"
            run.note("not repaired", claim=claim, why=why)
            continue
        left -= own
        if (new := _repaired(run, task, asked, said)) != "":
            made[at] = new
            said.append(new)
    return made


def _affordable(run: EngineRun, asked: Asked) -> bool:
    """Whether the token budget holds it with all that it may write."""
    if run.budget.tokens is None:
        return True
    spent = run.usage.input_tokens + run.usage.output_tokens + run.usage.reasoning_tokens
    return spent + run.prompt_tokens(asked.request) + asked.request.max_output_tokens <= run.budget.tokens


def _repaired(run: EngineRun, task: Task, asked: Asked, said: Sequence[str]) -> str:
    """The new sentence; "" if there is none."""
    try:
        done = run.ask(asked.request, purpose=repair.PURPOSE)
    except (BudgetError, EngineError) as error:  # the answer stands without it
        run.check()  # but the deadline ends the call
        run.note("not repaired", claim=asked.claim, why=str(error))
        return ""
    new, why = repair.better(task, asked, done, said)
    if why:
        run.note("not repaired", claim=asked.claim, why=why)
    else:
        run.note("repaired", claim=asked.claim, by=new, near=[task.numbers[at] for at in asked.near])
    return new
