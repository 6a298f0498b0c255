"""From tokens to text that can be shown: whole characters only, and nothing that may still become a stop string."""

import codecs
from collections.abc import Sequence as Ordered
from typing import NamedTuple

Top = tuple[tuple[str, float], ...]


class Note(NamedTuple):
    """What one token adds to the text, its natural log-probability, and the alternatives asked for."""

    text: str
    logprob: float
    top: Top = ()


class Text:
    """Takes the bytes of tokens in order and gives back their text as soon as it is certain.

    stops: where the text ends; the stop string is no part of it. lead: characters that are dropped at its beginning.
    """

    def __init__(self, stops: Ordered[str] = (), lead: str = "") -> None:
        self._stops = [stop for stop in stops if stop]
        self._lead = lead
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._held: list[Note] = []
        self._certain: list[Note] = []
        self.over = ""
        self.any = False

    def add(self, piece: bytes, logprob: float, top: Top = ()) -> bool:
        """True once a stop string is complete; `over` is then what the token said behind it."""
        text = self._decode(piece)
        if not self.any:
            text = text.lstrip(self._lead)
            self.any = bool(text)
        self._held.append(Note(text, logprob, top))
        waiting = "".join(note.text for note in self._held)
        found = [(at, stop) for stop in self._stops if (at := waiting.find(stop)) >= 0]
        if found:
            at, stop = min(found)
            self.over = waiting[at + len(stop) :]
            self._cut(at)
            return True
        self._release(len(waiting) - max((_overlap(waiting, stop) for stop in self._stops), default=0))
        return False

    def end(self) -> None:
        """Nothing comes any more: what could have been the beginning of a stop string is none."""
        self._release(sum(len(note.text) for note in self._held))

    def take(self) -> list[Note]:
        """What has become certain since the last call; nothing while it holds no character."""
        if not any(note.text for note in self._certain):
            return []
        taken, self._certain = self._certain, []
        return taken

    def _release(self, length: int) -> None:
        """The held tokens whose text lies within the first `length` characters are certain."""
        count = 0
        for note in self._held:
            length -= len(note.text)
            if length < 0:
                break
            count += 1
        self._certain += self._held[:count]
        del self._held[:count]

    def _cut(self, length: int) -> None:
        for note in self._held:
            if length <= 0:
                break
            self._certain.append(note._replace(text=note.text[:length]))
            length -= len(note.text)
        self._held = []


def _overlap(text: str, stop: str) -> int:
    """The longest end of `text` that is a beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(stop[:length])), 0)
