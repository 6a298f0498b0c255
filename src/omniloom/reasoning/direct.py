"""Answer one question directly: think within the budget, then write, each sentence grounded as it is finished."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from omniloom.core.errors import BudgetError, ContextError, EngineError
from omniloom.core.protocols import Capabilities, Run
from omniloom.core.values import Completion, Constraint
from omniloom.reasoning.arithmetic import Equation
from omniloom.reasoning.ground import without_pointers
from omniloom.reasoning.problems import others, stands_alone
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.sample import NO_OTHER

_LETTERS = re.compile(r"[^\W\d_]{4}|\s\S+\s")  # enough to tell a word from the beginning of a name
_HEADING = re.compile(r"(?:={1,8} )?\b(?:Source )?[A-L]:")
_LONG = 200  # characters: what is longer is no pointer
_SCRATCH = (
    "Request: {said}\n\n"
    "Before answering, think on a scratch-pad: note which passages matter, what they say, and work out step by step "
    "what follows. Do not write the answer yet."
)
_ANSWER = "{notes}Question: {said}"
_IN_WORDS = (
    "{said}\nAnswer in a sentence, with the words of the passages, and end it with the passage's number, like [3]."
)
_JSON = (
    "{notes}{answer}Answer the question with words copied exactly from the sources{null}, nothing more, as JSON: "
    "{shape}\nQuestion: {said}"
)


def think(run: Run, task: Task, budget: int, capabilities: Capabilities) -> str:
    """Notes of at most `budget` tokens on a scratch-pad; empty for a model that thinks natively, or without budget.

    The cap is the engine's own count of output tokens; a note cut at the cap loses its broken last line. The strings
    that stop the answer do not stop the notes.
    """
    if budget <= 0 or capabilities.reasoning:
        return ""
    asked = request(replace(task, stop=()), _SCRATCH.format(said=task.said), max_output_tokens=budget)
    done = run.ask(asked, purpose="reasoning")
    text = done.text.strip()
    if done.finish_reason == "length" and "\n" in text:
        text = text[: text.rindex("\n")]
    return text


def answer(
    run: Run,
    task: Task,
    notes: str,
    native_budget: int,
    on_text: Callable[[str], None] | None = None,
    *,
    partial: bool = False,
) -> Completion:
    """The answer in free text, with pointers such as `[3]` as the model set them. One that is nothing but pointers, or
    names of sources, is not told: it is asked for once more, in words. partial: as of `Run.ask`."""
    if not task.parts:
        return _answer(run, task, notes, native_budget, on_text, partial=partial)
    held = _Held(task, on_text)
    done = _answer(run, task, notes, native_budget, held.take, partial=partial)
    if held.waiting and not held.says(done.text):
        run.note("asked again", why="no words", text=done.text)
        again = replace(task, said=_IN_WORDS.format(said=task.said))
        try:
            return _answer(run, again, notes, 0, on_text, partial=partial)
        except (BudgetError, ContextError, EngineError) as error:
            run.check()  # the deadline ends the call
            run.note("not asked again", error=str(error))
    held.release()
    return done


class _Held:
    """What is written, told from its first word on."""

    def __init__(self, task: Task, on_text: Callable[[str], None] | None) -> None:
        self._names = sorted((part.name for part in task.parts), key=len, reverse=True)
        self._on_text = on_text
        self.waiting = ""
        self._told = False

    def take(self, text: str) -> None:
        self.waiting += text
        begun = _HEADING.sub(" ", self.waiting).strip()  # perhaps the beginning of a name
        named = any(name.startswith(begun) for name in self._names)
        if (
            self._told
            or len(self.waiting) > _LONG
            or (not named and _LETTERS.search(self.waiting) and self.says(self.waiting))
        ):
            self.release()

    def says(self, text: str) -> bool:
        """Whether there is a word, or a number, beside pointers and names of sources."""
        for name in self._names:
            text = text.replace(name, " ")
        return re.search(r"\w", without_pointers(_HEADING.sub(" ", text))) is not None

    def release(self) -> None:
        text, self.waiting, self._told = self.waiting, "", True
        if text and self._on_text is not None:
            self._on_text(text)


def _answer(
    run: Run, task: Task, notes: str, native_budget: int, on_text: Callable[[str], None] | None, *, partial: bool
) -> Completion:
    instruction = _ANSWER.format(notes=_quoted(notes), said=task.said)
    asked = request(task, instruction, reasoning_budget=native_budget)
    if task.sampler is None:
        return run.ask(asked, purpose="answer", on_text=on_text, partial=partial)
    ways = others(run, asked, task.said, programs=task.sampler.programs) if stands_alone(task) else NO_OTHER
    done = task.sampler.ask(run, asked, "answer", partial=partial, ways=ways)
    if on_text is not None:
        on_text(done.text)
    return done


def revise(run: Run, task: Task, broken: str, wrong: Sequence[Equation]) -> Completion:
    """The answer once more, told which of its equations do not hold."""
    told = "\n".join(f"{slip.said} is wrong: that is {slip.value}" for slip in wrong)
    instruction = (
        f"Question: {task.said}\n\nYour last answer:\n{broken}\n\n{told}\n"
        "Write the whole answer again, with this put right and all that follows from it."
    )
    return run.ask(request(task, instruction), purpose="repair")


def fill(
    run: Run, task: Task, constraint: Constraint, shape: str, notes: str, text: str, native_budget: int
) -> Completion:
    """The JSON result. `shape` shows how it looks; `text` is the free answer where one was asked for as well."""
    instruction = _JSON.format(
        notes=_quoted(notes),
        answer=f"The answer in words was:\n{task.naming.asked(text)}\n\n" if text else "",
        said=task.said,
        null=", null where they do not say" if "null" in shape else "",
        shape=shape,
    )
    asked = request(task, instruction, constraint=constraint, reasoning_budget=native_budget)
    if task.sampler is None or text or task.computed is not None:  # what is said is settled
        return run.ask(asked, purpose="structured_json")
    return task.sampler.ask(run, asked, "structured_json")


def repair(run: Run, task: Task, constraint: Constraint, shape: str, broken: str, why: str) -> Completion:
    """One more try, told what was wrong."""
    instruction = f"Request: {task.said}\n\nYour last output:\n{broken}\n\n{why}\nIt looks like this: {shape}"
    return run.ask(request(task, instruction, constraint=constraint), purpose="repair")


def shaped(
    run: Run, task: Task, shape: str, constraint: Constraint | None, *, broken: str = "", why: str = ""
) -> Completion:
    """The answer in a form of its own; `broken` and `why` tell of a first try."""
    first = f"Your last output:\n{broken}\n\n{why}\n" if broken else ""
    instruction = f"{first}Question: {task.said}\nAnswer as {shape.replace('_', ' ')}, nothing more."
    return run.ask(request(task, instruction, constraint=constraint), purpose=shape)


def _quoted(notes: str) -> str:
    return f"Your notes so far:\n{notes}\n\n" if notes else ""
