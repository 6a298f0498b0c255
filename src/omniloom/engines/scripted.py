"""A public double: an engine that says what it is told to say, word by word, by the rules every engine keeps."""

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event as Flag
from threading import Lock

from omniloom.core.errors import CancelledError, ContextError, EngineError, OutputError, SchemaError, UnsupportedError
from omniloom.core.events import Event, Finished, Progress, ReasoningDelta, TextDelta
from omniloom.core.protocols import Capabilities
from omniloom.core.values import Completion, Constraint, Part, Request, Segment, TokenLogprob, Usage
from omniloom.engines import constraints
from omniloom.engines.adapters import checked_adapter
from omniloom.engines.replay import words

Answer = str | Completion | Callable[[Request], "str | Completion"]

_DIMENSIONS = 32
_LOGPROB = math.log(0.9)


class Scripted:
    """Gives the answers of `script` in order, the last one again and again; `requests` holds what it was asked.

    An answer is a text, a Completion, or a function of the Request that gives either. A token is a word with the
    space before it. `seconds_per_token` makes it slow. `adapters` are those that requests may name. Segments of every
    kind are taken. `<think>` is not parsed: give a Completion with `reasoning` to have thoughts, which are cut at the
    request's reasoning_budget. `stored`: it keeps what it has read up to the end of every source, not only of the last,
    and says how much that is.
    """

    def __init__(
        self,
        script: Sequence[Answer],
        *,
        name: str = "scripted",
        context_tokens: int = 1 << 17,
        seconds_per_token: float = 0.0,
        input_kinds: frozenset[str] = frozenset({"text", "image", "audio"}),
        adapters: frozenset[str] = frozenset(),
        stored: bool = False,
        reasoning: bool = True,
    ) -> None:
        if not script:
            raise EngineError("a script needs at least one answer")
        self._script = list(script)
        self._name = name
        self._pace = seconds_per_token
        self._lock = Lock()
        self._closed = False
        self._seen: set[str] = set()
        self.requests: list[Request] = []
        self._capabilities = Capabilities.model_validate(
            {
                "context_tokens": context_tokens,
                "input_kinds": input_kinds,
                "constraints": constraints.KINDS,
                "reasoning": reasoning,
                "logprobs": True,
                "embeddings": True,
                "adapters": adapters,
                "stored": stored,
            }
        )

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def supports(self, constraint: Constraint) -> str | None:
        return constraints.refusal(constraint)

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]:
        """Raises CancelledError, ContextError, SchemaError, and OutputError when the script breaks the constraint."""
        started = time.monotonic()
        given, cached = self._next(request)
        total = self.count_tokens(request)
        yield Progress(step="prefill", done=total, total=total, unit="tokens")
        thoughts = words(given.reasoning)[: request.reasoning_budget]
        for thought in thoughts:
            self._wait(cancel)
            yield ReasoningDelta(text=thought)
        text, finish = _cut(given.text, request)
        tokens = words(text)
        first: float | None = None
        logprobs = given.logprobs if len(given.logprobs) == len(tokens) else [_logprob(each) for each in tokens]
        for token, logprob in zip(tokens, logprobs, strict=True):
            self._wait(cancel)
            first = first or time.monotonic() - started
            yield TextDelta(text=token, logprobs=(logprob,))
        if request.constraint is not None and finish == "stop" and not constraints.fits(request.constraint, text):
            raise OutputError(f"the script's answer does not fit the constraint: {text[:200]!r}")
        usage = Usage(
            input_tokens=total,
            output_tokens=len(tokens),
            reasoning_tokens=len(thoughts),
            cached_tokens=cached,
            seconds=time.monotonic() - started,
            first_token_seconds=first,
        )
        reasoning = "".join(thoughts)
        update = {"text": text, "reasoning": reasoning, "logprobs": tuple(logprobs), "usage": usage}
        finish = given.finish_reason if finish == "stop" else finish
        yield Finished(completion=given.model_copy(update={**update, "finish_reason": finish}))

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Vectors of length 1 from hashed words: texts that share words are near each other."""
        return [_vector(text) for text in texts]

    def count_tokens(self, request: Request | str) -> int:
        if isinstance(request, str):
            return len(words(request))
        return sum(len(words(_shown(item))) for message in request.messages for item in message.content)

    def stored_tokens(self, request: Request) -> int:
        with self._lock:
            return self._known(request)

    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        with self._lock:
            self._seen.update(self._prefixes(request))

    def close(self) -> None:
        self._closed = True

    def _next(self, request: Request) -> tuple[Completion, int]:
        """The next answer, and how many tokens of the request were seen before."""
        if self._closed:
            raise EngineError("the engine is closed")
        if request.constraint is not None and (why := self.supports(request.constraint)) is not None:
            raise SchemaError(f"the constraint cannot be enforced: {why}", path=why.partition(": ")[0])
        checked_adapter(request.adapter, self._capabilities.adapters)
        self._takes(request)
        with self._lock:
            step = self._script[min(len(self.requests), len(self._script) - 1)]
            self.requests.append(request)
            cached = self._known(request)
            self._seen.update(self._prefixes(request))
        given = step(request) if callable(step) else step
        return (Completion(text=given) if isinstance(given, str) else given), min(cached, self.count_tokens(request))

    def _known(self, request: Request) -> int:
        return max((len(words(prefix)) for prefix in self._prefixes(request) if prefix in self._seen), default=0)

    def _prefixes(self, request: Request) -> list[str]:
        found = _prefixes(request)
        return found if self._capabilities.stored else found[-1:]

    def _takes(self, request: Request) -> None:
        for message in request.messages:
            for item in message.content:
                native = item.content if isinstance(item, Segment) else None
                if isinstance(native, Part) and native.kind not in self._capabilities.input_kinds:
                    raise UnsupportedError(f"{self._name!r} does not take {native.kind!r}")
        needed = self.count_tokens(request) + request.reasoning_budget + request.max_output_tokens
        if needed > self._capabilities.context_tokens:
            raise ContextError(
                f"the request needs {needed} tokens, the context holds {self._capabilities.context_tokens}"
            )

    def _wait(self, cancel: Flag | None) -> None:
        if cancel is not None:
            cancel.wait(self._pace)
            if cancel.is_set():
                raise CancelledError("the call was cancelled")
        elif self._pace:
            time.sleep(self._pace)


def _shown(item: "str | Segment") -> str:
    if isinstance(item, str):
        return item
    return item.content if isinstance(item.content, str) else f"<{item.content.kind}>"


def _prefixes(request: Request) -> list[str]:
    """Everything up to the last Segment of each source, which is included; "" for a request without."""
    items = [item for message in request.messages for item in message.content]
    last = {item.source: at for at, item in enumerate(items) if isinstance(item, Segment)}
    return ["".join(_shown(item) for item in items[: at + 1]) for at in sorted(last.values())] or [""]


def _cut(text: str, request: Request) -> "tuple[str, str]":
    found = [at for stop in request.stop if stop and (at := text.find(stop)) >= 0]
    if found:
        text = text[: min(found)]
    tokens = words(text)
    if len(tokens) > request.max_output_tokens:
        return "".join(tokens[: request.max_output_tokens]), "length"
    return text, "stop"


def _logprob(token: str) -> TokenLogprob:
    return TokenLogprob(token=token, logprob=_LOGPROB)


def _vector(text: str) -> list[float]:
    import hashlib

    vector = [0.0] * _DIMENSIONS
    for word in re.findall(r"\w+", text.lower()) or [""]:
        digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
        vector[digest[0] % _DIMENSIONS] += 1.0 if digest[1] & 1 else -1.0
        vector[digest[2] % _DIMENSIONS] += 1.0
    norm = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]
