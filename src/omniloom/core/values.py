"""What stands in a source, what is asked of a model, and what it gave back."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Literal, cast

from pydantic import ConfigDict, Field, field_serializer

from omniloom.core.base import Value
from omniloom.core.locators import Locator, union

Kind = Literal["text", "pdf", "image", "audio", "video", "table"]
Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "cancelled", "content_filter", "error"]
Effect = Literal["none", "read", "write", "network", "execute"]


class Part(Value):
    """One input. Exactly one of `text`, `data` and `path` holds the content.

    `id` is the sha256 of the content, filled in by storage when the file is taken in; until then it is empty.
    `options` are what the reader of this kind is told (pages, password, language, sheet).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    kind: Kind
    media_type: str = ""
    text: str | None = None
    data: bytes | None = Field(default=None, repr=False)
    path: str | None = None
    name: str = ""
    id: str = ""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    frame: Any = Field(default=None, exclude=True, repr=False)

    @property
    def is_source(self) -> bool:
        """A text made from a string is said to the model; everything else is a source it may cite."""
        return self.kind != "text" or self.text is None


class Anchor(Value):
    """The finer place of the characters `start`..`end` (half-open, code points) of a Segment's content."""

    start: int
    end: int
    locator: Locator


class Segment(Value):
    """Content plus the exact place it came from. `content` is text, or a Part an engine takes natively.

    source: the `id` of the Part. made_by: reader and version, such as "pdf.text/1" or "image.ocr/1".
    confidence: the reader's own score in 0..1, None where it has none. anchors: finer places inside the text,
    in order: the word boxes of a paragraph, the seconds of each word, the cell of each value.
    context: content that belongs to the place but is not of it, such as the header of a table's row group.
    """

    source: str
    locator: Locator = Locator()
    content: str | Part
    made_by: str
    confidence: float | None = None
    anchors: tuple[Anchor, ...] = Field(default=(), repr=False)
    context: str = ""

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else ""

    def locate(self, start: int, end: int) -> Locator:
        """The smallest known place of the characters `start`..`end` of the content."""
        inside = [anchor.locator for anchor in self.anchors if anchor.start < end and anchor.end > start]
        if inside:
            return union(inside)
        if self.locator.chars is not None:
            first = self.locator.chars[0]
            return self.locator.model_copy(update={"chars": (first + start, first + end)})
        return self.locator


class Message(Value):
    """One turn. `content` interleaves text and Segments in the order the model shall see them.

    Strings are instructions or speech; Segments are sources, never instructions.
    """

    role: Role
    content: tuple[str | Segment, ...]

    @property
    def text(self) -> str:
        return "".join(item if isinstance(item, str) else item.text for item in self.content)


class Constraint(Value):
    """What the output must be. `value` is a JSON Schema (a dict), a Lark grammar, a regular expression, or choices."""

    kind: Literal["json_schema", "grammar", "regex", "choices"]
    value: Any


class Sampling(Value):
    """temperature 0 is greedy. `top_logprobs` asks for that many alternatives per token."""

    temperature: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    min_p: float = Field(default=0.0, ge=0, le=1)
    repeat_penalty: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    top_logprobs: int = Field(default=0, ge=0)


class Tool(Value):
    """A function a model may call. `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]
    effects: frozenset[Effect] = frozenset({"none"})
    function: Callable[..., Any] | None = Field(default=None, exclude=True)


class ToolCall(Value):
    id: str
    name: str
    arguments: dict[str, Any]


class ToolResult(Value):
    """segments: what a model is shown of the result. value: the result itself, for who called. error: why there is
    none, as a model is told."""

    id: str
    segments: tuple[Segment, ...] = ()
    error: str | None = None
    value: Any = Field(default=None, repr=False)


class Request(Value):
    """What an engine is asked. The prefix up to the last Segment is what an engine may keep and find again.

    adapter: the name of the LoRA adapter that shall answer, of those the engine has; the engine's own choice without.
    """

    messages: tuple[Message, ...]
    constraint: Constraint | None = None
    tools: tuple[Tool, ...] = ()
    sampling: Sampling = Sampling()
    reasoning_budget: int = 0
    max_output_tokens: int = 1024
    stop: tuple[str, ...] = ()
    seed: int = 0
    adapter: str = ""


class Usage(Value):
    """Tokens as the engine counted them. `cached_tokens` are input tokens that were not computed again. written: of a
    call, how many tokens were written for each purpose: "answer", "reasoning", "sample", "program", "judge"."""

    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None
    money: float = 0.0
    written: Mapping[str, int] = {}

    @property
    def tokens(self) -> int:
        """All that count against a budget."""
        return self.input_tokens + self.output_tokens + self.reasoning_tokens

    def __add__(self, other: "Usage") -> "Usage":
        first = self.first_token_seconds if self.first_token_seconds is not None else other.first_token_seconds
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            seconds=self.seconds + other.seconds,
            first_token_seconds=first,
            money=self.money + other.money,
            written=dict(Counter(self.written) + Counter(other.written)),
        )


class TokenLogprob(Value):
    """One sampled token, its natural-log probability, and the alternatives asked for."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Completion(Value):
    """What an engine gave for one Request."""

    text: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = Field(default=(), repr=False)
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()


class Confidence(Value):
    """Without a `calibrator` the value is a score and is never printed as a probability.

    signals: the raw numbers it is made of, or could be (`reasoning/signals.py` says what each is).
    """

    value: float
    method: str
    calibrator: str | None = None
    signals: dict[str, float] = Field(default_factory=dict, repr=False)


class Citation(Value):
    """A place that supports a claim. `quote` stands verbatim at `locator`; `url` opens it."""

    source: str
    locator: Locator
    quote: str
    url: str
    segment: int


class Claim(Value):
    """A statement of the answer. `at` is a half-open span of `Response.text`, or a JSON Pointer into `data`.

    derived: how a number of it that stands in no source was computed from those that the citations quote.
    """

    at: tuple[int, int] | str
    text: str
    citations: tuple[Citation, ...] = ()
    supported: bool = False
    confidence: Confidence | None = None
    derived: str = ""


class Loss(Value):
    """Anything not used as given. `lost` is an error unless `on_loss="report"`; `reduced` is reported."""

    kind: str
    severity: Literal["lost", "reduced"]
    part: str = ""
    detail: str = ""
    locator: Locator = Locator()


class Budget(Value):
    """Hard caps for one call; None is no cap."""

    tokens: int | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    money: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Response(Value):
    """The answer. `outputs` holds one value per output mode; `sources` the Parts that citations name."""

    text: str = ""
    data: Any = None
    outputs: dict[str, Any] = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    confidence: Confidence | None = None
    abstained: bool = False
    losses: tuple[Loss, ...] = ()
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    trace_id: str = ""
    sources: tuple[Part, ...] = Field(default=(), repr=False)

    @field_serializer("data", "outputs", when_used="json")
    def _plain(self, value: Any) -> Any:
        return _jsonable(value)


def _jsonable(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        fields = cast("dict[Any, Any]", value)
        return {str(key): _jsonable(each) for key, each in fields.items()}
    if isinstance(value, (list, tuple)):
        return [_jsonable(each) for each in cast("list[Any]", value)]
    return value.isoformat() if isinstance(value, (date, datetime)) else value
