"""What the rooms promise each other: Engine, Reader, Run, Policy, Memory."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Literal, Protocol, runtime_checkable

from omniloom.core.base import Value
from omniloom.core.events import Event, Progress, Trace
from omniloom.core.values import Completion, Constraint, Kind, Loss, Request, Segment, ToolCall, ToolResult


class Capabilities(Value):
    """What an engine can do. context_tokens: input and output together. adapters: those a request may name. stored: it
    is Storing as well. repeatable: an answer depends on nothing but the request, so a kept one may be given again; one
    drawn at a temperature only where seeded: then the seed decides it."""

    context_tokens: int
    input_kinds: frozenset[Kind] = frozenset({"text"})
    constraints: frozenset[str] = frozenset()
    reasoning: bool = False
    logprobs: bool = False
    embeddings: bool = False
    tools: bool = False
    local: bool = True
    adapters: frozenset[str] = frozenset()
    stored: bool = False
    repeatable: bool = True
    seeded: bool = False


@runtime_checkable
class Engine(Protocol):
    """Runs one model. Safe to call from several threads.

    `stream` yields TextDelta / ReasoningDelta / Progress (prefill) and, last, one Finished. It stops within 0.2 s
    and raises CancelledError once `cancel` is set. Errors are EngineError or ContextError.
    """

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def supports(self, constraint: Constraint) -> str | None:
        """None if it can be enforced; otherwise why not, beginning with the path of what it cannot."""
        ...

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]: ...
    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...
    def count_tokens(self, request: "Request | str") -> int: ...
    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Compute and keep the KV state of the request's source prefix. on_progress: told how far the prefill is; a
        first word with `done` above 0 says how much was kept before."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Storing(Protocol):
    """What an Engine may do as well: say what it need not compute. Who does not is taken to have nothing stored."""

    def stored_tokens(self, request: Request) -> int:
        """How many of the request's first tokens are kept from before. Computes nothing of the model."""
        ...


class Source(Value):
    """What a reader is given inside its child process: a snapshot it may read, and the weights it asked for."""

    id: str
    path: Path
    name: str
    media_type: str
    options: Mapping[str, str | int | float | bool] = {}
    weights: Mapping[str, Path] = {}


class Reader(Protocol):
    """A module of `inputs/`: MEDIA_TYPES, VERSION (raise it when its output changes), WEIGHTS (catalog names), read."""

    MEDIA_TYPES: frozenset[str]
    VERSION: int
    WEIGHTS: tuple[str, ...]

    def read(self, source: Source) -> Iterable[Segment | Loss | Progress]: ...


class Run(Protocol):
    """The one door: budget, policy, cache, cancellation, streaming, retries and the trace live behind it."""

    def ask(
        self,
        request: Request,
        *,
        purpose: str = "chat",
        on_text: Callable[[str], None] | None = None,
        partial: bool = False,
    ) -> Completion:
        """partial: where the time ends while text is written, that text is given, with finish_reason "cancelled", in
        place of a BudgetError; then this run concludes."""
        ...

    def ask_many(self, requests: Sequence[Request], *, purpose: str = "chat") -> list[Completion]: ...
    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...
    def call(self, tool_call: ToolCall) -> ToolResult: ...
    def note(self, name: str, **attributes: object) -> None:
        """Write a decision into the trace."""
        ...

    def check(self) -> None:
        """Raise BudgetError or CancelledError if this run may not go on."""
        ...

    def concludes(self) -> bool:
        """Whether the time is used up; then nothing more is computed, and what is at hand may still be finished."""
        ...


class Policy(Protocol):
    def decide(self, step: ToolCall, trace: Trace) -> Literal["allow", "ask", "deny"]: ...


class Memory(Protocol):
    def keep(self, segments: Sequence[Segment]) -> None: ...
    def find(self, query: str, limit: int) -> list[Segment]: ...
    def forget(self, source: str) -> int: ...
