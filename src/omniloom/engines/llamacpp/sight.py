"""Parts a model takes natively, as they stand in a prompt: tokens of text, and runs of negative ones for vectors."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from omniloom.core.errors import EngineError, UnsupportedError
from omniloom.core.values import Kind, Part
from omniloom.engines.llamacpp.plain import Plain, Plains

_ASK = Callable[[str, dict[str, Any]], Any]
_MOST = 1 << 20  # tokens of one part
_SHIFT = 24  # bits of a token's number in its run; above them stands what it shows


class Stretch(NamedTuple):
    """Part of a prompt. shown: what the engine's child is told of a run of vectors; none of text."""

    tokens: list[int]
    shown: "Shown | None" = None


class Shown(NamedTuple):
    """run: as loop.media.Run, but for its files. source: the part. plain: what is encoded."""

    run: dict[str, Any]
    source: str
    plain: Plain


class Sight:
    """What a projector makes of parts. kinds: what it takes, of "image" and "audio". Safe from several threads."""

    def __init__(self, ask: _ASK, kinds: frozenset[Kind], plains: Plains) -> None:
        self._ask, self.kinds, self._plains = ask, kinds, plains
        self._pieces = lru_cache(64)(self._asked)
        self._rate = lru_cache(1)(lambda: int(self._ask("/media", {})["rate"]))

    def stretches(self, part: Part, source: str) -> list[Stretch]:
        """Raises UnsupportedError for a kind that is not taken, UnreadableError, TooLargeError, EngineError."""
        if part.kind not in self.kinds:
            takes = " and ".join(sorted(self.kinds)) or "text only"
            raise UnsupportedError(f"this engine takes {takes}, and a Segment holds {part.kind!r}")
        plain = self._plains.plain(part, self._rate() if part.kind == "audio" else 0)
        return [self._stretch(piece, at, source, plain) for at, piece in enumerate(self._pieces(plain.shape))]

    def _stretch(self, piece: dict[str, Any], at: int, source: str, plain: Plain) -> Stretch:
        if not piece["length"]:
            return Stretch(piece["tokens"])
        name = hashlib.sha256(f"{plain.name} {at}".encode()).hexdigest()
        first = (int(name[:24], 16) << _SHIFT) + 1
        run = {key: piece[key] for key in ("length", "positions", "last", "causal")}
        run |= {"name": name, "shape": plain.shape, "piece": at, "start": 0}
        return Stretch([-first - number for number in range(piece["length"])], Shown(run, source, plain))

    def _asked(self, shape: tuple[str, int, int]) -> list[dict[str, Any]]:
        """What the child says is looked at here: it may be a liar, and its numbers go into keys and lists."""
        pieces = self._ask("/media", {"shape": shape})["pieces"]
        total = 0
        for piece in pieces:
            counts = [piece["length"], piece["positions"], piece["last"], *piece["tokens"]]
            if not all(isinstance(count, int) and count >= 0 for count in counts):
                raise EngineError("the engine's process said what it may not: a count below 0")
            total += piece["length"] + len(piece["tokens"])
            if total > _MOST:
                raise EngineError(f"the engine's process makes more than {_MOST} tokens of one {shape[0]}")
        return pieces
