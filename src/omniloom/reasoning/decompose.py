"""Take a question apart into questions of one thing each, in its own words (Zhou et al., 2022, "Least-to-most prompting
enables complex reasoning in large language models"; Khot et al., 2022, "Decomposed prompting").

A small model answers one part of a question and leaves the rest out, and nothing says so. Asked one after the other
each part is answered, or said not to be.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from omniloom.core.errors import BudgetError, EngineError, SchemaError
from omniloom.core.protocols import Run
from omniloom.core.values import Constraint, Message, Request, Sampling
from omniloom.reasoning.absence import NEGATED
from omniloom.reasoning.prompts import Task, shown_first
from omniloom.reasoning.wording import ASKING, Word, keys, tokens

_MOST, _LONGEST = 4, 240
_LONGEST_QUESTION = 1000  # characters: what is longer is a text to work on
_OWN = 0.75  # of the words of a part that the question has
_WORDS = re.compile(ASKING, re.IGNORECASE)
_BEFORE = (
    r"(?:about|across|after|against|among|at|before|between|by|during|for|from|in|into|of|on|over|per|since|through|to|"
    r"under|until|with|within|without)"
)
_IS = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)"
# A question in the order of one: "when the bridge opened" is a clause of another.
_QUESTION = re.compile(
    rf"(?:{_BEFORE}\s+)?(?:(?:when|where|why|whom)\s+{_IS}\b|how\s+(?:many|much|{_IS})\b|how\s+\w+\s+{_IS}\b|"
    r"(?:who|whose|what|which)\s+(?!(?:the|a|an)\b)\w+\s+\w)",
    re.IGNORECASE,
)
_BREAK = re.compile(rf"\s*(?:[?;]\s*(?:and\s+)?|,?\s+and\s+)(?=(?:{_BEFORE}\s+)?{_WORDS.pattern})", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:it|its|he|his|him|she|her|they|their|them)\b", re.IGNORECASE)
_POINTS = re.compile(
    rf"{_PRONOUN.pattern}|\b(?:this|that|these|those|one|then|there|such|same|others?|another|else|also|too)\b|"
    rf"\b(?:which|how\s+many)\s+{_IS}\b",
    re.IGNORECASE,
)
_MORE = re.compile(r"[^\w\s](?:\s|\Z)|\n")  # a sign between two things that are said
_NARROWS = re.compile(rf"\b(?:{_BEFORE}|last|next|ago|now|yesterday|today|tomorrow)\b", re.IGNORECASE)
_PROPERTY = re.compile(r"(?:what|who)\s+(?:is|are|was|were)\s+the\b", re.IGNORECASE)
_JOINS = re.compile(
    r"\b(?:before|after|earlier|later|than|larger|largest|greater|bigger|higher|more|smaller|less|lower|fewer|longer|"
    r"shorter|older|younger|same|equal|difference|between|both|together|sum)\b",
    re.IGNORECASE,
)
_IN_PLACE = re.compile(r"\s*⟨[^⟩]*⟩")  # a source, as `said_text` names it
_LISTED = re.compile(rf"(?:{_IN_PLACE.pattern})+\s*\Z")  # those after the words
_LIMITS = {
    "not": NEGATED,
    "only": re.compile(
        r"\b(?:only|nur|lediglich|seulement|s[oó]lo|solamente|soltanto|somente|apenas|slechts|alleen|tylko|только)\b",
        re.IGNORECASE,
    ),
}
_EARLIER = re.compile(r"#(\d+)")
_SHAPE = {
    "type": "object",
    "properties": {
        "questions": {
            "type": "array",
            "items": {"type": "string", "minLength": 3, "maxLength": _LONGEST},
            "minItems": 1,
            "maxItems": _MOST,
        }
    },
    "required": ["questions"],
    "additionalProperties": False,
}
_SYSTEM = (
    "You take questions apart. Each part asks for one thing, is a whole question of its own, and keeps the words of "
    "the question. #1 stands for the answer to the first part. A question that asks for one thing is left as it is."
)
_SHOWN = (
    (
        "When did the Harbour Bridge open, and who designed it?",
        ("When did the Harbour Bridge open?", "Who designed the Harbour Bridge?"),
    ),
    ("How long is the river Oda?", ("How long is the river Oda?",)),
    (
        "Which is larger, the total of the receipt or the budget for food in the table?",
        ("What is the total of the receipt?", "What is the budget for food in the table?"),
    ),
    (
        "Who is the mayor of the town where the Arden factory stands?",
        ("In which town does the Arden factory stand?", "Who is the mayor of #1?"),
    ),
    (
        "What was the name of the ship that sank in 1902 off Cape Mora?",
        ("What was the name of the ship that sank in 1902 off Cape Mora?",),
    ),
    (
        "How many pages does the report have, what does it cost and where was it printed?",
        ("How many pages does the report have?", "What does the report cost?", "Where was the report printed?"),
    ),
    (
        "Was the contract signed before the first delivery?",
        ("When was the contract signed?", "When was the first delivery?"),
    ),
)


def split(run: Run, task: Task) -> Task:
    """The task with its questions; without any where it asks for one thing, or was taken apart badly. The trace says
    so."""
    said = _LISTED.sub("", task.said).strip()
    names = [part.name for part in task.parts]
    parts = list[str]()
    why = _kept_whole(task, said)
    try:
        parts = [] if why else in_a_row(said, names) or _asked(run, task, said)
        why = why or _unfit(said, parts, names)
    except (BudgetError, EngineError, SchemaError, ValueError, RecursionError) as error:
        run.check()  # the deadline ends the call
        why = str(error)
    run.note("decompose", questions=parts, **({"why": why} if why else {}))
    return task if why else replace(task, questions=tuple(parts))


def _kept_whole(task: Task, said: str) -> str:
    """Why a question is not taken apart, whatever it asks."""
    if not task.parts:
        return "there are no sources"
    if not said or len(said) > _LONGEST_QUESTION:
        return "it is no question, or too long for one"
    if _EARLIER.search(said):
        return "it has a # with a number, which would speak of a part"
    return f"it asks more than {_MOST} things" if len(_BREAK.split(said)) > _MOST else ""


def in_a_row(said: str, names: Sequence[str] = ()) -> list[str]:
    """The questions of a sentence that asks several, each of which surely stands by itself; none where it is not clear.
    names: of the sources."""
    pieces = [piece.strip(" ?.,;") for piece in _BREAK.split(said.strip())]
    if not 1 < len(pieces) <= _MOST or not all(_stands(piece) for piece in pieces):
        return []
    if _shares(pieces, names) or _leans(pieces):
        return []
    return [f"{piece[0].upper()}{piece[1:]}?" for piece in pieces]


def _stands(piece: str) -> bool:
    """Whether it asks in the order of a question, with one clause, and speaks of nothing before it."""
    one = len(_WORDS.findall(piece)) == 1 and _MORE.search(_IN_PLACE.sub("", piece)) is None
    return one and _QUESTION.match(piece) is not None and _POINTS.search(piece) is None and bool(keys(piece))


def _leans(pieces: Sequence[str]) -> bool:
    """Whether one may need words of another: a phrase ("of the model", "last year") of which that one has more, or what
    it has the property of ("what is the weight?")."""
    narrowed = [len(_NARROWS.findall(_WORDS.split(piece)[-1])) for piece in pieces]
    return len({*narrowed}) > 1 or (not any(narrowed) and any(_PROPERTY.match(piece) for piece in pieces[1:]))


def _shares(pieces: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a number, a name or a source, which may hold for all of them, stands in some only."""
    source = re.compile("|".join([_IN_PLACE.pattern, *map(re.escape, filter(None, names))]), re.IGNORECASE)
    words = [tokens(source.sub(" ", piece)) for piece in pieces]
    numbers = [any(word.kind == "number" for word in each) for each in words]
    named = [any(word.kind == "name" and word.start for word in each) for each in words]  # the first has a capital
    sources = [source.search(piece) is not None for piece in pieces]
    return any(any(each) and not all(each) for each in (numbers, named, sources))


def _asked(run: Run, task: Task, said: str) -> list[str]:
    """The parts that a model names; a server may not hold to the shape. Raises ValueError for what is none, and
    RecursionError."""
    found = json.loads(run.ask(_request(task, said), purpose="split").text)
    parts = found.get("questions") if isinstance(found, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("the model named no parts")
    if len(parts) > _MOST or any(len(part) > _LONGEST for part in parts):
        raise ValueError("the model named too many parts, or one that is too long")
    "".join(parts).encode()  # halves of surrogate pairs are no text: that is a ValueError, too
    return [" ".join(part.split()) for part in parts]


def _request(task: Task, said: str) -> Request:
    turns = shown_first((question, json.dumps({"questions": parts})) for question, parts in _SHOWN)
    return Request(
        messages=(Message(role="system", content=(_SYSTEM,)), *turns, Message(role="user", content=(said,))),
        constraint=Constraint(kind="json_schema", value=_SHAPE),
        sampling=Sampling(),
        max_output_tokens=200,
        seed=task.seed,
    )


def _unfit(said: str, parts: Sequence[str], names: Sequence[str]) -> str:
    """Why the parts are not those of the question; "" if they are."""
    if len(parts) < 2:
        return "it asks for one thing"
    if len({part.casefold() for part in parts}) < len(parts):
        return "a part stands twice"
    asked, limits, told = _words(said), _limited(said), set[str]()
    for at, part in enumerate(parts):
        if any(not 0 < int(number) <= at for number in _EARLIER.findall(part)):
            return "a part speaks of an answer that is not there yet"
        own, limited = [each.key for each in _words(_EARLIER.sub(" ", part))], _limited(part)
        if len({*own} & {each.key for each in asked}) < _OWN * len({*own}) or limited - limits:
            return "a part asks for something else"
        if _turned(own, asked):
            return "a part turns round what was asked"
        told |= {*own} | limited
    if left := ({each.key for each in asked} | limits) - told - _joining(said):
        return f"the parts leave out what was asked: {', '.join(sorted(left))}"
    bare = [part for part in parts if not _EARLIER.search(part)]
    if any(_PRONOUN.search(part) for part in bare[1:]):
        return "a part speaks of something before it"
    return "a number, a name or a source that is named may hold for all parts" if _shares(bare, names) else ""


def _words(text: str) -> list[Word]:
    """The words of a text but for those that deny or limit one."""
    limits = [each.span() for pattern in _LIMITS.values() for each in pattern.finditer(text)]
    return [each for each in tokens(text) if not any(each.start < end and start < each.end for start, end in limits)]


def _limited(text: str) -> frozenset[str]:
    """What is denied or limited, each with the word that follows, or that its clause ends with: "not sign"."""
    words, found = _words(text), set[str]()
    for name, pattern in _LIMITS.items():
        for each in pattern.finditer(text) if words else ():
            at = sum(word.start < each.end() for word in words)
            ends = at == len(words) or _MORE.search(text, each.end(), words[at].start)
            found.add(f"{name} {words[max(at - 1, 0) if ends else at].key}")
    return frozenset(found)


def _turned(part: Sequence[str], asked: Sequence[Word]) -> bool:
    """Whether three of its words stand the other way round in the question, as those of who pays whom; what is said in
    place of "it" moves as a whole."""
    count = Counter(each.key for each in asked)  # "who" may stand in each clause: that is no order
    order = [each.key for each in asked if each.kind == "name" or count[each.key] == 1]
    own = [each for each in part if each in order]
    return _in_common(own, order) < len(own) and _in_common(own, order[::-1]) > 2


def _in_common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest row of words that both have in this order."""
    longest = [0] * (len(second) + 1)
    for word in first:
        before, longest = longest, [0]
        for at, other in enumerate(second):
            longest.append(before[at] + 1 if word == other else max(before[at + 1], longest[at]))
    return longest[-1]


def _joining(said: str) -> frozenset[str]:
    """The words of a question that compare its parts."""
    return frozenset(key for word in _JOINS.findall(said) for key in keys(word))


def needs(task: Task, question: str) -> list[int]:
    """Of which earlier parts, counted from 1, a part needs the answer; the words of the user need none."""
    return [] if _EARLIER.search(task.said) else [int(number) for number in _EARLIER.findall(question)]


def concludes(task: Task) -> bool:
    """Whether the answers have still to be put together: where words compare the parts that stand in none of them
    ("which is larger"). Several questions in a row are answered by their answers, and one of another by the last."""
    told = frozenset(key for question in task.questions for key in keys(question))
    return bool(_joining(task.said) - told)
