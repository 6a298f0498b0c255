"""The same model with weights of 2 to 16 bits: each is read, answers, and answers again to the bit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from families.bench import QUESTIONS, Bench
from families.bench import run as asked
from families.widths import WIDTHS, block, build_width

from omniloom.core.errors import WeightsError
from omniloom.engines.llamacpp.header import _BLOCKS, read_header
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_TEXT = "The weaver does not change the thread."


class Kept:
    """The model by the name of how its weights are kept: its file, and it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, dict[str, Weights]()

    def path(self, name: str) -> Path:
        path = self._folder / f"{name}.gguf"
        if not path.exists():
            build_width(path, name)
        return path

    def weights(self, name: str) -> Weights:
        if name not in self._made:
            self._made[name] = Weights(self.path(name))
        return self._made[name]

    def close(self) -> None:
        for weights in self._made.values():
            weights.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = Kept(tmp_path_factory.mktemp("widths"))
    yield made
    made.close()


def logits(weights: Weights) -> Any:
    """Of all printable tokens, after each token of the text."""
    import numpy as np

    tokens = weights.tokenize(_TEXT, first=True)
    context = Apart(weights, Sizes(cells=128, batch=128, sequences=1, threads=1), Stop())
    found = np.array(context.step([Item(token, at, 0, True) for at, token in enumerate(tokens)]))[:, 35:130]
    context.close()
    return found


@pytest.mark.parametrize("name", WIDTHS)
def test_it_answers_again_to_the_bit(kept: Kept, name: str, tmp_path: Path) -> None:
    bench = Bench(kept.weights(name), tmp_path, {})
    alone = {question: bench.alone(question) for question in QUESTIONS[:2]}
    end = len(bench.both)
    first = [bench.ask(question, keep={end: question}) for question in alone]
    assert asked(bench.loop(), *first) == alone
    again = [bench.ask(question, stored=(end, QUESTIONS[0])) for question in alone]
    assert asked(bench.loop(), *again) == alone
    assert {each.reused for each in again} == {end}
    text = bench.weights.text([token for token, _ in alone[QUESTIONS[0]]])
    assert len(text) >= 12 and text.isprintable()


def test_fewer_bits_are_further_from_the_model(kept: Kept) -> None:
    import numpy as np

    plain = logits(kept.weights("F32"))
    names = ("F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
    errors = [float(np.abs(np.subtract(logits(kept.weights(name)), plain)).mean()) for name in names]
    assert errors[0] > 0 and errors == sorted(errors)
    assert errors[-1] < float(np.abs(np.subtract(np.roll(plain, 1, axis=0), plain)).mean())


@pytest.mark.parametrize("name", WIDTHS)
def test_a_file_that_is_cut_off_is_told_before_it_is_loaded(kept: Kept, name: str, tmp_path: Path) -> None:
    assert read_header(kept.path(name)).architecture == "llama"
    shorter = tmp_path / "shorter.gguf"
    shorter.write_bytes(kept.path(name).read_bytes()[:-2000])
    with pytest.raises(WeightsError, match="truncated"):
        read_header(shorter)


def test_blocks_are_of_the_librarys_sizes() -> None:
    """And no kind that the library knows is left out."""
    assert {kind: block(kind) for kind in range(43) if block(kind)[1]} == _BLOCKS
