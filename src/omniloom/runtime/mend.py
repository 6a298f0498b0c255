"""What an answer says and no source supports, asked for once more: within the budget, and for no more tokens than the
answer itself took. What was repaired, from what, and why not, is in the trace."""

import json
from collections.abc import Callable, Container, Sequence
from typing import Any, cast

from omniloom.core.errors import BudgetError, EngineError, SchemaError
from omniloom.core.values import Completion, Constraint, Request
from omniloom.outputs import structured_json
from omniloom.reasoning import repair
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.repair import Asked
from omniloom.runtime.run import EngineRun

_MOST_REFS = 8


class Mend:
    """Of one answer, from the completion `done`. last: whether it is the last thing that this call is asked for."""

    def __init__(self, run: EngineRun, task: Task, done: Completion, *, last: bool) -> None:
        self.run = run
        self.task = task
        self.last = last
        self._left = done.usage.tokens
        self._made: dict[Any, tuple[Asked, str]] = {}

    def sentences(self, lacking: Sequence[str], claims: Sequence[str]) -> dict[int, str]:
        """The sentences, as the model wrote them, for those of `lacking` that could be repaired, by their places in it.

        claims: what the answer says with support.
        """
        made, said, before = dict[int, str](), list(claims), list[Request]()
        for at, claim in enumerate(self._few(lacking)):
            asked = repair.again(self.task, claim)
            if asked is not None and asked.request in before:
                self._note(asked.claim, "the same was asked for another claim")
                continue
            before += [asked.request] if asked is not None else []
            done = self._done(claim, asked)
            if asked is None or done is None:
                continue
            new, why = repair.better(self.task, asked, done, said)
            if new:
                made[at] = new
                said.append(new)
                self._made[at] = asked, new
            else:
                self._note(claim, why)
        return made

    def values(
        self, lacking: Sequence[tuple[str, Any]], schema: dict[str, Any], refuses: Callable[[str, Any], str]
    ) -> dict[str, Any]:
        """New values for those of a JSON that stand nowhere, by their pointers; `refuses` says why one is not taken."""
        made = dict[str, Any]()
        for pointer, old in self._few(lacking):
            constraint = self._constraint(schema, pointer)
            name = pointer.rsplit("/", 1)[-1] or "it"
            asked = constraint and repair.value_again(self.task, name, str(old), constraint)
            done = self._done(str(old), asked)
            if asked is None or done is None:
                continue
            new = _value(done)
            why = "the sources do not say it" if new is None else refuses(pointer, new)
            if why:
                self._note(str(old), why)
            else:
                made[pointer] = new
                self._made[pointer] = asked, str(new)
        return made

    def taken(self, places: Container[Any]) -> None:
        """Tells the trace which of what was made stands in the answer now, and that the rest does not."""
        for at, (asked, new) in self._made.items():
            if at in places:
                near = [self.task.numbers[each] for each in asked.near]
                self.run.note("repaired", claim=asked.claim, by=new, near=near)
            else:
                self._note(asked.claim, "the answer would not stay whole with it")

    def _few(self, lacking: Sequence[Any]) -> Sequence[Any]:
        """Those that are asked for at all."""
        why = ""
        if not self.last and self.run.budget.tokens is not None:
            why = "the rest of the token budget is for the data"
        elif self.run.budget.seconds is not None:
            why = "an answer is not risked where there is a deadline"
        if why and lacking:
            self.run.note("not repaired", why=why, unsupported=len(lacking))
        return () if why else lacking[: repair.MOST]

    def _constraint(self, schema: dict[str, Any], pointer: str) -> Constraint | None:
        """One object with the value under its own schema, or null; None where that is not to be had."""
        leaf = leaf_schema(schema, pointer)
        if leaf is None:
            return None
        either = {"anyOf": [leaf, {"type": "null"}]}
        whole = {"type": "object", "properties": {"value": either}, "required": ["value"]}
        kept = {key: schema[key] for key in ("$schema", "$defs", "definitions") if key in schema}
        try:
            constraint = structured_json.constrain({**kept, **whole, "additionalProperties": False})
        except SchemaError:
            return None
        return constraint if self.run.engine.supports(constraint) is None else None

    def _done(self, claim: str, asked: Asked | None) -> Completion | None:
        """None where it cannot be asked, or is not worth what it takes."""
        why = "nothing near it, or no schema of its own" if asked is None else "too many tokens"
        try:
            if asked is not None and (own := self._own(asked)) <= self._left and self._affordable(asked):
                self._left -= own
                return self.run.ask(asked.request, purpose=repair.PURPOSE)
        except (BudgetError, EngineError, SchemaError) as error:  # the answer stands without it
            self.run.check()  # but the deadline ends the call
            why = str(error)
        self._note(claim, why)
        return None

    def _own(self, asked: Asked) -> int:
        """Its tokens beside those of the sources, with all that it may write."""
        shown = self.run.prompt_tokens(request(self.task, ""))
        return self.run.prompt_tokens(asked.request) - shown + asked.request.max_output_tokens

    def _affordable(self, asked: Asked) -> bool:
        """Whether the token budget holds it with all that it may write."""
        run = self.run
        if run.budget.tokens is None:
            return True
        spent = run.usage.tokens
        return spent + run.prompt_tokens(asked.request) + asked.request.max_output_tokens <= run.budget.tokens

    def _note(self, claim: str, why: str) -> None:
        self.run.note("not repaired", claim=claim, why=why)


def leaf_schema(schema: dict[str, Any], pointer: str) -> dict[str, Any] | None:
    """The schema of one value of a JSON; None where more than one may be meant."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    found = _referred(schema, schema)
    for step in steps:
        inside = _get(_get(found, "properties"), step)
        if inside is None and step.isdigit() and _get(found, "prefixItems") is None:
            inside = _get(found, "items")
        found = _referred(inside, schema)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _referred(schema: Any, root: dict[str, Any]) -> Any:
    """What a `$ref` into the schema itself leads to."""
    for _ in range(_MOST_REFS):
        ref = _get(schema, "$ref")
        if not isinstance(ref, str):
            return schema
        schema = root if ref.startswith("#") else None
        for key in ref.split("/")[1:]:
            schema = _get(schema, key)
    return None


def _get(value: Any, key: str) -> Any:
    return cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None


def _value(done: Completion) -> Any:
    """What stands in the object; None where it is cut or says that nothing is said."""
    try:
        return _get(json.loads(done.text), "value")
    except ValueError:
        return None
