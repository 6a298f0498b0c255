"""How long an answer will take, from how fast this engine was here before."""

from collections.abc import Sequence
from itertools import accumulate

from omniloom.core.values import Usage
from omniloom.storage.journal import Journal

# Tokens a second of a 1.5B model on two laptop cores (lab log), and how many tokens that counts for beside what is
# measured here.
_UNMEASURED = {"prefill": (35.0, 256), "decode": (12.0, 64)}
_LEAST_READ, _LEAST_WRITTEN = 64, 16
_KEPT = 5  # measurements


def remember(journal: Journal, engine: str, usage: Usage) -> None:
    """Keeps the speed of a completion that tells it.

    The first token does not tell when reading ended: the beginning of JSON is known, and told, before anything is read.
    So the speed of writing is taken where little was read, and that of reading from the seconds which writing leaves.
    """
    read, written = usage.input_tokens - usage.cached_tokens, usage.output_tokens + usage.reasoning_tokens
    if usage.seconds <= 0:
        return
    prefill, decode = speeds(journal, engine)
    rest = usage.seconds - (usage.first_token_seconds or 0.0)
    if written >= _LEAST_WRITTEN and read <= written and rest > 0:
        decode = written / rest
        _keep(journal, engine, "decode", written, rest)
    elif written >= _LEAST_WRITTEN and written / usage.seconds > decode:  # it is this fast at least
        decode = written / usage.seconds
        _keep(journal, engine, "decode", written, usage.seconds)
    reading = usage.seconds - written / decode
    if read >= _LEAST_READ and (2 * reading >= usage.seconds or read / usage.seconds > prefill):
        _keep(journal, engine, "prefill", read, max(reading, usage.seconds / 2))


def _keep(journal: Journal, engine: str, what: str, tokens: int, seconds: float) -> None:
    before = journal.vectors(_name(engine), [what]).get(what, [])
    journal.keep_vectors(_name(engine), {what: [*before, float(tokens), seconds][-2 * _KEPT :]})


def _name(engine: str) -> str:
    return f"speeds of {engine}"


def speeds(journal: Journal, engine: str) -> tuple[float, float]:
    """Tokens a second: (prefill, decode). A prompt is never read more slowly than it would be written: where it seems
    to be, the model was loaded meanwhile."""
    known = journal.vectors(_name(engine), ["prefill", "decode"])
    prefill, decode = (_usual(known.get(what, []), *usual) for what, usual in _UNMEASURED.items())
    return max(prefill, decode), decode


def _usual(measured: Sequence[float], unmeasured: float, counts: int) -> float:
    """The median of tokens a second, each measurement with the weight of its tokens. measured: tokens, seconds, ..."""
    pairs = zip(measured[::2], measured[1::2], strict=True)
    known = sorted([(unmeasured, float(counts)), *((tokens / seconds, tokens) for tokens, seconds in pairs)])
    half = sum(tokens for _, tokens in known) / 2
    upto = accumulate(tokens for _, tokens in known)
    return next(speed for (speed, _), below in zip(known, upto, strict=True) if below >= half)


def seconds(journal: Journal, engine: str, input_tokens: int, output_tokens: int) -> float:
    """About how long it takes; less where states or whole answers are kept from before."""
    prefill, decode = speeds(journal, engine)
    return input_tokens / prefill + output_tokens / decode
