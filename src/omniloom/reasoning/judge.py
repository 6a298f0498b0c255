"""The judge: whether the sources state the answer. One token, read from its probabilities.

A small model says yes too often (docs/lab-log.md): what it says is worth little, but how sure it is of its yes orders
questions. The request begins with the same sources as the answer's, so only its own words are computed.
"""

import math

from omniloom.core.errors import BudgetError, EngineError, SchemaError
from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Constraint
from omniloom.reasoning.prompts import Task, request

LEAST_SURE = 0.75
"""Below it, an answer that is in doubt already is not given."""
_ALTERNATIVES = 10
_ASK = "Question: {said}\nDo the passages state the answer to this question? Answer yes or no."
_CHOICES = ("yes", "no")


def judged(run: Run, task: Task) -> float | None:
    """The probability of yes beside that of no; None where the engine does not tell it."""
    sampling = task.sampling.model_copy(update={"temperature": 0.0, "top_logprobs": _ALTERNATIVES})
    asked = request(
        task,
        _ASK.format(said=task.said),
        constraint=Constraint(kind="choices", value=list(_CHOICES)),
        max_output_tokens=4,
    )
    try:
        done = run.ask(asked.model_copy(update={"sampling": sampling}), purpose="judge")
    except (BudgetError, EngineError, SchemaError) as error:  # the answer stands without this check
        run.check()  # but the deadline ends the call
        run.note("not judged", error=str(error))
        return None
    return probability(done)


def probability(done: Completion) -> float | None:
    """Of yes, from the alternatives of the first token; letter case, and a space before it, do not matter."""
    if not done.logprobs or not done.logprobs[0].top:
        return None
    mass = dict.fromkeys(_CHOICES, 0.0)
    for token, logprob in done.logprobs[0].top:
        word = token.strip().lower()
        for choice in _CHOICES:
            if word and choice.startswith(word):
                mass[choice] += math.exp(logprob)
    total = sum(mass.values())
    return mass["yes"] / total if total > 0 else None
