"""Take a question apart into questions of one thing each, in its own words (Zhou et al., 2022, "Least-to-most prompting
enables complex reasoning in large language models"; Khot et al., 2022, "Decomposed prompting").

A small model answers one part of a question and leaves the rest out, and nothing says so. Asked one after the other
each part is answered, or said not to be.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from omniloom.core.errors import BudgetError, ContextError, EngineError, SchemaError
from omniloom.core.protocols import Run
from omniloom.core.values import Constraint, Message, Request, Sampling
from omniloom.reasoning.ground import without_pointers
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.wording import keys

_MOST, _LONGEST = 4, 240
_LONGEST_QUESTION = 1000  # characters: what is longer is a text to work on
_OWN = 0.75  # of the words of a part that the question has, and of the question's that the parts have
_WORDS = re.compile(r"\b(?:who|whose|whom|what|which|when|where|why|how)\b", re.IGNORECASE)
_BEGINS = rf"(?:(?:about|at|by|during|for|from|in|of|on|since|to|under|until|with)\s+)?{_WORDS.pattern}"
_BREAK = re.compile(rf"(?:\s*[,;?]\s*(?:and\s+)?|\s+and\s+)(?={_BEGINS})", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:it|its|he|his|him|she|her|they|their|them|this|that|these|those|one)\b", re.IGNORECASE)
_LISTED = re.compile(r"(?:\s*⟨[^⟩]*⟩)+\s*\Z")  # sources after the words, as `said_text` names them
_EARLIER = re.compile(r"#(\d)")
_SHAPE = {
    "type": "array",
    "items": {"type": "string", "minLength": 3, "maxLength": _LONGEST},
    "minItems": 1,
    "maxItems": _MOST,
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
    """The task with its questions; without any where it asks for one thing, or was taken apart badly (the trace says
    so)."""
    said = _LISTED.sub("", task.said).strip()
    if not task.parts or not said or len(said) > _LONGEST_QUESTION:
        return task
    try:
        parts = in_a_row(said) or _asked(run, task, said)
    except (BudgetError, ContextError, EngineError, SchemaError, ValueError) as error:
        run.check()  # the deadline ends the call
        run.note("decompose", why=str(error))
        return task
    why = _unfit(said, parts)
    run.note("decompose", questions=parts, **({"why": why} if why else {}))
    return task if why else replace(task, questions=tuple(parts))


def in_a_row(said: str) -> list[str]:
    """The questions of a sentence that asks several, each of which stands by itself; none where it is not clear."""
    pieces = [piece.strip(" ?.,;") for piece in _BREAK.split(said.strip())]
    if not 1 < len(pieces) <= _MOST or not all(_stands(piece) for piece in pieces):
        return []
    return [f"{piece[0].upper()}{piece[1:]}?" for piece in pieces]


def _stands(piece: str) -> bool:
    asks, ends = re.match(_BEGINS, piece, re.IGNORECASE), _WORDS.fullmatch(piece.rpartition(" ")[2])
    return asks is not None and ends is None and _POINTS.search(piece) is None and bool(keys(piece))


def _asked(run: Run, task: Task, said: str) -> list[str]:
    """The parts that a model names."""
    done = run.ask(_request(task, said), purpose="split")
    return [" ".join(part.split()) for part in json.loads(done.text)]


def _request(task: Task, said: str) -> Request:
    turns = list[Message]()
    for question, parts in _SHOWN:
        turns.append(Message(role="user", content=(question,)))
        turns.append(Message(role="assistant", content=(json.dumps(parts),)))
    return Request(
        messages=(Message(role="system", content=(_SYSTEM,)), *turns, Message(role="user", content=(said,))),
        constraint=Constraint(kind="json_schema", value=_SHAPE),
        sampling=Sampling(),
        max_output_tokens=200,
        seed=task.seed,
    )


def _unfit(said: str, parts: Sequence[str]) -> str:
    """Why the parts are not those of the question; "" if they are."""
    if len(parts) < 2:
        return "it asks for one thing"
    if len({part.casefold() for part in parts}) < len(parts):
        return "a part stands twice"
    asked, told = frozenset(keys(said)), frozenset[str]()
    for at, part in enumerate(parts):
        if any(not 0 < int(number) <= at for number in _EARLIER.findall(part)):
            return "a part speaks of an answer that is not there yet"
        own = frozenset(keys(_EARLIER.sub(" ", part)))
        if len(own & asked) < _OWN * len(own):
            return "a part asks for something else"
        told |= own
    return "" if len(told & asked) >= _OWN * len(asked) else "the parts leave out what was asked"


def needs(question: str) -> bool:
    """Whether a part speaks of the answer to an earlier one."""
    return _EARLIER.search(question) is not None


def concludes(task: Task) -> bool:
    """Whether the answers have still to be put together: where one thing is asked that several give ("which is
    larger"). Several questions in a row are answered by their answers, and one of another by the last."""
    return not needs(task.questions[-1]) and len(_WORDS.findall(task.said)) < len(task.questions)


def told(found: Sequence[tuple[str, str]]) -> str:
    """Questions with their answers, as notes."""
    return "\n".join(
        f"#{at} {question} {without_pointers(text).strip()}" for at, (question, text) in enumerate(found, 1)
    )
