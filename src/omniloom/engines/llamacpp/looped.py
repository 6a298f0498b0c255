"""Requests through the loop: what is asked of it as one sequence, and what it tells as events."""

import contextlib
import secrets
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import EngineError
from omniloom.core.events import Event, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Request, TokenLogprob
from omniloom.engines import constraints
from omniloom.engines.llamacpp.chunks import Chunks
from omniloom.engines.llamacpp.decode import Answered, Generated
from omniloom.engines.llamacpp.line import Line
from omniloom.engines.llamacpp.measured import Measured
from omniloom.engines.llamacpp.process import Lost
from omniloom.engines.llamacpp.prompt import Prompt, PromptBuilder
from omniloom.engines.llamacpp.states import Kept, pauses, shown_to_child, state_keys, stops, take_in
from omniloom.engines.llamacpp.thinking import Tags, answer_lead, open_lead
from omniloom.engines.llamacpp.vectors import Vectors

_STOPPED = {"stop": "eos", "word": "word", "length": "limit"}
_ROOM = 16  # for the tokens around a thought


class Looped:
    """One model in a child with our loop: requests side by side, each computed as if it were alone."""

    def __init__(self, host: Line, kept: Kept, identity: str, prompts: PromptBuilder, tags: Tags | None) -> None:
        self.host = host
        self._kept, self._identity, self._prompts, self._tags = kept, identity, prompts, tags
        self._costs = Measured(kept, host.slots, f"costs/2 of {identity}")
        drafter = host.draft.digest if host.draft is not None else ""
        self._draft_costs = Measured(kept, host.slots, f"costs/2 of {identity} draft {drafter}") if drafter else None
        host.on_measured = self._measured

    def turn(self, cancel: Flag | None = None) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def settle(self, cancel: Flag | None) -> None:
        """A call that was left early is in nobody's way."""

    def ready(self, prompt: Prompt, cancel: Flag | None) -> Iterator[Event]:
        """Compute and keep the states of the sources."""
        points = stops(prompt)
        if points:
            asked = self._sequence(prompt.tokens[: points[-1] + 1], prompt) | {"until": points[-1]}
            yield from self._run(prompt, asked, cancel)

    def answer(self, prompt: Prompt, request: Request, cancel: Flag | None) -> Generator[Event, None, Answered]:
        tokens, thinking = list(prompt.tokens), None
        if self._tags is not None and request.reasoning_budget > 0:
            tokens += self._prompts.template_tokens(open_lead(self._tags, prompt.tail))
            thinking = self._thinking(self._tags, prompt, request.reasoning_budget)
        elif self._tags is not None:
            tokens += self._prompts.template_tokens(answer_lead(self._tags, prompt.tail, False))
        constraint = request.constraint
        asked = self._sequence(tokens, prompt) | {
            "limit": request.max_output_tokens,
            "room": request.max_output_tokens + request.reasoning_budget + (_ROOM if thinking else 0),
            "sampling": request.sampling.model_dump(),
            "seed": request.seed & 0x7FFFFFFF,
            "stops": [stop for stop in request.stop if stop],
            "grammar": constraints.to_lark(constraint) if constraint is not None else "",
            "thinking": thinking,
        }
        return (yield from self._run(prompt, asked, cancel))

    def _sequence(self, tokens: list[int], prompt: Prompt) -> dict[str, Any]:
        """All that a sequence can be asked for, with nothing asked but reading."""
        free = {"limit": 1, "room": 1, "sampling": {}, "seed": 0, "stops": [], "grammar": "", "thinking": None}
        runs = [shown.run for shown in prompt.shown if shown.run["start"] + shown.run["length"] <= len(tokens)]
        drafting = self._draft_costs.known() if self._draft_costs is not None else None
        known = {"runs": runs, "costs": self._costs.known(), "draft_costs": drafting, "adapter": prompt.adapter}
        return {"tokens": tokens, "ends": pauses(prompt), "until": None, **known, **free}

    def _measured(self, frame: dict[str, Any]) -> None:
        """Costs that the child has measured; what cannot be costs is left alone."""
        with contextlib.suppress(TypeError, ValueError):
            if "costs" in frame:
                self._costs.keep(frame["costs"])
            elif "draft_costs" in frame and self._draft_costs is not None:
                self._draft_costs.keep(frame["draft_costs"])

    def _thinking(self, tags: Tags, prompt: Prompt, budget: int) -> dict[str, Any]:
        lead = answer_lead(tags, prompt.tail, True)
        return {
            "budget": budget,
            "tag": tags.end,
            "close": self._prompts.template_tokens(lead),
            "after": self._prompts.template_tokens(lead.partition(tags.end)[2]),
        }

    def _run(self, prompt: Prompt, asked: dict[str, Any], cancel: Flag | None) -> Generator[Event, None, Answered]:
        made = Answered(Generated(), Generated(), 0)
        with _States(self._kept, self._identity, prompt, self.host.slots) as states:
            for frame in self.host.run(states.asked(asked), cancel):
                try:
                    states.heard(frame)
                    event = _event(made, frame, len(prompt.tokens))
                    read = len(prompt.tokens) - int(frame["reused"]) if "ended" in frame else 0
                except (KeyError, TypeError, ValueError, OverflowError) as error:
                    raise EngineError(f"the engine's process said what it may not: {error}") from error
                if event is not None:
                    yield event
                if "ended" in frame:
                    return made._replace(computed=max(0, read))
        raise Lost("the stream ended in the middle of the answer")


def _event(made: Answered, frame: dict[str, Any], total: int) -> Event | None:
    """What a frame means for the caller; what it says of the answer goes into `made`."""
    if "begin" in frame or "read" in frame:
        done = frame["begin"] if "begin" in frame else frame["read"]
        return Progress(step="prefill", done=min(done, total), total=total, unit="tokens")
    if "encoding" in frame:
        return Progress(step="encode", done=0, total=1, unit="inputs")
    if "thought" in frame:
        made.thought.text += frame["thought"]
        return ReasoningDelta(text=frame["thought"])
    if "text" in frame:
        return _delta(made.answer, frame["text"])
    if "ended" in frame:
        made.thought.predicted, made.answer.predicted = int(frame["thought_tokens"]), int(frame["said_tokens"])
        made.answer.stopped, made.answer.forced = _STOPPED[frame["ended"]], int(frame["forced_tokens"])
    return None


def _delta(answer: Generated, notes: list[Any]) -> TextDelta:
    found = tuple(
        TokenLogprob(token=text, logprob=min(0.0, logprob), top=tuple((each, value) for each, value in top))
        for text, logprob, top in notes
    )
    text = "".join(each.token for each in found)
    answer.text += text
    answer.logprobs += found
    return TextDelta(text=text, logprobs=found)


class _States:
    """The files through which one call's states come and go. What the child says and leaves there is not trusted."""

    def __init__(self, kept: Kept, identity: str, prompt: Prompt, slots: Path) -> None:
        self._kept, self._prompt, self._slots = kept, prompt, slots
        self._keys = state_keys(identity, prompt, pauses(prompt))
        self._stored: tuple[int, str] | None = None
        self._names: dict[int, str] = {}
        self._vectors = Vectors(kept, identity, prompt, slots)
        self._chunks = Chunks(kept, identity, prompt, slots)

    def __enter__(self) -> "_States":
        return self

    def __exit__(self, *_: object) -> None:
        left = [*self._names.values(), *([self._stored[1]] if self._stored else []), *self._vectors.files()]
        left += self._chunks.files()
        for name in left:
            with contextlib.suppress(OSError):
                (self._slots / name).unlink(missing_ok=True)

    def asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The sequence; with the longest state there is, and names for those that are read through because there is
        none; and with the files of what it shows."""
        for point in sorted(self._keys, reverse=True):
            path = self._kept.get(self._keys[point])
            if path is not None:
                self._stored = (point, shown_to_child(path, self._slots))
                break
        self._names = {point: secrets.token_hex(8) for point in self._keys}
        states = {"stored": self._stored, "keep": list(self._names.items())}
        chunks = self._chunks.asked(len(asked["tokens"]), places=asked["until"] is None)
        return asked | states | {"runs": self._vectors.asked(asked["runs"]), "chunks": chunks}

    def heard(self, frame: dict[str, Any]) -> None:
        if "spoiled" in frame and self._stored is not None:
            self._kept.drop(self._keys[self._stored[0]])
        self._vectors.heard(frame)
        self._chunks.heard(frame)
        name = self._names.pop(frame["kept"], None) if "kept" in frame else None
        if name is None:
            return
        key, sources = self._keys[frame["kept"]], self._prompt.sources_before(frame["kept"])
        take_in(self._kept, key, self._slots / name, sources)
