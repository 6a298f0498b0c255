"""Which passages are shown, so that every request of a call fits the context of its engine."""

import math
from collections.abc import Callable, Sequence

from omniloom.core.errors import ContextError
from omniloom.core.values import Message, Request, Segment
from omniloom.reasoning.prompts import Task, heading
from omniloom.reasoning.wording import keys
from omniloom.retrieval.fuse import fit, shown_text
from omniloom.runtime.call import Call
from omniloom.runtime.estimate import seconds
from omniloom.runtime.expected import Shown, told
from omniloom.runtime.run import EngineRun

_OVERHEAD_TOKENS = 400
_TOKENS_A_SEGMENT = 8
_USUAL_ANSWER = 150


def fitted(
    run: EngineRun,
    call: Call,
    task: Task,
    segments: Sequence[Segment],
    *,
    extra: str,
    shape: str,
    dense: bool,
    ahead: bool,
) -> list[int]:
    """The numbers of those that are shown. Raises ContextError where none fits, or not all that are to be read ahead.

    extra: stands in the prompts as well. shape: of the JSON that is wanted, "" for none. dense: whether vectors help to
    choose. ahead: whether nothing is asked yet.
    """
    headings = {part.id: heading(task, part) for part in task.parts}
    beside = "\n".join([call.system, *(message.text for message in call.messages), task.said, extra])
    around, *counts = run.count_tokens([beside, *headings.values(), *map(shown_text, segments)])
    above = {source: 2 * count for source, count in zip(headings, counts, strict=False)}  # named in the question too
    costs = [count + _TOKENS_A_SEGMENT for count in counts[len(headings) :]]
    notes = 0 if task.sampler is not None else 2 * call.reasoning_budget  # samples stand in no prompt
    used = around + _OVERHEAD_TOKENS + call.max_output_tokens + notes + _json_tokens(run, call, shape)
    room = run.engine.capabilities.context_tokens - used - _native_tokens(run, task)
    with run.span("retrieve", "fit", segments=len(segments), room=room) as kept:
        chosen = fit(task.said, segments, costs, above, room, run, words=keys, dense=dense)
        kept["shown"] = len(chosen)
        if ahead and len(chosen) < len(segments):
            raise ContextError(
                f"of {len(segments)} passages {len(chosen)} fit at once: which are shown is chosen for each "
                "question, so nothing can be read ahead",
                hint="give fewer files at a time, or load with a larger context_tokens",
            )
        shown = Shown([segments[at] for at in chosen], [costs[at] for at in chosen], around, _count(run, shape))
        kept["estimated_seconds"] = told(run, call, task, shown, ahead=ahead)
    if segments and not chosen:
        raise ContextError(
            f"none of the {len(segments)} passages fits: {max(room, 0)} tokens are left for them",
            hint="ask for a shorter answer, think less, or load with a larger context_tokens",
        )
    return chosen


def room(run: EngineRun, call: Call, task: Task, segments: Sequence[Segment]) -> Callable[[Request], bool]:
    """Whether what is left of the budget holds a request, and behind it the direct answer where that gives nothing."""
    if run.budget.tokens is None and run.budget.seconds is None:
        return lambda asked: True
    shown = sum(run.count_tokens([task.said, *map(shown_text, segments)])) + _TOKENS_A_SEGMENT * len(segments)
    answers = len(call.output_modes)
    read = answers * min(_OVERHEAD_TOKENS + shown, run.engine.capabilities.context_tokens)
    written = answers * min(call.max_output_tokens, _USUAL_ANSWER)

    def holds(asked: Request) -> bool:
        prompt, output = run.prompt_tokens(asked) + read, asked.max_output_tokens + written
        waiting = seconds(run.store.journal, run.identity, prompt, output)
        left = math.inf if run.budget.tokens is None else run.budget.tokens - run.usage.tokens
        return prompt + output <= left and waiting <= run.deadline.left

    return holds


def _native_tokens(run: EngineRun, task: Task) -> int:
    """What the parts take that the model sees or hears as they are."""
    if not task.natives:
        return 0
    return run.prompt_tokens(Request(messages=(Message(role="user", content=tuple(task.natives)),)))


def _json_tokens(run: EngineRun, call: Call, shape: str) -> int:
    """What the JSON prompts hold beside the sources: the shape, and the answer in words or a broken first try."""
    return _count(run, shape) + call.max_output_tokens if shape else 0


def _count(run: EngineRun, text: str) -> int:
    return run.count_tokens([text])[0] if text else 0
