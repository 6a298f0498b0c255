"""Go through several sources one by one, then say where they disagree.

A small model that is shown five sources at once mixes them up (measured: docs/lab-log.md). Shown one at a time, it
reports what stands there; the kept state of each source serves every set it is asked in. What contradicts is found
by comparing numbers of the same unit, then confirmed by the model.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omniloom.core.errors import OutputError
from omniloom.core.protocols import Run
from omniloom.core.values import Constraint, Message, Part, Request, Segment
from omniloom.reasoning.ground import Passages, Quote, without_pointers
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.wording import Word, sentences, tokens

MAX_SOURCES = 8
_FINDING_TOKENS = 160
_FINDINGS = 4
_MAX_CONFLICTS = 3
_BROAD = re.compile(
    r"\b(analy[sz]|summar|compar|cross|contrast|overview|review|differ|agree|contradict|consisten|discuss|report|"
    r"all (the )?(sources|files|documents)|each (source|file|document)|"
    r"zusammenfass|vergleich|widerspr|résum|analys|compara|resum|confront)",
    re.IGNORECASE,
)
_MEASURES = {
    "type": "object",
    "properties": {
        "statement_1_measures": {"type": "string", "maxLength": 60},
        "statement_2_measures": {"type": "string", "maxLength": 60},
    },
    "required": ["statement_1_measures", "statement_2_measures"],
    "additionalProperties": False,
}
_FIND = (
    "Request: {said}\n\nList the up to {most} most important facts that this source states, one short sentence per "
    "line, each ending with its passage number like [{example}]. Only facts that are written in the source."
)


def is_broad(said: str, parts: tuple[Part, ...]) -> bool:
    """Whether the request is about the sources as a whole, and there are several, but not too many to visit."""
    return 1 < len(parts) <= MAX_SOURCES and (not said or _BROAD.search(said) is not None)


def visit(run: Run, task: Task, part: Part) -> str:
    """The facts one source contributes, one a line with pointers; empty if nothing of it is shown."""
    indices = passages_of(task.passages, part)
    if not indices:
        return ""
    most = min(_FINDINGS, len(indices) + 1)
    instruction = _FIND.format(said=task.said or "Analyze the sources.", most=most, example=indices[0] + 1)
    asked = request(task, instruction, only=part, max_output_tokens=_FINDING_TOKENS)
    done = run.ask(asked, purpose=f"survey {part.name}")
    text = done.text.strip()
    if done.finish_reason == "length":
        spans = sentences(text)
        text = text[: spans[-2][1]] if len(spans) > 1 else text
    return "\n".join(line for line in text.splitlines() if _says_something(line))


def _says_something(line: str) -> bool:
    """Whether a line has two words beside its numbers: the axis labels of a chart are no findings."""
    return sum(word.kind != "number" for word in tokens(without_pointers(line))) > 1


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


def conflicts(run: Run, task: Task, found: Sequence[Conflict]) -> list[Conflict]:
    """Those of the candidates in which both numbers measure the same; what each measures is asked of the model.

    Asked whether two statements contradict, a small model says yes to anything (measured: docs/lab-log.md). Asked
    what each measures it answers well enough that the words of both answers can be compared.
    """
    confirmed: list[Conflict] = []
    for candidate in found:
        if len(confirmed) == _MAX_CONFLICTS:
            break
        asked = Request(
            messages=(
                Message(
                    role="user",
                    content=(
                        *("Statement 1: ", _segment(task.passages, candidate.first)),
                        *("\nStatement 2: ", _segment(task.passages, candidate.second)),
                        f"\nWhat does the number with the unit {candidate.unit!r} in each statement measure?",
                    ),
                ),
            ),
            constraint=Constraint(kind="json_schema", value=_MEASURES),
            max_output_tokens=64,
        )
        try:
            done = run.ask(asked, purpose="conflict")
        except OutputError:
            continue  # the answer stands without this check
        if _same_quantity(done.text, candidate.unit):
            confirmed.append(candidate)
    return confirmed


def _same_quantity(text: str, unit: str) -> bool:
    try:
        one, other = (str(value) for value in json.loads(text).values())
    except (ValueError, TypeError):
        return False
    keys = [{word.key for word in tokens(each) if word.kind != "number"} - {unit} for each in (one, other)]
    return bool(keys[0] & keys[1])


def _segment(passages: Passages, quote: Quote) -> Segment:
    """The quote as a source of its own: text of a file never stands in a prompt as our words."""
    segment = passages.segments[quote.index]
    return segment.model_copy(update={"content": segment.text[quote.start : quote.end], "anchors": ()})


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
            if not shared or _share_a_number(one.quote, other.quote, passages):
                continue
            key = (one.source, other.source, one.unit)
            if key not in found or found[key].shared < weight:
                found[key] = Conflict(one.quote, other.quote, one.unit, weight)
    return sorted(found.values(), key=lambda conflict: -conflict.shared)[:limit]


def _share_a_number(one: Quote, other: Quote, passages: Passages) -> bool:
    """Sentences that share a value agree on it: "stayed close to 410" and "from 410 to 820" do not disagree."""
    first, second = (
        {w.key for w in passages.words[q.index] if w.kind == "number" and q.start <= w.start and w.end <= q.end}
        for q in (one, other)
    )
    return bool(first & second)


def _measures(passages: Passages) -> Iterator[_Measure]:
    """Every number with its unit (the word after it) and the words of its sentence."""
    for index, segment in enumerate(passages.segments):
        before = frozenset[str]()
        for start, end in sentences(segment.text):
            words = [word for word in passages.words[index] if start <= word.start and word.end <= end]
            own = frozenset(word.key for word in words if word.kind != "number")
            topic, before = own | before, own
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
