"""Requests into tokens. Template text may hold control tokens; what users and files say never does.

The chat template is rendered once for each shape of conversation, with a placeholder for each message; the pieces of
the template are then tokenized with control tokens parsed and the contents without. So `<|im_end|>` in a document is
seven plain characters to the model, not the end of a turn.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from omniloom.core.errors import EngineError, UnsupportedError
from omniloom.core.values import Message, Part, Request
from omniloom.engines.llamacpp.sight import Shown, Sight, Stretch

_SHORTEST_PASSAGE = 48  # tokens: fewer are read as fast as they are found
_ASK = Callable[[str, dict[str, Any]], Any]


class _Run(NamedTuple):
    """A stretch of a message: all of it is of one source or of none, and what it shows is text or one Part. texts: of
    the Segments of the source."""

    content: str | Part
    source: str | None
    texts: tuple[str, ...] = ()


class Passage(NamedTuple):
    """The tokens `start` to `end` of a prompt, which are those of one Segment but for the last. sources: how many of
    the prompt's stand before its end, its own the last."""

    start: int
    end: int
    sources: int


class Prompt(NamedTuple):
    """tokens: the whole input. ends: how many tokens there are up to the end of each run of one source, in order.

    sources: whose run it is. tail: the template's text after the last message, which opens the answer (and perhaps
    the thinking). shown: the pictures and sounds among the tokens. turns: how many tokens there are before what each
    message says. adapter: the sha256 of the one that reads them. passages: those whose cells may come from
    another text.
    """

    tokens: list[int]
    ends: list[int]
    sources: list[str]
    tail: str
    shown: tuple[Shown, ...] = ()
    turns: tuple[int, ...] = ()
    adapter: str = ""
    passages: tuple[Passage, ...] = ()

    def sources_before(self, stop: int) -> list[str]:
        return list(dict.fromkeys(name for name, end in zip(self.sources, self.ends, strict=True) if end <= stop))


class PromptBuilder:
    """Asks the server for templates and tokens, and keeps what it answered. Safe from several threads.

    splices: whether prompts tell their passages.
    """

    def __init__(self, ask: _ASK, sight: Sight | None = None, splices: bool = False) -> None:
        self._ask, self._sight, self._splices = ask, sight, splices
        self._nonce = secrets.token_hex(8)
        self._shape = lru_cache(64)(self._render)
        self._tokens = lru_cache(512)(self._tokenize)

    def build(self, request: Request, thinking: bool) -> Prompt:
        """Raises UnsupportedError for content the engine does not take, and for roles the template leaves out."""
        pieces = self._shape(tuple(message.role for message in request.messages), thinking)
        tokens: list[int] = []
        ends: list[int] = []
        sources: list[str] = []
        shown: list[Shown] = []
        turns: list[int] = []
        passages: list[Passage] = []
        for position, piece in enumerate(pieces):
            if isinstance(piece, str):
                tokens += self.template_tokens(piece, first=position == 0)
                continue
            turns.append(len(tokens))
            for run in _runs(request.messages[piece]):
                begin = len(tokens)
                for stretch in self._stretches(run.content, run.source):
                    if stretch.shown is not None:
                        placed = stretch.shown.run | {"start": len(tokens)}
                        shown.append(stretch.shown._replace(run=placed))
                    tokens += stretch.tokens
                if run.source is not None:
                    ends.append(len(tokens))
                    sources.append(run.source)
                    passages += self._passages(run, tokens, begin, len(sources))
        tail = pieces[-1] if isinstance(pieces[-1], str) else ""
        return Prompt(tokens, ends, sources, tail, tuple(shown), tuple(turns), passages=tuple(passages))

    def _passages(self, run: _Run, tokens: list[int], begin: int, runs: int) -> Iterator[Passage]:
        """Where the texts of the run's Segments stand in its tokens, which begin at `begin`, as they do alone; the run
        is the last of so many. Short ones are left out."""
        for text in run.texts if self._splices else ():
            for alone in (f" {text}", text):  # some tokenizers begin every text with a space
                body = self.plain_tokens(alone)[:-1]
                at = _find(body, tokens, begin) if len(body) >= _SHORTEST_PASSAGE else -1
                if at >= 0:
                    begin = at + len(body)
                    yield Passage(at, begin, runs)
                    break

    def _stretches(self, content: str | Part, source: str | None) -> list[Stretch]:
        if isinstance(content, str):
            return [Stretch(list(self._tokens(content, False, False)))]
        if self._sight is None:
            raise UnsupportedError(f"this engine reads text only, and a Segment holds {content.kind!r}")
        return self._sight.stretches(content, source or content.id)

    def template_tokens(self, text: str, *, first: bool = False) -> list[int]:
        """Tokens of text of ours, control tokens parsed; `first` adds what the model wants at its beginning."""
        return list(self._tokens(text, True, first))

    def plain_tokens(self, text: str) -> list[int]:
        return list(self._tokens(text, False, False))

    def _tokenize(self, text: str, parse_special: bool, add_special: bool) -> tuple[int, ...]:
        body = {"content": text, "parse_special": parse_special, "add_special": add_special}
        return tuple(self._ask("/tokenize", body)["tokens"]) if text or add_special else ()

    def _render(self, roles: tuple[str, ...], thinking: bool) -> tuple[str | int, ...]:
        """Template text and, between it, the numbers of the messages."""
        messages = [{"role": role, "content": f"x{self._nonce}y{n}z"} for n, role in enumerate(roles)]
        body = {"messages": messages, "chat_template_kwargs": {"enable_thinking": thinking}}
        try:
            rendered = self._ask("/apply-template", body)["prompt"]
        except EngineError as error:
            raise UnsupportedError(f"the model's chat template refuses this conversation: {error.message}") from error
        pieces = re.split(f"x{self._nonce}y(\\d{{1,6}})z", rendered)
        shape: list[str | int] = [int(piece) if at % 2 else piece for at, piece in enumerate(pieces)]
        found, given = {piece for piece in shape if isinstance(piece, int)}, set(range(len(roles)))
        if not found <= given:
            raise UnsupportedError(f"the model's chat template shows a message {max(found)} that is not there")
        if missing := given - found:
            first = min(missing)
            raise UnsupportedError(f"the model's chat template leaves out message {first} (role {roles[first]!r})")
        return tuple(piece for at, piece in enumerate(shape) if piece != "" or at == 0)


def _find(body: list[int], tokens: list[int], begin: int) -> int:
    """Where `body` stands first in `tokens` from `begin` on; -1 if it does not."""
    places = (at for at in range(begin, len(tokens) - len(body) + 1) if tokens[at] == body[0])
    return next((at for at in places if tokens[at : at + len(body)] == body), -1)


def _runs(message: Message) -> list[_Run]:
    """The message's content cut where a source ends, and around what is no text; the source's name stands with what
    ends with it."""
    runs: list[_Run] = []
    text, source, ended = "", None, 0  # `ended` characters of `text` reach to the end of the source's last Segment
    texts: list[str] = []
    for item in message.content:
        if isinstance(item, str):
            text += item
            continue
        is_text = isinstance(item.content, str)
        if source is not None and (item.source != source or not is_text):
            runs.append(_Run(text[:ended], source, tuple(texts)))
            text, texts = text[ended:], []
        if not isinstance(item.content, str):
            runs += [_Run(text, None), _Run(item.content, item.source)]
            text, source, ended = "", None, 0
            continue
        source = item.source
        texts.append(item.text)
        text += item.text
        ended = len(text)
    if source is not None:
        runs.append(_Run(text[:ended], source, tuple(texts)))
        text = text[ended:]
    return [*runs, _Run(text, None)]
