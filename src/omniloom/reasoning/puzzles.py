"""Solve a puzzle or a small plan that is told in words: the model writes it as data, and a solver solves it.

What the model is told stands in `worked.py`. The data go to the tool through the one door; what the solver refuses,
finds without a solution, or finds with several, goes back to the model at most twice. The answer in words is written
from the solution, and checked against it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from omniloom.core.errors import BudgetError, ContextError, EngineError
from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Constraint, Message, Request, Segment, ToolCall
from omniloom.reasoning.ground import without_pointers
from omniloom.reasoning.prompts import MATERIAL, SYSTEM_PLAIN, Task, once_more, shown_first, system_of, turns
from omniloom.reasoning.restated import Restating
from omniloom.reasoning.worked import EXAMPLES, SYSTEM, schema

PURPOSE, TOOL = "solve", "solver"
RETRIES = 2
_TOKENS, _WORDS = 400, 80
_FENCED = re.compile(r"```(?:json)?(.*?)```", re.DOTALL)
_LARGEST = re.compile(
    r"(?<!\bat )\bmost\b|\b(?:larg|great|bigg|high|long|lat|old|fast)est\b|\bmaxim|\bbest\b|"
    r"\b(?:größt|meist|höchst|längst|spätest)\w*|\bmaksim|\bmassim|\bmáxim|\bmayor\b|\bplus (?:grand|haut)",
    re.IGNORECASE,
)
_SMALLEST = re.compile(
    r"(?<!\bat )\bleast\b|\b(?:small|few|low|cheap|short|earli|soon|fast|young)est\b|\bminim|\bbest\b|"
    r"\b(?:kleinst|wenigst|niedrigst|billigst|kürzest|frühest)\w*|\bmínim|\bmenor\b|\bplus petit",
    re.IGNORECASE,
)
_AGAIN = ("That does not do: ", "\nWrite the whole problem again.")
_ASKED = "Answer the question in one short sentence from what it found."
_CONTRADICTORY = "there is no solution"
_MIXED = "a number is compared with a condition"


@dataclass(frozen=True)
class Solved:
    """What was solved, and the tool's solution. dropped: an objective that the question does not ask for. before: what
    the puzzle was as it was written first, if that had no solution, or several. words: the answer; "" for the values as
    they are. why: why the words are not the model's."""

    problem: Mapping[str, Any]
    completion: Completion
    solution: Any
    dropped: str = ""
    before: str = ""
    words: str = ""
    why: str = ""

    @property
    def told(self) -> str:
        """What the variables may be, the constraints and the goal, a line each."""
        return "\n".join(filter(None, [*map(_range, self.problem["variables"]), self.conditions]))

    @property
    def conditions(self) -> str:
        """The constraints and the goal, a line each."""
        goal = [f"{name} {self.problem[name]}" for name in ("maximize", "minimize") if name in self.problem]
        return "\n".join([*self.problem["constraints"], *goal])

    @property
    def values(self) -> str:
        """The values as they are, each with what it is of; of places also what is there."""
        made = [f"{name} = {value}" for name, value in self.solution.values.items()]
        made += [f"at {place}: {', '.join(names)}" for place, names in self._places()]
        if self.solution.objective is not None:
            way, of = next((name, self.problem[name]) for name in ("maximize", "minimize") if name in self.problem)
            extreme = "largest" if way == "maximize" else "smallest"
            made.append(f"the {extreme} value of {of} is {self.solution.objective}")
        return "; ".join(made)

    def _places(self) -> Iterator[tuple[int | str, list[str]]]:
        """Of variables that have few values between them, the names that have each of these: who is where."""
        groups: dict[tuple[int, int], list[str]] = {}
        for group in self.problem["variables"]:
            if "low" in group and "high" in group:
                groups.setdefault((group["low"], group["high"]), []).extend(group["names"])
        for (low, high), names in groups.items():
            if len(names) > 1 and high - low < max(len(names), 2):
                for place in range(low, high + 1):
                    if there := [name for name in names if self.solution.values.get(name) == place]:
                        yield place, there


def _range(group: Mapping[str, Any]) -> str:
    names = ", ".join(group["names"])
    if "values" in group:
        return f"{names} in [{', '.join(map(str, group['values']))}]"
    return f"{group['low']} <= {names} <= {group['high']}"


def solve(run: Run, task: Task, constrained: bool, in_words: bool) -> tuple[Solved | None, str]:
    """(what was solved, or why no try was). constrained: the engine takes a JSON Schema."""
    solved, why = _first_that_is_solved(run, task, constrained)
    if solved is None:
        return None, why
    run.note(PURPOSE, problem=solved.told, status=_status(solved.solution), values=solved.values)
    return _worded(run, task, solved) if in_words else solved, ""


def _status(solution: Any) -> str:
    only = {True: ", the only one", False: ", not the only one", None: ""}[solution.unique]
    return f"{solution.status}{only}{', out of time' if solution.timed_out else ''}"


def _first_that_is_solved(run: Run, task: Task, constrained: bool) -> tuple[Solved | None, str]:
    """(what was solved, or one of several solutions; why the last try was none)."""
    asked, several, before = _request(task, constrained), None, ""
    last = told = ""
    for attempt in range(1 + RETRIES):
        try:
            done = run.ask(asked, purpose=PURPOSE)
            if done.text == last:
                run.note(PURPOSE, skipped="it is written as before, word for word: a further try brings nothing")
                break
            solved, why = _tried(run, task, done, attempt + 1)
        except (BudgetError, ContextError, EngineError) as error:
            if several is None or not run.concludes():
                run.check()  # the deadline ends the call
            run.note(PURPOSE, skipped=str(error))
            return several, told or f"no try could be made: {error.message}"
        solved = solved and replace(solved, before=before)
        if solved is not None and not why:
            return solved, ""
        several = several or solved
        if solved is not None or why.startswith(_CONTRADICTORY):
            before = before or _plain(why)
        run.note(PURPOSE, problem=done.text, why=why)
        last, told = done.text, f"no try was solved: as it was written last {_plain(why)}"
        asked = once_more(asked, done, _failed(why))
    return several, told


def _plain(why: str) -> str:
    """A reason without what the model was told to look for."""
    return why.split(". ")[0]


def _tried(run: Run, task: Task, done: Completion, number: int) -> tuple[Solved | None, str]:
    """(what was solved, why it is to be written anew)."""
    if done.finish_reason == "length":
        return None, "it is too long. Write less."
    problem, dropped, why = read(done.text, *_shown(task))
    if why:
        return None, why
    told = run.call(ToolCall(id=f"{TOOL}-{number}", name=TOOL, arguments={**problem, "all": True}))
    if told.error:
        return None, told.error + (". Write (A == 1) == (B == 0)." if _MIXED in told.error else "")
    solution = told.value
    if solution.status == "unknown":
        return None, "no solution was found in time. Give smaller ranges."
    if solution.status == "infeasible":
        core = "; ".join(solution.core.values())
        return None, f"{_CONTRADICTORY}, for these contradict each other: {core or 'all constraints'}"
    open_ = solution.unique is False and solution.objective is None
    return Solved(problem, done, solution, dropped), _several(solution, task.question) if open_ else ""


def _several(solution: Any, asked: str) -> str:
    """Why a solution is not taken at once: there is another, though nothing is to be the largest or smallest."""
    shown = ", ".join(f"{name} = {value}" for name, value in solution.other.items())
    wanted = [name for name, words in (("largest", _LARGEST), ("smallest", _SMALLEST)) if words.search(asked)]
    hint = f"The goal is the {wanted[0]}" if wanted else "Look for a clue that is missing, or written wrongly"
    return f"it has several solutions, such as {shown}. {hint}."


def read(text: str, *asked: str) -> tuple[dict[str, Any], str, str]:
    """(the tool's arguments, an objective that is not asked for, why it is no problem)."""
    fenced = _FENCED.search(text)
    try:
        given = json.loads(fenced[1].strip() if fenced else text)
        problem = {"variables": _groups(given["variables"]), "constraints": _texts(given["constraints"])}
        goal = dict[str, str](given.get("goal") or {})
        _texts([*goal.keys(), *goal.values()])
        json.dumps([problem, goal], ensure_ascii=False).encode()  # half a surrogate pair can be said to nobody
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return {}, "", f"it is not the JSON that was asked for ({type(error).__name__})"
    if len(goal) > 1 or not goal.keys() <= {"maximize", "minimize"}:
        return {}, "", 'goal is null, or one of {"maximize": ...} and {"minimize": ...}'
    largest, smallest = (any(map(words.search, asked)) for words in (_LARGEST, _SMALLEST))
    for way, of in goal.items():
        if not largest and not smallest:
            return problem, f"{way} {of}", ""
        if way == "maximize" and not largest:
            return problem, "", "the question asks for the smallest: the goal is to minimize"
        if way == "minimize" and not smallest:
            return problem, "", "the question asks for the largest: the goal is to maximize"
    return problem | goal, "", ""


def _groups(given: Any) -> list[dict[str, Any]]:
    """The variables; what is null of them was not given. Raises TypeError for what is nested: a server may not have
    held the model to the schema, and the tool looks at the rest."""
    groups = [{key: value for key, value in dict[str, Any](each).items() if value is not None} for each in given]
    values = [value for group in groups for value in group.values()]
    if not all(isinstance(each, str | int | float) for value in values for each in _listed(value)):
        raise TypeError
    return groups


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(given: Any) -> list[str]:
    """Raises TypeError for anything else."""
    if not all(isinstance(each, str) for each in given):
        raise TypeError
    return list(given)


# -- what the model is told ------------------------------------------------------------------------------------------


def _shown(task: Task) -> Iterator[str]:
    """What the user said, and what prompts show of sources."""
    yield task.question
    for each in task.passages.segments:
        if each.source not in task.left_out:
            yield f"{each.context}\n{each.text}"


def _told(task: Task, told: str) -> Message:
    return system_of(task, f"{told} {MATERIAL}" if task.parts else told)


def _request(task: Task, constrained: bool) -> Request:
    examples = ((said, json.dumps(problem)) for said, problem in EXAMPLES)
    return Request(
        messages=(_told(task, SYSTEM), *shown_first(examples), *turns(task, (task.said,))),
        constraint=Constraint(kind="json_schema", value=schema()) if constrained else None,
        sampling=task.sampling,
        max_output_tokens=_TOKENS,
        seed=task.seed,
    )


def _failed(why: str) -> Message:
    """The reason may hold names of a source, so it is no instruction."""
    told = Segment(source="question", content=why, made_by=f"tool.{TOOL}")
    return Message(role="user", content=(_AGAIN[0], told, _AGAIN[1]))


def _worded(run: Run, task: Task, solved: Solved) -> Solved:
    """With the answer in words; where they say what the solver did not find, or none can be had, with the values."""
    found = Segment(source="question", content=solved.values, made_by=f"tool.{TOOL}")
    content = (task.said, "\nA solver found: ", found, f".\n{_ASKED}")
    asked = Request(
        messages=(_told(task, SYSTEM_PLAIN), *turns(task, content)),
        sampling=task.sampling,
        max_output_tokens=min(task.max_output_tokens, _WORDS),
        stop=task.stop,
        seed=task.seed,
    )
    try:
        done = run.ask(asked, purpose="answer")
    except (BudgetError, ContextError, EngineError) as error:
        if not run.concludes():  # at the deadline what is at hand is given
            run.check()
        return _with(solved, "", f"no words could be had: {error}")
    text = without_pointers(" ".join(done.text.split()), len(task.passages.segments))
    if not text or done.finish_reason == "length":
        return _with(solved, "", "the answer in words was cut, or empty")
    beside = "\n".join(_shown(task))
    what, kinds = solved.solution, solved.problem["variables"]
    found = Restating(what.values, what.objective, kinds, task.question, beside)
    if why := found.amiss(text):
        run.note(PURPOSE, why=f"the answer in words {why}", query=text)
        return _with(solved, "", f"the answer in words {why}")
    return _with(solved, text, "")


def _with(solved: Solved, words: str, why: str) -> Solved:
    return replace(solved, words=words or solved.values, why=why)


def rows(solved: Solved) -> Sequence[tuple[str, ...]]:
    """The values by which an answer is found again."""
    objective = solved.solution.objective
    made = [(name, str(value)) for name, value in solved.solution.values.items()]
    return [*made, *([("", str(objective))] if objective is not None else [])]
