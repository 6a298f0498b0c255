"""Cells that are moved from one text into another: the same bits at the same place, near ones elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from families import FAMILIES
from families.attending import build_scaled

from omniloom.core.errors import UnsupportedError
from omniloom.engines.llamacpp.native.context import Item, Sizes
from omniloom.engines.llamacpp.native.moving import Moving
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

DENSE = ("llama", "qwen3", "phi2", "qwen3moe")
FIXED = ("gemma3", "mamba", "rwkv7", "jamba")
SIZES = Sizes(cells=256, batch=128, sequences=1, threads=1)
Opened = Callable[[], Moving]


@pytest.fixture(scope="module", params=DENSE)
def weights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    path = tmp_path_factory.mktemp("moving") / "model.gguf"
    FAMILIES[request.param].build(path)
    made = Weights(path)
    yield made
    made.close()


@pytest.fixture
def opened(weights: Weights) -> Iterator[Opened]:
    made: list[Moving] = []

    def one() -> Moving:
        made.append(Moving(weights, SIZES, Stop()))
        return made[-1]

    yield one
    for each in made:
        each.close()


@pytest.fixture
def texts(weights: Weights) -> tuple[list[int], list[int], list[int]]:
    """What stands before, the passage, and a question."""
    words = ("Something else stands here. ", "A red thread hangs on the loom, since when?", " Who")
    first, passage, question = (weights.tokenize(each) for each in words)
    return first, passage, question


def read(context: Moving, tokens: list[int]) -> list[float]:
    """Compute them behind the text; the logits after the last."""
    at, last = context.end(0), len(tokens) - 1
    [logits] = context.step([Item(token, at + n, 0, n == last) for n, token in enumerate(tokens)])
    return logits.tolist()


def difference(one: list[float], other: list[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def test_at_the_same_place_with_nothing_before_the_bits_are_the_same(
    opened: Opened, texts: tuple[list[int], ...]
) -> None:
    _, passage, question = texts
    exact, moved = opened(), opened()
    read(exact, passage)
    cells = exact.lift(0, len(passage))
    assert moved.place(cells, len(passage)) and moved.end(0) == len(passage)
    assert moved.lift(0, len(passage)) == cells
    assert read(moved, question) == read(exact, question)
    assert moved.save(0) == exact.save(0)


def test_elsewhere_they_are_turned_as_if_computed_there(opened: Opened, texts: tuple[list[int], ...]) -> None:
    """A passage that nothing stands before has, at any place, the same cells but for the turn."""
    _, passage, question = texts
    for shift in (1, 37):
        exact, moved, lifted = opened(), opened(), opened()
        read(lifted, passage)
        items = [Item(token, shift + n, 0, n == len(passage) - 1) for n, token in enumerate(passage)]
        exact.step(items)
        apart = [Item(token, n, 0, n == shift - 1) for n, token in enumerate(passage[:1] * shift)]
        moved.step(apart)
        assert moved.place(lifted.lift(0, len(passage)), len(passage))
        moved._native.llama_memory_seq_rm(moved._memory, 0, 0, shift)
        assert moved.end(0) == exact.end(0) == shift + len(passage)
        wanted, found = read(exact, question), read(moved, question)
        assert difference(found, wanted) < 0.02 * (max(wanted) - min(wanted))


def test_with_all_tokens_computed_anew_nothing_is_placed(opened: Opened, texts: tuple[list[int], ...]) -> None:
    first, passage, question = texts
    exact, moved, lifted = opened(), opened(), opened()
    read(lifted, passage)
    for context in (exact, moved):
        read(context, first)
        read(context, passage)
    assert moved.place(lifted.lift(0, len(passage)), len(passage), link=len(passage))
    assert moved.end(0) == len(first) + len(passage)
    assert read(moved, question) == read(exact, question)


def test_what_stands_before_stays_as_it_is_and_link_tokens_are_left_out(
    opened: Opened, texts: tuple[list[int], ...]
) -> None:
    first, passage, question = texts
    moved, lifted = opened(), opened()
    read(lifted, passage)
    read(moved, first)
    read(moved, passage[:4])
    before = moved.lift(0, len(first) + 4)
    assert moved.place(lifted.lift(0, len(passage)), len(passage), link=4)
    assert moved.end(0) == len(first) + len(passage)
    read(moved, question)
    assert moved.lift(0, len(first) + 4) == before


def test_other_cells_are_refused_and_change_nothing(opened: Opened, texts: tuple[list[int], ...]) -> None:
    first, passage, question = texts
    exact, moved, lifted = opened(), opened(), opened()
    read(lifted, passage)
    cells = lifted.lift(0, len(passage))
    for context in (exact, moved):
        read(context, first)
    assert not moved.place(b"", len(passage))
    assert not moved.place(cells[: len(cells) // 2], len(passage))
    assert not moved.place(cells, len(passage) - 1)
    assert moved.end(0) == len(first)
    assert read(moved, question) == read(exact, question)


@pytest.mark.parametrize("scaling", [{"type": "yarn", "factor": 4.0}, {"attn_factor": 1.19}])
def test_cells_whose_turn_changes_others_are_refused(scaling: dict[str, object], tmp_path: Path) -> None:
    build_scaled(tmp_path / "model.gguf", scaling)
    weights = Weights(tmp_path / "model.gguf")
    for _ in range(2):
        with pytest.raises(UnsupportedError, match="cannot be moved"):
            Moving(weights, SIZES, Stop())
    weights.close()


@pytest.mark.parametrize("name", FIXED)
def test_cells_that_have_a_place_are_refused(name: str, tmp_path: Path) -> None:
    FAMILIES[name].build(tmp_path / "model.gguf")
    weights = Weights(tmp_path / "model.gguf")
    with pytest.raises(UnsupportedError, match="cannot be moved"):
        Moving(weights, SIZES, Stop())
    weights.close()
