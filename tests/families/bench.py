"""Loops on one model, asked about two documents, and what they write."""

from pathlib import Path

from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Context, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

FIRST = "The weaver does not change the thread more often than she has to. " * 2
SECOND = "A red thread hangs on the loom, and nobody knows since when. " * 2
QUESTIONS = (
    "How often?",
    "Who is it?",
    "Why does she, who has woven by the river for all of thirty years, not change it?",
)
Written = list[tuple[int, float]]


class Bench:
    """Loops on one model that keep their states in one folder."""

    def __init__(self, weights: Weights, folder: Path, known: dict[str, Written]) -> None:
        self.weights, self._shelf, self._known = weights, Shelf(folder), known
        self.first = weights.tokenize(FIRST, first=True)
        self.both = [*self.first, *weights.tokenize(SECOND)]

    def loop(self, sequences: int = 4, together: bool = False) -> Loop:
        sizes = Sizes(cells=512, batch=64, sequences=sequences, threads=1)
        loop = Loop((Context if together else Apart)(self.weights, sizes, Stop()), self._shelf)
        loop.costs = Costs((1, 4), (1.0, 9.0), (0.0, 1e-3))
        return loop

    def ask(self, question: str, documents: list[int] | None = None, **more: object) -> Sequence:
        documents = documents or self.both
        ends = tuple(end for end in (len(self.first), len(self.both)) if end <= len(documents))
        tokens = [*documents, *self.weights.tokenize(question)]
        return Sequence(question, tokens, 12, ends=ends, **more)  # type: ignore[arg-type]

    def alone(self, question: str, documents: list[int] | None = None, **more: object) -> Written:
        """What one says that is asked first, with nothing else there."""
        name = str((question, documents, more))
        if name not in self._known:
            self._known[name] = run(self.loop(), self.ask(question, documents, **more))[question]
        return self._known[name]


def run(loop: Loop, *asked: Sequence) -> dict[str, Written]:
    for sequence in asked:
        loop.add(sequence)
    found: dict[str, Written] = {}
    while loop.busy:
        for told in loop.step():
            assert told.problem is None
            if told.kind == "token":
                found.setdefault(told.key, []).append((told.token, told.logprob))
    return found
