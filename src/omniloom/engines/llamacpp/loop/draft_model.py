"""Guesses at what comes next by a smaller model of the same vocabulary, where that costs less than it saves.

It says what it would write. What is written, the answer decides from the large model's logits, as it would without.
Whether and how far it guesses for a sequence follows from that sequence and from measured costs alone, so what else
runs changes no draft; only the reading of a beginning that another sequence has read is saved.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omniloom.core.errors import EngineError, WeightsError
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.drafts import Acceptance, alike, best_length
from omniloom.engines.llamacpp.loop.measuring import Measurement
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_SURE = 0.6
_KEPT = 0.7  # the share of tokens asked of it that were sure and came true (lab log, 2026-11-28)
_PATIENCE = 16  # steps in a row without it, after which its memory of a sequence is given back


@dataclass
class _Place:
    """Where a sequence stands in the small model.

    done: how many of its tokens count as read. guessed: what was computed behind them. slot: of the contexts, -1
    before it has one. idle: steps in a row in which nothing was asked of it. costs: as they were known when it came.
    """

    costs: Costs | None
    acceptance: Acceptance = field(default_factory=lambda: Acceptance(_KEPT))
    done: int = 0
    guessed: list[int] = field(default_factory=list)
    slot: int = -1
    idle: int = 0


def load_draft(path: Path, weights: Weights) -> Weights:
    """Raises WeightsError for a model that cannot be loaded or has other tokens than `weights`, and where one of the
    two cannot go back to an earlier token."""
    try:
        found = Weights(path)
    except EngineError as error:
        raise WeightsError(f"{error.message}, the draft model", hint="download it again, or leave draft out") from error
    why = weights.differs(found)
    if not (weights.rewinds and found.rewinds):
        why = f"{'it' if weights.rewinds else 'the model'} is recurrent, and cannot go back behind a draft"
    if why:
        found.close()
        hint = "take a smaller model of the same family, or leave draft out"
        raise WeightsError(f"{path.name!r} cannot draft here: {why}", hint=hint)
    return found


class DraftModel:
    """For one thread. sizes: as of the large model's contexts, `cells` those of its own; stop: as for a Context.

    sure: the least probability, in its eyes, of a token that it drafts. costs: of its steps; it is asked only
    where they are known. Its contexts are made when they are first used.
    """

    def __init__(self, weights: Weights, sizes: Sizes, stop: Stop, sure: float = _SURE) -> None:
        self._weights, self._sizes, self._stop, self._sure = weights, sizes, stop, sure
        self._contexts: Apart | None = None
        self._places: dict[str, _Place] = {}
        self._read: dict[int, list[int]] = {}  # by slot, that used longest ago first: what was read in whole pieces
        self._is_broken = False
        self.costs: Costs | None = None
        self.unmeasured = False  # costs were wanted, and not known
        self._measurement: Measurement | None = None
        self.evaluated = 0

    def propose(self, sequence: Sequence, width: int, most: int, costs: Costs) -> list[int]:
        """What probably follows `sequence`, if that is worth guessing and computing behind `width` tokens; at most
        `most`. costs: of the large model. What fails here costs drafts and no answer."""
        most = min(most, self._sizes.cells - len(sequence.tokens))
        if sequence.runs or most <= 0 or self._is_broken:
            return []
        place = self._places.setdefault(sequence.key, _Place(self.costs))
        try:
            self._settle(place, sequence.tokens)
            length = self._worth(place, sequence, width, most, costs)
            if not length:
                self._rest(place)
                return []
            place.idle = 0
            if self._reads(place, sequence.tokens):
                return []
            found = self._guess(place, sequence, length)
        except Aborted:
            self._give_back(place)
            return []
        except EngineError:
            self._is_broken = True
            return []
        return self._weighed(place, sequence, found, width, costs)

    def measure(self) -> None:
        """What its steps cost, if that was wanted. Raises Aborted, EngineError."""
        if self.unmeasured and self.costs is None:
            self._measurement = self._measurement or Measurement(self._weights, self._sizes.threads, self._stop)
            self.costs = self._measurement.finish()

    def leave(self, key: str) -> None:
        """The sequence is done; what was read of it stays for others until the slot is wanted."""
        self._places.pop(key, None)

    def _settle(self, place: _Place, tokens: list[int]) -> None:
        """Of what was guessed at the last call, keep what was written since. The last token is always computed anew:
        its logits are needed."""
        place.done = min(place.done + alike(tokens[place.done :], place.guessed), len(tokens) - 1)
        place.guessed = []

    def _worth(self, place: _Place, sequence: Sequence, width: int, most: int, costs: Costs) -> int:
        """How many tokens to guess; 0 if that loses, or if more is to be read for it than it can save.

        How many are still to come nobody knows: as many as were written, it is said here, within the limit. So
        reading for nothing never costs more than what guessing from the beginning would have saved.
        """
        if place.costs is None:
            self.unmeasured = True
            return 0
        length, rate = best_length(place.acceptance.share, width, most, costs, place.costs.seconds(1))
        written = len(sequence.tokens) - sequence.prompt
        saved = (costs.seconds(width) - 1 / rate) * min(written, sequence.limit - written)
        unread = len(sequence.tokens) - 1 - place.done
        return length if saved >= unread * place.costs.times[-1] / place.costs.widths[-1] else 0

    def _weighed(self, place: _Place, sequence: Sequence, found: list[int], width: int, costs: Costs) -> list[int]:
        """As much of `found` as is worth computing, now that guessing is paid for."""
        length, _ = best_length(place.acceptance.share, width, len(found), costs)
        if length < len(found):
            place.acceptance.stopped = not length
        if not length:
            place.acceptance.learn(0, 0)
        sequence.drafts.acceptance = place.acceptance
        return found[:length]

    # -- the small model ----------------------------------------------------------------------------------------

    def _reads(self, place: _Place, tokens: list[int]) -> bool:
        """Read a piece, if more than one is unread; a piece that another sequence has read counts as well."""
        if place.slot < 0:
            self._enter(place, tokens)
        piece, read = self._sizes.batch, self._read[place.slot]
        if len(tokens) - place.done <= piece:
            return False
        end = place.done + piece
        if len(read) < end:
            assert self._contexts is not None
            self._contexts.cut(place.slot, place.done)  # behind it lie guesses that did not come true
            del read[place.done :]
            self._step(place.slot, tokens[place.done : end], place.done, wanted=False)
            if len(read) == place.done:
                read += tokens[place.done : end]
        place.done = end
        return True

    def _guess(self, place: _Place, sequence: Sequence, length: int) -> list[int]:
        """Up to `length` tokens that it would write, as long as it is sure of them and the answer may say them."""
        assert self._contexts is not None and sequence.answer is not None
        tokens = sequence.tokens
        self._contexts.cut(place.slot, place.done)
        del self._read[place.slot][place.done :]
        new, at, found = tokens[place.done :], place.done, list[int]()
        place.done, place.acceptance.stopped = len(tokens), False
        while len(found) < length:
            place.guessed = list(found)
            token, share = _likeliest(self._step(place.slot, new, at, wanted=True))
            at += len(new)
            if self._weights.ends(token):
                break
            if not share >= self._sure or not sequence.answer.may_say([*found, token]):
                place.acceptance.stopped = True
                break
            found.append(token)
            new = [token]
        return found

    def _step(self, slot: int, tokens: list[int], start: int, *, wanted: bool) -> Any:
        """The logits after the last of `tokens`, if they are wanted."""
        assert self._contexts is not None
        last = len(tokens) - 1
        items = [Item(token, start + at, slot, wanted and at == last) for at, token in enumerate(tokens)]
        self.evaluated += len(items)
        return next(iter(self._contexts.step(items)), None)

    # -- slots --------------------------------------------------------------------------------------------------

    def _enter(self, place: _Place, tokens: list[int]) -> None:
        """Give it a slot, with the longest beginning that is read, in whole pieces."""
        if self._contexts is None:
            self._contexts = Apart(self._weights, self._sizes, self._stop)
        taken = {each.slot for each in self._places.values()}
        free = [slot for slot in range(self._sizes.sequences) if slot not in taken]
        lengths = {slot: self._whole_pieces(alike(read, tokens)) for slot, read in self._read.items()}
        source = max(lengths, key=lambda each: (lengths[each], each in free), default=-1)
        length = lengths.get(source, 0)
        unused = [slot for slot in free if slot not in self._read]
        longest_ago = [slot for slot in self._read if slot in free]
        slot = source if length and source in free else (unused + longest_ago)[0]
        if length and slot != source:
            self._contexts.copy(source, slot, length)
        self._contexts.cut(slot, length)
        self._read.pop(slot, None)
        self._read[slot], place.slot = tokens[:length], slot

    def _whole_pieces(self, length: int) -> int:
        return length - length % self._sizes.batch

    def _rest(self, place: _Place) -> None:
        place.idle += 1
        if place.idle >= _PATIENCE:
            self._give_back(place)

    def _give_back(self, place: _Place) -> None:
        """The memory of its slot."""
        if place.slot >= 0 and self._contexts is not None:
            self._read.pop(place.slot, None)
            self._contexts.give_back(place.slot)
        place.slot, place.done, place.guessed = -1, 0, []


def _likeliest(logits: Any) -> tuple[int, float]:
    """The likeliest token and its probability."""
    import numpy as np

    token = int(logits.argmax())
    return token, 1.0 / float(np.exp(logits - logits[token]).sum())
