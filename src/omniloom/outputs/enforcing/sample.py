"""JSON texts that a grammar allows, written at random: if one of them is invalid, the grammar is too wide."""

import random

from omniloom.outputs.enforcing import grammar

_LONG, _SHORT = 2500, 400


def at_random(schema: dict[str, object], seed: int) -> str | None:
    """A text, the same for the same seed; None where none came to an end in 2500 bytes."""
    # Not a secret, so the generator need not be one.
    choice = random.Random(seed)  # noqa: S311
    matcher = grammar.matcher(schema)
    text = bytearray()
    while len(text) < _LONG:
        if forced := matcher.compute_ff_bytes():
            matcher.consume_tokens(list(forced))
            text += forced
            continue
        if matcher.is_stopped() or (matcher.is_accepting() and choice.random() < 0.5):
            return text.decode("utf-8")
        mask = matcher.compute_bitmask()
        allowed = [byte for byte in range(256) if mask[byte // 8] >> (byte % 8) & 1]
        if not allowed:
            return text.decode("utf-8") if matcher.is_accepting() else None
        byte = choice.choices(allowed, [_weight(byte, text) for byte in allowed])[0]
        matcher.consume_token(byte)
        text.append(byte)
    return None


def _weight(byte: int, text: bytearray) -> float:
    """What closes comes more often, the more is written; exponents, which floats may not hold, all but never."""
    if byte in b"eE" and text[-1:].isdigit():
        return 1e-9
    if byte in b"}]":
        return 12 if len(text) < _SHORT else 60
    if byte == ord('"'):
        return 6 if len(text) < _SHORT else 30
    return 1 if byte >= 128 or byte == ord("\\") else 2
