"""Say where sources disagree: numbers of one unit that differ, confirmed by what the model says they measure."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from omniloom.core.errors import BudgetError, OutputError
from omniloom.core.protocols import Run
from omniloom.core.values import Constraint, Message, Request, Segment
from omniloom.reasoning.aligned import ABOUT
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import Word, stem, tokens

_MOST = 3
_MOST_PAIRS = 200_000
_LONGEST = 200  # words of a sentence: what is longer is a list, not a statement
_MEASURES = {
    "type": "object",
    "properties": {
        "statement_1_measures": {"type": "string", "maxLength": 60},
        "statement_2_measures": {"type": "string", "maxLength": 60},
    },
    "required": ["statement_1_measures", "statement_2_measures"],
    "additionalProperties": False,
}
# Words that every number may be called by: two numbers that share no other are not the same quantity.
_ANY_NUMBER = frozenset(
    stem(word) for word in "number amount value total count quantity measure unit statement".split()
)


@dataclass(frozen=True)
class Conflict:
    """Two sentences of different sources that give different numbers of one unit; `shared` is how alike they are.

    sure: they differ in nothing else, so nobody need be asked what they speak of; the unit may be "".
    """

    first: Quote
    second: Quote
    unit: str
    shared: float
    sure: bool = False


@dataclass(frozen=True)
class _Measure:
    """A number with its unit in a sentence; `topic` holds the words of that sentence and of the one before."""

    quote: Quote
    source: str
    values: frozenset[str]
    unit: str
    topic: frozenset[str]
    words: tuple[Word, ...] = field(repr=False)


def confirmed(run: Run, task: Task, found: Sequence[Conflict]) -> list[Conflict]:
    """Those of the candidates in which both numbers measure the same; what each measures is asked of the model.

    Asked whether two statements contradict, a small model says yes to anything (measured: docs/lab-log.md). Asked
    what each measures it answers well enough that the words of both answers can be compared.
    """
    chosen: list[Conflict] = []
    for candidate in found:
        if len(chosen) == _MOST:
            break
        if candidate.sure:
            chosen.append(candidate)
            continue
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
        except (BudgetError, OutputError) as error:  # the answer stands without this check
            run.check()  # but the deadline ends the call
            run.note("not compared", error=str(error))
            continue
        if _same_quantity(done.text, candidate.unit):
            chosen.append(candidate)
    return chosen


def _same_quantity(text: str, unit: str) -> bool:
    try:
        answers = [str(value) for value in json.loads(text).values()]
    except (ValueError, TypeError, AttributeError):
        return False
    one, other = ({w.key for w in tokens(each) if w.kind != "number"} - _ANY_NUMBER for each in answers[:2])
    return bool((one & other) - {unit}) or (bool(one) and one == other)


def _segment(passages: Passages, quote: Quote) -> Segment:
    """The quote as a source of its own: text of a file never stands in a prompt as our words."""
    segment = passages.segments[quote.index]
    return segment.model_copy(update={"content": segment.text[quote.start : quote.end], "anchors": ()})


def candidates(passages: Passages, check: Callable[[], None], limit: int = 2 * _MOST) -> list[Conflict]:
    """Pairs of sentences from two sources that share a unit and a topic but no value for that unit, best first.

    check is called again and again; what it raises ends the search. Words that very many sentences share name no
    topic: pairs are looked for under the rarest words first, and at most 200,000 are looked at.
    """
    found: dict[tuple[int, int, int, int], Conflict] = {}
    for position, (one, other) in enumerate(_alike(list(_measures(passages, check)))):
        if position % 1000 == 0:
            check()
        if position == _MOST_PAIRS:
            break
        if one.values & other.values:
            continue
        shared = (one.topic & other.topic) - {one.unit}
        weight = sum(passages.rarity.get(key, 1.0) for key in shared)
        key = (one.quote.index, one.quote.start, other.quote.index, other.quote.start)
        if shared and (key not in found or found[key].shared < weight) and not _apart(one, other):
            found[key] = Conflict(one.quote, other.quote, one.unit, weight)
    best: dict[tuple[str, str, str], Conflict] = {}  # one for each pair of sources and unit
    for conflict in sorted(found.values(), key=lambda conflict: -conflict.shared):
        sources = [passages.segments[quote.index].source for quote in (conflict.first, conflict.second)]
        best.setdefault((sources[0], sources[1], conflict.unit), conflict)
    return list(best.values())[:limit]


def _alike(measures: Sequence[_Measure]) -> Iterator[tuple[_Measure, _Measure]]:
    """Pairs of measures of two sources with one unit and a word of their topics in common."""
    under: defaultdict[tuple[str, str], defaultdict[str, list[_Measure]]] = defaultdict(lambda: defaultdict(list))
    for measure in measures:
        for key in measure.topic:
            under[measure.unit, key][measure.source].append(measure)
    for sources in sorted(under.values(), key=lambda sources: sum(map(len, sources.values()))):
        for one, other in combinations(sources.values(), 2):
            yield from product(one, other)


def _apart(one: _Measure, other: _Measure) -> bool:
    """Whether two sentences speak of different things, or agree after all.

    Sentences that share a value agree on it: "stayed close to 410" and "from 410 to 820" do not disagree; a year is no
    such value. Those that name other years, or only other names, are about different things; and so are two that
    differ in a word before the same word only, such as "the north house" and "the south house".
    """
    both = (one, other)
    numbers = [{key for word in each.words if word.kind == "number" for key in word.keys} for each in both]
    years = [
        {key for key in keys - each.values if re.fullmatch(r"(?:1\d|20|21)\d\d", key)}
        for keys, each in zip(numbers, both, strict=True)
    ]
    # The first word of a sentence stands in capitals whether it is a name or not.
    names = [{w.key for w in each.words if w.kind == "name" and w.start > each.quote.start} for each in both]
    return (
        bool(numbers[0] & numbers[1] - (years[0] & years[1]))
        or (all(years) and not years[0] & years[1])
        or (all(names) and not names[0] & names[1])
        or _other_modifier(one.words, other.words)
    )


def _other_modifier(one: Sequence[Word], other: Sequence[Word]) -> bool:
    if len(one) != len(other):
        return False
    differ = [i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a.kind != "number" and a.key != b.key]
    return bool(differ) and all(
        index + 1 < len(one) and one[index + 1].kind != "number" and one[index + 1].key == other[index + 1].key
        for index in differ
    )


def _measures(passages: Passages, check: Callable[[], None]) -> Iterator[_Measure]:
    """Every number with its unit (the word after it, or the sign beside it) and the words of its sentence. How a reader
    describes a source is left out: the columns of one table say nothing that those of another could deny."""
    for index, segment in enumerate(passages.segments):
        check()
        if segment.made_by.startswith(ABOUT):
            continue
        before = frozenset[str]()
        for start, end in sentences(segment.text):
            words = tuple(passages.words_in(index, start, end))
            if len(words) > _LONGEST:
                continue
            own = frozenset(word.key for word in words if word.kind != "number")
            topic, before = own | before, own
            quote = Quote(index, start, end, topic)
            for position, word in enumerate(words):
                if word.kind == "number" and (unit := _unit(words, position)):
                    yield _Measure(quote, segment.source, frozenset(word.keys), unit, topic, words)


def _unit(words: Sequence[Word], position: int) -> str:
    number = words[position]
    sign = words[position - 1] if position else None
    if sign is not None and sign.kind == "unit" and number.start - sign.end <= 1:
        return sign.key
    following = next((word for word in words[position + 1 : position + 3] if word.kind != "scale"), None)
    if following is None or following.kind == "number" or following.start - number.end > 2:
        return ""
    return following.key
