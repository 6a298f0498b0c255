"""One answer while it is written: perhaps a thought with an exact cap, then text that a grammar may bind."""

from collections.abc import Sequence as Ordered
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.grammar import Grammar
from omniloom.engines.llamacpp.loop.sampler import Sampler, logprobs
from omniloom.engines.llamacpp.loop.text import Note, Text
from omniloom.engines.llamacpp.native.weights import Weights

Reason = Literal["", "stop", "word", "length"]
_FREE = "\n"  # dropped where a thought, or the answer after it, begins


@dataclass(frozen=True)
class Thinking:
    """At most `budget` tokens before `tag`. close: the tokens that end a thought which did not end itself.

    after: those that follow a tag which the model wrote.
    """

    budget: int
    tag: str
    close: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """limit: tokens of the answer. stops: strings that end it."""

    limit: int
    sampling: Sampling = Sampling()
    seed: int = 0
    stops: tuple[str, ...] = ()
    grammar: Grammar | None = None
    thinking: Thinking | None = None


class Wrote(NamedTuple):
    """What follows a computed token: `tokens`, to be computed together; and why the answer ends, if it does."""

    tokens: list[int]
    logprob: float = 0.0
    reason: Reason = ""


class Answer:
    """Decides each next token from logits. A token that the grammar forces is written without logits, as certain."""

    def __init__(self, weights: Weights, asked: Asked) -> None:
        self._weights, self._asked = weights, asked
        self._sampler = Sampler(asked.sampling, asked.seed)
        thinking = asked.thinking
        self._thinking = thinking
        self.thought = Text([thinking.tag], _FREE) if thinking else Text()
        self.said = Text(asked.stops, _FREE if thinking else "")
        self.thought_tokens = self.said_tokens = self.forced_tokens = 0
        self._written: list[int] = []

    @property
    def is_open(self) -> bool:
        """Whether nothing is known before the prompt is read."""
        return self._thinking is not None or self._asked.grammar is None

    def first(self) -> Wrote:
        """What is known before anything is computed."""
        return Wrote([]) if self._thinking else self._forced()

    def next(self, logits: Any) -> Wrote:
        """logits: float32 [tokens] after the last token."""
        token = self._pick(logits)
        return self._think(token) if self._thinking else self._say(token, logits)

    def may_say(self, tokens: Ordered[int]) -> bool:
        """Whether `tokens`, none of which ends an answer, may be written next. Of a thought, any may."""
        grammar = None if self._thinking else self._asked.grammar
        return grammar is None or grammar.takes_all(tokens)

    def sure(self, logits: Any, noise: float) -> bool:
        """Whether logits that differ by `noise` give the same token; a drawn one is as good a draw from either."""
        if self._asked.sampling.temperature > 0:
            return True
        grammar = None if self._thinking else self._asked.grammar
        if grammar is None or grammar.takes(int(logits.argmax())):
            return self._sampler.lead(logits, self._written) >= noise
        return self._sampler.lead(logits, self._written, grammar.allowed()) >= noise

    def news(self) -> tuple[str, list[Note]]:
        """The thought and the text that have become certain since the last call."""
        return "".join(note.text for note in self.thought.take()), self.said.take()

    def _pick(self, logits: Any) -> int:
        """As llama.cpp does it: a free choice, and a bound one only if the grammar refuses that."""
        token = self._sampler.pick(logits, self._written)
        grammar = None if self._thinking else self._asked.grammar
        if grammar is not None and not grammar.take(token):
            token = self._sampler.pick(logits, self._written, grammar.allowed())
            grammar.take(token)
        return token

    def _say(self, token: int, logits: Any) -> Wrote:
        if self._weights.ends(token):
            return self._end("stop")
        logprob, likely = logprobs(logits, token, self._asked.sampling.top_logprobs)
        top = tuple((self._weights.piece(each).decode("utf-8", "replace"), value) for each, value in likely)
        if reason := self._write(token, logprob, top):
            return self._end(reason, [token], logprob)
        forced = self._forced()
        return Wrote([token, *forced.tokens], logprob, forced.reason)

    def _forced(self) -> Wrote:
        grammar = self._asked.grammar
        if grammar is None:
            return Wrote([])
        forced, written = grammar.forced(), list[int]()
        for token in forced:
            written.append(token)
            self.forced_tokens += 1
            if reason := self._write(token, 0.0, ()):
                return self._end(reason, written, whole=len(written) == len(forced))
        return self._end("stop", written) if grammar.ended else Wrote(written)

    def _write(self, token: int, logprob: float, top: tuple[tuple[str, float], ...]) -> Reason:
        self._written.append(token)
        self.said_tokens += 1
        if self.said.add(self._weights.piece(token), logprob, top):
            return "word"
        return "length" if self.said_tokens >= self._asked.limit else ""

    def _end(self, reason: Reason, tokens: Ordered[int] = (), logprob: float = 0.0, whole: bool = True) -> Wrote:
        """whole: everything the grammar has gone on with is written."""
        if reason != "word":
            self.said.end()
        if reason == "length" and whole and self._asked.grammar is not None and self._asked.grammar.ended:
            reason = "stop"
        return Wrote(list(tokens), logprob, reason)

    # -- thinking ------------------------------------------------------------------------------------------------

    def _think(self, token: int) -> Wrote:
        thinking = self._thinking
        assert thinking is not None
        if self._weights.ends(token):
            return self._conclude([], thinking.close)
        self.thought_tokens += 1
        self._written.append(token)
        if self._weights.text([token]) == thinking.tag:
            return self._conclude([token], thinking.after)
        if self.thought.add(self._weights.piece(token), 0.0):
            return self._conclude(self._without_rest(token), thinking.after)
        if self.thought_tokens >= thinking.budget:
            return self._conclude([token], thinking.close)
        return Wrote([token])

    def _without_rest(self, token: int) -> list[int]:
        """The token, or, if it said more than the tag, tokens for what it said up to there."""
        if not self.thought.over:
            return [token]
        text = self._weights.piece(token).decode("utf-8", "replace")
        return self._weights.tokenize(text.removesuffix(self.thought.over))

    def _conclude(self, tokens: Ordered[int], close: Ordered[int]) -> Wrote:
        self.thought.end()
        self._thinking = None
        forced = self._forced()
        return Wrote([*tokens, *close, *forced.tokens], 0.0, forced.reason)
