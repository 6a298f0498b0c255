"""Embeddings: one text in, one vector of length 1 out, each computed in a call of its own."""

import ctypes
import math
from collections.abc import Sequence

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.binding import native
from omniloom.engines.llamacpp.native.weights import Weights

_MEAN = 1
_NONE = 0


class Vectors:
    """For one thread. longest: tokens of a text. A model that names no pooling gives the mean of its tokens."""

    def __init__(self, weights: Weights, longest: int, threads: int, pooling: int | None) -> None:
        self._native = native()
        asked = self._native.llama_context_default_params()
        asked.n_ctx = asked.n_batch = asked.n_ubatch = longest
        asked.n_seq_max = 1
        asked.n_threads = asked.n_threads_batch = threads
        asked.embeddings = True
        if pooling in (None, _NONE):
            asked.pooling_type = _MEAN
        self.pointer = self._native.llama_init_from_model(weights.pointer, asked)
        if not self.pointer:
            raise EngineError(f"llama.cpp cannot make a context of {longest} tokens")
        self._memory = self._native.llama_get_memory(self.pointer)
        self._width = self._native.llama_model_n_embd_out(weights.pointer)
        self._batch = self._native.llama_batch_init(longest, 0, 1)

    def vector(self, tokens: Sequence[int]) -> list[float]:
        """float32 [width], as plain numbers. Raises EngineError."""
        import numpy as np

        self._fill(tokens)
        if self._memory:
            self._native.llama_memory_seq_rm(self._memory, 0, 0, -1)
        status = self._native.llama_decode(self.pointer, self._batch)
        found = self._native.llama_get_embeddings_seq(self.pointer, 0) if status == 0 else None
        if not found:
            raise EngineError(f"llama_decode gave {status} and no vector for {len(tokens)} tokens")
        values = np.ctypeslib.as_array(ctypes.cast(found, ctypes.POINTER(ctypes.c_float)), (self._width,))
        length = float(np.sqrt((values.astype(np.float64) ** 2).sum()))
        if not math.isfinite(length):
            raise EngineError("the model's weights give no numbers: the file is damaged")
        return (values / (length or 1.0)).tolist()

    def _fill(self, tokens: Sequence[int]) -> None:
        integers = ctypes.POINTER(ctypes.c_int32)
        batch = self._batch
        token, position, count = (ctypes.cast(part, integers) for part in (batch.token, batch.pos, batch.n_seq_id))
        sequence = ctypes.cast(batch.seq_id, ctypes.POINTER(integers))
        wanted = ctypes.cast(batch.logits, ctypes.POINTER(ctypes.c_int8))
        for at, each in enumerate(tokens):
            token[at], position[at], count[at], wanted[at], sequence[at][0] = each, at, 1, 1, 0
        batch.n_tokens = len(tokens)
