"""`strategy="decompose"`: the questions that a question was taken apart into, answered in turn over the sources, each
shown the sources that it is about; then, where they have to be put together, the question itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.values import Completion, Loss
from omniloom.reasoning import direct
from omniloom.reasoning.claims import ClaimWriter, Unsupported
from omniloom.reasoning.decompose import concludes, needs
from omniloom.reasoning.focus import focus
from omniloom.reasoning.ground import without_pointers
from omniloom.reasoning.phrases import phrase
from omniloom.reasoning.prompts import Task
from omniloom.runtime import cut
from omniloom.runtime.run import EngineRun
from omniloom.runtime.trust import Refusal

Refuses = Callable[[Task, ClaimWriter, Completion], Refusal]


@dataclass(frozen=True)
class Answer:
    """done: what the model wrote; None where that is no answer. failed: why it could not be asked, of which nothing is
    known then."""

    question: str
    done: Completion | None
    failed: str = ""

    @property
    def text(self) -> str:
        """The answer, or that there is none, in our words."""
        none = phrase("failed" if self.failed else "not_answered", self.question)
        return self.done.text if self.done is not None else none

    @property
    def losses(self) -> list[Loss]:
        told = Loss(kind="not_answered", severity="reduced", part=self.question, detail=self.failed)
        return [told] if self.failed else []


@dataclass(frozen=True)
class _Asking:
    """How each part is asked. native: the reasoning budget of a model that thinks natively, of each."""

    run: EngineRun
    notes: str
    native: int
    unsupported: Unsupported
    refuses: Refuses


def answers(
    run: EngineRun, task: Task, notes: str, native: int, unsupported: Unsupported, refuses: Refuses
) -> Iterator[Answer]:
    """What each question gives, and at the end, where it is asked for, what they come to together. native: the
    reasoning budget of a model that thinks natively; each has an equal share of it. Raises BudgetError where the tokens
    of an answer are used up before the last."""
    asking = _Asking(run, notes, native // (len(task.questions) + concludes(task)), unsupported, refuses)
    found = list[Answer]()
    for question in task.questions:
        run.check()
        part = replace(task, said=question, questions=(), max_output_tokens=_left(task, found))
        try:
            answer = _next(asking, part, found, needs(task, question))
        except EngineError as error:
            run.check()  # the deadline ends the call
            if not any(each.done for each in found):
                raise
            run.note("decompose", question=question, why=error.message)
            answer = Answer(question, None, error.message)
        found.append(answer)
        yield answer
    if concludes(task) and all(each.done for each in found):
        yield _asked(
            asking, replace(task, questions=(), focus=frozenset(), max_output_tokens=_left(task, found)), found
        )


def _next(asking: _Asking, part: Task, found: Sequence[Answer], needed: Sequence[int]) -> Answer:
    """needed: the parts before it of which it needs the answers. Where one has none it is not asked: what would answer
    it in the sources is of something else."""
    lacking = next((found[number - 1] for number in needed if found[number - 1].done is None), None)
    if lacking is None:
        return _answer(asking, part, found if needed else ())
    why = f"it needs the answer to {lacking.question!r}"
    asking.run.note("decompose", question=part.said, why=why)
    return Answer(part.said, None, f"{why}: {lacking.failed}" if lacking.failed else "")


def _left(task: Task, found: Sequence[Answer]) -> int:
    left = task.max_output_tokens - sum(each.done.usage.output_tokens for each in found if each.done)
    if left < 1:
        raise BudgetError(f"the {task.max_output_tokens} tokens of an answer are used up", hint="allow more")
    return left


def noted(
    run: EngineRun,
    task: Task,
    notes: str,
    native: int,
    unsupported: Unsupported,
    refuses: Refuses,
    report: Callable[[Sequence[Loss]], None],
) -> str:
    """The notes with what each question gives, where data alone are wanted."""
    found = list[Answer]()
    try:
        found.extend(answers(run, task, notes, native, unsupported, refuses))
    except BudgetError as error:  # the data are still to be written
        run.check()  # but the deadline ends the call
        run.note("decompose", why=str(error))
    report([loss for each in found for loss in each.losses])
    return _notes(notes, found)


def _notes(notes: str, found: Sequence[Answer]) -> str:
    told = (
        f"#{at} {each.question} {without_pointers(each.text).strip()}"
        for at, each in enumerate(found, 1)
        if not each.failed
    )
    return "\n".join(filter(None, [notes, *told]))


def _answer(asking: _Asking, task: Task, found: Sequence[Answer]) -> Answer:
    """From the sources that the question is about; where these do not say it, from all of them."""
    shown = [part for part in task.parts if part.id not in task.left_out]
    about = frozenset[str]() if task.natives or task.history or found else focus(task.said, shown, task.passages)
    if about:
        answer = _asked(asking, replace(task, focus=about), found)
        if answer.done is not None:
            return answer
        asking = replace(asking, native=0)
    return _asked(asking, replace(task, focus=frozenset()), found)


def _asked(asking: _Asking, task: Task, found: Sequence[Answer]) -> Answer:
    run = asking.run
    done = direct.answer(run, task, _notes(asking.notes, found), asking.native)
    if (error := cut.by_budget(run, done)) is not None:
        raise error
    writer = ClaimWriter(task.passages, task.parts, asking.unsupported, task.said, task.naming)
    for _ in (*writer.feed(done.text), *writer.finish()):
        run.check()
    given = bool(writer.claims) and not asking.refuses(task, writer, done)
    return Answer(task.said, done if given else None)


def together(found: Sequence[Answer]) -> Completion | None:
    """The completions of the answers as one; None where there is none."""
    done = [each.done for each in found if each.done is not None]
    if not done:
        return None
    return done[-1].model_copy(
        update={
            "text": "".join(each.text for each in done),
            "logprobs": tuple(token for each in done for token in each.logprobs),
        }
    )
