"""The walk of one call: read the parts, fit them to the context, think, write, ground every claim."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import (
    BudgetError,
    CancelledError,
    ContextError,
    EngineError,
    LossError,
    SchemaError,
    UsageError,
)
from omniloom.core.events import Event, Progress
from omniloom.core.protocols import Engine
from omniloom.core.values import Completion, Constraint, Loss, Part, Response, Segment, Usage
from omniloom.outputs.schemas import shape
from omniloom.reasoning import decompose, direct, formulas, survey
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.focus import tabled
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.prompts import Task, request, said_text
from omniloom.reasoning.sample import PRICE, Sampler
from omniloom.runtime import cut
from omniloom.runtime.call import Call
from omniloom.runtime.choice import chosen, is_roomy, takes_programs
from omniloom.runtime.data import weighed
from omniloom.runtime.fit import fitted, room
from omniloom.runtime.form import Filled, Form
from omniloom.runtime.modes import OURS, written
from omniloom.runtime.order import Shown, arranged, focused
from omniloom.runtime.parts import noted
from omniloom.runtime.programs import computed
from omniloom.runtime.prose import Prose
from omniloom.runtime.read import named_files, once_each, read_all, taken_in
from omniloom.runtime.risk import Risk, family
from omniloom.runtime.run import EngineRun
from omniloom.runtime.solved import solved
from omniloom.runtime.trust import Refusal, Trust, measured
from omniloom.storage.store import Store


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
        self.ahead = False  # whether nothing is asked yet
        self.sums = False  # whether a formula is to be asked for
        self.strategy = call.strategy
        self.thinking = call.reasoning_budget
        self._sampler: Sampler | None = None
        self.widened: Callable[[], Task]  # the task as all sources have it, of one that is asked of some

    def go(self) -> Response:
        try:
            self.store.journal.begin(self.run.trace_id, self.call.trace or "generate")
            with self.run.span("generate", self.call.trace or "generate", engine=self.engine.name) as kept:
                constraint = self._constraint()
                parts = taken_in(self.call.inputs, self.store)
                risk = self._risk(parts)
                response = self._settled(self._task(parts), constraint, risk)
                kept.update(response.usage.model_dump(), abstained=response.abstained, losses=len(response.losses))
                self.store.journal.keep_response(self.run.trace_id, response, sources=list(self.run.sources))
            return response
        except CancelledError:
            self.run.check()  # a deadline that passed while something was read is a BudgetError
            raise
        finally:
            self.run.close()

    def warm(self) -> Usage:
        """Read everything and have the engine keep the state of the sources. What it says was read (and found kept).

        Raises ContextError where the sources do not fit as a whole: each question then has passages of its own.
        """
        self.ahead = True
        began, reading = time.monotonic(), list[int]()

        def told(step: Progress) -> None:
            reading.extend([int(step.done)] if step.step == "prefill" else [])
            self.emit(step)

        try:
            self.store.journal.begin(self.run.trace_id, "warm")
            with self.run.span("generate", "warm", engine=self.engine.name) as kept:
                self.engine.warm(request(self._task(taken_in(self.call.inputs, self.store)), ""), told)
                usage = Usage(
                    input_tokens=reading[-1] if reading else 0,
                    cached_tokens=reading[0] if reading else 0,
                    seconds=time.monotonic() - began,
                )
                kept.update(usage.model_dump())
            for loss in self.losses:
                self.emit(Progress(step=f"{loss.part}: {loss.kind}: {loss.detail}", done=0, unit="note"))
            return usage
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
            hint = "write it without that keyword, or take another engine"
            raise SchemaError(f"{self.engine.name} cannot enforce this schema: {why}", path=path, hint=hint)
        return constraint

    def _risk(self, parts: Sequence[Part]) -> Risk:
        """Decided before anything is read, too: what cannot be promised fails here."""
        sources = once_each(parts)
        fields = 0 if "text" in self.call.output_modes else max(1, len(self.schema.get("properties", ())))
        if self.call.max_risk is not None and not (sources and set(self.call.output_modes) <= set(OURS)):
            raise UsageError(
                "max_risk weighs words and data by the sources that they cite: there are none here, or another output",
                hint="give files, and output_modes of text and structured_json",
            )
        bare = Task(said="", parts=sources, passages=Passages((), {}), history=self.call.messages)
        bare = replace(bare, said=said_text(parts, bare.letters))
        if self.call.max_risk is not None and "text" in self.call.output_modes and survey.is_broad(bare):
            raise UsageError(
                "max_risk weighs one answer: this asks for a survey of the sources, each of which is told on its own",
                hint="ask a question with one answer, give one source, or ask for data only (a schema)",
            )
        of = family(sources, fields)
        risk = Risk(self.call.max_risk, self.store, self.engine, of, self.call.beside)
        if risk.promise is not None and risk.calibrator is not None:
            self.run.note("max_risk", calibrator=risk.calibrator.name, guarantee=risk.promise.guarantee)
        return risk

    def _task(self, parts: Sequence[Part]) -> Task:
        sources = once_each(parts)
        self.run.sources = tuple(part.id for part in sources)
        natives = tuple(
            Segment(source=part.id, content=part, made_by="native")
            for part in sources
            if part.kind in self.engine.capabilities.input_kinds - {"text"}
        )
        segments, losses = read_all(sources, self.run, self.engine.capabilities)
        self._report(losses)
        self._report(named_files(parts))
        said = said_text(parts, {})
        about = frozenset[str]() if natives or self.call.messages else tabled(said, sources)
        self._choose(said, [part for part in sources if not about or part.id in about], segments)
        budget, price = self.call.reasoning_budget, PRICE if self.call.priced else None
        buys = self.strategy == "sample" or (self.strategy == "program" and budget)
        task = Task(
            said=said,
            parts=sources,
            passages=Passages((), {}),
            system=self.call.system,
            history=self.call.messages,
            sampling=self.call.sampling,
            seed=self.call.seed,
            max_output_tokens=self.call.max_output_tokens,
            stop=self.call.stop,
            natives=natives,
            focus=about if self.strategy == "program" else frozenset(),
        )
        if not task.said and not sources:
            raise UsageError("nothing was asked", hint="give a question, a file, or both")
        if buys:
            programs = self.strategy == "sample" and takes_programs(self.run, task)
            before = programs and is_roomy(self.run, self.call)
            self._sampler = Sampler(budget, price, programs=programs, before=before)
            task = replace(task, sampler=self._sampler)
        return self._worked_out(self._with_passages(self._computed(task, segments), parts, segments))

    def _choose(self, said: str, sources: Sequence[Part], segments: Sequence[Segment]) -> None:
        if self.strategy == "sample" and not self.call.reasoning_budget:
            told = "it buys answers with reasoning_budget, which is 0: one was asked for"
            self._report([Loss(kind="not_sampled", severity="reduced", part="strategy='sample'", detail=told)])
        if self.strategy != "auto" or self.ahead:
            return
        choice = chosen(self.call, self.engine, said, sources, segments)
        self._take(choice.strategy)
        self.run.note("strategy", chosen=choice.strategy, why=choice.why)

    def _take(self, strategy: str) -> None:
        self.strategy = strategy
        if self.call.priced and strategy == "direct":
            self.call, self.thinking = replace(self.call, reasoning_budget=0), 0

    def _computed(self, task: Task, segments: Sequence[Segment]) -> Task:
        """With what a query over the tables gave, where that is how to answer."""
        if self.ahead or self.strategy != "program":
            return task
        self.sums = formulas.wanted(task, segments)
        if self.sums:
            return task
        holds = room(self.run, self.call, task, segments) if self.call.strategy == "auto" else None
        made, losses = computed(self.run, measured(self.run, task), segments, self.schema, holds)
        self._report(losses)
        if holds is not None and made is None and not losses:  # no query was asked for
            self._take("direct")
            task = replace(task, sampler=None)
        return replace(task, computed=made, focus=task.focus if made is not None and made.alone else frozenset())

    def _worked_out(self, task: Task) -> Task:
        """With what a formula came to, where numbers that do not all stand in tables are to be computed with."""
        if self.strategy == "solve" and not self.ahead:
            task, self.thinking = solved(self.run, self.call, task, self._report)
        if not self.sums:
            return task
        return replace(task, computed=formulas.worked_out(self.run, measured(self.run, task), self.engine.supports))

    def _with_passages(self, task: Task, parts: Sequence[Part], segments: Sequence[Segment]) -> Task:
        """The task with the Segments that are shown; beside what was computed those that it cites."""
        made, sources = task.computed, task.parts
        extra = made.text(segments) if made is not None else ""
        shown = [] if made is not None and made.alone else self._fitted(task, segments, extra)
        if made is not None:
            shown = sorted({*shown, *made.cited})
            task = replace(task, computed=made.placed({index: at for at, index in enumerate(shown)}))
        names = {part.id: part.name for part in sources}
        passages = Passages(tuple(segments[index] for index in shown), names)
        left_out = {segment.source for segment in segments} - {segment.source for segment in passages.segments}
        letters = {source: letter for source, letter in task.letters.items() if source not in left_out}
        task = replace(task, said=said_text(parts, letters), passages=passages, left_out=frozenset(left_out))
        if {*self.call.output_modes} - {*OURS} or (made is not None and made.alone):
            return task
        shown = self._shown(task)
        self.widened = lambda: arranged(self.run, task, parts, shown)
        narrow = None if made is not None or shown.each or self.ahead else focused(self.run, task, parts, shown)
        return narrow or self.widened()

    def _shown(self, task: Task) -> Shown:
        """Which prompts the answer takes."""
        surveys = not self.ahead and "text" in self.call.output_modes and survey.is_broad(task)
        fills = "structured_json" in self.call.output_modes
        return Shown(not surveys or fills, surveys, shape(self.schema) if fills else "")

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

    def _fitted(self, task: Task, segments: Sequence[Segment], extra: str = "") -> list[int]:
        looks = shape(self.schema) if "structured_json" in self.call.output_modes else ""
        dense = self.has_embedder and not self.ahead
        return fitted(self.run, self.call, task, segments, extra=extra, shape=looks, dense=dense, ahead=self.ahead)

    # -- the model -----------------------------------------------------------------------------------------------

    def _settled(self, task: Task, constraint: Constraint | None, risk: Risk) -> Response:
        """The answer from the sources that the question is about; where these give none, from all of them. What was
        written before is not shown then."""
        if not task.focus or task.computed is not None:
            return self._answered(task, constraint, risk)
        emit, told, losses = self.emit, list[Event](), list(self.losses)
        self.emit = told.append
        try:
            response = self._answered(task, constraint, risk)
        finally:
            self.emit = emit
        if response.abstained and risk.promise is None:  # a second draw is no part of what was promised
            self.run.note("focus", widened="they give no answer")
            self.losses, self.thinking, kept = losses, 0, self.losses  # what may be thought was thought
            self.run.deadline.holds = False  # what a part of the sources does not say, the others may
            try:
                return self._answered(self.widened(), constraint, risk)
            except (ContextError, EngineError) as error:  # a budget that ends is no answer of the others
                self.run.check()
                self.losses = kept
                self.run.note("focus", narrow=str(error))
        for event in told:
            emit(event)
        return response

    def _answered(self, task: Task, constraint: Constraint | None, risk: Risk) -> Response:
        surveys = "text" in self.call.output_modes and survey.is_broad(task)
        task = self._apart(measured(self.run, task), surveys)
        trust = Trust(self.run, task, risk, verify=self.call.verify, weigh=self.strategy == "weigh")
        native = self.thinking if self.engine.capabilities.reasoning and task.sampler is None else 0
        notes = self._notes(task, surveys)

        def refuses(asked: Task, writer: ClaimWriter, done: Completion) -> Refusal:
            judge = trust if asked is task else Trust(self.run, asked, risk, part=True)
            judge.cut = bool(prose.cut)
            return judge.refuses(writer.claims, done, done.text, lambda t: direct.answer(self.run, t, notes, 0).text)

        rules = (self.call.unsupported, risk.promise is not None, trust.repairs, constraint is not None)
        prose = Prose(self.run, task, self.losses, self.emit, refuses, *rules)
        told: Completion | None = None
        if "text" in self.call.output_modes:
            told, native = prose.write(notes, native), native if surveys else 0
        elif task.questions:
            notes, native = noted(self.run, task, notes, native, self.call.unsupported, refuses, self._report), 0
        filled: Filled | None = None
        if constraint is not None and not prose.withheld:
            filled = self._data(task, constraint, notes, prose, native, trust)
        prose.release()
        claims = trust.weighed(prose.writer.claims, told, prose.writer.written)
        completion = told or (filled and filled.completion)
        outputs = {"text": prose.writer.text, "structured_json": filled and filled.data}
        if not (prose.withheld or (filled and filled.withheld)):  # what is not given is not given in another form
            others, first = written(self.run, self.engine, task, self.call.output_modes, prose.cut)
            outputs, completion = outputs | others, completion or first
        return Response(
            text=prose.writer.text,
            data=filled and filled.data,
            outputs={mode: outputs.get(mode) for mode in self.call.output_modes},
            claims=(*claims, *(filled.claims if filled else ())),
            confidence=trust.confidence(completion),
            abstained=prose.abstained or (filled is not None and filled.abstained),
            losses=(*self.losses, *risk.losses, *prose.cut, *prose.remarks()),
            finish_reason=cut.finish_reason(self.run, prose.cut, completion),
            usage=self.usage(),
            trace_id=self.run.trace_id,
            sources=tuple(_without_password(part) for part in task.parts),
        )

    def _apart(self, task: Task, surveys: bool) -> Task:
        return decompose.split(self.run, task) if self.strategy == "decompose" and not surveys else task

    def _data(
        self, task: Task, constraint: Constraint, notes: str, prose: Prose, native: int, trust: Trust
    ) -> Filled | None:
        """None where a budget ends before they are written, and there are words to give."""
        form = Form(constraint, self.schema, self.call.schema, self.call.unsupported, trust.repairs)
        try:
            filled, told = weighed(self.run, task, form, notes, prose.writer.text, native, trust)
        except BudgetError as error:
            if not self.run.deadline.holds:
                raise
            prose.cut.append(cut.loss(error, "the data", "they are not written"))
            return None
        self.losses += told
        if "text" in self.call.output_modes and filled.withheld:
            prose.withdraw(filled.withheld)
        return filled

    def _notes(self, task: Task, surveys: bool) -> str:
        """Notes from a scratch-pad, where they are asked for and of use, and the token budget has room for them."""
        budget = self.thinking if task.sampler is None else 0  # which it buys samples with
        if budget and surveys:
            self.run.note("reasoning", skipped="every source is visited on its own instead")
            return ""
        try:
            return direct.think(self.run, task, budget, self.engine.capabilities)
        except BudgetError as error:
            self.run.check()  # the deadline ends the call
            self.run.note("reasoning", skipped=str(error))
            return ""

    def usage(self) -> Usage:
        """What the call has used; what was written on a scratch-pad is reasoning, not output."""
        usage, given = self.run.usage, self._sampler.given if self._sampler is not None else 0
        thought = self.run.scratch_tokens - given
        changed = {"reasoning_tokens": usage.reasoning_tokens + thought, "output_tokens": usage.output_tokens - thought}
        if not given:
            return usage.model_copy(update=changed)
        rest = usage.written["sample"] - given
        written = {**usage.written, "answer": usage.written.get("answer", 0) + given, "sample": rest}
        return usage.model_copy(update={**changed, "written": written})


def _without_password(part: Part) -> Part:
    """A Response is kept in the journal; a password is not."""
    options = {key: value for key, value in part.options.items() if key != "password"}
    return part.model_copy(update={"options": options})
