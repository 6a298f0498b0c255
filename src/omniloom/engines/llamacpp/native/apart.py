"""A Context for each sequence, made when it is first computed; used like one Context for all.

One user's questions then cost the cells of one sequence, not of all that might run; a copy moves only cells that are
in use; and a saved state does not depend on how many sequences there are (in one Context for all it does: llama.cpp
refuses a state from another number of streams).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.context import Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights


class Apart:
    """For one thread. sizes.sequences: at most that many Contexts. Raises EngineError if the first cannot be made."""

    joins = False
    kind = Context

    def __init__(self, weights: Weights, sizes: Sizes, stop: Stop) -> None:
        self.weights, self.sizes = weights, sizes
        self._stop = stop
        self._contexts: dict[int, Context] = {}
        self._of(0)

    def hold(self, sequence: int, runs: Sequence[Any], adapter: str = "") -> None:
        """Told whenever a sequence begins. runs: of use where something else than tokens is read. adapter: what it is
        computed with; EngineError if that is not loaded."""
        if adapter or sequence in self._contexts:
            self._of(sequence).adapt(adapter)

    def step(self, items: Sequence[Item]) -> list[Any]:
        """As Context.step; all items are of one sequence."""
        return self._of(items[0].sequence).step([item._replace(sequence=0) for item in items])

    def feed(self, sequence: int, vectors: Any, positions: Any, causal: bool, wanted: bool) -> list[Any]:
        """As Context.feed."""
        return self._of(sequence).feed(0, vectors, positions, causal, wanted)

    def copy(self, source: int, target: int, length: int) -> None:
        """As Context.copy. Raises EngineError where the copy cannot be cut to that length."""
        if not self._of(target).restore(0, self._of(source).save(0)) or not self.cut(target, length):
            raise EngineError("a computed state cannot be copied")

    def cut(self, sequence: int, length: int) -> bool:
        return sequence not in self._contexts or self._contexts[sequence].cut(0, length)

    def reaches(self, sequence: int, length: int) -> bool:
        """As Context.reaches; of a sequence that rewinds, every cell is here."""
        return self.weights.rewinds or self.end(sequence) == length

    def end(self, sequence: int) -> int:
        return self._contexts[sequence].end(0) if sequence in self._contexts else 0

    def save(self, sequence: int) -> bytes:
        return self._of(sequence).save(0)

    def restore(self, sequence: int, state: bytes) -> bool:
        return self._of(sequence).restore(0, state)

    def give_back(self, sequence: int) -> None:
        """Forget it, and give back its memory."""
        if (context := self._contexts.pop(sequence, None)) is not None:
            context.close()

    def close(self) -> None:
        for context in self._contexts.values():
            context.close()

    def _of(self, sequence: int) -> Context:
        if sequence not in self._contexts:
            self._contexts[sequence] = self.kind(self.weights, replace(self.sizes, sequences=1), self._stop)
        return self._contexts[sequence]
