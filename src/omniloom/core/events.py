"""Events: what a stream yields, and the spans a trace is made of.

Engines yield TextDelta, ReasoningDelta, Prefill and, last, Finished. Readers yield Segments, Losses and Progress.
`model.stream` yields all of these kinds and ends with Completed: joined TextDeltas equal the Response's text.
"""

from typing import Any, Literal

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.values import Citation, Completion, Response, TokenLogprob


class TextDelta(Value):
    """The next characters of the answer (engine level: of the completion)."""

    type: Literal["text.delta"] = "text.delta"
    text: str
    logprobs: tuple[TokenLogprob, ...] = ()


class ReasoningDelta(Value):
    """The next characters of the thinking; never part of the answer."""

    type: Literal["reasoning.delta"] = "reasoning.delta"
    text: str


class Progress(Value):
    """How far long work is: `done` of `total` `unit`s ("pages", "seconds", "tokens", "bytes"); total 0 is unknown.

    Two units are announcements: "estimate" (`total` seconds that `step` will take) and "note" (`step` says it all).
    """

    type: Literal["progress"] = "progress"
    step: str
    done: float
    total: float = 0.0
    unit: str = ""


class CitationAdded(Value):
    """Claim number `claim` (0-based) of the answer has this citation."""

    type: Literal["citation"] = "citation"
    claim: int
    citation: Citation


class Finished(Value):
    """The last event of an engine's stream."""

    type: Literal["finished"] = "finished"
    completion: Completion


class Completed(Value):
    """The last event of `model.stream`."""

    type: Literal["completed"] = "completed"
    response: Response


Event = TextDelta | ReasoningDelta | Progress | CitationAdded | Finished | Completed


class Span(Value):
    """One step of a trace. `operation` is an OpenTelemetry GenAI operation name where one exists.

    start, end: seconds since the epoch. attributes: counts, hashes and decisions; large values stand by hash.
    """

    id: str
    parent: str | None
    operation: str
    name: str
    start: float
    end: float | None = None
    status: Literal["ok", "error", "cancelled", "running"] = "running"
    attributes: dict[str, Any] = Field(default_factory=dict)


class Trace(Value):
    """Everything one run did, in order of start; `spans[0]` is the root."""

    id: str
    spans: tuple[Span, ...]
