"""One generation by the server, as typed events."""

from collections.abc import Generator
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import Any, NamedTuple

from omniloom.core.errors import EngineError
from omniloom.core.events import Event, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import FinishReason, Request, TokenLogprob
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.process import Lost

_REASONS: dict[str, FinishReason] = {"limit": "length"}


@dataclass
class Generated:
    """What one call to the server gave. computed: tokens of input that were evaluated; predicted: tokens of output.

    stopped: "eos", "word" or "limit", as the server says. forced: tokens of output that no logits were computed for.
    """

    text: str = ""
    logprobs: list[TokenLogprob] = field(default_factory=list)
    stopped: str = ""
    computed: int = 0
    predicted: int = 0
    forced: int = 0

    @property
    def finish_reason(self) -> FinishReason:
        return _REASONS.get(self.stopped, "stop")


class Answered(NamedTuple):
    """A thought, an answer, and how many tokens of the prompt were computed for them."""

    thought: Generated
    answer: Generated
    computed: int


def sampling_body(request: Request) -> dict[str, Any]:
    """The request's sampling in the server's words; nothing is left to its defaults."""
    sampling = request.sampling
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "seed": request.seed & 0x7FFFFFFF,
        "n_probs": max(1, sampling.top_logprobs),
    }


def generate(
    host: Host,
    body: dict[str, Any],
    cancel: Flag | None,
    *,
    reasoning: bool = False,
    lead: str = "",
    top: int = 0,
) -> Generator[Event, None, Generated]:
    """Stream one /completion. `lead` are characters to drop from the text's beginning; `top` alternatives are kept."""
    made = Generated()
    held: list[tuple[int, TokenLogprob]] = []
    for item in host.stream("/completion", body | {"stream": True, "return_progress": True}, cancel):
        try:
            event = _heard(made, held, item, reasoning, lead, top)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise EngineError(f"the engine's process said what it may not: {str(error)[:300]}") from error
        if event is not None:
            yield event
        if item.get("stop"):
            break
    if not made.stopped:
        raise Lost("the stream ended in the middle of the answer")
    if made.stopped == "limit" and held and body.get("stop"):
        # The server keeps back what could be the beginning of a stop string, and forgets it at the limit.
        rest = host.post("/detokenize", {"tokens": [token for token, _ in held]}, cancel)["content"].lstrip(lead)
        if rest and not rest.endswith("�"):
            yield _delta(made, rest, held, reasoning)
    return made


def prefill(host: Host, tokens: list[int], cancel: Flag | None, *, reuse: bool) -> Generator[Event, None, int]:
    """Evaluate `tokens` into the slot; returns how many had to be computed. `reuse`: the slot holds their beginning."""
    body = {"prompt": tokens, "n_predict": 0, "cache_prompt": reuse, "n_probs": 0, "temperature": 0.0}
    made = yield from generate_quietly(host, body, cancel)
    return made.computed


def generate_quietly(host: Host, body: dict[str, Any], cancel: Flag | None) -> Generator[Event, None, Generated]:
    """Like `generate`, with progress as the only events."""
    stream = generate(host, body, cancel)
    while True:
        try:
            event = next(stream)
        except StopIteration as end:
            return end.value
        if isinstance(event, Progress):
            yield event


def _heard(
    made: Generated, held: list[tuple[int, TokenLogprob]], item: dict[str, Any], reasoning: bool, lead: str, top: int
) -> Event | None:
    """What one item of the stream means; it is not trusted. held: tokens that have given no text yet."""
    if "prompt_progress" in item:
        return _progress(item["prompt_progress"])
    if item.get("stop"):
        _finish(made, item)
        return None
    held += _logprobs(item, top)
    text = item["content"] if made.text else item["content"].lstrip(lead)
    if not text:
        return None
    event = _delta(made, text, held, reasoning)
    held.clear()
    return event


def _delta(made: Generated, text: str, held: list[tuple[int, TokenLogprob]], reasoning: bool) -> Event:
    made.text += text
    if reasoning:
        return ReasoningDelta(text=text)
    logprobs = tuple(each for _, each in held)
    made.logprobs += logprobs
    return TextDelta(text=text, logprobs=logprobs)


def _finish(made: Generated, item: dict[str, Any]) -> None:
    timings = item.get("timings", {})
    made.stopped = str(item.get("stop_type", ""))
    made.computed = int(timings.get("prompt_n", 0))
    made.predicted = int(item.get("tokens_predicted", 0))


def _logprobs(item: dict[str, Any], top: int) -> list[tuple[int, TokenLogprob]]:
    found: list[tuple[int, TokenLogprob]] = []
    for each in item.get("completion_probabilities", ()):
        others = tuple((other["token"], float(other["logprob"])) for other in each["top_logprobs"][:top])
        found.append((each["id"], TokenLogprob(token=each["token"], logprob=float(each["logprob"]), top=others)))
    return found


def _progress(told: dict[str, Any]) -> Progress:
    return Progress(step="prefill", done=told["processed"], total=told["total"], unit="tokens")
