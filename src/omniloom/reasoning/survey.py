"""Go through several sources one by one, then say where they disagree.

A small model that is shown five sources at once answers from one of them. Asked about each in turn, over the same
kept state of all of them, it finds what each says; what contradicts is found by comparing numbers of the same unit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from omniloom.core.protocols import Run
from omniloom.core.values import Constraint, Part
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.wording import Word, sentences

NOTHING = "NOTHING"
MAX_SOURCES = 8
_FINDING_TOKENS = 160
_MAX_CONFLICTS = 3
_BROAD = re.compile(
    r"\b(analy[sz]|summar|compar|cross|contrast|overview|review|differ|agree|contradict|consisten|discuss|report|"
    r"all (the )?(sources|files|documents)|each (source|file|document)|"
    r"zusammenfass|vergleich|widerspr|résum|analys|compara|resum|confront)",
    re.IGNORECASE,
)
_FIND = (
    "Request: {said}\n\nLook only at source {letter} ({name}) now. In at most three short sentences say what it "
    "contributes, with its numbers exactly as they stand there. End every sentence with the number of its passage "
    "in brackets, like [{example}]. Do not mention other sources."
)


def is_broad(said: str, parts: tuple[Part, ...]) -> bool:
    """Whether the request is about the sources as a whole, and there are several, but not too many to visit."""
    return 1 < len(parts) <= MAX_SOURCES and (not said or _BROAD.search(said) is not None)


def visit(run: Run, task: Task, part: Part) -> str:
    """What one source contributes, a sentence or three with pointers; empty if nothing of it is shown."""
    indices = passages_of(task.passages, part)
    if not indices:
        return ""
    instruction = _FIND.format(
        said=task.said or "Analyze the sources.",
        letter=task.letters[part.id],
        name=part.name,
        example=indices[0] + 1,
    )
    done = run.ask(request(task, instruction, max_output_tokens=_FINDING_TOKENS), purpose=f"survey {part.name}")
    text = done.text.strip()
    if done.finish_reason == "length":
        spans = sentences(text)
        text = text[: spans[-2][1]] if len(spans) > 1 else text
    return "" if text.upper().startswith(NOTHING) else text


def passages_of(passages: Passages, part: Part) -> list[int]:
    return [index for index, segment in enumerate(passages.segments) if segment.source == part.id]


@dataclass(frozen=True)
class Conflict:
    """Two sentences of different sources that give different numbers of one unit; `shared` is how alike they are."""

    first: Quote
    second: Quote
    unit: str
    shared: float


@dataclass(frozen=True)
class _Measure:
    quote: Quote
    source: str
    value: str
    unit: str
    topic: frozenset[str]


def conflicts(run: Run, task: Task) -> list[Conflict]:
    """The disagreements between sources: found by words and units, then confirmed by the model one by one."""
    confirmed: list[Conflict] = []
    for candidate in candidates(task.passages):
        if len(confirmed) == _MAX_CONFLICTS:
            break
        a, b = (_text(task.passages, quote) for quote in (candidate.first, candidate.second))
        instruction = (
            f"Statement 1: {a}\nStatement 2: {b}\n\n"
            "Do the two statements give different values for the same quantity? Answer yes or no."
        )
        constraint = Constraint(kind="choices", value=["yes", "no"])
        asked = request(task, instruction, constraint=constraint, max_output_tokens=4)
        if run.ask(asked, purpose="conflict").text.strip().lower() == "yes":
            confirmed.append(candidate)
    return confirmed


def candidates(passages: Passages, limit: int = 2 * _MAX_CONFLICTS) -> list[Conflict]:
    """Pairs of sentences from two sources that share a unit and a topic but no value for that unit, best first."""
    measures = list(_measures(passages))
    found: dict[tuple[str, str, str], Conflict] = {}
    for position, one in enumerate(measures):
        for other in measures[position + 1 :]:
            if one.source == other.source or one.unit != other.unit or one.value == other.value:
                continue
            shared = (one.topic & other.topic) - {one.unit}
            weight = sum(passages.rarity.get(key, 1.0) for key in shared)
            if not shared or _agree_elsewhere(one, other, measures):
                continue
            key = (one.source, other.source, one.unit)
            if key not in found or found[key].shared < weight:
                found[key] = Conflict(one.quote, other.quote, one.unit, weight)
    return sorted(found.values(), key=lambda conflict: -conflict.shared)[:limit]


def _agree_elsewhere(one: _Measure, other: _Measure, measures: list[_Measure]) -> bool:
    """The same sentences also share a value of that unit: then they list several, and do not disagree."""
    first = {m.value for m in measures if m.quote == one.quote and m.unit == one.unit}
    second = {m.value for m in measures if m.quote == other.quote and m.unit == other.unit}
    return bool(first & second)


def _measures(passages: Passages) -> Iterator[_Measure]:
    """Every number with its unit (the word after it) and the words of its sentence."""
    for index, segment in enumerate(passages.segments):
        for start, end in sentences(segment.text):
            words = [word for word in passages.words[index] if start <= word.start and word.end <= end]
            topic = frozenset(word.key for word in words if word.kind != "number")
            quote = Quote(index, start, end, topic)
            for position, word in enumerate(words):
                unit = _unit(segment.text, words, position)
                if word.kind == "number" and unit:
                    yield _Measure(quote, segment.source, word.key, unit, topic)


def _unit(text: str, words: list[Word], position: int) -> str:
    after = text[words[position].end : words[position].end + 2].strip()
    if after.startswith("%"):
        return "percent"
    following = words[position + 1] if position + 1 < len(words) else None
    if following is None or following.kind == "number" or following.start - words[position].end > 2:
        return ""
    return following.key


def _text(passages: Passages, quote: Quote) -> str:
    return passages.segments[quote.index].text[quote.start : quote.end]
