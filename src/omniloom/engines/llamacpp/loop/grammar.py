"""What may be written next, by llguidance on the model's own tokens; and what must be, which nobody need decode."""

import ctypes
import threading
from collections.abc import Sequence as Ordered
from typing import Any

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native.binding import native
from omniloom.engines.llamacpp.native.weights import Weights


class Grammar:
    """One answer's place in a Lark grammar."""

    def __init__(self, matcher: Any, weights: Weights) -> None:
        self._matcher, self._weights = matcher, weights

    @property
    def ended(self) -> bool:
        """Whether nothing may follow."""
        return bool(self._matcher.is_stopped())

    def take(self, token: int) -> bool:
        """Go on with `token`; False, and nothing changed, if it is not allowed here."""
        if self._weights.ends(token):
            return bool(self._matcher.is_accepting())
        return self._matcher.try_consume_tokens([token]) == 1

    def takes_all(self, tokens: Ordered[int]) -> bool:
        """Whether `tokens`, none of which ends an answer, are allowed here one after the other."""
        return self._matcher.validate_tokens(list(tokens)) == len(tokens)

    def takes(self, token: int) -> bool:
        """Whether `token` is allowed here."""
        return (
            bool(self._matcher.is_accepting())
            if self._weights.ends(token)
            else self._matcher.validate_tokens([token]) == 1
        )

    def forced(self) -> list[int]:
        """The tokens that must follow, gone on with."""
        tokens = [] if self.ended else list(self._matcher.compute_ff_tokens())
        return tokens[: self._matcher.try_consume_tokens(tokens)] if tokens else []

    def allowed(self) -> Any:
        """Which tokens may follow, as booleans. Raises EngineError if the grammar's own limits are broken."""
        import numpy as np

        if self._matcher.is_error():
            raise EngineError(f"the constraint cannot be followed: {self._matcher.get_error()[:300]}")
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        return np.unpackbits(bits, bitorder="little")[: self._weights.tokens].astype(bool)


class Grammars:
    """Makes them. The vocabulary is read when the first is asked for, which takes about a second. For any thread."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._lock = threading.Lock()
        self._tokens: Any = None

    def grammar(self, lark: str) -> Grammar:
        """Raises EngineError for a grammar that does not compile on this vocabulary."""
        import llguidance

        with self._lock:
            if self._tokens is None:
                self._tokens = self._tokenizer()
        matcher = llguidance.LLMatcher(self._tokens, lark, log_level=0)
        if matcher.is_error():
            raise EngineError(f"the constraint does not compile: {matcher.get_error()[:300]}")
        return Grammar(matcher, self._weights)

    def _tokenizer(self) -> Any:
        import llguidance

        kind: Any = llguidance.LLTokenizer  # its stub leaves out this way of making one
        pieces, ends, vocabulary = self._weights.vocabulary()
        tokenize = ctypes.cast(native().llama_tokenize, ctypes.c_void_p).value
        return kind.from_llamacpp(
            tokens=pieces, vocab_ptr=vocabulary, tokenize_fptr=tokenize, eos_token=ends or None, slices=None
        )
