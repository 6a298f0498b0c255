"""The computing state over one model: the KV cells of each sequence, and the step that fills them.

Each sequence has cells of its own. In one cache for all, what a sequence gives would depend on what else lies there
(measured: docs/lab-log.md); the price is that a prefix that two sequences share is copied.

Where layers look back through a window only, llama.cpp leaves out of a saved state what the next token will not see,
and moves the rest together: it could not be cut back, and other sums would be made in another order. So the state of
a context for one sequence is saved window by window, each through a second sequence that ends there; put back in that
order, all cells lie where they were computed.
"""

import ctypes
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.binding import native
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_FULL, _ABORTED = 1, 2
_SECOND = 1


class Full(EngineError):
    """No room for the batch among the KV cells; nothing was computed."""


class Aborted(Exception):
    """The abort callback said so; what was computed of the batch is unknown."""


@dataclass(frozen=True)
class Sizes:
    """cells: KV cells of each sequence. batch: tokens in one step. sequences: at most at once. vectors: in one step,
    where that is more than `batch`."""

    cells: int
    batch: int
    sequences: int
    threads: int
    vectors: int = 0

    @property
    def step(self) -> int:
        """The most that one step takes of anything."""
        return max(self.batch, self.vectors)


class Item(NamedTuple):
    """One token of a step: at `position` of `sequence`; `wanted`: its logits are read afterwards."""

    token: int
    position: int
    sequence: int
    wanted: bool


class Context:
    """For one thread. `step` computes, the rest moves cells between sequences without computing."""

    joins = True  # items of several sequences may stand in one step
    _moves = False  # a second sequence is needed for more than windows

    def __init__(self, weights: Weights, sizes: Sizes, stop: Stop) -> None:
        if weights.reads_first:
            raise EngineError(f"{weights.architecture!r} reads a text whole before it writes, which is not done here")
        self._native, self.weights, self.sizes = native(), weights, sizes
        self._stop = stop
        asked = self._native.llama_context_default_params()
        asked.n_ctx = sizes.cells * sizes.sequences
        asked.n_batch = asked.n_ubatch = sizes.step
        self._window = weights.window if weights.rewinds and sizes.sequences == 1 else 0
        asked.n_seq_max = sizes.sequences + bool(self._window or self._moves)
        asked.kv_unified = bool(self._window or self._moves)  # the second sequence shares the cells of the first
        asked.swa_full = True  # cells that have left the window are kept: a draft, or an answer, is cut back to them
        asked.n_outputs_max_per_seq = 0
        asked.n_threads = asked.n_threads_batch = sizes.threads
        asked.abort_callback, asked.abort_callback_data = stop.function, stop.address
        self.pointer = self._native.llama_init_from_model(weights.pointer, asked)
        if not self.pointer:
            raise EngineError(f"llama.cpp cannot make a context of {sizes.sequences} sequences of {sizes.cells} cells")
        self._memory = self._native.llama_get_memory(self.pointer)
        if not self._memory:
            self._native.llama_free(self.pointer)
            raise EngineError(f"a model of the kind {weights.architecture!r} does not write one token after the other")
        self._batch = self._native.llama_batch_init(sizes.step, 0, 1)
        self._arrays = _arrays(self._batch)
        self._adapter = ""

    def hold(self, sequence: int, runs: Sequence[Any], adapter: str = "") -> None:
        """As Apart.hold; what several sequences are computed in has no adapter of one. Raises EngineError."""
        if adapter:
            raise EngineError("sequences that are computed together have no adapters")

    def adapt(self, adapter: str) -> None:
        """Compute with that adapter of the weights from here on, or with none. Raises EngineError if there is none."""
        if adapter == self._adapter:
            return
        if adapter and adapter not in self.weights.adapters:
            raise EngineError(f"the adapter {adapter!r} is not loaded")
        if adapter:
            one = (ctypes.c_void_p * 1)(self.weights.adapters[adapter])
            self._native.llama_set_adapters_lora(self.pointer, one, 1, (ctypes.c_float * 1)(1.0))
        else:
            self._native.llama_set_adapters_lora(self.pointer, None, 0, None)
        self._adapter = adapter

    def step(self, items: Sequence[Item]) -> list[Any]:
        """Compute the items; the logits of each wanted one, in order, as float32 arrays that live until the next step.

        Raises Full (nothing was computed), Aborted, EngineError.
        """
        for at, item in enumerate(items):
            self._fill(at, item)
        self._batch.n_tokens = len(items)
        self._decode(self._batch)
        return [self._logits(at) for at, item in enumerate(items) if item.wanted]

    def feed(self, sequence: int, vectors: Any, positions: Any, causal: bool, wanted: bool) -> list[Any]:
        """Compute what no token stands for. vectors: float32 [n, width of the input]. positions: int32 [sections, n].

        causal: whether a vector sees only those before it; otherwise all n are one step, and see each other. wanted:
        return the logits after the last. Raises as `step`; EngineError for more vectors than one step takes.
        """
        import numpy as np

        count = len(vectors)
        if count > self.sizes.step:
            raise EngineError(f"{count} vectors are to be read at once, and a step takes {self.sizes.step}")
        vectors, positions = np.ascontiguousarray(vectors), np.ascontiguousarray(positions)
        batch = type(self._batch)()  # the library's own arrays, but for what is told otherwise
        for name, _ in batch._fields_:
            setattr(batch, name, getattr(self._batch, name))
        batch.n_tokens, batch.token = count, None
        batch.embd, batch.pos = vectors.ctypes.data, positions.ctypes.data
        _, _, seen, place, outputs = self._arrays
        for at in range(count):
            seen[at], place[at][0], outputs[at] = 1, sequence, wanted and at == count - 1
        if not causal:
            self._native.llama_set_causal_attn(self.pointer, False)
        try:
            self._decode(batch)
        finally:
            if not causal:
                self._native.llama_set_causal_attn(self.pointer, True)
        return [self._logits(count - 1)] if wanted else []

    def copy(self, source: int, target: int, length: int) -> None:
        """Copy the cells of the first `length` tokens of `source` to `target`, whatever that held."""
        self.cut(target, 0)
        self._native.llama_memory_seq_cp(self._memory, source, target, -1, -1)
        self.cut(target, length)

    def cut(self, sequence: int, length: int) -> bool:
        """Forget everything of `sequence` from token `length` on; False if this model cannot go back there."""
        return bool(self._native.llama_memory_seq_rm(self._memory, sequence, length, -1))

    def reaches(self, sequence: int, length: int) -> bool:
        """Whether `cut` to `length` leaves all that the next token sees."""
        if self.end(sequence) == length:
            return True
        first = self._native.llama_memory_seq_pos_min(self._memory, sequence)
        return self.weights.rewinds and (not self.weights.window or first <= max(0, length + 1 - self.weights.window))

    def end(self, sequence: int) -> int:
        """How many tokens `sequence` holds."""
        return int(self._native.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def save(self, sequence: int) -> bytes:
        """The state of `sequence`, as `restore` of the same build takes it."""
        if not self._window:
            return self._saved(sequence)
        parts = [self._part(sequence, start) for start in range(0, self.end(sequence), self._window)]
        return b"".join((struct.pack(f"<I{len(parts)}Q", len(parts), *map(len, parts)), *parts))

    def restore(self, sequence: int, state: bytes) -> bool:
        """Put a saved state into `sequence`; False (and an empty sequence) if it does not fit."""
        self.cut(sequence, 0)
        done = self._put_parts(sequence, state) if self._window else self._put(sequence, state)
        if not done:
            self.cut(sequence, 0)
        return done

    def close(self) -> None:
        if self.pointer:
            self._native.llama_batch_free(self._batch)
            self._native.llama_free(self.pointer)
            self.pointer = None

    def _saved(self, sequence: int) -> bytes:
        size = self._native.llama_state_seq_get_size(self.pointer, sequence)
        buffer = (ctypes.c_char * size)()
        written = self._native.llama_state_seq_get_data(self.pointer, buffer, size, sequence)
        return bytes(memoryview(buffer)[:written])

    def _put(self, sequence: int, state: bytes) -> bool:
        return bool(self._native.llama_state_seq_set_data(self.pointer, state, len(state), sequence))

    def _part(self, sequence: int, start: int) -> bytes:
        """The state of one window of `sequence`."""
        self._native.llama_memory_seq_cp(self._memory, sequence, _SECOND, start, start + self._window)
        part = self._saved(_SECOND)
        self.cut(_SECOND, 0)
        return part

    def _put_parts(self, sequence: int, state: bytes) -> bool:
        """False if they are none; some may then be put. What stands behind them is not looked at."""
        try:
            (count,) = struct.unpack_from("<I", state)
            lengths = struct.unpack_from(f"<{count}Q", state, 4) if count <= self.sizes.cells else ()
        except struct.error:
            return False
        at = 4 + 8 * len(lengths)
        for length in lengths:
            if at + length > len(state) or not self._put(_SECOND, state[at : at + length]):
                self.cut(_SECOND, 0)
                return False
            self._native.llama_memory_seq_cp(self._memory, _SECOND, sequence, -1, -1)
            self.cut(_SECOND, 0)
            at += length
        return bool(lengths)

    def _decode(self, batch: Any) -> None:
        self._stop.look()
        status = self._native.llama_decode(self.pointer, batch)
        if status == _FULL:
            raise Full(f"no KV cells are free for {batch.n_tokens} tokens")
        if status == _ABORTED:
            raise Aborted
        if status != 0:
            raise EngineError(f"llama_decode gave {status}")

    def _fill(self, at: int, item: Item) -> None:
        token, position, count, sequence, wanted = self._arrays
        token[at], position[at], count[at], wanted[at] = item.token, item.position, 1, item.wanted
        sequence[at][0] = item.sequence

    def _logits(self, at: int) -> Any:
        import numpy as np

        found = self._native.llama_get_logits_ith(self.pointer, at)
        if not found:
            raise EngineError("the logits of a token that wanted them are missing")
        return np.frombuffer((ctypes.c_float * self.weights.tokens).from_address(found), dtype=np.float32)


def _arrays(batch: Any) -> tuple[Any, ...]:
    integers = ctypes.POINTER(ctypes.c_int32)
    kinds = {
        "token": integers,
        "pos": integers,
        "n_seq_id": integers,
        "seq_id": ctypes.POINTER(integers),
        "logits": ctypes.POINTER(ctypes.c_int8),
    }
    return tuple(ctypes.cast(getattr(batch, name), kind) for name, kind in kinds.items())
