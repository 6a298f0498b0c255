"""`OpenAI`: any server that speaks OpenAI's chat completions (vLLM, Ollama, llama-server, a cloud)."""

import base64
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import EngineError, SchemaError, UnreadableError, UnsupportedError, UsageError
from omniloom.core.events import Event, Finished, Progress, ReasoningDelta, TextDelta
from omniloom.core.protocols import Capabilities
from omniloom.core.values import (
    Completion,
    Constraint,
    FinishReason,
    Message,
    Part,
    Request,
    Segment,
    TokenLogprob,
    ToolCall,
    Usage,
)
from omniloom.engines.adapters import checked_adapter
from omniloom.engines.remote import Remote

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_AUDIO = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


_COMPATIBLE = "is it a server of OpenAI's chat completions? Its address mostly ends in /v1"


class OpenAI:
    """A model behind a URL.

    url: ends in /v1. model: the server's name for it. api_key: sent to this host and no other. context_tokens: what
    the model takes, input and output; the server's own refusal is a ContextError in any case. input_kinds: "image"
    and "audio" are passed natively when they are named here. extra: fields added to every request body; None takes one
    out. retries: of answers 429 and 5xx before anything was received, waiting as the server says, up to 30 s in all.
    Raises OfflineError for another host than this one when OMNILOOM_OFFLINE is set.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        context_tokens: int = 32768,
        input_kinds: Sequence[str] = ("text",),
        timeout: float = 600.0,
        retries: int = 2,
        extra: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> None:
        self._remote = Remote(url, api_key, timeout=timeout, retries=retries)
        self._model = model
        self._name = name or f"openai:{url}#{model}"
        self._extra = _fields(extra)
        self._capabilities = Capabilities.model_validate(
            {
                "context_tokens": context_tokens,
                "input_kinds": _kinds(input_kinds),
                "constraints": frozenset({"json_schema"}),
                "logprobs": True,
                "embeddings": True,
                "tools": True,
                "local": self._remote.local,
            }
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def identity(self) -> str:
        return f"openai/1 {self._name}"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def supports(self, constraint: Constraint) -> str | None:
        """A schema is passed on as it is: servers differ in what they enforce, so the answer is validated after."""
        if constraint.kind != "json_schema":
            return f"a {constraint.kind} cannot be expressed in this interface, only a JSON Schema can"
        return None if isinstance(constraint.value, dict) else "a JSON Schema is an object here"

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]:
        """Raises CancelledError, ContextError, SchemaError, UnsupportedError, OfflineError, EngineError."""
        if request.constraint is not None and (why := self.supports(request.constraint)) is not None:
            raise SchemaError(f"the constraint cannot be enforced: {why}", hint="give a schema")
        started = time.monotonic()
        body = self._body(request)
        made = _Made()
        first: float | None = None
        for item in self._remote.stream("/chat/completions", body, cancel):
            with _understood(item):
                told = made.take(item, request.sampling.top_logprobs)
            if told and first is None:
                first = time.monotonic() - started
            yield from told
        if made.finish is None:
            raise EngineError("the server ended its stream in the middle of the answer", hint="its log may say why")
        with _understood(made.usage):
            completion = made.completion(self._used(made, request), time.monotonic() - started, first)
        yield Finished(completion=completion)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        if not texts:
            return []
        answer = self._remote.post("/embeddings", {"model": self._model, "input": list(texts)})
        with _understood(answer):
            data = sorted(answer["data"], key=lambda each: each["index"])
            vectors = [[float(value) for value in each["embedding"]] for each in data]
        if len(vectors) != len(texts):
            raise EngineError(f"the server gave {len(vectors)} vectors for {len(texts)} texts", hint=_COMPATIBLE)
        return vectors

    def count_tokens(self, request: Request | str) -> int:
        """A high estimate, for this interface has no call that counts: three bytes a token, 32 tokens for a template
        and its default system message, 1500 for a picture or a sound."""
        if isinstance(request, str):
            return (len(request.encode("utf-8", "replace")) + 2) // 3 + 1
        total = 32
        for message in request.messages:
            total += 6
            for item in message.content:
                native = isinstance(item, Segment) and isinstance(item.content, Part)
                total += 1500 if native else self.count_tokens(item if isinstance(item, str) else item.text)
        return total

    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        """The server keeps what it keeps; nothing is sent."""

    def close(self) -> None:
        self._remote.close()

    def _used(self, made: "_Made", request: Request) -> dict[str, Any]:
        """The server's usage. What it does not say is estimated high: a budget shall hold also there."""
        said = {name: value for name, value in made.usage.items() if value is not None}
        written = "".join(made.reasoning + made.text)
        counted = max(len(made.logprobs), self.count_tokens(written) if written else 0)
        return {"prompt_tokens": self.count_tokens(request), "completion_tokens": counted} | said

    def _body(self, request: Request) -> dict[str, Any]:
        checked_adapter(request.adapter, (), f"a server names its adapters as models: openai:URL#{request.adapter}")
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": self._content(m)} for m in request.messages],
            "max_tokens": request.max_output_tokens + request.reasoning_budget,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": request.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            "logprobs": True,
        }
        if sampling.top_logprobs:
            body["top_logprobs"] = sampling.top_logprobs
        # Not in OpenAI's own interface: sent when they were asked for, so that a server refuses them or keeps to them.
        more = {"top_k": sampling.top_k, "min_p": sampling.min_p}
        if sampling.repeat_penalty != 1.0:
            more |= dict.fromkeys(("repeat_penalty", "repetition_penalty"), sampling.repeat_penalty)
        body |= {name: value for name, value in more.items() if value}
        if stops := [stop for stop in request.stop if stop]:
            body["stop"] = stops
        if request.constraint is not None:
            schema = {"name": "answer", "strict": True, "schema": request.constraint.value}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if request.tools:
            body["tools"] = [
                {"type": "function", "function": t.model_dump(include={"name", "description", "parameters"})}
                for t in request.tools
            ]
        return {key: value for key, value in (body | self._extra).items() if value is not None}

    def _content(self, message: Message) -> str | list[dict[str, Any]]:
        parts = [self._part(item) for item in message.content]
        if all(part["type"] == "text" for part in parts):
            return "".join(part["text"] for part in parts)
        return parts

    def _part(self, item: str | Segment) -> dict[str, Any]:
        if isinstance(item, str):
            return {"type": "text", "text": item}
        if isinstance(item.content, str):
            return {"type": "text", "text": item.content}
        part = item.content
        if part.kind not in self._capabilities.input_kinds:
            raise UnsupportedError(f"{self._name!r} was not said to take {part.kind!r}", hint="give input_kinds")
        data = base64.b64encode(_bytes(part)).decode("ascii")
        if part.kind == "image":
            return {"type": "image_url", "image_url": {"url": f"data:{part.media_type or 'image/png'};base64,{data}"}}
        if part.kind == "audio":
            form = _AUDIO.get(part.media_type)
            if form is None:
                raise UnsupportedError(
                    f"audio goes to a server as WAV or MP3, not as {part.media_type!r}",
                    hint="convert it, or leave 'audio' out of input_kinds: it is then read here",
                )
            return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
        raise UnsupportedError(
            f"this interface takes images and audio natively, not {part.kind!r}",
            hint=f"leave {part.kind!r} out of input_kinds: it is then read here",
        )


@dataclass
class _Made:
    """A completion as its chunks come."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    held: list[TokenLogprob] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)
    finish: FinishReason | None = None

    def take(self, item: dict[str, Any], top: int) -> list[Event]:
        told: list[Event] = []
        self.usage = item.get("usage") or self.usage
        for choice in (item.get("choices") or ())[:1]:
            delta = choice.get("delta") or {}
            thought = delta.get("reasoning_content") or delta.get("reasoning") or ""
            if thought:
                self.reasoning.append(thought)
                told.append(ReasoningDelta(text=thought))
            text = delta.get("content") or delta.get("refusal") or ""
            if text or not thought:
                # A character of several tokens comes with the last of them.
                self.held += _logprobs((choice.get("logprobs") or {}).get("content") or (), top)
            if text:
                told.append(TextDelta(text=text, logprobs=tuple(self.held)))
                self.text.append(text)
                self.logprobs += self.held
                self.held = []
            for call in delta.get("tool_calls") or ():
                self._take_call(call)
            if choice.get("finish_reason"):
                self.finish = _FINISH.get(choice["finish_reason"], "stop")
        return told

    def _take_call(self, call: dict[str, Any]) -> None:
        known = self.calls.setdefault(int(call.get("index") or 0), {"id": "", "name": "", "arguments": ""})
        known["id"] = call.get("id") or known["id"]
        function = call.get("function") or {}
        known["name"] += function.get("name") or ""
        known["arguments"] += function.get("arguments") or ""

    def completion(self, used: dict[str, Any], seconds: float, first: float | None) -> Completion:
        details = used.get("completion_tokens_details") or {}
        thought = int(details.get("reasoning_tokens") or 0)
        usage = Usage(
            input_tokens=int(used["prompt_tokens"]),
            output_tokens=max(0, int(used["completion_tokens"]) - thought),
            reasoning_tokens=thought,
            cached_tokens=int((used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0),
            seconds=seconds,
            first_token_seconds=first,
        )
        return Completion(
            text="".join(self.text),
            reasoning="".join(self.reasoning),
            tool_calls=tuple(_call(self.calls[at]) for at in sorted(self.calls)),
            logprobs=tuple(self.logprobs),
            finish_reason=self.finish or "stop",
            usage=usage,
        )


def _kinds(given: Any) -> frozenset[str]:
    """What the model takes as it is. Raises UsageError for what this interface has no field for."""
    known = {"text", "image", "audio"}
    if isinstance(given, str) or not isinstance(given, Iterable) or not {*map(str, given)} <= known:
        raise UsageError(f"input_kinds={given!r:.80} is unknown", hint='some of "text", "image" and "audio", in a list')
    return frozenset({"text", *given})


def _fields(extra: Any) -> dict[str, Any]:
    if not isinstance(extra, (Mapping, type(None))):
        raise UsageError(f"extra={extra!r:.80} is no dict", hint='fields of the body, such as extra={"top_k": 40}')
    return dict(extra or {})


@contextmanager
def _understood(told: Any) -> Iterator[None]:
    """Whatever does not have the interface's form is the server's error, not ours."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        why = f"the server sent what this interface does not have: {str(told)[:200]!r}"
        raise EngineError(why, hint=_COMPATIBLE) from error


def _call(call: dict[str, str]) -> ToolCall:
    import json

    try:
        arguments = json.loads(call["arguments"] or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        why = f"the server called {call['name']!r} with arguments that are no JSON object"
        raise EngineError(why, hint="ask again, or a larger model")
    return ToolCall(id=call["id"], name=call["name"], arguments=arguments)


def _logprobs(content: Sequence[dict[str, Any]], top: int) -> list[TokenLogprob]:
    return [
        TokenLogprob(
            token=each["token"],
            logprob=float(each["logprob"]),
            top=tuple((other["token"], float(other["logprob"])) for other in (each.get("top_logprobs") or ())[:top]),
        )
        for each in content
    ]


def _bytes(part: Part) -> bytes:
    if part.data is not None:
        return part.data
    if part.path is None:
        raise UnsupportedError(f"the part {part.name!r} has no content to send", hint="give it a path or data")
    try:
        return Path(part.path).read_bytes()
    except OSError as error:
        raise UnreadableError(f"{part.name!r} cannot be read: {error.strerror}", hint="is it still there?") from error
