"""How long answering will take, said before it begins: what such a call usually reads and writes, at this engine's
speed. It is an estimate: a model may write more, or less, and the state of a source may be kept or not."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from omniloom.core.events import Progress
from omniloom.core.values import Segment
from omniloom.reasoning import survey
from omniloom.reasoning.focus import focus
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.problems import READ
from omniloom.reasoning.prompts import Task
from omniloom.runtime.call import Call
from omniloom.runtime.estimate import seconds
from omniloom.runtime.run import EngineRun

_WORTH_SAYING = 2.0
_PROMPT = 80  # tokens that a prompt has beside the sources and what is said
_FROM_SOURCES, _ALONE, _FINDINGS, _NOTES = 60, 150, 110, 250  # tokens of a usual answer, and of notes for one
_FURTHER = 3  # answers beside the first: of a vote till it is settled, of a check, of a question in parts
_PUZZLE = (1000, 130)  # tokens that a problem for the solver takes: the examples, two tries


@dataclass(frozen=True)
class Shown:
    """What prompts show. costs: tokens of each passage. around: of all that is said beside them. data: of the JSON."""

    segments: Sequence[Segment]
    costs: Sequence[int]
    around: int
    data: int


def told(run: EngineRun, call: Call, task: Task, shown: Shown, *, ahead: bool) -> float:
    """The seconds; they are said where that is worth it. ahead: nothing is asked, the sources are read."""
    every = frozenset(part.id for part in task.parts)
    read, written = (_unread(run, call, shown, every), 0) if ahead else _tokens(run, call, task, shown)
    if run.budget.tokens is not None:
        written = min(written, max(run.budget.tokens - run.usage.tokens - read, 0))
    waiting = min(seconds(run.store.journal, run.identity, read, written), max(run.deadline.left, 0.0))
    if waiting >= _WORTH_SAYING:
        step = "reading ahead" if ahead else "answering"
        run.emit(Progress(step=step, done=0, total=waiting, unit="estimate"))
    return round(waiting, 1)


def _tokens(run: EngineRun, call: Call, task: Task, shown: Shown) -> tuple[int, int]:
    """(tokens that are read, tokens that are written)."""
    said, data = _PROMPT + shown.around, min(shown.data, call.max_output_tokens)
    words, fills = {*call.output_modes} != {"structured_json"}, "structured_json" in call.output_modes
    surveys = "text" in call.output_modes and survey.is_broad(task)
    read = written = 0
    if surveys:
        each = [_unread(run, call, shown, frozenset((part.id,)), alone=True) for part in task.parts]
        read, written = sum(each) + len(each) * said, len(each) * _FINDINGS
    elif task.computed is None:
        usual = _FROM_SOURCES if task.parts else _ALONE
        read, written = said, _answered(run, call, task, min(usual, call.max_output_tokens) if words else data)
    if fills and (words or task.computed is not None):
        read, written = read + said, written + data
    if read and (fills or not surveys):
        read += _unread(run, call, shown, _in_focus(task, shown.segments))
    if task.sampler is not None and task.sampler.programs:
        read += READ
    if call.strategy == "solve":
        read, written = read + said + _PUZZLE[0], written + _PUZZLE[1]
    return read, written


def _answered(run: EngineRun, call: Call, task: Task, answer: int) -> int:
    """Tokens of an answer of so many, and of what is written before it and beside it."""
    if task.sampler is not None:
        thought = min(task.sampler.left, _FURTHER * answer)
    elif run.engine.capabilities.reasoning:
        thought = call.reasoning_budget
    else:
        thought = min(call.reasoning_budget, _NOTES)
    more = _FURTHER if call.verify or call.strategy in ("weigh", "decompose") else 0
    return thought + answer * (1 + more)


def _in_focus(task: Task, segments: Sequence[Segment]) -> frozenset[str]:
    """The sources that prompts will show."""
    every = frozenset(part.id for part in task.parts)
    if task.natives or task.history or task.computed is not None or len(every) < 2:
        return every
    if task.focus:
        return task.focus
    passages = Passages(tuple(segments), {part.id: part.name for part in task.parts})
    return focus(task.said, task.parts, passages) or every


def _unread(run: EngineRun, call: Call, shown: Shown, sources: frozenset[str], *, alone: bool = False) -> int:
    """The tokens of these sources; 0 where they were shown together before, for then their state is kept."""
    places = [at for at, segment in enumerate(shown.segments) if segment.source in sources]
    tokens = sum(shown.costs[at] for at in places)
    if not tokens or not run.engine.capabilities.stored:
        return tokens
    name, journal = f"sources shown to {run.identity}", run.store.journal
    key = hashlib.sha256(json.dumps([call.system, sorted(sources), tokens, alone]).encode()).hexdigest()
    if journal.vectors(name, [key]):
        return 0
    journal.keep_vectors(name, {key: [float(tokens)]}, sources=sorted(sources))
    return tokens
