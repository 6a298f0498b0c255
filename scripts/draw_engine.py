"""Draws docs/pictures/engine.png: the sequence tree of a small session with the loop, and what each token of it cost.

    python scripts/draw_engine.py        needs the weights of qwen2.5-coder-0.5b, takes about a minute

Every number in the picture is measured while it is drawn; two threads.
"""

import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from omniloom.catalog import ensure
from omniloom.engines.llamacpp.loop.answer import Answer, Asked
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.loop import Loop
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

ROOT = Path(__file__).parent.parent
SIZES = Sizes(cells=2048, batch=128, sequences=4, threads=2)
DOCUMENT, STATE = "Document:\n" + (ROOT / "docs" / "privacy.md").read_text("utf-8")[:3000], "0" * 16
LARK = r"""start: "{\"folder\": \"" /[^"\n]{1,40}/ "\", \"stays on this machine\": " ("true" | "false") "}" """
ASKS = (
    ("What goes over the network?", "", 40),
    ("Repeat the first two sentences of the document word for word.", "", 60),
    ("In which folder are kept files? As JSON.", LARK, 60),
)
COLORS = {
    "read": "#4878a8", "decoded": "#c44e52", "drafted": "#e3a23c", "forced": "#8a6fb0",
    "copied in memory": "#7fb77e", "restored from disk": "#b7d7b0",
}  # fmt: skip


class Spent(NamedTuple):
    tokens: int
    seconds: float


class Told:
    """What a session was made of: parts of each sequence in order, and what each kind cost."""

    def __init__(self, weights: Weights, shelf: Path) -> None:
        self._weights, self._grammars = weights, Grammars(weights)
        self._context = Apart(weights, SIZES, Stop())
        self._loop = Loop(self._context, Shelf(shelf))
        self.spent: dict[str, list[Spent]] = defaultdict(list)
        self.rows: list[tuple[str, list[tuple[str, int]]]] = []
        self._last = 0.0
        step, copy, restore = self._context.step, self._context.copy, self._context.restore
        self._context.step = lambda items: self._timed(step, items)  # type: ignore[method-assign]
        self._context.copy = lambda *given: self._timed(copy, *given)  # type: ignore[method-assign]
        self._context.restore = lambda *given: self._timed(restore, *given)  # type: ignore[method-assign]

    def _timed(self, work: Any, *given: Any) -> Any:
        began = time.perf_counter()
        done = work(*given)
        self._last = time.perf_counter() - began
        return done

    def ask(self, question: str, lark: str, limit: int, is_stored: bool = False) -> None:
        head = self._weights.tokenize(f"<|im_start|>user\n{DOCUMENT}\n", first=True, special=True)
        tail = self._weights.tokenize(f"{question}<|im_end|>\n<|im_start|>assistant\n", special=True)
        grammar = self._grammars.grammar(lark) if lark else None
        answer = Answer(self._weights, Asked(limit, grammar=grammar))
        sequence = Sequence(question, [*head, *tail], limit, ends=(len(head),), answer=answer)
        sequence.keep = {len(head): STATE}
        sequence.stored = (len(head), STATE) if is_stored else None
        self._loop.add(sequence)
        self._run(sequence, answer, is_stored)

    def _run(self, sequence: Sequence, answer: Answer, is_stored: bool) -> None:
        parts: list[tuple[str, int]] = []
        while self._loop.busy:
            done, forced, kept = sequence.done, answer.forced_tokens, sequence.drafts.kept
            told = self._loop.step()
            if any(each.kind == "begin" for each in told) and sequence.reused:
                kind = "restored from disk" if is_stored else "copied in memory"
                parts.append((kind, sequence.reused))
            if done < sequence.prompt:
                parts.append(("read", sequence.done - max(done, sequence.reused)))
                self.spent["read"].append(Spent(sequence.done - max(done, sequence.reused), self._last))
                continue
            drafts, made = sequence.drafts.kept - kept, answer.forced_tokens - forced
            parts += [("drafted", drafts), ("forced", made), ("decoded", 1)]
            if drafts or sequence.done - done == 1:
                self.spent["drafted" if drafts else "decoded"].append(Spent(drafts + 1, self._last))
        self.rows.append((sequence.key, parts))

    def measure(self) -> None:
        """What is over before it is asked for: a copy, a state from disk, and a forced token beside a decoded one."""
        length = self._context.end(0)
        for kind, work in (("copied in memory", self._copy), ("restored from disk", self._restore)):
            work()  # makes the context, once
            began = time.perf_counter()
            work()
            self.spent[kind].append(Spent(length, time.perf_counter() - began))
        self._context.cut(3, 0)
        items = [Item(token, at, 3, at == 0) for at, token in enumerate(range(100, 108))]
        singles = min(self._step([items[0]]) for _ in range(5))
        self.spent["forced"].append(Spent(7, min(self._step(items) for _ in range(5)) - singles))

    def _step(self, items: list[Item]) -> float:
        self._context.cut(3, 0)
        self._context.step(items)
        return self._last

    def _copy(self) -> None:
        self._context.copy(0, 2, self._context.end(0))

    def _restore(self) -> None:
        self._context.restore(2, self._loop._shelf.get(STATE) or b"")  # type: ignore[union-attr]


def draw(told: Told, place: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, (tree, costs) = plt.subplots(1, 2, figsize=(13, 3.8), width_ratios=(2.2, 1))
    for at, (name, parts) in enumerate(reversed(told.rows)):
        left = 0.0
        for kind, tokens in parts:
            wide = tokens * (0.12 if left == 0 or (kind == "read" and tokens > 60) else 1.0)
            tree.barh(at, wide, left=left, color=COLORS[kind], edgecolor="none", height=0.55)
            left += wide
        tree.text(left + 2, at, f"{sum(tokens for _, tokens in parts)} tokens", va="center", fontsize=8)
        tree.text(0, at + 0.34, name, fontsize=8, style="italic")
    tree.set(yticks=[], xticks=[], title="Three questions, and one after a restart (the document drawn at an eighth)")
    tree.set_xlim(0, tree.get_xlim()[1] * 1.08)
    _costs(costs, told)
    for axes in (tree, costs):
        axes.spines[:].set_visible(False)
    figure.tight_layout()
    figure.savefig(place, dpi=110)


def _costs(axes: Any, told: Told) -> None:
    kinds = [kind for kind in COLORS if told.spent[kind]]
    cost = {kind: _milliseconds(told.spent[kind]) for kind in kinds}
    kinds.sort(key=lambda kind: cost[kind])
    axes.barh(kinds, [cost[kind] for kind in kinds], color=[COLORS[kind] for kind in kinds])
    for at, kind in enumerate(kinds):
        axes.text(cost[kind] * 1.1, at, f"{cost[kind]:.3g} ms", va="center", fontsize=9)
    axes.set(xscale="log", xticks=[], title="What a token costs")
    axes.set_xlim(min(cost.values()) / 2, max(cost.values()) * 5)
    axes.minorticks_off()


def _milliseconds(spent: list[Spent]) -> float:
    return 1000 * sum(each.seconds for each in spent) / max(1, sum(each.tokens for each in spent))


def main() -> None:
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
    weights = Weights(ensure("qwen2.5-coder-0.5b").paths["model"])
    with tempfile.TemporaryDirectory() as folder:
        told = Told(weights, Path(folder))
        for question, lark, limit in ASKS:
            told.ask(question, lark, limit)
        told.measure()
        later = Told(weights, Path(folder))
        later.ask("After a restart: what is deleted by `forget`?", "", 30, is_stored=True)
        told.rows += later.rows
        draw(told, ROOT / "docs" / "pictures" / "engine.png")
    for kind, spent in told.spent.items():
        print(f"{kind}: {_milliseconds(spent):.3f} ms a token, {sum(each.tokens for each in spent)} tokens")


if __name__ == "__main__":
    main()
