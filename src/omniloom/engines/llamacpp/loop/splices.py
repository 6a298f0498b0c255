"""Passages whose cells come from another text: lifted where they are computed, placed where their tokens stand again.

A passage's first tokens, which attend most to what is before it, are computed anew (`LINK`); the others keep what they
were in the text in which they were read, and only their keys are turned to their new place. So a spliced prompt is near
to the exact one, not equal: nothing that was spliced is lifted or kept again, and an engine splices only where it was
asked to. After Hu et al., "EPIC" (2024).
"""

import math

from omniloom.engines.llamacpp.loop.sequence import Chunk, Sequence
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.loop.slots import Slots
from omniloom.engines.llamacpp.native.moving import Movable

LINK = 16


def joints(chunks: tuple[Chunk, ...]) -> list[int]:
    """Where reading pauses because of them; whether they are placed or not, so that equal beginnings stay equal."""
    return [at for chunk in chunks for at in (chunk.start + LINK, chunk.end)]


class Splices:
    """For one thread."""

    def __init__(self, context: Movable, shelf: Shelf, slots: Slots) -> None:
        self._context, self._shelf, self._slots = context, shelf, slots

    def due(self, sequence: Sequence) -> Chunk | None:
        """The passage whose cells come next."""
        at, room = sequence.done, self._context.sizes.cells - sequence.done
        within = (chunk for chunk in sequence.chunks if chunk.start + LINK <= at < chunk.end < sequence.prompt)
        # Its cells lie there whole for a moment, the first ones too.
        return next((chunk for chunk in within if chunk.stored and chunk.end - chunk.start <= room), None)

    def place(self, sequence: Sequence, chunk: Chunk) -> bool:
        """Put its cells into the sequence, to be turned with the next step; False, and it will be read as it is, where
        they are none."""
        cells = self._shelf.get(chunk.stored)
        done = sequence.done - chunk.start
        if cells is not None and self._context.place(sequence.slot, cells, chunk.end - chunk.start, done):
            self._slots.spliced(sequence, sequence.done)
            return True
        sequence.chunks = tuple(each._replace(stored="") if each == chunk else each for each in sequence.chunks)
        return False

    def lift(self, sequence: Sequence) -> bool:
        """Whether a passage ends here whose cells are wanted, were computed in this text, and are on the shelf now."""
        ending = (chunk for chunk in sequence.chunks if chunk.keep and chunk.end == sequence.done)
        chunk = next(ending, None)
        if chunk is None or self._slots.exact(sequence.slot) < math.inf:
            return False
        return self._shelf.put(chunk.keep, self._context.lift(sequence.slot, chunk.start, chunk.end))
