"""The JSON of an answer: filled in, repaired once, spelled as the sources spell it, with a place for every value."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from omniloom.core.errors import OutputError
from omniloom.core.values import Claim, Completion, Confidence, Constraint
from omniloom.outputs import structured_json
from omniloom.outputs.schemas import is_type, shape
from omniloom.reasoning import direct
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.evidence import Evidence, as_written, find_value
from omniloom.reasoning.prompts import Task
from omniloom.runtime.run import EngineRun


@dataclass(frozen=True)
class Form:
    """What the JSON must be: what the engine enforces, the schema itself, and the type the user gave (or a schema)."""

    constraint: Constraint
    schema: dict[str, Any]
    given: Any

    def parsed(self, text: str) -> tuple[Any, Any]:
        """(plain value, value in the user's type). Raises OutputError."""
        plain = structured_json.write(text, self.schema)
        return plain, structured_json.write(text, self.schema, self.given) if is_type(self.given) else plain


@dataclass(frozen=True)
class Filled:
    data: Any
    completion: Completion
    claims: tuple[Claim, ...]


def filled_in(run: EngineRun, task: Task, form: Form, notes: str, text: str, native: int) -> Filled:
    """The valid JSON and the evidence for its leaves. Raises OutputError if it is not valid after one repair."""
    looks = shape(form.schema)
    done = direct.fill(run, task, form.constraint, looks, notes, text, native)
    try:
        plain, data = form.parsed(done.text)
    except OutputError as error:
        run.note("repair", why=str(error))
        done = direct.repair(run, task, form.constraint, looks, done.text, structured_json.explain(error))
        plain, data = form.parsed(done.text)
    with run.span("ground", "evidence"):
        found = {
            pointer: (value, find_value(pointer, value, task.passages))
            for pointer, value in structured_json.leaves(plain)
            if value not in (None, "")
        }
        spelled = dict(_spellings(found, task))
        if spelled:
            data, kept = _respelled(plain, data, spelled, form)
            run.note("spelling", taken=kept)
            spelled = spelled if kept else {}
        writer = ClaimWriter(task.passages, task.parts)
        claims = tuple(
            Claim(
                at=pointer,
                text=spelled.get(pointer, str(value)),
                citations=tuple(writer.cite(quote) for quote in evidence.quotes),
                supported=bool(evidence.quotes),
                confidence=Confidence(value=evidence.score, method="lexical_alignment"),
            )
            for pointer, (value, evidence) in found.items()
        )
    return Filled(data, done, claims)


def _spellings(found: dict[str, tuple[Any, Evidence]], task: Task) -> Iterator[tuple[str, str]]:
    for pointer, (value, evidence) in found.items():
        written = as_written(value, evidence, task.passages)
        if written is not None:
            yield pointer, written


def _respelled(plain: Any, data: Any, spelled: dict[str, str], form: Form) -> tuple[Any, bool]:
    """The data with the sources' spelling, if that is still valid; the data as it was otherwise."""
    import json

    changed = copy.deepcopy(plain)
    for pointer, written in spelled.items():
        changed = _put(changed, pointer.split("/")[1:], written)
    try:
        return form.parsed(json.dumps(changed, ensure_ascii=False))[1], True
    except OutputError:
        return data, False


def _put(value: Any, steps: list[str], written: str) -> Any:
    if not steps:
        return written
    key = steps[0].replace("~1", "/").replace("~0", "~")
    place: Any = int(key) if isinstance(value, list) else key
    container = cast("Any", value)
    container[place] = _put(container[place], steps[1:], written)
    return container
