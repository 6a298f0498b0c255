"""Embeddings through the same engine, on a small BERT."""

import math
import threading
from collections.abc import Iterator

import pytest
from families.embedding import CONTEXT, WIDTH, build_bert

from omniloom.core.errors import UnsupportedError
from omniloom.core.values import Message, Request
from omniloom.engines.llamacpp import LlamaCpp


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCpp]:
    folder = tmp_path_factory.mktemp("bert")
    build_bert(folder / "bert.gguf")
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
