"""`strategy="decompose"`: the questions that a question was taken apart into, answered in turn over the sources, each
shown the sources that it is about; then, where they have to be put together, the question itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from omniloom.core.errors import BudgetError
from omniloom.core.values import Completion
from omniloom.reasoning import direct
from omniloom.reasoning.absence import says_absent
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.decompose import concludes, needs, told
from omniloom.reasoning.focus import focus
from omniloom.reasoning.phrases import phrase
from omniloom.reasoning.prompts import Task
from omniloom.runtime import cut
from omniloom.runtime.run import EngineRun
from omniloom.runtime.trust import Refusal

Refuses = Callable[[Task, ClaimWriter, Completion], Refusal]


@dataclass(frozen=True)
class Answer:
    """text: as the model wrote it, or, where `given` is false, that there is none, in our words. tokens: that were
    written for it."""

    question: str
    text: str
    tokens: int
    given: bool = True


def answers(run: EngineRun, task: Task, notes: str, native: int, refuses: Refuses) -> Iterator[Answer]:
    """What each question gives, and at the end, where it is asked for, what they come to together. native: the
    reasoning budget of a model that thinks natively; each has an equal share of it. Raises BudgetError where the tokens
    of an answer are used up before the last."""
    share = native // (len(task.questions) + concludes(task))
    left = task.max_output_tokens
    found = list[tuple[str, str]]()
    given = True

    def part(question: str) -> Task:
        if left < 1:
            raise BudgetError(f"the {task.max_output_tokens} tokens of an answer are used up", hint="allow more")
        return replace(task, said=question, questions=(), max_output_tokens=left)

    for question in task.questions:
        run.check()
        answer = _answer(run, part(question), _notes(notes, found if needs(question) else ()), share, refuses)
        found.append((question, answer.text))
        given, left = given and answer.given, left - answer.tokens
        yield answer
    if given and concludes(task):
        yield _asked(run, replace(part(task.said), focus=frozenset()), _notes(notes, found), share, refuses)


def _notes(notes: str, found: Sequence[tuple[str, str]]) -> str:
    return "\n".join(filter(None, [notes, told(found)]))


def noted(run: EngineRun, task: Task, notes: str, native: int, refuses: Refuses) -> str:
    """The notes with what each question gives, where data alone are wanted."""
    found = list[tuple[str, str]]()
    try:
        for answer in answers(run, task, notes, native, refuses):
            found.append((answer.question, answer.text))
    except BudgetError as error:  # the data are still to be written
        run.check()  # but the deadline ends the call
        run.note("decompose", why=str(error))
    return _notes(notes, found)


def _answer(run: EngineRun, task: Task, notes: str, native: int, refuses: Refuses) -> Answer:
    """From the sources that the question is about; where these do not say it, from all of them."""
    bound = task.natives or task.history or needs(task.said)
    about = frozenset[str]() if bound else focus(task.said, task.parts, task.passages)
    if about:
        answer = _asked(run, replace(task, focus=about), notes, native, refuses)
        if answer.given and not says_absent(answer.text):
            return answer
        native = 0
    return _asked(run, replace(task, focus=frozenset()), notes, native, refuses)


def _asked(run: EngineRun, task: Task, notes: str, native: int, refuses: Refuses) -> Answer:
    done = direct.answer(run, task, notes, native)
    if (error := cut.by_budget(run, done, task.max_output_tokens)) is not None:
        raise error
    written = done.usage.output_tokens
    writer = ClaimWriter(task.passages, task.parts, said=task.said, naming=task.naming)
    for _ in (*writer.feed(done.text), *writer.finish()):
        run.check()
    if not done.text.strip() or (writer.claims and refuses(task, writer, done)):
        return Answer(task.said, f"{task.said} {phrase('not_answered', task.said)}", written, given=False)
    return Answer(task.said, done.text.strip(), written)
