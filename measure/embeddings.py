"""Which vectors to search with: MiniLM in the embedded engine, static word vectors, BM25 alone, and their fusion.

A question of XQuAD looks for the one paragraph, of all distinct ones, that answers it; and for the one sentence of
them all that holds the answer.
"""

import json
import re
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measure.log import mean
from omniloom.retrieval.dense import similarities
from omniloom.retrieval.fuse import fused
from omniloom.retrieval.lexical import bm25

Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]
Opened = tuple[Embed, Callable[[], float]]


def measure(data: Path, limit: int = 200) -> dict[str, Any]:
    """recall@1 and @5 of each way over `limit` questions; ms a text, seconds to load and MB of each embedding model."""
    lines = (data / "text" / "xquad_en.jsonl").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    asked = samples[:: max(1, len(samples) // limit)][:limit]
    questions = [sample["question"] for sample in asked]
    paragraphs = list(dict.fromkeys(sample["context"] for sample in samples))
    sentences = list(dict.fromkeys(each for paragraph in paragraphs for each in _sentences(paragraph)))
    sizes = {
        "paragraph": (paragraphs, [{paragraphs.index(sample["context"])} for sample in asked]),
        "sentence": (sentences, [_answering(sample, sentences) for sample in asked]),
    }
    results: dict[str, Any] = {}
    models = {name: _timed(name, opened, results) for name, opened in (("MiniLM", _minilm), ("static", _static))}
    vectors = {name: embed(questions) for name, (embed, _) in models.items()}
    for size, (texts, right) in sizes.items():
        words = [bm25(question, texts) for question in questions]
        found = {"BM25": words}
        for name, (embed, _) in models.items():
            started = time.perf_counter()
            of_texts = embed(texts)
            spent = time.perf_counter() - started
            results[f"{size}s, {name}: ms each"] = {"value": 1000 * spent / len(texts), "n": len(texts)}
            found[name] = [similarities(vector, of_texts) for vector in vectors[name]]
            found[f"BM25 + {name}"] = [fused(pair) for pair in zip(words, found[name], strict=True)]
        for name, scores in found.items():
            results |= _recalls(f"{size}s, {name}", scores, right)
    for name, (_, memory) in models.items():
        results[f"{name}: MB"] = {"value": memory()}
    return results


def _sentences(paragraph: str) -> list[str]:
    return [each for each in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9\"“])", paragraph) if len(each) > 20]


def _answering(sample: dict[str, Any], sentences: Sequence[str]) -> set[int]:
    """The sentences of the sample's paragraph that hold one of the answers."""
    inside = {sentence for sentence in _sentences(sample["context"]) if any(a in sentence for a in sample["answers"])}
    return {index for index, sentence in enumerate(sentences) if sentence in inside}


def _timed(name: str, opened: Callable[[], Opened], results: dict[str, Any]) -> Opened:
    started = time.perf_counter()
    embed, memory = opened()
    embed(["one text"])
    results[f"{name}: seconds to load"] = {"value": time.perf_counter() - started}
    return embed, memory


def _recalls(name: str, scores: Sequence[Sequence[float]], right: Sequence[set[int]]) -> dict[str, Any]:
    ranks: list[int] = []
    for each, at in zip(scores, right, strict=True):
        order = sorted(range(len(each)), key=lambda index, each=each: -each[index])
        if at:
            ranks.append(min(order.index(index) for index in at))
    return {f"{name}: recall@{depth}": mean(rank < depth for rank in ranks) for depth in (1, 5)}


def _minilm() -> Opened:
    from omniloom.catalog import ensure
    from omniloom.engines.llamacpp import LlamaCpp

    weights = ensure("all-minilm-l6-v2")
    engine = LlamaCpp(weights.paths["model"], name=weights.name, digest=weights.digest, threads=2)

    def memory() -> float:
        """The child's: it is the only one that ends while this is measured."""
        engine.close()
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024

    return engine.embed, memory


def _static() -> Opened:
    """The mean of the vectors of a text's tokens, as WordLlama is used."""
    import numpy as np
    from tokenizers import Tokenizer

    from omniloom.catalog import ensure
    from omniloom.catalog.minilm_gguf import read_safetensors

    paths = ensure("wordllama-256").paths
    before = _megabytes()
    (table,) = read_safetensors(paths["vectors"]).values()
    tokenizer = Tokenizer.from_file(str(paths["tokenizer"]))

    def embed(texts: Sequence[str]) -> list[list[float]]:
        tokens = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        return [np.asarray(table[ids], np.float32).mean(axis=0).tolist() for ids in tokens]

    return embed, lambda: _megabytes() - before


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
