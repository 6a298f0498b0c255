"""The loop: admit, write one token of each answer, read one piece of one prompt; again.

    while loop.busy:
        for told in loop.step():
            ...

What it does not do yet: states on disk, schemas, drafts, stop strings. It runs beside the server-level path, which
still answers (docs/PROGRESS.md).
"""

from collections import deque
from typing import Literal, NamedTuple

from omniloom.core.errors import ContextError, EngineError
from omniloom.engines.llamacpp.loop.sampler import Sampler
from omniloom.engines.llamacpp.loop.sequence import Held, Sequence, boundaries, shared
from omniloom.engines.llamacpp.native.context import Context, Item


class Told(NamedTuple):
    """What a step has to say of the sequence `key`.

    "read": `done` of its prompt's tokens are computed. "token": it wrote `token`. "end": it is done, for `reason`.
    """

    key: str
    kind: Literal["read", "token", "end"]
    done: int = 0
    token: int = -1
    logprob: float = 0.0
    reason: Literal["", "stop", "length"] = ""


class Loop:
    """For one thread. Each sequence is computed in calls of its own, so that none changes a bit of another."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: deque[Sequence] = deque()
        self._live: dict[str, Sequence] = {}
        self._samplers: dict[str, Sampler] = {}
        self._held: dict[int, Held] = {}
        self._steps = 0

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._live)

    def add(self, sequence: Sequence) -> None:
        """Raises ContextError if it cannot fit, EngineError for a key that is in use."""
        needed, cells = len(sequence.tokens) + sequence.limit, self._context.sizes.cells
        if needed > cells:
            raise ContextError(f"the request needs {needed} tokens, a sequence holds {cells}")
        if sequence.key in self._samplers:
            raise EngineError(f"{sequence.key!r} is already in the loop")
        sequence.bounds = boundaries(sequence.prompt, sequence.ends, self._context.sizes.batch)
        self._samplers[sequence.key] = Sampler(sequence.sampling, sequence.seed)
        self._waiting.append(sequence)

    def drop(self, key: str) -> None:
        """Forget a sequence, wherever it is; what was read of its prompt stays for others."""
        self._samplers.pop(key, None)
        self._waiting = deque(each for each in self._waiting if each.key != key)
        self._live.pop(key, None)

    def step(self) -> list[Told]:
        """A token of every answer, and a piece of the prompt that was admitted first."""
        self._steps += 1
        self._admit()
        writing = [sequence for sequence in self._live.values() if not sequence.reading]
        told = [each for sequence in writing for each in self._write(sequence)]
        reading = next((sequence for sequence in self._live.values() if sequence.reading), None)
        return told + (self._read(reading) if reading is not None else [])

    # -- reading and writing -------------------------------------------------------------------------------------

    def _read(self, sequence: Sequence) -> list[Told]:
        piece = sequence.next_piece()
        start, last = sequence.done, sequence.done + len(piece) == sequence.prompt
        items = [
            Item(token, start + at, sequence.slot, last and at == len(piece) - 1) for at, token in enumerate(piece)
        ]
        logits = self._context.step(items)
        sequence.done += len(piece)
        if not last:
            self._held[sequence.slot].bounds.append(sequence.done)
        told = [Told(sequence.key, "read", done=sequence.done)]
        return told + self._picked(sequence, logits[0]) if last else told

    def _write(self, sequence: Sequence) -> list[Told]:
        item = Item(sequence.tokens[sequence.done], sequence.done, sequence.slot, True)
        [logits] = self._context.step([item])
        sequence.done += 1
        return self._picked(sequence, logits)

    def _picked(self, sequence: Sequence, logits: object) -> list[Told]:
        written = sequence.tokens[sequence.prompt :]
        token, logprob = self._samplers[sequence.key].pick(logits, written)
        if self._context.weights.ends(token):
            return [self._ended(sequence, "stop")]
        sequence.tokens.append(token)
        told = [Told(sequence.key, "token", token=token, logprob=logprob)]
        return [*told, self._ended(sequence, "length")] if len(written) + 1 == sequence.limit else told

    def _ended(self, sequence: Sequence, reason: Literal["stop", "length"]) -> Told:
        self.drop(sequence.key)
        return Told(sequence.key, "end", reason=reason)

    # -- who may begin, and with what ----------------------------------------------------------------------------

    def _admit(self) -> None:
        """Waiting sequences take free slots in order; one whose beginning another is just reading waits for it."""
        for sequence in list(self._waiting):
            source, length = self._longest(sequence)
            if self._longest_coming(sequence) > length:
                continue
            slot = self._free_slot(source, length)
            if slot is None:
                return
            self._waiting.remove(sequence)
            self._begin(sequence, slot, source, length)

    def _begin(self, sequence: Sequence, slot: int, source: int, length: int) -> None:
        if slot == source:
            self._context.cut(slot, length)
        elif length:
            self._context.copy(source, slot, length)
        else:
            self._context.cut(slot, 0)
        bounds = [bound for bound in sequence.bounds if bound <= length]
        self._held[slot] = Held(sequence.tokens, bounds, self._steps)
        if length:
            self._held[source].used = self._steps
        sequence.slot, sequence.done, sequence.reused = slot, length, length
        self._live[sequence.key] = sequence

    def _longest(self, sequence: Sequence) -> tuple[int, int]:
        """(slot, length) of the longest beginning that is computed."""
        lengths = {slot: shared(held, sequence) for slot, held in self._held.items()}
        slot = max(lengths, key=lambda each: lengths[each], default=-1)
        return slot, lengths.get(slot, 0)

    def _longest_coming(self, sequence: Sequence) -> int:
        """How far the beginning will reach that a live sequence is reading."""
        return max((shared(each, sequence) for each in self._live.values() if each.reading), default=0)

    def _free_slot(self, source: int, length: int) -> int | None:
        """A slot nobody lives in: the source itself if it holds no more, an empty one, or that used longest ago."""
        taken = {each.slot for each in self._live.values()}
        free = [slot for slot in range(self._context.sizes.sequences) if slot not in taken]
        if source in free and self._held[source].bounds[-1] == length:
            return source

        def worth(slot: int) -> tuple[bool, int]:
            return slot == source, self._held[slot].used if slot in self._held else -1

        return min(free, key=worth, default=None)
