"""The C interface on a tiny model of ours: what is computed once and shared, cut or restored is the same to the bit."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import EngineError
from omniloom.engines.llamacpp.native import binding, check
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Context, Full, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

TEXT = "The weaver does not change the thread more often than she has to."


@pytest.fixture(params=[Context, Apart])
def context(weights: Weights, request: pytest.FixtureRequest) -> Iterator[Context | Apart]:
    made = request.param(weights, Sizes(cells=256, batch=256, sequences=8, threads=2), Stop())
    yield made
    made.close()


def read(context: Context | Apart, tokens: list[int], sequence: int) -> Any:
    """The logits after the last token."""
    items = [Item(token, at, sequence, at == len(tokens) - 1) for at, token in enumerate(tokens)]
    return context.step(items)[0].copy()


def test_the_self_test_passes_here() -> None:
    assert check.self_test() is None


def test_a_test_that_passed_is_remembered(monkeypatch: pytest.MonkeyPatch, private_home: Path) -> None:
    assert check.why_not.__wrapped__() is None
    monkeypatch.setattr(check, "self_test", lambda: "made again")
    assert check.why_not.__wrapped__() is None
    monkeypatch.setattr(check, "_name", lambda: "native.another-machine")
    assert check.why_not.__wrapped__() == "made again"


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "version", lambda _: "1.0")
    with pytest.raises(EngineError, match=r"known for 20\d\d"):
        binding.native.__wrapped__()


def test_a_struct_that_moved_is_refused() -> None:
    api = json.loads((files("omniloom.engines.llamacpp.native") / "api.json").read_text())
    layout = {name: [size + 8, *rest] for name, (size, *rest) in api["layout"].items()}
    with pytest.raises(EngineError, match="lies in memory"):
        binding._same_layout(binding.native(), layout)


def test_text_comes_back_from_its_tokens(weights: Weights) -> None:
    for text in (TEXT, "é 😀 織機", ""):
        tokens = weights.tokenize(text)
        assert b"".join(map(weights.piece, tokens)).replace("▁".encode(), b" ").decode().strip() == text
    assert weights.tokenize("</s>") != [2] and weights.tokenize("</s>", special=True)[-1] == 2
    assert weights.ends(2) and not weights.ends(70) and weights.rewinds


def test_copied_cut_and_restored_states_give_the_same_logits(context: Context | Apart, weights: Weights) -> None:
    tokens = weights.tokenize(TEXT, first=True)
    asked = Item(tokens[5], len(tokens), 0, True)
    read(context, tokens, 0)
    state = context.save(0)
    expected = context.step([asked])[0].copy()
    assert context.cut(0, len(tokens)) and context.end(0) == len(tokens)
    assert (context.step([asked])[0] == expected).all()
    context.copy(0, 3, len(tokens))
    assert (context.step([asked._replace(sequence=3)])[0] == expected).all()
    for sequence in (0, 3):
        context.cut(sequence, 0)
    assert context.restore(5, state)
    assert (context.step([asked._replace(sequence=5)])[0] == expected).all()


def test_a_state_that_is_none_leaves_the_sequence_empty(context: Context | Apart, weights: Weights) -> None:
    read(context, weights.tokenize(TEXT, first=True), 1)
    state = context.save(1)
    assert not context.restore(2, state[: len(state) // 2])
    assert context.end(2) == 0


def test_a_full_sequence_computes_nothing(context: Context | Apart, weights: Weights) -> None:
    tokens = (weights.tokenize(TEXT, first=True) * 9)[:256]
    read(context, tokens, 0)
    with pytest.raises(Full):
        context.step([Item(tokens[0], len(tokens), 0, True)])
    assert context.end(0) == len(tokens)
    assert read(context, tokens, 1).shape == (weights.tokens,)


def test_what_else_is_there_changes_no_bit(context: Context | Apart, weights: Weights) -> None:
    tokens = weights.tokenize(TEXT, first=True)
    alone = read(context, tokens, 0)
    read(context, tokens[:30] * 5, 1)
    assert (read(context, tokens, 2) == alone).all()


def test_a_step_can_be_aborted(weights: Weights) -> None:
    context = Context(weights, Sizes(cells=256, batch=64, sequences=2, threads=1), Stop(lambda: True))
    with pytest.raises(Aborted):
        read(context, weights.tokenize(TEXT[:40], first=True), 0)
    context.close()
