"""A context whose cells can be taken out of one text and put into another, at another place.

What a passage's cells hold depends on what stood before it, a little: so a spliced prompt is near to the exact one and
not equal to it. Keys are turned to their new positions, which rotary embeddings allow (llama.cpp's K-shift), and the
first tokens of a passage, which attend most to what is before, are computed anew by the caller ("link tokens").
After Hu et al., "EPIC" (2024), and Yao et al., "CacheBlend" (2024), which recomputes tokens chosen by their difference.
"""

from omniloom.core.errors import UnsupportedError
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import _SECOND, Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_NO_ROPE = -1  # LLAMA_ROPE_TYPE_NONE
_TRIED = 8  # tokens


class Moving(Context):
    """For one sequence and one thread. Raises UnsupportedError for a model whose cells have a fixed place: recurrent
    ones, hybrids, those with windows or learned positions, and those of which llama.cpp changes more than the place."""

    _moves = True

    def __init__(self, weights: Weights, sizes: Sizes, stop: Stop) -> None:
        if not weights.rewinds or weights.window:
            raise self._fixed(weights)
        super().__init__(weights, sizes, stop)
        turns = self._native.llama_model_rope_type(weights.pointer) != _NO_ROPE
        if not turns or not self._native.llama_memory_can_shift(self._memory) or not self._leaves_others_alone():
            self.close()
            raise self._fixed(weights)

    def _fixed(self, weights: Weights) -> UnsupportedError:
        return UnsupportedError(
            f"the cells of this model (of the kind {weights.architecture!r}) cannot be moved", hint="leave splice out"
        )

    def _leaves_others_alone(self) -> bool:
        """Tried once a model: to turn some cells, llama.cpp ropes all of them; where that scales (YaRN and other
        attention factors), those that stay where they are change too."""
        if self.weights.turns_cleanly is None:
            self.step([Item(token, token, 0, False) for token in range(_TRIED)])
            passage, first = self.lift(0, _TRIED), self.lift(0, _TRIED // 2)
            self.cut(0, _TRIED // 2)
            placed = self.place(passage, _TRIED)
            self.step([Item(0, self.end(0), 0, False)])
            self.weights.turns_cleanly = placed and self.lift(0, _TRIED // 2) == first
            self.cut(0, 0)
        return self.weights.turns_cleanly

    def lift(self, start: int, end: int) -> bytes:
        """The cells of tokens `start` to `end` of the text, as `place` takes them. Not between `place` and `step`: what
        was placed is turned with the next step only."""
        self._native.llama_memory_seq_cp(self._memory, 0, _SECOND, start, end)
        found = self._saved(_SECOND)
        self.cut(_SECOND, 0)
        return found

    def place(self, cells: bytes, length: int, link: int = 0) -> bool:
        """Put the cells of a passage of `length` tokens behind the text, without the first `link` of them: those tokens
        are the last of the text. False, and nothing is changed, if the cells are other ones."""
        held = self.end(0)
        if not self._put(_SECOND, cells) or self.end(_SECOND) - self._first() != length:
            self.cut(_SECOND, 0)
            return False
        start = self._first()
        self._native.llama_memory_seq_rm(self._memory, _SECOND, start, start + link)
        self._native.llama_memory_seq_add(self._memory, _SECOND, start + link, start + length, held - start - link)
        self._native.llama_memory_seq_cp(self._memory, _SECOND, 0, -1, -1)
        self.cut(_SECOND, 0)
        return True

    def _first(self) -> int:
        return int(self._native.llama_memory_seq_pos_min(self._memory, _SECOND))


class Movable(Apart):
    """As Apart; and the cells of a passage can be moved from one text to another."""

    kind = Moving

    def lift(self, sequence: int, start: int, end: int) -> bytes:
        """As Moving.lift."""
        return self._moving(sequence).lift(start, end)

    def place(self, sequence: int, cells: bytes, length: int, link: int) -> bool:
        """As Moving.place."""
        return self._moving(sequence).place(cells, length, link)

    def _moving(self, sequence: int) -> Moving:
        context = self._of(sequence)
        assert isinstance(context, Moving)
        return context
