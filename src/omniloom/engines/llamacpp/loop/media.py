"""Pictures and sounds in the loop: runs of tokens that are none, read as vectors.

A run stands in a prompt as negative numbers made from what it shows, so that equal beginnings are equal lists and a
state's key says what was seen. Boundaries lie at its ends and never inside. The loop counts tokens; where the model
counts otherwise (the vectors of a picture may share positions), `Seeing` translates, and nothing else knows of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from omniloom.core.errors import EngineError, UnsupportedError
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Item, Sizes
from omniloom.engines.llamacpp.native.projector import Projector, Shape
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

Word = Literal["encoding", "encoded", "unreadable"]
_HELD_BYTES = 256 << 20  # of vectors in memory


class Run(NamedTuple):
    """The vectors of one piece of a picture or sound, at the tokens `start`..`start + length` of a prompt.

    name: of what it shows. piece, shape: what Projector is asked for. Files on the shelf: data, the pixels or samples;
    stored, the vectors, if they are kept; keep, where to put them.
    """

    name: str
    start: int
    length: int
    positions: int
    last: int
    causal: bool
    shape: Shape
    piece: int
    data: str = ""
    stored: str = ""
    keep: str = ""

    @property
    def end(self) -> int:
        return self.start + self.length


def run_of(told: dict[str, Any]) -> Run:
    """From a frame."""
    given: dict[str, Any] = told | {"shape": Shape(*told["shape"])}
    return Run(**given)


def around(bounds: Sequence[int], runs: Sequence[Run]) -> list[int]:
    """The boundaries that lie in no run."""
    return [bound for bound in bounds if not any(run.start < bound < run.end for run in runs)]


def edges(runs: Sequence[Run]) -> list[int]:
    return [edge for run in runs for edge in (run.start, run.end)]


def whole_run(runs: Sequence[Run], done: int) -> int:
    """The end of the run at `done`, if it must be read in one step; or 0."""
    return next((run.end for run in runs if run.start == done and not run.causal), 0)


def position(runs: Sequence[Run], token: int) -> int:
    """Where the model counts that token of a prompt; within a run, where the run begins."""
    shift = 0
    for run in runs:
        if run.start < token < run.end:
            return run.start - shift
        shift += run.length - run.positions if run.end <= token else 0
    return token - shift


def tokens_up_to(runs: Sequence[Run], end: int) -> int:
    """How many tokens those cells hold whose greatest position is `end - 1`; -1 in the middle of a run."""
    shift = 0
    for run in runs:
        start = run.start - shift
        if end <= start:
            break
        if end < start + run.positions:
            return run.end if end == start + run.last else -1
        shift += run.length - run.positions
    return end + shift


class Encodings:
    """Vectors by the name of what they show: in memory, on the shelf, or made.

    told: called with a run and what becomes of its vectors: they are made now ("encoding"), were put on the shelf
    ("encoded"), or the stored ones are none ("unreadable").
    """

    def __init__(self, projector: Projector, shelf: Shelf, told: Callable[[Run, Word], None]) -> None:
        self._projector, self._shelf, self._told = projector, shelf, told
        self._held: OrderedDict[str, Any] = OrderedDict()
        self.encoded = 0

    def vectors(self, run: Run) -> Any:
        """float32 [length, width]. Raises Aborted, EngineError."""
        if run.name not in self._held:
            stored = self._stored(run) if run.stored else None
            self._held[run.name] = self._made(run) if stored is None else stored
            while sum(each.nbytes for each in self._held.values()) > _HELD_BYTES and len(self._held) > 1:
                self._held.popitem(last=False)
        self._held.move_to_end(run.name)
        return self._held[run.name]

    def _stored(self, run: Run) -> Any:
        import numpy as np

        size = run.length * self._projector.width * 4
        state = self._shelf.get(run.stored)
        if state is None or len(state) < size:
            self._told(run, "unreadable")
            return None
        return np.frombuffer(state[:size], dtype=np.float32).reshape(run.length, -1)

    def _made(self, run: Run) -> Any:
        data = self._shelf.get(run.data)
        if data is None:
            raise EngineError(f"the content of the {run.shape.kind} is gone", hint="ask again")
        self._told(run, "encoding")
        try:
            vectors = self._projector.encode(run.shape, data, run.piece)
        except UnsupportedError as error:
            raise EngineError(error.message) from error
        if len(vectors) != run.length:
            raise EngineError(f"the projector made {len(vectors)} vectors where it had said {run.length}")
        self.encoded += 1
        if run.keep and self._shelf.put(run.keep, vectors.tobytes()):
            self._told(run, "encoded")
        return vectors


class Seeing(Apart):
    """As Apart; a step of the negative tokens of a run reads its vectors."""

    def __init__(self, weights: Weights, sizes: Sizes, stop: Stop, projector: Projector, encodings: Encodings) -> None:
        self._projector, self._encodings = projector, encodings
        self._runs: dict[int, Sequence[Run]] = {}
        super().__init__(weights, sizes, stop)

    def hold(self, sequence: int, runs: Sequence[Run], adapter: str = "") -> None:
        super().hold(sequence, runs, adapter)
        self._runs[sequence] = runs

    def step(self, items: Sequence[Item]) -> list[Any]:
        """The items are of one sequence, and either all text or all of one run."""
        first = items[0]
        runs = self._runs.get(first.sequence, ())
        if first.token >= 0:
            return super().step([item._replace(position=position(runs, item.position)) for item in items])
        run = next((run for run in runs if run.start <= first.position < run.end), None)
        if run is None:
            raise EngineError("a token that is none belongs to no picture or sound")
        vectors = self._encodings.vectors(run)
        places = self._projector.positions(run.shape, run.piece, position(runs, run.start))
        part = slice(first.position - run.start, first.position - run.start + len(items))
        return self.feed(first.sequence, vectors[part], places[:, part], run.causal, items[-1].wanted)

    def cut(self, sequence: int, length: int) -> bool:
        """Within a run: up to where it begins."""
        return super().cut(sequence, position(self._runs.get(sequence, ()), length))

    def end(self, sequence: int) -> int:
        return tokens_up_to(self._runs.get(sequence, ()), super().end(sequence))
