"""The one door. Budget, cache, cancellation, streaming, retries and the trace live here and nowhere else."""

import hashlib
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Event as Flag
from typing import Any, TypeVar

from omniloom.core.errors import (
    BudgetError,
    CancelledError,
    EngineError,
    OmniloomError,
    UnsupportedError,
    UsageError,
)
from omniloom.core.events import Event, Finished, Progress, ReasoningDelta, Span, TextDelta
from omniloom.core.protocols import Engine, Storing
from omniloom.core.values import Budget, Completion, Effect, Request, Segment, Tool, ToolCall, ToolResult, Usage
from omniloom.engines.adapters import unsaid
from omniloom.engines.wire import pumped
from omniloom.runtime.deadline import Deadline
from omniloom.runtime.estimate import remember
from omniloom.runtime.heard import Heard
from omniloom.storage.store import Store

_ATTEMPTS = 2
_LEAST_ANSWER = 16
_PIECES = 8  # of a text, for each of which its progress is told
_THOUGHT = ("reasoning", "sample")  # purposes whose output is not the answer's
_TRACED = 2000  # characters of a tool's result that stand in the trace
_T = TypeVar("_T")


class EngineRun:
    """`core.protocols.Run` for one call of `generate`.

    emit receives every event for the caller; sources are the ids of the Parts whose content the requests hold,
    so that `forget` finds what was made from them.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        *,
        emit: Callable[[Event], None],
        cancel: Flag,
        budget: Budget = Budget(),
        embedder: Callable[[], Engine] | None = None,
        trace_id: str | None = None,
    ) -> None:
        self.engine = engine
        self.store = store
        self.emit = emit
        self.budget = budget
        self.trace_id = trace_id or uuid.uuid4().hex[:16]
        self.usage = Usage()
        self.sources: tuple[str, ...] = ()
        self.scratch_tokens = 0
        self.tools: dict[str, Tool] = {}
        self.allowed: frozenset[Effect] = frozenset({"none", "read"})
        self._embedder = embedder
        self._stack: list[str] = []
        self._root: str | None = None
        self.deadline = Deadline(cancel, budget.seconds)

    @property
    def cancel(self) -> Flag:
        """Set when what runs is to end."""
        return self.deadline.cancel

    def close(self) -> None:
        self.deadline.close()

    # -- trace -------------------------------------------------------------------------------------------------

    @contextmanager
    def span(self, operation: str, name: str, **attributes: Any) -> Generator[dict[str, Any]]:
        """A step of the trace; what is put into the yielded dict stands with it."""
        span = Span(
            id=uuid.uuid4().hex[:16],
            parent=self._stack[-1] if self._stack else self._root,  # also of what is noted when it has ended
            operation=operation,
            name=name,
            start=time.time(),
            attributes=attributes,
        )
        began = time.monotonic()  # how long it took is not asked of a clock that may be set meanwhile
        kept: dict[str, Any] = dict(attributes)
        self.store.journal.span(self.trace_id, span)
        self._root = self._root or span.id
        self._stack.append(span.id)
        status = "ok"
        try:
            yield kept
        except BaseException as error:
            cancelled = isinstance(error, (CancelledError, KeyboardInterrupt, GeneratorExit))
            status = "cancelled" if cancelled else "error"
            kept["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._stack.pop()
            end = span.start + time.monotonic() - began
            ended = span.model_copy(update={"end": end, "status": status, "attributes": kept})
            self.store.journal.span(self.trace_id, ended)

    def note(self, name: str, **attributes: object) -> None:
        with self.span("decision", name, **attributes):
            pass

    # -- the engine --------------------------------------------------------------------------------------------

    def ask(
        self,
        request: Request,
        *,
        purpose: str = "chat",
        on_text: Callable[[str], None] | None = None,
        partial: bool = False,
    ) -> Completion:
        """One completion. `on_text` receives its text as it comes; a kept completion comes in one piece.

        A token budget counts kept completions too: so a call answers alike whether its steps were kept or not.
        Raises BudgetError before the work if it would not fit, CancelledError, EngineError, ContextError.
        """
        with self.span("chat", purpose, model=self.engine.name, purpose=purpose) as kept:
            request = self._reserve(request, purpose)
            key = self._key(request)
            kept["request"] = key
            able = self.engine.capabilities
            repeatable = able.repeatable and (able.seeded or request.sampling.temperature == 0)
            done = self.store.journal.completion(key) if repeatable else None
            kept["replayed"] = done is not None
            if done is not None:
                done = done.model_copy(update={"usage": _replayed(done.usage)})
                if done.reasoning:
                    self.emit(ReasoningDelta(text=done.reasoning))
                if on_text is not None:
                    on_text(done.text)
            else:
                done = self._compute(request, on_text or self._counted(request, purpose), partial)
                remember(self.store.journal, self.identity, done.usage)
                if repeatable and done.finish_reason in ("stop", "length"):
                    self.store.journal.keep_completion(key, done, list(self.sources))
            self._account(done, kept)
            return done

    def _counted(self, request: Request, purpose: str) -> Callable[[str], None]:
        """Of a text that is not shown, how many pieces of it are written."""
        pieces = count(1)

        def told(_: str) -> None:
            if (done := next(pieces)) % _PIECES == 0:
                self.emit(Progress(step=purpose, done=done, total=request.max_output_tokens, unit="tokens"))

        return told

    @property
    def identity(self) -> str:
        """What decides the engine's answers: its weights and parameters, where it tells them."""
        return getattr(self.engine, "identity", self.engine.name)

    def _key(self, request: Request) -> str:
        of = getattr(self.engine, "identity_of", None)  # it may depend on the adapter
        identity = self.identity if of is None else of(request)
        told = request.model_dump_json(exclude=unsaid(request))
        return hashlib.sha256(f"{identity}\n{told}".encode()).hexdigest()

    def _account(self, completion: Completion, kept: dict[str, Any]) -> None:
        usage = completion.usage
        written = {str(kept["purpose"]): usage.output_tokens + usage.reasoning_tokens}
        self.usage = self.usage + usage.model_copy(update={"written": written})
        if kept["purpose"] in _THOUGHT:
            self.scratch_tokens += usage.output_tokens
        told = usage.model_dump(exclude={"money", "written"})
        kept.update(told, finish_reason=completion.finish_reason, text=completion.text)

    def _reserve(self, request: Request, purpose: str) -> Request:
        """The request with its output cut to what the token budget still holds; BudgetError if nothing fits.

        Notes are read again by the step that follows them, so they may take half of what that step leaves.
        """
        self.check()
        self.lowered = False
        if self.budget.money is not None and not self.engine.capabilities.local:
            raise BudgetError(
                f"a money budget of {self.budget.money!r} was given, but {self.engine.name!r} has no known prices",
                hint="give budget tokens instead",
            )
        if self.budget.tokens is None:
            return request
        prompt = self.prompt_tokens(request)
        left = self.budget.tokens - self.usage.tokens - prompt
        if purpose == "reasoning":
            left = (left - prompt - _LEAST_ANSWER) // 2
        reasoning = min(request.reasoning_budget, max(left - _LEAST_ANSWER, 0))
        output = min(request.max_output_tokens, left - reasoning)
        if output < 1:
            raise BudgetError(
                f"the next step does not fit into the budget of {self.budget.tokens} tokens, "
                f"{self.usage.tokens} are spent",
                hint="raise budget tokens, or give fewer or shorter inputs",
            )
        self.lowered = output < request.max_output_tokens
        return request.model_copy(update={"reasoning_budget": reasoning, "max_output_tokens": output})

    def check(self) -> None:
        self.deadline.check()

    def concludes(self) -> bool:
        return self.deadline.concludes()

    def _compute(self, request: Request, on_text: Callable[[str], None] | None, partial: bool) -> Completion:
        self.deadline.computes()
        told = 0  # characters of reasoning that were shown: a second try shows only what comes after them
        for attempt in range(_ATTEMPTS):
            heard = Heard()
            try:
                for event in self.engine.stream(request, self.cancel):
                    heard.take(event)
                    if isinstance(event, Finished):
                        return event.completion
                    if isinstance(event, TextDelta):
                        if on_text is not None:
                            on_text(event.text)
                    elif isinstance(event, ReasoningDelta):
                        if len(heard.thought) > told:
                            self.emit(ReasoningDelta(text=event.text[told - len(heard.thought) :]))
                            told = len(heard.thought)
                    elif isinstance(event, Progress):
                        self.emit(event)
            except OmniloomError as error:
                if partial and heard.text.strip() and self.concludes():
                    self.check()  # the caller may have cancelled too
                    return heard.completion(lambda: self.prompt_tokens(request))
                self.deadline.computes()
                if not error.retryable or heard.text or attempt + 1 == _ATTEMPTS:
                    raise
                self.note("retry", error=str(error))
        raise EngineError(f"the engine {self.engine.name!r} ended its stream without a result")

    def ask_many(self, requests: Sequence[Request], *, purpose: str = "chat") -> list[Completion]:
        """Completions in order; requests that share a source prefix share its computation in the engine."""
        return [self.ask(request, purpose=purpose) for request in requests]

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, from the embedding model; what was embedded before is not embedded again."""
        self.deadline.computes()
        if self._embedder is None:
            raise UnsupportedError("no embedding model is available", hint="omniloom pull all-minilm-l6-v2")
        embedder = self._embedder()
        name = getattr(embedder, "identity", embedder.name)
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        with self.span("embeddings", embedder.name, texts=len(texts)) as kept:
            known = self.store.journal.vectors(name, digests)
            missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
            kept["computed"] = len(missing)
            if missing:
                vectors = self._while_wanted(lambda: embedder.embed(list(missing.values())))
                fresh = dict(zip(missing, vectors, strict=True))
                self.store.journal.keep_vectors(name, fresh, sources=list(self.sources))
                known = {**known, **fresh}
            self.check()
            return [known[digest] for digest in digests]

    def stored(self, requests: Sequence[Request]) -> list[int]:
        """How many first tokens of each request the engine need not compute; 0 where it cannot tell."""
        engine = self.engine
        if not (engine.capabilities.stored and isinstance(engine, Storing)):
            return [0] * len(requests)
        with self.span("decision", "stored", requests=len(requests)) as kept:
            tokens = self._while_wanted(lambda: [engine.stored_tokens(each) for each in requests])
            kept["tokens"] = tokens
            return tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text. Counts are kept, so that a run that computes nothing need not start the engine."""
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        counts = self._counts(dict(zip(digests, texts, strict=True)))
        return [counts[digest] for digest in digests]

    def prompt_tokens(self, request: Request) -> int:
        """Tokens of the whole prompt, in the engine's template."""
        digest = hashlib.sha256(f"request {request.model_dump_json(include={'messages'})}".encode()).hexdigest()
        return self._counts({digest: request})[digest]

    def _counts(self, asked: Mapping[str, str | Request]) -> dict[str, int]:
        name = f"token counts of {self.identity}"
        known = self.store.journal.vectors(name, list(asked))
        missing = {digest: each for digest, each in asked.items() if digest not in known}
        if missing:
            counts = self._while_wanted(lambda: [self.engine.count_tokens(each) for each in missing.values()])
            fresh = {digest: [float(count)] for digest, count in zip(missing, counts, strict=True)}
            self.store.journal.keep_vectors(name, fresh, sources=list(self.sources))
            known = {**known, **fresh}
        return {digest: int(known[digest][0]) for digest in asked}

    def _while_wanted(self, work: Callable[[], _T]) -> _T:
        """`work()` in a thread of its own, which is left when the call is cancelled: an engine that loads to count
        tokens, or embeds, cannot be told to stop, but its end need not be waited for."""
        try:
            [value] = pumped(lambda: iter((work(),)), lambda: None, self.cancel)
        except CancelledError:
            self.check()  # it may have been the deadline
            raise
        return value

    # -- tools -------------------------------------------------------------------------------------------------

    def give(self, tool: Tool, allowed: Iterable[Effect] = ()) -> None:
        """From now on `call` runs this tool, and tools that have these effects beside "none" and "read"."""
        self.tools[tool.name] = tool
        self.allowed |= frozenset(allowed)

    def call(self, tool_call: ToolCall) -> ToolResult:
        """What a tool gave; what it raises is the error of the result. The time budget and the caller end it.

        Raises UnsupportedError for a tool that was not given, or that does more than this run allows.
        """
        self.deadline.computes()
        tool = self.tools.get(tool_call.name)
        if tool is None or tool.function is None:
            raise UnsupportedError(f"there is no tool {tool_call.name!r}", hint=f"there are {sorted(self.tools)}")
        if beyond := tool.effects - self.allowed:
            raise UnsupportedError(f"the tool {tool.name!r} has effects that are not allowed: {sorted(beyond)}")
        with self.span("execute_tool", tool.name, arguments=tool_call.arguments) as kept:
            function = tool.function
            try:
                value = self._while_wanted(lambda: function(**_arguments(tool, tool_call.arguments)))
            except (BudgetError, CancelledError):
                raise
            except Exception as error:  # whatever a tool raises ends its call, and not ours
                kept["failed"] = why = str(error) if isinstance(error, OmniloomError) else repr(error)[:_TRACED]
                return ToolResult(id=tool_call.id, error=why)
            text = str(value)
            kept["result"] = text[:_TRACED]
            shown = Segment(source=f"tool:{tool.name}", content=text, made_by=f"tool.{tool.name}")
            return ToolResult(id=tool_call.id, segments=(shown,), value=value)


def _arguments(tool: Tool, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments, if their names are the tool's. Raises UsageError."""
    known, needed = tool.parameters.get("properties", {}), tool.parameters.get("required", [])
    wrong = [*(name for name in given if name not in known), *(name for name in needed if name not in given)]
    if wrong:
        raise UsageError(f"{tool.name} takes {', '.join(known)}, not {', '.join(given) or 'nothing'}")
    return given


def _replayed(usage: Usage) -> Usage:
    """What a kept completion costs now: its tokens are counted as cached, nothing is computed."""
    return usage.model_copy(
        update={"cached_tokens": usage.input_tokens, "seconds": 0.0, "first_token_seconds": 0.0, "money": 0.0}
    )
