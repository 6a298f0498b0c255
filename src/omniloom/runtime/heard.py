"""What an engine has said of a completion that may not come to its end."""

import time
from collections.abc import Callable

from omniloom.core.events import Event, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, TokenLogprob, Usage


class Heard:
    """What an engine has said so far of one completion."""

    def __init__(self) -> None:
        self.text = self.thought = ""
        self._logprobs: list[TokenLogprob] = []
        self._read = self._tokens = self._thoughts = 0
        self._started = time.monotonic()
        self._first: float | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.text += event.text
            self._logprobs += event.logprobs
            self._tokens += max(len(event.logprobs), 1)
        elif isinstance(event, ReasoningDelta):
            self.thought += event.text
            self._thoughts += 1
        elif isinstance(event, Progress) and event.step == "prefill":
            self._read = int(event.total)
        if self._first is None and (self.text or self.thought):
            self._first = time.monotonic() - self._started

    def completion(self, read: Callable[[], int]) -> Completion:
        """So far. read: tells the tokens of the prompt, where the engine has not."""
        usage = Usage(
            input_tokens=self._read or read(),
            output_tokens=self._tokens,
            reasoning_tokens=self._thoughts,
            seconds=time.monotonic() - self._started,
            first_token_seconds=self._first,
        )
        return Completion(
            text=self.text,
            reasoning=self.thought,
            logprobs=tuple(self._logprobs),
            finish_reason="cancelled",
            usage=usage,
        )
