"""A stream begun again after the engine's process died: what a caller has heard is compared, and not repeated."""

from omniloom.core.errors import EngineError
from omniloom.core.events import Event, ReasoningDelta, TextDelta


class Heard:
    """What was said so far, in whatever pieces: a second run may draft otherwise, and cut its text elsewhere."""

    def __init__(self) -> None:
        self._said = {"thought": "", "text": ""}
        self._at = {"thought": 0, "text": 0}

    def begin(self) -> None:
        """Another run begins."""
        self._at = dict.fromkeys(self._at, 0)

    def news(self, event: Event) -> Event | None:
        """What of the event was not said before. Raises EngineError if it says something else than the last run."""
        if not isinstance(event, (TextDelta, ReasoningDelta)):
            return event
        kind = "text" if isinstance(event, TextDelta) else "thought"
        at, said = self._at[kind], self._said[kind]
        known = said[at : at + len(event.text)]
        if not event.text.startswith(known):
            raise EngineError("the engine's process died, and its second answer was another")
        self._at[kind] = at + len(event.text)
        self._said[kind] = said + event.text[len(known) :]
        if not known:
            return event
        return _behind(event, len(known)) if len(known) < len(event.text) else None


def _behind(event: TextDelta | ReasoningDelta, length: int) -> Event:
    """The event without the first `length` characters."""
    if isinstance(event, ReasoningDelta):
        return ReasoningDelta(text=event.text[length:])
    left, kept = length, list(event.logprobs)
    while kept and left >= len(kept[0].token):
        left -= len(kept.pop(0).token)
    return TextDelta(text=event.text[length:], logprobs=tuple(kept))
