"""One loaded GGUF: its vocabulary, and whether its state can go back."""

import ctypes
from pathlib import Path

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.binding import native

_PIECE_BYTES = 64


class Weights:
    """Raises EngineError if llama.cpp cannot load the file; what it said stands in stderr."""

    def __init__(self, path: Path) -> None:
        self._native = native()
        asked = self._native.llama_model_default_params()
        self.pointer = self._native.llama_model_load_from_file(str(path).encode(), asked)
        if not self.pointer:
            raise EngineError(f"llama.cpp cannot load {path.name!r}")
        self._vocabulary = self._native.llama_model_get_vocab(self.pointer)
        self.tokens = self._native.llama_vocab_n_tokens(self._vocabulary)
        # A recurrent state cannot be cut back to an earlier token.
        self.rewinds = not (
            self._native.llama_model_is_recurrent(self.pointer) or self._native.llama_model_is_hybrid(self.pointer)
        )
        self._pieces: dict[int, bytes] = {}

    def tokenize(self, text: str, *, special: bool = False, first: bool = False) -> list[int]:
        """Token ids. special: control tokens written in the text count as such. first: add what begins a sequence."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            buffer = (ctypes.c_int32 * room)()
            found = self._native.llama_tokenize(self._vocabulary, data, len(data), buffer, room, first, special)
            if found >= 0:
                return list(buffer[:found])
            room = -found

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; none for control tokens."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._piece(token, _PIECE_BYTES)
        return known

    def ends(self, token: int) -> bool:
        """Whether a token ends the answer."""
        return bool(self._native.llama_vocab_is_eog(self._vocabulary, token))

    def close(self) -> None:
        if self.pointer:
            self._native.llama_model_free(self.pointer)
            self.pointer = None

    def _piece(self, token: int, room: int) -> bytes:
        buffer = ctypes.create_string_buffer(room)
        length = self._native.llama_token_to_piece(self._vocabulary, token, buffer, room, 0, False)
        return buffer.raw[:length] if length >= 0 else self._piece(token, -length)
