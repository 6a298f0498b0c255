"""In which order prompts show the sources: the one of which most is stored (docs/decisions/0007).

The journal remembers, for each engine, how sets of sources were put, and with which sources prompts began. A set that
was asked about is put as it was; of another, those beginnings that it holds are looked up in the engine's store, and
the longest stored one is taken. All else stands as the user gave it. Texts are not kept, only their digests.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from omniloom.core.errors import EngineError
from omniloom.core.values import Part, Request
from omniloom.reasoning.focus import filed, focus
from omniloom.reasoning.naming import counts, mentions, points
from omniloom.reasoning.prompts import Task, face, request, said_text
from omniloom.runtime.run import EngineRun

_MOST_SOURCES = 12
_MOST_LOOKED_UP = 6
_MOST_BEGINNINGS = 32

_Order = tuple[int, ...]


@dataclass(frozen=True)
class Shown:
    """Which prompts a call has: whole, with all sources; each, with one source at a time. shape: of its JSON."""

    whole: bool = True
    each: bool = False
    shape: str = ""


def arranged(run: EngineRun, task: Task, inputs: Sequence[Part], shown: Shown) -> Task:
    """The task with the order in which its prompts show the sources, and said as they letter them."""
    if not (run.engine.capabilities.stored and 1 < len(task.parts) <= _MOST_SOURCES):
        return task
    memory = _Memory(run, task, shown)
    order = as_given = tuple(range(len(task.parts)))
    with run.span("decision", "order", why="as given") as kept:
        if _is_bound(task, inputs, shown):
            kept["why"] = "the call may count sources"
        elif (before := memory.known()) is not None:
            order, kept["why"] = before, "as before"
        elif begun := memory.beginnings():
            order, kept["why"] = _longest(run, task, shown, begun), "what is stored"
        memory.keep(order)
        kept["sources"] = [task.parts[at].name for at in order]
    if order == as_given:
        return task
    task = replace(task, order=order)
    letters = {source: letter for source, letter in task.letters.items() if source not in task.left_out}
    return replace(task, said=said_text(list(_put(inputs, letters)), letters))


def focused(run: EngineRun, task: Task, inputs: Sequence[Part], shown: Shown) -> Task | None:
    """The task with prompts that show only the sources that the question is about, as if they had been given alone;
    None where it may be about all of them, or somebody may speak of sources by their place."""
    if task.natives or task.history or not 1 < len(task.parts) <= _MOST_SOURCES or _is_bound(task, inputs, shown):
        return None
    asked = said_text(inputs, {})
    chosen = focus(asked, task.parts, task.passages)
    if not chosen:
        return None
    run.note("focus", sources=[part.name for part in task.parts if part.id in chosen])
    order = sorted(range(len(task.parts)), key=lambda at: task.parts[at].id not in chosen)
    task = replace(task, focus=chosen, order=() if order == sorted(order) else tuple(order))
    letters = {source: letter for source, letter in task.letters.items() if source in chosen}
    if filed(asked, task.parts) == chosen:  # what other files say is no answer
        task = replace(task, focus=frozenset(), left_out=task.left_out | {part.id for part in task.parts} - chosen)
    return replace(task, said=said_text(list(_put(inputs, letters)), letters))


def _is_bound(task: Task, inputs: Sequence[Part], shown: Shown) -> bool:
    """Whether the user's order has to stand, for somebody may speak of sources or passages by their place."""
    asked = [message.text for message in task.history if message.role != "assistant"]
    words = "\n".join([said_text(inputs, {}), task.system, *asked])
    texts = [f"{segment.context}\n{segment.text}" for segment in task.passages.segments]
    names, turns = [part.name for part in task.parts], [message.text for message in task.history]
    return counts(words, shown.shape) or mentions([words, *turns, *names, *texts]) or points(texts)


def _put(inputs: Sequence[Part], letters: dict[str, str]) -> Iterator[Part]:
    """The inputs; sources with no words between them in the order of their letters, for they are only listed there."""
    together: list[Part] = []
    for part in inputs:
        if part.is_source:
            together.append(part)
            continue
        yield from sorted(together, key=lambda source: letters.get(source.id, ""))
        yield part
        together.clear()
    yield from sorted(together, key=lambda source: letters.get(source.id, ""))


def _longest(run: EngineRun, task: Task, shown: Shown, begun: Sequence[_Order]) -> _Order:
    """The order with the most stored tokens; the user's where no other has more."""
    as_given = tuple(range(len(task.parts)))
    whole = [(*each, *(at for at in as_given if at not in each)) for each in begun]
    orders = list(dict.fromkeys([as_given, *whole]))
    try:
        stored = [sum(run.stored(_prompts(task, order, shown))) for order in orders]
    except EngineError as error:  # only time would be saved
        run.note("not looked up", error=str(error))
        return as_given
    return orders[stored.index(max(stored))]


def _prompts(task: Task, order: _Order, shown: Shown) -> list[Request]:
    task = replace(task, order=order)
    whole = [request(task, "")] if shown.whole else []
    return whole + [request(task, "", only=part) for part in (task.parts if shown.each else ())]


class _Memory:
    """What the journal knows of this task's sources. Kept as numbers under digests, each linked to its sources."""

    def __init__(self, run: EngineRun, task: Task, shown: Shown) -> None:
        self._journal, self._parts = run.store.journal, task.parts
        self._name = f"orders of {run.identity}"
        self._faces = [face(task, part) for part in task.parts]
        self._lead = request(replace(task, parts=task.parts[:1]), "").messages[0].text
        self._ranked = sorted(range(len(task.parts)), key=self._faces.__getitem__)
        self._set = self._digest("set", self._ranked, shown.whole, shown.each)

    def known(self) -> _Order | None:
        """The order in which this set was put before."""
        found = self._journal.vectors(self._name, [self._set]).get(self._set)
        if found is None or sorted(found) != list(range(len(self._parts))):
            return None
        return tuple(self._ranked[int(rank)] for rank in found)

    def beginnings(self) -> list[_Order]:
        """How prompts began before with sources of this set only: the longest of each, the longest first."""
        ended: list[_Order] = []
        going: list[_Order] = [()]
        while going:
            longer = [(*each, at) for each in going for at in range(len(self._parts)) if at not in each]
            digests = {order: self._digest("begun", order) for order in longer}
            known = self._journal.vectors(self._name, digests.values())
            found = [order for order in longer if digests[order] in known][:_MOST_BEGINNINGS]
            ended += [each for each in going if each and not any(order[:-1] == each for order in found)]
            going = found
        return sorted(ended, key=lambda order: -len(order))[:_MOST_LOOKED_UP]

    def keep(self, order: _Order) -> None:
        """Remember an order, unless one is remembered."""
        begun = {self._digest("begun", order[:end]): order[:end] for end in range(1, len(order) + 1)}
        known = self._journal.vectors(self._name, [self._set, *begun])
        new: dict[str, tuple[_Order, list[float]]] = {key: (each, [1.0]) for key, each in begun.items()}
        new[self._set] = (order, [float(self._ranked.index(at)) for at in order])
        for key, (places, numbers) in new.items():
            if key not in known:
                self._journal.keep_vectors(self._name, {key: numbers}, [self._parts[at].id for at in places])

    def _digest(self, kind: str, places: Sequence[int], *rest: bool) -> str:
        told = [self._lead, kind, [self._faces[at] for at in places], rest]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
