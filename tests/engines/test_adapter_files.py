"""Adapter files that are wrong, for another model, or hostile: a WeightsError, and the parent and other files live on.

OMNILOOM_EXHAUSTIVE=1 takes 20,000 mutations.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf_mutations
import numpy as np
import pytest
from families.recurrent import build_mamba
from tiny_adapter import RANK, build_adapter
from tried_child import Loader

from omniloom.core.errors import WeightsError
from omniloom.core.events import Finished
from omniloom.core.values import Message, Request
from omniloom.engines import open_engine
from omniloom.engines.llamacpp import LlamaCpp, adapters
from omniloom.engines.llamacpp.header import read_header

COUNT = 20_000 if os.environ.get("OMNILOOM_EXHAUSTIVE", "") == "1" else 1_500
REQUEST = Request(messages=(Message(role="user", content=("hello",)),), max_output_tokens=4)
Q, NORM = "blk.0.attn_q.weight", "blk.0.attn_norm.weight"
ROWS, COLUMNS = np.ones((RANK, 64)), np.ones((64, RANK))
# What is wrong, how the file is made, and what must be said of it.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "other architecture": ({"architecture": "qwen2"}, "for 'qwen2', and the model is 'llama'"),
    "no adapter": ({"fields": {"general.type": "model"}}, "no LoRA adapter but a 'llama' model"),
    "control vector": ({"fields": {"adapter.type": "cvec"}}, "an adapter of the type 'cvec'"),
    "activated": ({"fields": {"adapter.alora.invocation_tokens": [1, 2]}}, "from certain tokens on"),
    "empty": ({"names": "nowhere"}, "holds no matrices"),
    "norm": ({"matrices": {NORM: np.ones(64)}}, f"changes '{NORM}'"),
    "pair for a norm": (
        {"matrices": {f"{NORM}.lora_a": ROWS, f"{NORM}.lora_b": np.ones((1, RANK))}},
        f"no matrix '{NORM}'",
    ),
    "unknown": ({"matrices": {"x.lora_a": ROWS, "x.lora_b": COLUMNS}}, "no matrix 'x'"),
    "half a pair": ({"matrices": {f"{Q}.lora_b": None}}, f"one of the two matrices for '{Q}'"),
    "width": ({"matrices": {f"{Q}.lora_a": np.ones((RANK, 32))}}, r"\(32, 4\) and \(4, 64\)"),
    "height": ({"matrices": {f"{Q}.lora_b": np.ones((65, RANK))}}, r"\(4, 65\)"),
    "rank": ({"matrices": {f"{Q}.lora_b": np.ones((64, RANK + 1))}}, r"\(5, 64\)"),
    "transposed": ({"matrices": {f"{Q}.lora_a": COLUMNS, f"{Q}.lora_b": ROWS}}, "does not fit"),
    "experts": ({"matrices": {f"{Q}.lora_a": np.ones((2, RANK, 64))}}, "does not fit"),
    "integers": ({"matrices": {f"{Q}.lora_a": np.ones((RANK, 64), np.int8)}}, "in the type 24"),
    "embedding": ({"names": "token_embd"}, "does not fit"),  # these two stand the other way round
}
# What only the child can see: what it raises there, and what ends it.
DEADLY = {
    "no numbers": {"fields": {"adapter.lora.alpha": float("inf")}},
    "a text for a number": {"fields": {"adapter.lora.alpha": "eight"}},
}


@pytest.fixture
def engine(model: Path, tmp_path: Path) -> Callable[..., LlamaCpp]:
    def open_one(*files: Path) -> LlamaCpp:
        given = {file.stem: file for file in files}
        return LlamaCpp(model, context_tokens=128, threads=1, kv_home=tmp_path / "kv", loop=True, adapters=given)

    return open_one


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_file_is_refused_at_once(
    engine: Callable[..., LlamaCpp], model: Path, tmp_path: Path, wrong: str
) -> None:
    made, said = WRONG[wrong]
    build_adapter(tmp_path / "x.gguf", model, **made)
    with pytest.raises(WeightsError, match=said) as caught:
        engine(tmp_path / "x.gguf")
    assert str(tmp_path / "x.gguf") in caught.value.message and caught.value.hint


def test_files_that_are_none(engine: Callable[..., LlamaCpp], model: Path, tmp_path: Path) -> None:
    build_adapter(tmp_path / "whole.gguf", model)
    whole = (tmp_path / "whole.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for length in (len(whole) - 1, len(whole) // 2, gguf_mutations.Marks(whole).end - 1, 3):
        cut.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"the adapter .*(truncated|begins with)"):
            engine(cut)
    cut.write_text("no weights")
    with pytest.raises(WeightsError, match="no GGUF"):
        engine(cut)
    with pytest.raises(WeightsError, match="No such file"):
        engine(tmp_path / "missing.gguf")
    with pytest.raises(WeightsError, match="no LoRA adapter but a 'llama' model"):
        engine(model)
    with pytest.raises(WeightsError, match="an adapter and no model"):
        LlamaCpp(tmp_path / "whole.gguf")


@pytest.mark.parametrize("deadly", DEADLY)
def test_one_that_ends_the_child_is_named(
    engine: Callable[..., LlamaCpp], model: Path, tmp_path: Path, deadly: str
) -> None:
    build_adapter(tmp_path / "good.gguf", model)
    build_adapter(tmp_path / "deadly.gguf", model, **DEADLY[deadly])
    with engine(tmp_path / "good.gguf", tmp_path / "deadly.gguf") as opened:
        for _ in range(2):
            with pytest.raises(WeightsError, match=r"'model.gguf' with 'deadly.gguf'.*take the adapter"):
                list(opened.stream(REQUEST))
    with engine(tmp_path / "good.gguf") as opened:
        assert isinstance(list(opened.stream(REQUEST))[-1], Finished)


def test_what_llama_cpp_cannot_compute_ends_in_the_trial(
    engine: Callable[..., LlamaCpp], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the look from outside had missed it: integers that no product is computed of."""
    monkeypatch.setattr(adapters, "_look", lambda *_: None)
    build_adapter(tmp_path / "x.gguf", model, **WRONG["integers"][0])
    with engine(tmp_path / "x.gguf") as opened, pytest.raises(WeightsError, match=r"with 'x.gguf'"):
        list(opened.stream(REQUEST))


def test_other_matrices_than_those_of_attention(engine: Callable[..., LlamaCpp], model: Path, tmp_path: Path) -> None:
    """All of a layer, the output, and the embedding, whose two stand the other way round; and half floats."""
    tokens = read_header(model).tensors["token_embd.weight"].shape[1]
    chance = np.random.default_rng(1)
    embedding = {
        "token_embd.weight.lora_a": chance.normal(0, 1, (tokens, RANK)),
        "token_embd.weight.lora_b": chance.normal(0, 1, (64, RANK)),
    }
    half = {f"{Q}.lora_a": chance.normal(0, 1, (RANK, 64)).astype(np.float16)}
    build_adapter(tmp_path / "layer.gguf", model, names="blk.")
    build_adapter(tmp_path / "output.gguf", model, names="output.")
    build_adapter(tmp_path / "embedding.gguf", model, names="nowhere", matrices=embedding)
    build_adapter(tmp_path / "half.gguf", model, matrices=half)
    names = ("layer", "output", "embedding", "half")
    with engine(*(tmp_path / f"{name}.gguf" for name in names)) as opened:
        said = set[float]()
        for name in ("", *names):
            *_, last = opened.stream(REQUEST.model_copy(update={"adapter": name}))
            assert isinstance(last, Finished)
            said.add(last.completion.logprobs[0].logprob)
    assert len(said) == 5


@pytest.mark.weights
def test_an_embedding_that_is_the_output_too(tmp_path: Path) -> None:
    """llama.cpp would end the process over it."""
    from omniloom.catalog import ensure

    small = ensure("smollm2-135m").paths["model"]
    width, tokens = read_header(small).tensors["token_embd.weight"].shape
    matrices = {"lora_a": np.ones((tokens, RANK)), "lora_b": np.ones((width, RANK))}
    named = {f"token_embd.weight.{name}": values for name, values in matrices.items()}
    build_adapter(tmp_path / "x.gguf", small, names="nowhere", matrices=named)
    with pytest.raises(WeightsError, match="output shares the embedding"):
        LlamaCpp(small, digest="small", kv_home=tmp_path / "kv", loop=True, adapters={"x": tmp_path / "x.gguf"})


def test_a_model_that_cannot_go_back(tmp_path: Path) -> None:
    build_mamba(tmp_path / "mamba.gguf")
    build_adapter(tmp_path / "x.gguf", tmp_path / "mamba.gguf", names="ssm_in", size=2)
    given = {"x": tmp_path / "x.gguf"}
    with LlamaCpp(
        tmp_path / "mamba.gguf", context_tokens=128, threads=1, kv_home=tmp_path / "kv", loop=True, adapters=given
    ) as opened:
        said = []
        for name in ("", "x", "", "x"):
            *_, last = opened.stream(REQUEST.model_copy(update={"adapter": name}))
            assert isinstance(last, Finished)
            said.append(last.completion.logprobs)
    assert said[:2] == said[2:] and said[0] != said[1]


def test_an_adapter_in_a_folder_is_no_model_of_it(model: Path, tmp_path: Path) -> None:
    build_adapter(tmp_path / "a.gguf", model)
    (tmp_path / "model.gguf").write_bytes(model.read_bytes())
    with open_engine(f"{tmp_path}/", kv_home=tmp_path / "kv", adapters={"a": f"{tmp_path}/a.gguf"}) as opened:  # type: ignore[attr-defined]
        assert opened.name == "model" and opened.capabilities.adapters == {"a"}


# -- mutations ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mutated(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Counter[str], dict[str, bytes]]]:
    """How many files came to which end, and one of each."""
    path = tmp_path_factory.mktemp("mutated") / "x.gguf"
    build_adapter(path, model)
    whole, base = path.read_bytes(), read_header(model)
    counts, examples = Counter[str](), dict[str, bytes]()
    loader = Loader("adapter_loader:run", {"model": str(model)}, {"adapter": str(path)}, [model, path.parent])
    for data in gguf_mutations.mutations(whole, COUNT, seed=1):
        path.write_bytes(data)
        try:
            adapters.Adapters(model, base, {"x": path}, "")
            end = loader.end()
        except WeightsError:
            end = "no adapter"
        counts[end] += 1
        examples[end] = data
    loader.close()
    yield counts, examples


def test_mutations_end_in_a_refusal_an_adapter_or_a_dead_child(mutated: tuple[Counter[str], dict[str, bytes]]) -> None:
    counts, _ = mutated
    assert counts.total() == COUNT and set(counts) <= {"no adapter", "refused", "loaded", "died"}
    assert min(counts["no adapter"], counts["loaded"]) > COUNT // 20
    assert counts["refused"] and counts["died"] < COUNT // 50  # the look from outside misses little


def test_an_engine_on_such_a_file(
    engine: Callable[..., LlamaCpp], mutated: tuple[Counter[str], dict[str, bytes]], tmp_path: Path
) -> None:
    for end, data in mutated[1].items():
        (tmp_path / "x.gguf").write_bytes(data)
        said = None
        try:
            with engine(tmp_path / "x.gguf") as opened:
                *_, last = opened.stream(REQUEST.model_copy(update={"adapter": "x"}))
                assert isinstance(last, Finished)
        except WeightsError as error:
            said = error
        assert (said is None) == (end == "loaded")
