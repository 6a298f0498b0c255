"""A Completion that is known, as the events of a stream."""

import re
from collections.abc import Iterator
from threading import Event as Flag

from omniloom.core.errors import CancelledError
from omniloom.core.events import Event, Finished, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, TokenLogprob

_WORD = re.compile(r"\s*\S+|\s+$")


def words(text: str) -> list[str]:
    """The text in pieces that joined give it again: words with the space before them."""
    return _WORD.findall(text)


def replay(completion: Completion, cancel: Flag | None = None) -> Iterator[Event]:
    """Its thoughts, its text and itself. Raises CancelledError between two pieces once `cancel` is set.

    The text comes in the tokens of its log-probabilities where these spell it, in words where not.
    """
    for thought in words(completion.reasoning):
        _look(cancel)
        yield ReasoningDelta(text=thought)
    for token, logprobs in _tokens(completion):
        _look(cancel)
        yield TextDelta(text=token, logprobs=logprobs)
    _look(cancel)
    yield Finished(completion=completion)


def _tokens(completion: Completion) -> list[tuple[str, tuple[TokenLogprob, ...]]]:
    spelt = [each.token for each in completion.logprobs]
    if "".join(spelt) == completion.text:
        return [(each.token, (each,)) for each in completion.logprobs if each.token]
    pieces = [(word, ()) for word in words(completion.text)]
    if not pieces or not completion.logprobs:
        return list(pieces)
    return [(pieces[0][0], completion.logprobs), *pieces[1:]]


def _look(cancel: Flag | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("the call was cancelled")
