"""The loop: admit, write what follows in each answer, read a piece of a prompt; again.

    while loop.busy:
        for told in loop.step():
            ...

It knows tokens and slots. What a token means, Answer knows; whose states they are, the parent of this process.
"""

import math
import time
from bisect import bisect_right
from collections import deque
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from omniloom.core.errors import ContextError, EngineError
from omniloom.engines.llamacpp.loop.answer import Answer, Asked, Reason, Wrote
from omniloom.engines.llamacpp.loop.costs import TYPICAL, Costs
from omniloom.engines.llamacpp.loop.draft_model import DraftModel
from omniloom.engines.llamacpp.loop.drafts import SHORTEST, alike
from omniloom.engines.llamacpp.loop.measuring import Measurement
from omniloom.engines.llamacpp.loop.media import around, edges
from omniloom.engines.llamacpp.loop.sequence import PATIENCE, Chunk, Sequence, boundaries, same_prompt, shared
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.loop.slots import Slots
from omniloom.engines.llamacpp.loop.splices import Splices, joints
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Context, Item
from omniloom.engines.llamacpp.native.moving import Movable
from omniloom.engines.llamacpp.native.stop import Stop

_NEARLY = 0.8  # a piece that is so far done is not given up for another prompt


class Told(NamedTuple):
    """What a step has to say of the sequence `key`.

    "begin": `done` of its prompt's tokens were found computed. "read": `done` are computed. "token": it wrote
    `token`; the first of several carries the log-probability. "end": it is done, for `reason`. "kept": its state
    after `done` tokens is on the shelf. "spoiled": the state of `done` tokens that was there is none. "lifted": the
    cells of the passage that ends there are on the shelf. "unplaced": those that were there are none. "failed": it
    cannot go on, for `problem`.
    """

    key: str
    kind: Literal["begin", "read", "token", "end", "kept", "spoiled", "lifted", "unplaced", "failed"]
    done: int = 0
    token: int = -1
    logprob: float = 0.0
    reason: Reason = ""
    problem: EngineError | None = None


class _Turn(NamedTuple):
    """What comes next of a sequence. items: what is computed: the piece behind the cells that are placed from `chunk`,
    then the draft."""

    sequence: Sequence
    piece: list[int]
    draft: list[int]
    items: list[Item]
    is_alone: bool
    chunk: Chunk | None = None


class Loop:
    """For one thread. context: Apart, where each sequence is computed in calls of its own and none changes a bit of
    another; or Context, where answers share calls: more tokens a second, and near ties may fall otherwise in company.
    drafter: guesses at what answers write, where what they have said before does not tell.
    """

    def __init__(self, context: Context | Apart, shelf: Shelf | None = None, drafter: DraftModel | None = None) -> None:
        self._context, self._shelf, self.drafter = context, shelf, drafter
        self._waiting: deque[Sequence] = deque()
        self._live: dict[str, Sequence] = {}
        self._slots = Slots(context, shelf)
        self._splices = Splices(context, shelf, self._slots) if isinstance(context, Movable) and shelf else None
        self._owed = 0.0  # seconds
        self._ahead = 0  # tokens of prompts that are read before answers go on
        self._pace = 0.0  # seconds for a token of a long prompt
        self._until = 0.0  # when what is read now will nearly be done; 0 if it must not be given up
        self.computing: tuple[str, ...] = ()
        self.costs: Costs | None = None
        self._unmeasured = False  # costs were wanted, and not known
        self._measurement: Measurement | None = None
        self.evaluated = self.alone = 0

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._live)

    def add(self, sequence: Sequence) -> None:
        """Raises ContextError if it cannot fit, EngineError for a key that is in use."""
        needed, cells = len(sequence.tokens) + sequence.limit, self._context.sizes.cells
        if needed > cells:
            raise ContextError(f"the request needs {needed} tokens, a sequence holds {cells}")
        if sequence.key in self._live or any(each.key == sequence.key for each in self._waiting):
            raise EngineError(f"{sequence.key!r} is already in the loop")
        ends = (*sequence.ends, *edges(sequence.runs), *joints(sequence.chunks))
        sequence.bounds = around(boundaries(sequence.prompt, ends, self._context.sizes.batch), sequence.runs)
        if sequence.answer is None:
            asked = Asked(sequence.limit, sequence.sampling, sequence.seed)
            sequence.answer = Answer(self._context.weights, asked)
        sequence.costs = self.costs
        self._waiting.append(sequence)

    def drop(self, key: str) -> None:
        """Forget a sequence, wherever it is; what was read of its prompt stays for others."""
        self._waiting = deque(each for each in self._waiting if each.key != key)
        self._live.pop(key, None)
        if self.drafter is not None:
            self.drafter.leave(key)

    def step(self) -> list[Told]:
        """What follows in every answer; and what is due of the prompts."""
        told = self._admit()
        began = time.monotonic()
        writing = [sequence for sequence in self._live.values() if not sequence.reading]
        if self._ahead <= 0 or len(writing) == len(self._live):
            for group in self._groups([self._turn(sequence) for sequence in writing]):
                told += self._go_on(group)
            # Where answers share steps they write at less cost once all prompts are read: until then a step a piece.
            self._ahead = self._context.sizes.batch if self._joins else 0
        self._owed -= time.monotonic() - began
        if due := self._due(bool(writing)):
            self._ahead -= sum(len(turn.items) for turn in due)
            told += self._read_short(due) if self._is_short(due[0].sequence) else self._read_long(due)
        return told

    def measure(self, stop: Stop) -> None:
        """What steps cost, if that was wanted; for when nothing else is to be done. Raises Aborted, EngineError."""
        if self._unmeasured and self.costs is None:
            weights, threads = self._context.weights, self._context.sizes.threads
            self._measurement = self._measurement or Measurement(weights, threads, stop)
            self.costs = self._measurement.finish()
        if self.drafter is not None:
            self.drafter.measure()

    @property
    def patient(self) -> bool:
        """Whether what is computed now may be given up for a short prompt: a long one's piece that is not nearly done.

        For any thread."""
        return time.monotonic() < self._until

    # -- reading and writing -------------------------------------------------------------------------------------

    def _due(self, is_writing: bool) -> list[_Turn]:
        """Which prompts are read now: short ones at once, since they are soon done, as far as the long ones' patience
        goes; a long one where nobody else waits, or once the answers had as much time as its last piece took."""
        reading = [sequence for sequence in self._live.values() if sequence.reading]
        short = [sequence for sequence in reading if self._is_short(sequence)]
        longer = [sequence for sequence in reading if not self._is_short(sequence)]
        if short and (not longer or longer[0].patience > 0):
            return self._together([self._turn(sequence) for sequence in short])
        if not longer or (not short and is_writing and self._owed > 0):
            return []
        return [self._turn(longer[0])]

    def _is_short(self, sequence: Sequence) -> bool:
        return sequence.prompt - sequence.done <= self._context.sizes.batch

    def _together(self, turns: list[_Turn]) -> list[_Turn]:
        """Those at the beginning that one step takes."""
        if not self._joins:
            return turns[:1]
        ends = list(accumulate(len(turn.items) for turn in turns))
        return turns[: max(1, bisect_right(ends, self._context.sizes.batch))]

    @property
    def _joins(self) -> bool:
        return self._context.joins and self._context.weights.rewinds

    def _read_short(self, due: list[_Turn]) -> list[Told]:
        """The oldest of the long ones has patience for it."""
        began = time.monotonic()
        told = self._go_on(due)
        if longer := next((each for each in self._live.values() if each.reading and not self._is_short(each)), None):
            longer.patience -= time.monotonic() - began
        return told

    def _read_long(self, due: list[_Turn]) -> list[Told]:
        sequence, tokens = due[0].sequence, len(due[0].items)
        began, done = time.monotonic(), sequence.done
        if self._may_wait(due[0]):
            self._until = began + _NEARLY * self._pace * tokens
        try:
            return self._go_on(due)
        finally:
            self._until, took = 0.0, time.monotonic() - began
            self._owed = 0.0 if self._joins else took
            if sequence.done > done:
                self._pace = took / tokens
                sequence.patience = min(PATIENCE, sequence.patience + took)
            else:
                sequence.patience -= took

    def _may_wait(self, turn: _Turn) -> bool:
        """Whether its piece may be given up: where the one that comes finds a slot, and as far as its patience goes;
        never an encoding, nor while cells are turned: llama.cpp does not say of that whether it was left."""
        has_slot = len(self._live) < self._context.sizes.sequences
        left = self._context.weights.rewinds and turn.piece[0] >= 0 and turn.chunk is None
        return left and turn.sequence.patience > 0 and has_slot

    def _turn(self, sequence: Sequence) -> _Turn:
        """A piece of its prompt, or all that was written and not computed yet, and what probably follows that."""
        chunk = self._splices.due(sequence) if self._splices is not None and sequence.reading else None
        begin = chunk.end if chunk is not None else sequence.done
        piece = sequence.tokens[sequence.done : begin] + sequence.next_piece(begin, self._context.sizes.batch)
        last = sequence.done + len(piece) - 1
        whole = last + 1 == len(sequence.tokens)
        is_alone, sequence.alone = sequence.alone, False
        draft = [] if sequence.reading or is_alone else self._draft(sequence, len(piece))
        items = [
            Item(token, at, sequence.slot, whole and at >= last)
            for at, token in enumerate([*piece[begin - sequence.done :], *draft], begin)
        ]
        return _Turn(sequence, piece, draft, items, is_alone, chunk)

    def _groups(self, turns: list[_Turn]) -> list[list[_Turn]]:
        """What is computed in one call: single tokens of several sequences, where the context holds them together."""
        alone = [[turn] for turn in turns if turn.is_alone or len(turn.items) > 1]
        single = [turn for turn in turns if not turn.is_alone and len(turn.items) == 1]
        if not self._joins or len(single) < 2:
            return alone + [[turn] for turn in single]
        self._unmeasured = self._unmeasured or self.costs is None
        width = self.costs.widest_worth(len(single)) if self.costs else len(single)
        return alone + [single[at : at + width] for at in range(0, len(single), width)]

    def _go_on(self, group: list[_Turn]) -> list[Told]:
        """What went wrong with one sequence is told of that one, and its slot is empty."""
        self.computing = tuple(turn.sequence.key for turn in group)
        try:
            return self._compute(group)
        except Aborted:
            for sequence in (turn.sequence for turn in group):
                if not self._context.cut(sequence.slot, sequence.done):
                    self._slots.empty(sequence.slot)  # it cannot go back, and was left: only then is it given up
                    self.drop(sequence.key)
            return []
        except EngineError as error:
            for sequence in (turn.sequence for turn in group):
                self._slots.empty(sequence.slot)
                self.drop(sequence.key)
            return [Told(turn.sequence.key, "failed", problem=error) for turn in group]

    def _compute(self, group: list[_Turn]) -> list[Told]:
        sequence, chunk = group[0].sequence, group[0].chunk
        if self._splices is not None and chunk is not None and not self._splices.place(sequence, chunk):
            return [Told(sequence.key, "unplaced", done=chunk.end)]
        items = [item for turn in group for item in turn.items]
        logits = iter(self._context.step(items))
        self.evaluated += len(items)
        told: list[Told] = []
        for turn in group:
            own = [next(logits) for item in turn.items if item.wanted]
            # In company a near tie may fall otherwise anyway; what is drafted changes nothing even there.
            told += self._take(
                turn, own, 0.0 if len(group) > 1 and not turn.draft else self._noise(turn.sequence, len(items))
            )
        return told

    def _take(self, turn: _Turn, logits: list[Any], noise: float) -> list[Told]:
        """What a sequence makes of its turn."""
        sequence, is_reading = turn.sequence, turn.sequence.reading
        sequence.reused += turn.chunk.end - sequence.done if turn.chunk is not None else 0
        sequence.done += len(turn.piece)
        told = self._read(sequence) if is_reading else []
        if sequence.until is not None and sequence.done >= sequence.until:
            return [*told, self._ended(sequence, "stop")]
        if is_reading and sequence.done == sequence.prompt and logits:  # none where a forced beginning is still to come
            self._slots.whole(sequence, sequence.slot, logits[0].copy())
        return told + (self._follow(sequence, turn.draft, logits, 0.0 if is_reading else noise) if logits else [])

    def _follow(self, sequence: Sequence, draft: list[int], logits: list[Any], noise: float) -> list[Told]:
        """Ask the answer at each of the logits in turn, as long as what it wrote is what was drafted."""
        answer, told, kept = self._answer(sequence), list[Told](), 0
        while True:
            if noise and not answer.sure(logits[kept], noise):
                sequence.done, sequence.alone = sequence.done - 1, True
                self.alone += 1
                break
            wrote = answer.next(logits[kept])
            told += self._wrote(sequence, wrote)
            same = alike(wrote.tokens, draft[kept:])
            kept += same
            sequence.done += same
            if wrote.reason or same < len(wrote.tokens):
                break
        if draft:
            sequence.drafts.learn(len(draft), kept)
        if draft or sequence.alone:
            self._context.cut(sequence.slot, sequence.done)
        return told

    def _draft(self, sequence: Sequence, width: int) -> list[int]:
        """What probably follows, if that is worth computing together with `width` tokens."""
        if not self._context.weights.rewinds:
            return []
        room = min(sequence.prompt + sequence.limit - len(sequence.tokens), self._context.sizes.batch - width)
        match = sequence.drafts.match(sequence.tokens)
        if room <= 0:
            return []
        found = list[int]()
        if match.length >= SHORTEST:
            found = sequence.drafts.propose(sequence.tokens, match, width, room, self._costs_of(sequence))
        if not found and self.drafter is not None:
            self.computing = (sequence.key,)  # it leaves in the middle of a guess, too
            found = self.drafter.propose(sequence, width, room, self._costs_of(sequence))
        return found

    def _costs_of(self, sequence: Sequence) -> Costs:
        """Those that were known when it came: what is measured meanwhile changes no answer."""
        self._unmeasured = self._unmeasured or self.costs is None
        return sequence.costs or TYPICAL

    def _noise(self, sequence: Sequence, width: int) -> float:
        """By how much a lead of logits may be off in a step of so many tokens."""
        return 0.0 if width == 1 or not self._context.weights.rewinds else (sequence.costs or TYPICAL).noise(width)

    def _read(self, sequence: Sequence) -> list[Told]:
        self._slots.read(sequence)
        told = [Told(sequence.key, "read", done=min(sequence.done, sequence.prompt))]
        if self._splices is not None and self._splices.lift(sequence):
            told.append(Told(sequence.key, "lifted", done=sequence.done))
        name = sequence.keep.get(sequence.done) if self._slots.exact(sequence.slot) == math.inf else None
        if name is not None and self._shelf is not None:
            kept = self._shelf.put(name, self._context.save(sequence.slot))
            told += [Told(sequence.key, "kept", done=sequence.done)] if kept else []
        return told

    def _wrote(self, sequence: Sequence, wrote: Wrote) -> list[Told]:
        sequence.tokens += wrote.tokens
        told = [
            Told(sequence.key, "token", token=token, logprob=0.0 if at else wrote.logprob)
            for at, token in enumerate(wrote.tokens)
        ]
        return [*told, self._ended(sequence, wrote.reason)] if wrote.reason else told

    def _ended(self, sequence: Sequence, reason: Reason) -> Told:
        self.drop(sequence.key)
        return Told(sequence.key, "end", reason=reason)

    def _answer(self, sequence: Sequence) -> Answer:
        assert sequence.answer is not None
        return sequence.answer

    # -- who may begin, and with what ----------------------------------------------------------------------------

    def _admit(self) -> list[Told]:
        """Waiting sequences take free slots in order; one whose beginning another is just reading waits for it."""
        told: list[Told] = []
        for sequence in list(self._waiting):
            source, length = self._slots.longest(sequence)
            stored = sequence.stored[0] if sequence.stored else 0
            if self._longest_coming(sequence) > max(length, stored):
                continue
            slot = self._slots.free([each.slot for each in self._live.values()], source, length, sequence.adapter)
            if slot is None:
                return told
            self._waiting.remove(sequence)
            try:
                if stored > min(length, self._slots.exact(source)):
                    found = self._slots.restore(sequence, slot)
                    told += [] if found else [Told(sequence.key, "spoiled", done=stored)]
                    source, length = (slot, stored) if found else self._slots.longest(sequence)
                told += self._begin(sequence, slot, source, length)
            except EngineError as error:  # no memory for another state
                self._slots.empty(slot)
                told.append(Told(sequence.key, "failed", problem=error))
        return told

    def _begin(self, sequence: Sequence, slot: int, source: int, length: int) -> list[Told]:
        logits = self._slots.begin(sequence, slot, source, length)
        self._live[sequence.key] = sequence
        told = [Told(sequence.key, "begin", done=length)]
        if sequence.until is not None:
            return [*told, self._ended(sequence, "stop")] if length >= sequence.until else told
        told += self._wrote(sequence, self._answer(sequence).first())
        return told if logits is None else told + self._follow(sequence, [], [logits], 0.0)

    def _longest_coming(self, sequence: Sequence) -> int:
        """How far the beginning will reach that a live sequence is reading; 0 where it has passed a place to which it
        cannot go back."""
        is_open, rewinds = self._answer(sequence).is_open, self._context.weights.rewinds
        coming = [
            (each.prompt if is_open and same_prompt(each, sequence) else shared(each, sequence), each.done)
            for each in self._live.values()
            if each.reading
        ]
        return max((length for length, done in coming if rewinds or length > done), default=0)
