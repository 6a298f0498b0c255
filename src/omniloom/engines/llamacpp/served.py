"""Requests through llama.cpp's server, one after the other: where the C interface cannot be used."""

import contextlib
from collections.abc import Generator, Iterator
from threading import Event as Flag

from omniloom.core.events import Event
from omniloom.core.values import Request
from omniloom.engines import constraints
from omniloom.engines.llamacpp.decode import Answered, Generated, generate, sampling_body
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.prompt import Prompt, PromptBuilder
from omniloom.engines.llamacpp.states import Kept, Prefix, stops
from omniloom.engines.llamacpp.thinking import Tags, answer_lead, open_lead
from omniloom.engines.turns import Turns


class Served:
    """One model in a child with one slot. Requests take turns, so that none depends on what else runs."""

    def __init__(self, host: Host, kept: Kept, identity: str, prompts: PromptBuilder, tags: Tags | None) -> None:
        self.host = host
        self._prefix = Prefix(host, kept, identity)
        self._prompts, self._tags = prompts, tags
        self._turns = Turns()

    def turn(self, cancel: Flag | None = None) -> contextlib.AbstractContextManager[None]:
        return self._turns.mine(cancel)

    def settle(self, cancel: Flag | None) -> None:
        """Wait until the slot is free."""
        self.host.settle(cancel)

    def ready(self, prompt: Prompt, cancel: Flag | None) -> Iterator[Event]:
        """Compute and keep the states of the sources."""
        yield from self._prefix.ready(prompt, cancel)

    def answer(self, prompt: Prompt, request: Request, cancel: Flag | None) -> Generator[Event, None, Answered]:
        computed = yield from self._prefix.ready(prompt, cancel)
        tokens, kept = list(prompt.tokens), bool(stops(prompt))
        body = sampling_body(request)
        thought = Generated()
        if self._tags is not None:
            if request.reasoning_budget > 0:
                tokens += self._prompts.template_tokens(open_lead(self._tags, prompt.tail))
                asked = {"prompt": tokens, "n_predict": request.reasoning_budget, "stop": [self._tags.end]}
                thought = yield from generate(
                    self.host, body | asked | {"cache_prompt": kept}, cancel, reasoning=True, lead="\n"
                )
                computed += thought.computed
                tokens, kept = tokens + self._prompts.plain_tokens(thought.text), True
            tokens += self._prompts.template_tokens(answer_lead(self._tags, prompt.tail, request.reasoning_budget > 0))
        asked = {
            "prompt": tokens,
            "n_predict": request.max_output_tokens,
            "stop": [stop for stop in request.stop if stop],
        }
        if request.constraint is not None:
            asked["grammar"] = "%llguidance {}\n" + constraints.to_lark(request.constraint)
        answer = yield from generate(
            self.host,
            body | asked | {"cache_prompt": kept},
            cancel,
            lead="\n" if thought.text else "",
            top=request.sampling.top_logprobs,
        )
        return Answered(thought, answer, computed if thought.predicted else computed + answer.computed)
