"""One loaded GGUF: its vocabulary, and whether its state can go back."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.binding import native

_PIECE_BYTES = 64
_CONTROL = 8  # LLAMA_TOKEN_ATTR_CONTROL
_COMPRESSING = ("deepseek4",)  # attends to sums of tokens, from which none can be taken away


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
            self._native.llama_model_is_recurrent(self.pointer)
            or self._native.llama_model_is_hybrid(self.pointer)
            or self.architecture in _COMPRESSING
        )
        # How far some layers look back; 0 if all see all that is before.
        self.window = max(0, self._native.llama_model_n_swa(self.pointer))
        # An encoder: what is read before a decoder writes (T5). llama.cpp ends the process that decodes without it.
        self.reads_first = bool(self._native.llama_model_has_encoder(self.pointer))
        self._pieces: dict[int, bytes] = {}
        self.adapters: dict[str, int] = {}
        self.turns_cleanly: bool | None = None  # as Moving found; None before it tried

    def load_adapter(self, name: str, path: Path) -> None:
        """Put a LoRA adapter into `adapters`, which holds addresses by name. Raises EngineError if it does not fit."""
        found = self._native.llama_adapter_lora_init(self.pointer, str(path).encode())
        if not found:
            raise EngineError(f"llama.cpp cannot load the adapter {path.name!r}")
        self.adapters[name] = found

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

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens stand for, control tokens spelled out."""
        return b"".join(self._piece(token, _PIECE_BYTES, special=True) for token in tokens).decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether a token ends the answer."""
        return bool(self._native.llama_vocab_is_eog(self._vocabulary, token))

    @property
    def architecture(self) -> str:
        """Its family, as the file names it."""
        return self._field("general.architecture")

    @property
    def marks(self) -> tuple[str, str]:
        """How the tokens are spelled that begin and end a sequence; empty where there is none."""
        return self._spelled(self._native.llama_vocab_bos(self._vocabulary)), self._spelled(
            self._native.llama_vocab_eos(self._vocabulary)
        )

    @property
    def adds_first(self) -> bool:
        """Whether `tokenize` with `first` adds the token that begins a sequence."""
        return bool(self._native.llama_vocab_get_add_bos(self._vocabulary))

    @property
    def cell_bytes(self) -> int:
        """Memory of one KV cell with 16-bit values, for all layers; more than that where some layers keep none."""
        ask, model = self._native, self.pointer
        every = ask.llama_model_n_head(model)
        heads = ask.llama_model_n_head_kv(model) or every  # those of the first layer: in a hybrid it may have none
        head = ask.llama_model_n_embd(model) // max(1, every)
        key, value = (self._whole(f"{self.architecture}.attention.{each}_length") or head for each in ("key", "value"))
        return 2 * (key + value) * heads * ask.llama_model_n_layer(model)

    def vocabulary(self) -> tuple[list[bytes], list[int], int]:
        """For a grammar: the bytes of each token (control tokens behind a byte that no text has), the tokens that end
        an answer, and the address of the vocabulary."""
        pieces = [
            b"\xff" + self._piece(token, _PIECE_BYTES, special=True)
            if self._native.llama_vocab_get_attr(self._vocabulary, token) & _CONTROL
            else self.piece(token)
            for token in range(self.tokens)
        ]
        return pieces, [token for token in range(self.tokens) if self.ends(token)], self._vocabulary

    def differs(self, other: "Weights") -> str:
        """Where the tokens of `other` are not the same; "" if they are."""
        if self.tokens != other.tokens:
            return f"{other.tokens} tokens, not {self.tokens}"
        for token in range(self.tokens):
            if (mine := self._named(token)) != (theirs := other._named(token)):
                return f"token {token} is {theirs}, not {mine}"
        return ""

    def close(self) -> None:
        """Contexts of these weights are closed before."""
        while self.adapters:
            self._native.llama_adapter_lora_free(self.adapters.popitem()[1])
        if self.pointer:
            self._native.llama_model_free(self.pointer)
            self.pointer = None

    def _named(self, token: int) -> tuple[bytes, int]:
        """Its text in the vocabulary, and its attributes."""
        text = self._native.llama_vocab_get_text(self._vocabulary, token)
        return text, self._native.llama_vocab_get_attr(self._vocabulary, token)

    def _field(self, name: str) -> str:
        """What the file's header says; empty where it says nothing."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self._native.llama_model_meta_val_str(self.pointer, name.encode(), buffer, _PIECE_BYTES)
        return buffer.value.decode("utf-8", "replace")

    def _whole(self, name: str) -> int:
        said = self._field(name)
        return int(said) if said.isascii() and said.isdigit() else 0

    def _spelled(self, token: int) -> str:
        found = self._native.llama_vocab_get_text(self._vocabulary, token) if token >= 0 else b""
        return found.decode("utf-8", "replace")

    def _piece(self, token: int, room: int, special: bool = False) -> bytes:
        buffer = ctypes.create_string_buffer(room)
        length = self._native.llama_token_to_piece(self._vocabulary, token, buffer, room, 0, special)
        return buffer.raw[:length] if length >= 0 else self._piece(token, -length, special)
