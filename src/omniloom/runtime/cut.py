"""An answer that a budget cut: what is given of it, and what is said of that."""

from collections.abc import Sequence

from omniloom.core.errors import BudgetError
from omniloom.core.values import Completion, FinishReason, Loss, Response, TokenLogprob
from omniloom.runtime.run import EngineRun

KIND = "cut"
_HINT = "raise it, or ask for less"


def by_budget(run: EngineRun, done: Completion) -> BudgetError | None:
    """What cut the completion that was asked for last before its end; None for one that is whole, or as long as was
    asked for, or as its server gives."""
    if done.finish_reason == "cancelled":
        return run.deadline.late()
    if done.finish_reason != "length" or not run.lowered:
        return None
    return BudgetError(f"the budget of {run.budget.tokens} tokens is used up", hint=_HINT)


def loss(error: BudgetError, part: str, detail: str) -> Loss:
    return Loss(kind=KIND, severity="reduced", part=part, detail=f"{error.message}: {detail}")


def is_cut(response: Response) -> bool:
    return any(each.kind == KIND for each in response.losses)


def finish_reason(run: EngineRun, losses: Sequence[Loss], done: Completion | None) -> FinishReason:
    """Of a response: that of the completion it came from, or what cut it: the time, or else the tokens."""
    if losses:
        return "cancelled" if run.concludes() else "length"
    return done.finish_reason if done is not None else "stop"


def shortened(done: Completion, length: int) -> Completion:
    """The first so many characters of a completion, with the tokens that they are made of."""
    length = len(done.text[:length].rstrip())  # a space may belong to the token after it
    kept, read = list[TokenLogprob](), 0
    for each in done.logprobs:
        if read >= length:
            break
        kept.append(each)
        read += len(each.token)
    return done.model_copy(update={"text": done.text[:length], "logprobs": tuple(kept)})
