"""Embeddings through the same engine, on a small BERT this file makes."""

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from omniloom.core.errors import UnsupportedError
from omniloom.core.values import Message, Request
from omniloom.engines.llamacpp import LlamaCpp

WIDTH, HEADS, LAYERS, CONTEXT = 32, 2, 2, 64
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁red", "▁roses", "▁grow", "▁a", "▁harbour", "▁with", "▁cranes", "▁here"]


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCpp]:
    folder = tmp_path_factory.mktemp("bert")
    _write(folder / "bert.gguf")
    with LlamaCpp(folder / "bert.gguf", name="tiny-bert", threads=1, kv_home=folder / "kv") as engine:
        yield engine


def test_an_embedding_model_is_told_from_its_header(embedder: LlamaCpp) -> None:
    told = embedder.capabilities
    assert told.embeddings
    assert not told.constraints
    assert told.context_tokens == CONTEXT
    with pytest.raises(UnsupportedError, match="writes no text"):
        list(embedder.stream(Request(messages=(Message(role="user", content=("Hi",)),))))


def test_vectors_are_of_length_one_and_depend_on_their_text_alone(embedder: LlamaCpp) -> None:
    texts = ["red roses grow here", "a harbour with cranes", "red roses grow here", ""]
    vectors = embedder.embed(texts)
    assert [len(vector) for vector in vectors] == [WIDTH] * 4
    assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-4) for vector in vectors)
    assert vectors[0] == vectors[2] != vectors[1]
    assert embedder.embed(texts[1:2]) == vectors[1:2]
    assert embedder.embed([]) == []


def test_a_text_beyond_the_context_is_cut(embedder: LlamaCpp) -> None:
    [long, longer] = embedder.embed(["red roses " * 40, "red roses " * 400])
    assert long == longer


def test_threads_get_their_own_vectors(embedder: LlamaCpp) -> None:
    texts = ["red roses", "a harbour", "cranes grow"]
    alone = [embedder.embed([text])[0] for text in texts]
    together: dict[int, list[float]] = {}

    def one(number: int) -> None:
        together[number] = embedder.embed([texts[number]])[0]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[number] for number in range(3)] == alone


def test_a_language_model_does_not_embed(engine: LlamaCpp) -> None:
    with pytest.raises(UnsupportedError, match="no embedding model"):
        engine.embed(["x"])


def _write(path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("tiny-bert")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(WORDS)
    writer.add_token_types([3, 2, 3, 3, *[1] * (len(WORDS) - 4)])
    writer.add_token_type_count(2)
    for name, number in (("unknown", 1), ("cls", 2), ("seperator", 3), ("padding", 0), ("bos", 2), ("eos", 3)):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", number)
    _tensors(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(writer: "object") -> None:
    import numpy

    chance = numpy.random.default_rng(7)

    def add(name: str, *shape: int) -> None:
        values = chance.standard_normal(shape) * 0.3 + ("norm.weight" in name)
        writer.add_tensor(name, values.astype(numpy.float32))  # type: ignore[attr-defined]

    add("token_embd.weight", len(WORDS), WIDTH)
    add("token_types.weight", 2, WIDTH)
    add("position_embd.weight", CONTEXT, WIDTH)
    norms = ["token_embd_norm"]
    for layer in range(LAYERS):
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{part}.weight", WIDTH, WIDTH)
            add(f"blk.{layer}.{part}.bias", WIDTH)
        add(f"blk.{layer}.ffn_up.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_up.bias", 2 * WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, 2 * WIDTH)
        add(f"blk.{layer}.ffn_down.bias", WIDTH)
        norms += [f"blk.{layer}.attn_output_norm", f"blk.{layer}.layer_output_norm"]
    for name in norms:
        add(f"{name}.weight", WIDTH)
        add(f"{name}.bias", WIDTH)
