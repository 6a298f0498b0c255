"""The JSON of an answer: filled in, repaired once, spelled as the sources spell it, with a place for every value."""

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from omniloom.core.errors import OutputError
from omniloom.core.values import Claim, Completion, Confidence, Constraint
from omniloom.outputs import structured_json
from omniloom.outputs.schemas import is_type, shape
from omniloom.reasoning import direct
from omniloom.reasoning.absence import says_absent
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.evidence import Evidence, as_written, find_value, is_said_of
from omniloom.reasoning.focus import named
from omniloom.reasoning.joined import is_concluded, is_verdict, joined
from omniloom.reasoning.mentioned import in_several, spoken_of
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.recompute import value_made
from omniloom.reasoning.signals import leaf_spans
from omniloom.runtime.call import Unsupported
from omniloom.runtime.mend import Mend
from omniloom.runtime.run import EngineRun
from omniloom.runtime.trust import Refusal

Found = dict[str, tuple[Any, Evidence]]  # the JSON Pointer of each value, the value, and where it stands


@dataclass(frozen=True)
class Form:
    """What the JSON must be: what the engine enforces, the schema itself, the type the user gave (or a schema), and
    what becomes of values that stand in no source, and whether those are asked for once more before."""

    constraint: Constraint
    schema: dict[str, Any]
    given: Any
    unsupported: Unsupported = "mark"
    repairs: bool = False

    def parsed(self, text: str) -> tuple[Any, Any]:
        """(plain value, value in the user's type). Raises OutputError."""
        plain = structured_json.write(text, self.schema)
        return plain, structured_json.write(text, self.schema, self.given) if is_type(self.given) else plain


@dataclass(frozen=True)
class Filled:
    """The valid JSON with a Claim for each of its values; `abstained` where an unsupported one was not to be given.

    `spans` says where in the completion each value was written, by its pointer; `repaired` holds those that were asked
    for once more, which the completion does not have; `silent` says that there is no value, or that all of them say
    that the sources do not say it; `withheld` why an answer that was written is not given.
    """

    data: Any
    completion: Completion
    claims: tuple[Claim, ...]
    abstained: bool = False
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    repaired: Mapping[str, Any] = field(default_factory=dict[str, Any])
    silent: bool = False
    withheld: Refusal = ""


def filled_in(run: EngineRun, task: Task, form: Form, notes: str, text: str, native: int) -> Filled:
    """The valid JSON and the evidence for its leaves. Raises OutputError if it is not valid after one repair."""
    task, queried = _queried(task, form)
    done, plain, data = queried or _written(run, task, form, notes, text, native)
    if not task.parts and task.computed is None:
        return Filled(data, done, ())
    plain, data = _renamed(plain, data, task, form)
    with run.span("ground", "evidence"):
        found = _found(run, task, plain)
        repaired: dict[str, Any] = {}
        if form.repairs:
            plain, data, repaired = _repaired(run, task, form, (plain, data, found), done)
            found = _found(run, task, plain) if repaired else found
        changes: dict[str, str | None] = dict(_spellings(found, task))
        if form.unsupported == "drop":
            changes |= dict.fromkeys(_baseless(found))
        if changes:
            plain, data, changes = _changed(plain, data, changes, form)
            run.note("spelling", taken=len(changes))
        kept = {pointer: each for pointer, each in found.items() if changes.get(pointer, "") is not None}
        if form.unsupported == "abstain" and _baseless(found):
            return Filled(None, done, (), abstained=True, withheld="unanswered")
        claims = tuple(_claims(kept, changes, ClaimWriter(task.passages, task.parts)))
        spans = {at: span for at, span in leaf_spans(done.text).items() if at not in repaired}
        return Filled(data, done, claims, spans=spans, repaired=repaired, silent=_silent(plain, claims))


def _found(run: EngineRun, task: Task, plain: Any) -> Found:
    leaves = [(at, value) for at, value in structured_json.leaves(plain) if value is not None and str(value).strip()]
    found = {pointer: (value, _evidence(run, pointer, value, task)) for pointer, value in leaves}
    if len(leaves) == 1 and not task.natives:
        [(pointer, (value, evidence))] = found.items()
        if not (evidence.quotes or evidence.concluded) and not says_absent(str(value), ()):
            sources = list(named(task.question, task.parts)) if is_concluded(value, task.question) else []
            about = spoken_of(task.question, sources, task.passages)
            found[pointer] = (value, about or evidence)
    return found


def _repaired(
    run: EngineRun, task: Task, form: Form, whole: tuple[Any, Any, Found], done: Completion
) -> tuple[Any, Any, dict[str, Any]]:
    """(plain value, value in the user's type, the new values): of values that stand nowhere those are exchanged for
    which the model, asked once more, gives one that stands in a source."""
    plain, data, found = whole

    def refuses(at: str, value: Any) -> str:
        evidence = _evidence(run, at, value, task)
        if not (evidence.quotes or evidence.concluded):
            return "not supported either"
        try:
            _with(plain, {at: value}, form)
        except OutputError as error:
            return str(error)
        return ""

    mend = Mend(run, task, done, last=True)
    new = mend.values([(at, found[at][0]) for at in _baseless(found)], form.schema, refuses)
    if new:
        plain, data, new = _changed(plain, data, new, form)
    mend.taken(new)
    return plain, data, new


def _queried(task: Task, form: Form) -> tuple[Task, tuple[Completion, Any, Any] | None]:
    """The values of a query where they fill the fields as they are, so that no model has to copy them, and the task
    with their places."""
    made = task.computed.filling(form.schema) if task.computed is not None else None
    if task.computed is None or made is None:
        return task, None
    try:
        values = form.parsed(made.text)
    except OutputError:
        return task, None
    return replace(task, computed=replace(task.computed, places=made.places)), (task.computed.completion, *values)


def _written(run: EngineRun, task: Task, form: Form, notes: str, text: str, native: int) -> tuple[Completion, Any, Any]:
    """(completion, plain value, value in the user's type), repaired once."""
    looks = shape(form.schema)
    done = direct.fill(run, task, _narrowed(run, task, form), looks, notes, text, native)
    try:
        return done, *form.parsed(done.text)
    except OutputError as error:
        run.note("repair", why=str(error))
        done = direct.repair(run, task, form.constraint, looks, done.text, structured_json.explain(error))
        return done, *form.parsed(done.text)


def _narrowed(run: EngineRun, task: Task, form: Form) -> Constraint:
    """With what was computed in its field, where the user's schema and the engine take it."""
    schema = task.computed.narrowed(form.schema) if task.computed is not None else None
    if schema is None:
        return form.constraint
    constraint = structured_json.constrain(schema)
    return form.constraint if run.engine.supports(constraint) is not None else constraint


def _renamed(plain: Any, data: Any, task: Task, form: Form) -> tuple[Any, Any]:
    """With what the values say of passages and sources as the user counts them."""
    said = {pointer: (value, task.naming.said(value)) for pointer, value in _texts(plain)}
    changes: dict[str, str | None] = {pointer: new for pointer, (old, new) in said.items() if new != old}
    return _changed(plain, data, changes, form)[:2] if changes else (plain, data)


def _silent(plain: Any, claims: Sequence[Claim]) -> bool:
    """Whether there are fields, and none of them says anything."""
    absent = all(says_absent(claim.text, [each.quote for each in claim.citations]) for claim in claims)
    return absent and any(True for _ in structured_json.leaves(plain))


def _texts(plain: Any) -> Iterator[tuple[str, str]]:
    yield from ((at, value) for at, value in structured_json.leaves(plain) if isinstance(value, str))


def _evidence(run: EngineRun, pointer: str, value: Any, task: Task) -> Evidence:
    """Where a value stands; or where those numbers stand that it was computed from."""
    run.check()
    if task.computed is not None and (queried := task.computed.evidence(pointer, value)) is not None:
        return queried
    found = find_value(pointer, value, task.passages, task.said, task.focus)
    if is_verdict(value, task.said) and not is_said_of(found, task.said, task.passages):
        found = Evidence((), 0.0)
    made = None if found.quotes else value_made(value, pointer, task.passages, task.said)
    if made is None and not found.quotes and len(task.passages.segments) > 1:
        if (both := in_several(value, task.passages, task.question)) is not None:
            return both
        made = joined(value, task.passages, task.said)
    return found if made is None else Evidence(made.cited, 1.0, derived=made.said)


def _holds(evidence: Evidence) -> bool:
    return evidence.concluded or (bool(evidence.quotes) and not evidence.open)


def _baseless(found: Found) -> list[str]:
    """The values that stand in no source; a boolean, which stands nowhere as a word, is not among them."""
    return [at for at, (value, evidence) in found.items() if not _holds(evidence) and not isinstance(value, bool)]


def _claims(found: Found, changes: Mapping[str, str | None], writer: ClaimWriter) -> Iterator[Claim]:
    for pointer, (value, evidence) in found.items():
        yield Claim(
            at=pointer,
            text=changes.get(pointer) or str(value),
            citations=tuple(writer.cite(quote) for quote in evidence.quotes),
            supported=_holds(evidence),
            confidence=Confidence(value=evidence.score, method="lexical_alignment"),
            derived=evidence.derived,
        )


def _spellings(found: Found, task: Task) -> Iterator[tuple[str, str]]:
    for pointer, (value, evidence) in found.items():
        written = as_written(value, evidence, task.passages)
        if written is not None:
            yield pointer, written


def _changed(plain: Any, data: Any, changes: dict[str, Any], form: Form) -> tuple[Any, Any, dict[str, Any]]:
    """The data with those changes that keep it valid, and which they are: all together, or else each that can stay."""
    try:
        return *_with(plain, changes, form), changes
    except OutputError:
        taken: dict[str, Any] = {}
        for pointer, written in changes.items():
            try:
                plain, data = _with(plain, {pointer: written}, form)
                taken[pointer] = written
            except OutputError:
                continue
        return plain, data, taken


def _with(plain: Any, changes: Mapping[str, Any], form: Form) -> tuple[Any, Any]:
    changed = copy.deepcopy(plain)
    for pointer, written in changes.items():
        changed = _put(changed, pointer.split("/")[1:], written)
    return form.parsed(json.dumps(changed, ensure_ascii=False))


def _put(value: Any, steps: list[str], written: Any) -> Any:
    if not steps:
        return written
    key = steps[0].replace("~1", "/").replace("~0", "~")
    place: Any = int(key) if isinstance(value, list) else key
    container = cast("Any", value)
    container[place] = _put(container[place], steps[1:], written)
    return container
