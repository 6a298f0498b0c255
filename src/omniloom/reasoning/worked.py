"""Problems in words: several short workings, and the answer written from what most of them come to.

A working under a grammar of short lines takes a third of the tokens of an answer in a small model's own words, so a
budget buys more votes (self-consistency, Wang et al., 2023; that few words do: chain of draft, Xu et al., 2025).
"""

import re

from omniloom.core.errors import BudgetError, ContextError, EngineError
from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Constraint, Message, Request
from omniloom.reasoning.arithmetic import slips
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.wording import tokens

_SYSTEM = "You work out problems in short lines, one calculation to a line."
_EXAMPLES = (
    (
        "A hall has 12 rows of 15 chairs. 3 chairs in each row are broken, and a quarter of the others are taken. "
        "How many chairs are free?",
        "Whole chairs in a row: 15 - 3 = 12\nWhole chairs in all: 12 * 12 = 144\nTaken: 144 / 4 = 36\n"
        "Free: 144 - 36 = 108\nAnswer: 108 chairs",
    ),
    (
        "Lena earns $14 an hour and works 6 hours a day, 5 days a week. She pays 20% of it in tax and spends $90 a "
        "week. How much is left of it after 4 weeks?",
        "Hours a week: 6 * 5 = 30\nPay a week: 30 * 14 = 420\nTax a week: 420 * 20 / 100 = 84\n"
        "Left a week: 420 - 84 - 90 = 246\nLeft after 4 weeks: 4 * 246 = 984\nAnswer: $984",
    ),
    (
        "Omar is 3 times as old as Pia. In 8 years he will be twice as old as she is then. How old is Omar now?",
        "Let Pia be p years old, and Omar 3 * p.\nIn 8 years: 3 * p + 8 = 2 * (p + 8) = 2 * p + 16\n"
        "So p = 16 - 8 = 8\nOmar: 3 * 8 = 24\nAnswer: 24 years",
    ),
    (
        "30% of the members of a club are children, which is 45 of them. Two thirds of the other members are women. "
        "How many men are in the club?",
        "Members: 45 / 30 * 100 = 150\nOthers: 150 - 45 = 105\nWomen: 105 * 2 / 3 = 70\nMen: 105 - 70 = 35\n"
        "Answer: 35 men",
    ),
)
_LAST = "Write the last line now, in the form that my question asks for."
_LINE = r"([^\n#A]|A[^\nn#])[^\n#]{0,150}\n"  # none begins like the last one
_NUMBER = r"[^\n\d]{0,3}\d[\d,]{0,12}(\.\d{1,6})?"
_GRAMMAR = f"start: /({_LINE}){{1,12}}Answer: {_NUMBER}( [^\\n]{{1,40}})?/\n"
_TOKENS, _USUAL, _LAST_TOKENS = 240, 90, 60
"""Of a working: the most, and how many one is taken to need; of its last line."""
_TRIES = 3  # without a working that counts
_SEVERAL = 2
_AMOUNT = re.compile(r"\bhow (?:many|much|long|old|far|often)\b", re.IGNORECASE)


def is_problem(said: str) -> bool:
    """Whether an amount is asked for, and numbers are given to work it out from."""
    return _AMOUNT.search(said) is not None and len(_figures(said)) >= _SEVERAL


def wanted(task: Task) -> bool:
    return task.sampler is not None and not task.parts and not task.history and is_problem(task.said)


def working(run: Run, task: Task) -> Completion | None:
    """The first of those workings that come to the number that most of them come to; None where the budget holds none
    that says a number and whose equations hold."""
    sampler = task.sampler
    assert sampler is not None, "it is wanted with a budget only"
    asked = _asked(task, constrained=sampler.grammars)
    counted = failed = 0

    def another() -> Completion | None:
        nonlocal counted, failed
        while (counted or failed < _TRIES) and (done := sampler.another(run, asked, _USUAL)) is not None:
            wrong = [each.said for each in slips(done.text)]
            if done.finish_reason == "stop" and comes_to(done.text) and not wrong:
                counted += 1
                return done
            failed += 1
            run.note("not counted", wrong=wrong, cut=done.finish_reason == "length")
        return None

    first = another()
    if first is None:
        return None
    return sampler.elect(run, first, another, lambda one, other: comes_to(one.text) == comes_to(other.text), _USUAL)


def concluded(run: Run, task: Task, working: Completion) -> Completion:
    """The steps, and below them the answer in the form that the user wants; the working as it is where that comes to
    something else, or cannot be had."""
    steps, _, _ = working.text.rpartition("Answer:")
    first = request(task, task.said, max_output_tokens=_LAST_TOKENS)
    turns = (Message(role="assistant", content=(steps.strip(),)), Message(role="user", content=(_LAST,)))
    try:
        done = run.ask(first.model_copy(update={"messages": (*first.messages, *turns)}), purpose="answer")
    except (BudgetError, ContextError, EngineError) as error:
        if not run.concludes():  # at the deadline the working is at hand
            run.check()
        run.note("not written", error=str(error))
        return working
    if done.finish_reason == "stop" and _figures(done.text)[-len(comes_to(working.text)) :] == comes_to(working.text):
        return done.model_copy(update={"text": f"{steps}{done.text.strip()}"})
    run.note("not taken", why="it comes to something else than its working", text=done.text)
    return working


def comes_to(text: str) -> tuple[str, ...]:
    """The numbers behind "Answer:"; none without it."""
    return _figures(text.rpartition("Answer:")[2]) if "Answer:" in text else ()


def _figures(text: str) -> tuple[str, ...]:
    return tuple(word.key for word in tokens(text) if word.kind == "number")


def _asked(task: Task, *, constrained: bool) -> Request:
    system = "\n\n".join(filter(None, [_SYSTEM, task.system]))
    shown = [
        Message(role=role, content=(text,))
        for pair in _EXAMPLES
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]
    return Request(
        messages=(
            Message(role="system", content=(system,)),
            *shown,
            Message(role="user", content=(task.said,)),
        ),
        constraint=Constraint(kind="grammar", value=_GRAMMAR) if constrained else None,
        sampling=task.sampling,
        max_output_tokens=_TOKENS,
        seed=task.seed,
    )
