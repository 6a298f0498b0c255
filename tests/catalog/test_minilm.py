"""The GGUF written for all-MiniLM-L6-v2 computes what the model computes: compared with a forward pass of our own."""

import json
import math
import string
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omniloom.catalog import Weights, ensure
from omniloom.catalog.minilm_gguf import read_safetensors, write
from omniloom.engines.llamacpp import LlamaCpp

LAYERS, WIDTH, INNER, HEADS = 6, 384, 1536, 12
WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cafe", "bank", "##s", "##rate", "interest", "3", "5", "."),
    *(",", "-", "%", "'", "東", "京", "un", "##able", "##it", "##ed"),
]
TEXTS = ["The café's banks, 3.5% interest-rates.", "UNITED bankrate 東京", "unable unite zebra the", "the " * 200]


@pytest.fixture(scope="module")
def random_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of the true shapes and random values: any exchange of two tensors changes the vectors."""
    folder = tmp_path_factory.mktemp("minilm")
    chance = np.random.default_rng(5)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (512, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}."
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes |= {f"{start}{part}.weight": (WIDTH, WIDTH), f"{start}{part}.bias": (WIDTH,)}
        shapes |= {f"{start}intermediate.dense.weight": (INNER, WIDTH), f"{start}intermediate.dense.bias": (INNER,)}
        shapes |= {f"{start}output.dense.weight": (WIDTH, INNER), f"{start}output.dense.bias": (WIDTH,)}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{start}{part}.weight": (WIDTH,), f"{start}{part}.bias": (WIDTH,)}
    tensors = {
        name: (chance.standard_normal(shape) * 0.06 + name.endswith("LayerNorm.weight")).astype(np.float32)
        for name, shape in shapes.items()
    }
    _safetensors(folder / "model.safetensors", tensors)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    return folder


def test_the_engine_computes_the_same_vectors(random_model: Path, tmp_path: Path) -> None:
    write(random_model, tmp_path / "model.gguf")
    tensors = read_safetensors(random_model / "model.safetensors")
    with LlamaCpp(tmp_path / "model.gguf", threads=1, kv_home=tmp_path) as engine:
        assert engine.capabilities.embeddings
        assert engine.capabilities.context_tokens == 512
        vectors = np.array(engine.embed(TEXTS))
    for text, vector in zip(TEXTS, vectors, strict=True):
        assert float(vector @ _forward(tensors, _tokens(text))) > 0.999, text


def test_the_same_file_is_written_again(random_model: Path, tmp_path: Path) -> None:
    """So that vectors kept for one digest hold on every machine."""
    for name in ("one.gguf", "two.gguf"):
        write(random_model, tmp_path / name)
    assert (tmp_path / "one.gguf").read_bytes() == (tmp_path / "two.gguf").read_bytes()


@pytest.fixture(scope="session")
def minilm() -> Weights:
    """Set up before the folder of weights is changed for the test."""
    return ensure("all-minilm-l6-v2")


@pytest.mark.weights
def test_the_true_weights_place_texts_as_they_do_in_float32(minilm: Weights, tmp_path: Path) -> None:
    """The cosines were computed in float32, with numpy and the model's own tokenizer.json."""
    texts = ["A man is eating food.", "A man eats something.", "The girl is carrying a baby."]
    with LlamaCpp(minilm.paths["model"], name="minilm", digest=minilm.digest, threads=2, kv_home=tmp_path) as engine:
        one, two, three = np.array(engine.embed(texts))
    assert one @ two == pytest.approx(0.8751, abs=0.01)
    assert one @ three == pytest.approx(-0.1054, abs=0.01)
    assert two @ three == pytest.approx(-0.0773, abs=0.01)


def _safetensors(path: Path, tensors: dict[str, Any]) -> None:
    header, at = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    told = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    told += b" " * (-len(told) % 8)
    path.write_bytes(len(told).to_bytes(8, "little") + told + b"".join(v.tobytes() for v in tensors.values()))


def _tokens(text: str) -> list[int]:
    """WordPiece as BERT's: lower case, no accents, punctuation and Chinese characters apart, longest pieces first."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    apart = "".join(f" {c} " if c in string.punctuation or "\u4e00" <= c <= "\u9fff" else c for c in plain)
    return [WORDS.index("[CLS]"), *(t for word in apart.split() for t in _pieces(word)), WORDS.index("[SEP]")]


def _pieces(word: str) -> list[int]:
    found: list[int] = []
    at = 0
    while at < len(word):
        ends = [end for end in range(len(word), at, -1) if ("##" if at else "") + word[at:end] in WORDS]
        if not ends:
            return [WORDS.index("[UNK]")]
        found.append(WORDS.index(("##" if at else "") + word[at : ends[0]]))
        at = ends[0]
    return found


def _forward(tensors: dict[str, Any], tokens: Sequence[int]) -> Any:
    """The mean over all tokens of BERT's last layer, at length 1."""

    def linear(values: Any, name: str) -> Any:
        return values @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def norm(values: Any, name: str) -> Any:
        centred = values - values.mean(-1, keepdims=True)
        scaled = centred / np.sqrt(values.var(-1, keepdims=True) + 1e-12)
        return scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    n, whole = len(tokens), "embeddings."
    values = tensors[f"{whole}word_embeddings.weight"][list(tokens)] + tensors[f"{whole}position_embeddings.weight"][:n]
    values = norm(values + tensors[f"{whole}token_type_embeddings.weight"][0], f"{whole}LayerNorm")
    for layer in range(LAYERS):
        start = f"encoder.layer.{layer}."
        query, key, value = (
            linear(values, f"{start}attention.self.{part}").reshape(n, HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(WIDTH / HEADS))
        mixed = (scores / scores.sum(-1, keepdims=True) @ value).swapaxes(0, 1).reshape(n, WIDTH)
        values = norm(values + linear(mixed, f"{start}attention.output.dense"), f"{start}attention.output.LayerNorm")
        inner = linear(values, f"{start}intermediate.dense")
        gelu = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        values = norm(values + linear(gelu, f"{start}output.dense"), f"{start}output.LayerNorm")
    mean = values.mean(0)
    return mean / np.linalg.norm(mean)
