"""How long an answer will take, from how fast this engine was here before."""

from omniloom.core.values import Usage
from omniloom.storage.journal import Journal

# Tokens a second of a 1.5B model on two laptop cores (lab log): used until this engine has been measured here.
_PREFILL, _DECODE = 35.0, 12.0
_LEAST_TOKENS = 64
_KEY = "speed"


def remember(journal: Journal, engine: str, usage: Usage) -> None:
    """Keeps the speed of a call that computed enough to tell it."""
    computed = usage.input_tokens - usage.cached_tokens
    first = usage.first_token_seconds
    if first is None or computed < _LEAST_TOKENS or first <= 0:
        return
    rest, written = usage.seconds - first, usage.output_tokens + usage.reasoning_tokens - 1
    decode = written / rest if rest > 0 and written > 0 else speeds(journal, engine)[1]
    journal.keep_vectors(f"speed of {engine}", {_KEY: [computed / first, decode]})


def speeds(journal: Journal, engine: str) -> tuple[float, float]:
    """Tokens a second: (prefill, decode)."""
    prefill, decode = journal.vectors(f"speed of {engine}", [_KEY]).get(_KEY, [_PREFILL, _DECODE])
    return prefill, decode


def seconds(journal: Journal, engine: str, input_tokens: int, output_tokens: int) -> float:
    """At most how long it takes; less where states or whole answers are kept from before."""
    prefill, decode = speeds(journal, engine)
    return input_tokens / prefill + output_tokens / decode
