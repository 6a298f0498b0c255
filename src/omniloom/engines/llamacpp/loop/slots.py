"""Which beginnings of texts are computed, in which slot they lie, and with which of them a new sequence begins."""

import math
from collections.abc import Iterable
from typing import Any

from omniloom.engines.llamacpp.loop.sequence import Held, Sequence, same_prompt, shared
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Context


class Slots:
    """For one thread. A slot is a sequence of the context; what was computed in it stays until another needs it."""

    def __init__(self, context: Context | Apart, shelf: Shelf | None) -> None:
        self._context, self._shelf = context, shelf
        self._held: dict[int, Held] = {}
        self._now = 0  # of begun sequences, for which slot was used longest ago

    def longest(self, sequence: Sequence) -> tuple[int, int]:
        """(slot, length) of the longest beginning that is computed."""
        lengths = {slot: self._usable(slot, sequence) for slot in self._held}
        slot = max(lengths, key=lambda each: (lengths[each], self._held[each].adapter == sequence.adapter), default=-1)
        return slot, lengths.get(slot, 0)

    def free(self, taken: Iterable[int], source: int, length: int, adapter: str) -> int | None:
        """A slot nobody lives in: the source itself if it holds no more, an empty one, or that used longest ago."""
        lived = set(taken)
        free = [slot for slot in range(self._context.sizes.sequences) if slot not in lived]
        held = self._held.get(source)
        if source in free and held and held.bounds[-1] == length and held.adapter == adapter:
            return source

        def worth(slot: int) -> tuple[bool, int]:
            return slot == source and length > 0, self._held[slot].used if slot in self._held else -1

        return min(free, key=worth, default=None)

    def restore(self, sequence: Sequence, slot: int) -> bool:
        """Put the sequence's stored state into the slot; False, and an empty slot, if it is none."""
        assert sequence.stored is not None
        length, name = sequence.stored
        self._held.pop(slot, None)
        self._context.hold(slot, sequence.runs, sequence.adapter)
        state = self._shelf.get(name) if self._shelf is not None else None
        if state is None or not self._context.restore(slot, state) or self._context.end(slot) != length:
            self.empty(slot)
            return False
        self._hold(sequence, slot, length)
        return True

    def begin(self, sequence: Sequence, slot: int, source: int, length: int) -> Any:
        """Let it live in `slot`, with the first `length` tokens of `source`. Raises EngineError where there is no room.

        The logits after them, if that is the whole prompt."""
        self._context.hold(slot, sequence.runs, sequence.adapter)
        if slot == source:
            self._context.cut(slot, length)
        elif length:
            self._context.copy(source, slot, length)
        else:
            self._context.cut(slot, 0)
        logits = self._held[source].logits if length == sequence.prompt else None
        exact = self._held[source].exact if length else math.inf
        self._hold(sequence, slot, length)
        self._held[slot].exact = exact if exact < length else math.inf
        if logits is not None:
            self.whole(sequence, slot, logits)
        if length:
            self._held[source].used = self._now
        sequence.slot, sequence.done, sequence.reused = slot, length, length
        return logits

    def read(self, sequence: Sequence) -> None:
        """It is read up to `done`."""
        bounds = self._held[sequence.slot].bounds
        bounds += [bound for bound in sequence.bounds if bounds[-1] < bound <= sequence.done]

    def spliced(self, sequence: Sequence, start: int) -> None:
        """From `start` on it holds what was computed in another text."""
        held = self._held[sequence.slot]
        held.exact = min(held.exact, start)

    def exact(self, slot: int) -> float:
        """Up to which token nothing is spliced in it."""
        return self._held[slot].exact if slot in self._held else math.inf

    def whole(self, sequence: Sequence, slot: int, logits: Any) -> None:
        """All of its prompt is read, and the next token is decided from `logits`."""
        held = self._held[slot]
        held.prompt, held.logits = sequence.prompt, logits

    def empty(self, slot: int) -> None:
        self._held.pop(slot, None)
        self._context.cut(slot, 0)

    def _hold(self, sequence: Sequence, slot: int, length: int) -> None:
        self._now += 1
        bounds = [bound for bound in sequence.bounds if bound <= length]
        self._held[slot] = Held(sequence.tokens, bounds, self._now, adapter=sequence.adapter)

    def _usable(self, slot: int, sequence: Sequence) -> int:
        """A recurrent state cannot go back: it is of use only where it stands. A whole prompt is of use with what is
        to be decided from, unless a first token is forced."""
        held = self._held[slot]
        is_open = sequence.answer is not None and sequence.answer.is_open
        is_whole = held.logits is not None and is_open and same_prompt(held, sequence)
        length = sequence.prompt if is_whole else shared(held, sequence)
        if sequence.until is not None:  # it is read to be kept
            length = int(min(length, held.exact))
        return length if self._context.reaches(slot, length) else 0
