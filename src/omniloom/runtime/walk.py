"""The walk of one call: read the parts, fit them to the context, think, write, ground every claim."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import CancelledError, ContextError, LossError, SchemaError, UsageError
from omniloom.core.events import CitationAdded, Event, Progress, TextDelta
from omniloom.core.protocols import Engine
from omniloom.core.values import Completion, Constraint, Loss, Part, Response, Segment
from omniloom.reasoning import direct, survey
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.confidence import mean_probability
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.prompts import Task, request, said_text
from omniloom.retrieval.fuse import fit, shown_text
from omniloom.runtime.call import Call
from omniloom.runtime.estimate import seconds
from omniloom.runtime.form import Form, filled_in
from omniloom.runtime.read import read_all, taken_in
from omniloom.runtime.run import EngineRun
from omniloom.storage.store import Store

_OVERHEAD_TOKENS = 400
_TOKENS_A_SEGMENT = 8
_USUAL_ANSWER = 150
_WORTH_SAYING = 2.0
_NOT_FOUND_TEXT = "The sources do not answer this."


class Walk:
    """One call over one engine; `go` returns the Response, everything before it is told through `emit`."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        call: Call,
        emit: Callable[[Event], None],
        cancel: Flag,
        embedder: Callable[[], Engine] | None,
    ) -> None:
        self.call = call
        self.engine = engine
        self.store = store
        self.emit = emit
        self.run = EngineRun(engine, store, emit=emit, cancel=cancel, budget=call.budget, embedder=embedder)
        self.has_embedder = embedder is not None
        self.losses: list[Loss] = []
        self.schema: dict[str, Any] = {}
        self.cited = 0

    def go(self) -> Response:
        try:
            self.store.journal.begin(self.run.trace_id, self.call.trace or "generate")
            with self.run.span("generate", self.call.trace or "generate", engine=self.engine.name) as kept:
                constraint = self._constraint()
                response = self._answered(self._task(), constraint)
                kept.update(response.usage.model_dump(), abstained=response.abstained, losses=len(response.losses))
                self.store.journal.keep_response(self.run.trace_id, response, sources=list(self.run.sources))
            return response
        except CancelledError:
            self.run.check()  # a deadline that passed while something was read is a BudgetError
            raise
        finally:
            self.run.close()

    def warm(self) -> None:
        """Read everything and have the engine keep the state of the sources."""
        try:
            self.store.journal.begin(self.run.trace_id, "warm")
            with self.run.span("generate", "warm", engine=self.engine.name):
                self.engine.warm(request(self._task(), ""))
        finally:
            self.run.close()

    # -- before the model ----------------------------------------------------------------------------------------

    def _constraint(self) -> Constraint | None:
        """Decided before anything is read: a schema that cannot be enforced fails here, with the keyword's path."""
        if "structured_json" not in self.call.output_modes:
            return None
        from omniloom.outputs import structured_json
        from omniloom.outputs.schemas import normalize

        self.schema = normalize(self.call.schema)
        constraint = structured_json.constrain(self.schema)
        if (why := self.engine.supports(constraint)) is not None:
            path = why.split(" ", 1)[0].rstrip(":") if why.startswith("/") else ""
            raise SchemaError(f"{self.engine.name} cannot enforce this schema: {why}", path=path)
        return constraint

    def _task(self) -> Task:
        parts = taken_in(self.call.inputs, self.store)
        sources = tuple({part.id: part for part in parts if part.is_source}.values())
        self.run.sources = tuple(part.id for part in sources)
        natives = tuple(
            Segment(source=part.id, content=part, made_by="native")
            for part in sources
            if part.kind in self.engine.capabilities.input_kinds - {"text"}
        )
        segments, losses = read_all(sources, self.run, self.engine.capabilities)
        self._report(losses)
        task = Task(
            said=said_text(parts, {}),
            parts=sources,
            passages=Passages((), {}),
            system=self.call.system,
            history=self.call.messages,
            sampling=self.call.sampling,
            seed=self.call.seed,
            max_output_tokens=self.call.max_output_tokens,
            stop=self.call.stop,
            natives=natives,
        )
        said = said_text(parts, task.letters)
        if not said and not sources:
            raise UsageError("nothing was asked", hint="give a question, a file, or both")
        shown = self._fitted(said, segments)
        names = {part.id: part.name for part in sources}
        passages = Passages(tuple(segments[index] for index in shown), names)
        return replace(task, said=said, passages=passages)

    def _report(self, losses: Sequence[Loss]) -> None:
        self.losses += losses
        lost = tuple(loss for loss in losses if loss.severity == "lost")
        if lost and self.call.on_loss == "error":
            first = lost[0]
            raise LossError(
                f"{len(lost)} thing(s) would be lost, first {first.kind} in {first.part!r}: {first.detail}",
                losses=lost,
                hint='on_loss="report" goes on without them and lists them with the answer',
            )

    def _fitted(self, said: str, segments: Sequence[Segment]) -> list[int]:
        call = self.call
        history = "\n".join(message.text for message in call.messages)
        around, *costs = self.run.count_tokens(
            [f"{call.system}\n{history}\n{said}", *(shown_text(segment) for segment in segments)]
        )
        costs = [cost + _TOKENS_A_SEGMENT for cost in costs]
        used = around + _OVERHEAD_TOKENS + call.max_output_tokens + 2 * call.reasoning_budget
        room = self.engine.capabilities.context_tokens - used
        with self.run.span("retrieve", "fit", segments=len(segments), room=room) as kept:
            chosen = fit(said, segments, costs, room, self.run, dense=self.has_embedder)
            kept["shown"] = len(chosen)
            tokens = around + _OVERHEAD_TOKENS + sum(costs[index] for index in chosen)
            waiting = seconds(self.store.journal, self.run.identity, tokens, _USUAL_ANSWER + call.reasoning_budget)
            kept["estimated_seconds"] = round(waiting, 1)
        if waiting >= _WORTH_SAYING:
            self.emit(Progress(step="answering", done=0, total=waiting, unit="estimate"))
        if segments and not chosen:
            raise ContextError(
                f"none of the {len(segments)} passages fits: {max(room, 0)} tokens are left for them",
                hint="ask for a shorter answer, think less, or load with a larger context_tokens",
            )
        return chosen

    # -- the model -----------------------------------------------------------------------------------------------

    def _answered(self, task: Task, constraint: Constraint | None) -> Response:
        capabilities = self.engine.capabilities
        budget = self.call.reasoning_budget
        surveys = self.call.output_modes == ("text",) and survey.is_broad(task.said, task.parts)
        if budget and surveys:
            self.run.note("reasoning", skipped="every source is visited on its own instead")
        notes = "" if surveys else direct.think(self.run, task, budget, capabilities)
        native = budget if capabilities.reasoning else 0
        writer = ClaimWriter(task.passages, task.parts, self.call.unsupported)
        completion: Completion | None = None
        abstained = False
        if "text" in self.call.output_modes:
            completion, abstained = self._text(task, notes, native, writer)
            native = 0
        data: Any = None
        claims = list(writer.claims)
        if constraint is not None:
            form = Form(constraint, self.schema, self.call.schema)
            filled = filled_in(self.run, task, form, notes, writer.text, native)
            data = filled.data
            claims += filled.claims
            completion = completion or filled.completion
        usage = self.run.usage.model_copy(
            update={"reasoning_tokens": self.run.usage.reasoning_tokens + self.run.scratch_tokens}
        )
        usage = usage.model_copy(update={"output_tokens": usage.output_tokens - self.run.scratch_tokens})
        outputs = {"text": writer.text, "structured_json": data}
        return Response(
            text=writer.text,
            data=data,
            outputs={mode: outputs[mode] for mode in self.call.output_modes},
            claims=tuple(claims),
            confidence=mean_probability(completion) if completion else None,
            abstained=abstained,
            losses=tuple(self.losses),
            finish_reason=completion.finish_reason if completion else "stop",
            usage=usage,
            trace_id=self.run.trace_id,
            sources=tuple(_without_password(part) for part in task.parts),
        )

    def _text(self, task: Task, notes: str, native: int, writer: ClaimWriter) -> tuple[Completion | None, bool]:
        """Writes the answer through `writer`; the completion it came from, and whether it abstains."""
        if not task.parts:
            done = direct.answer(self.run, task, notes, native, lambda text: self._show(writer.say(text), writer))
            return done, False
        if survey.is_broad(task.said, task.parts):
            return None, self._survey(task, writer)
        held: list[str] = []
        live = self.call.unsupported != "abstain"

        def on_text(text: str) -> None:
            # The first words are held back until it is clear that they are not the sign for "not found".
            held.append(text)
            so_far = "".join(held)
            if live and not direct.may_be_not_found(so_far):
                held.clear()
                self._show(writer.feed(so_far), writer)

        done = direct.answer(self.run, task, notes, native, on_text)
        if direct.is_not_found(done.text):
            return done, self._abstain(writer)
        self._show(writer.feed("".join(held)) if live else iter(()), writer)
        if not live:
            _silently(chain(writer.feed("".join(held)), writer.finish()))
            return done, self._settle(writer)
        self._show(writer.finish(), writer)
        self._disagreements(task, writer, cited_only=True)
        return done, self._unseen(writer)

    def _settle(self, writer: ClaimWriter) -> bool:
        """Shows an answer that was held back, if every claim of it is supported; abstains otherwise."""
        if all(claim.supported for claim in writer.claims):
            text, writer.text = writer.text, ""
            self._show(writer.say(text), writer)
            return False
        writer.text = ""
        writer.claims.clear()
        return self._abstain(writer)

    def _unseen(self, writer: ClaimWriter) -> bool:
        """An answer of which nothing is supported, over sources with content nobody saw, is no answer."""
        unseen = any(loss.kind == "not_seen" for loss in self.losses)
        return unseen and bool(writer.claims) and not any(claim.supported for claim in writer.claims)

    def _abstain(self, writer: ClaimWriter) -> bool:
        unseen = [loss for loss in self.losses if loss.kind in ("not_seen", "not_heard")]
        self._show(writer.say(_NOT_FOUND_TEXT + "".join(f" {loss.detail}" for loss in unseen[:1])), writer)
        return True

    def _survey(self, task: Task, writer: ClaimWriter) -> bool:
        """Every source in turn, then where they disagree; whether the answer abstains."""
        self.run.note("survey", sources=[part.name for part in task.parts])
        live = self.call.unsupported != "abstain"
        for part in task.parts:
            self.run.check()
            found = survey.visit(self.run, task, part)
            if not found:
                continue
            within = survey.passages_of(task.passages, part)
            pieces = chain(
                writer.say(("\n" if writer.text else "") + f"{part.name}: "),
                writer.feed(found, within),
                writer.finish(within),
                writer.say("\n"),
            )
            self._show(pieces if live else _silently(pieces), writer)
        if not live:
            return self._settle(writer)
        self._disagreements(task, writer)
        return False

    def _disagreements(self, task: Task, writer: ClaimWriter, *, cited_only: bool = False) -> None:
        """Says where sources give different numbers; with `cited_only`, only where the answer quotes one of them."""
        if len(task.parts) < 2:
            return
        found = survey.candidates(task.passages)
        if cited_only:
            found = [each for each in found if writer.has_cited(each.first) or writer.has_cited(each.second)]
        with self.run.span("conflicts", "conflicts", candidates=len(found)):
            for conflict in survey.conflicts(self.run, task, found):
                self._show(writer.disagree(conflict.first, conflict.second), writer)

    def _show(self, pieces: Iterator[str], writer: ClaimWriter) -> None:
        for piece in pieces:
            self.emit(TextDelta(text=piece))
            while self.cited < len(writer.claims):
                for citation in writer.claims[self.cited].citations:
                    self.emit(CitationAdded(claim=self.cited, citation=citation))
                self.cited += 1
        if self.run.cancel.is_set():
            self.run.check()
            raise CancelledError("the call was cancelled")


def _silently(pieces: Iterator[str]) -> Iterator[str]:
    """Lets the pieces be written into the claims without showing them."""
    for _ in pieces:
        pass
    return iter(())


def _without_password(part: Part) -> Part:
    """A Response is kept in the journal; a password is not."""
    options = {key: value for key, value in part.options.items() if key != "password"}
    return part.model_copy(update={"options": options})
