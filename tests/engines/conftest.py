"""The smallest real model, and engines on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from omniloom.core.values import Message, Request, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

STORY = (
    "The lighthouse of Varn was built in 1871 by the engineer Ida Holm. It stands on a rock of red granite, is 41 "
    "metres high and shows two white flashes every ten seconds. In the winter of 1902 its keeper, Nils Berg, rowed "
    "out four times in one night and brought nine sailors to the shore. Since 1986 it has worked without a keeper. "
)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model that the engine builds for its self-test."""
    path = tmp_path_factory.mktemp("tiny") / "model.gguf"
    build_tiny(path)
    return path


@pytest.fixture(scope="session")
def weights(model: Path) -> Iterator[Weights]:
    """Of the tiny model."""
    made = Weights(model)
    yield made
    made.close()


@pytest.fixture(scope="session")
def small_model() -> Path:
    """SmolLM2-135M of the catalog: pulled where it is missing."""
    from omniloom.catalog import ensure

    return ensure("smollm2-135m").paths["model"]


@pytest.fixture(scope="session")
def engine(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCpp]:
    home = tmp_path_factory.mktemp("kv")
    with LlamaCpp(small_model, name="small", context_tokens=2048, threads=1, kv_home=home) as opened:
        yield opened


@pytest.fixture
def fresh(small_model: Path, tmp_path: Path) -> Iterator[Callable[..., LlamaCpp]]:
    """Opens engines of the test's own, and ends them."""
    yield from _opening(small_model, tmp_path)


@pytest.fixture
def quick(shallow: Path, tmp_path: Path) -> Iterator[Callable[..., LlamaCpp]]:
    """As `fresh`, where neither the sense of an answer nor the time it takes is what is tested."""
    yield from _opening(shallow, tmp_path)


def _opening(model: Path, place: Path) -> Iterator[Callable[..., LlamaCpp]]:
    opened: list[LlamaCpp] = []

    def open_one(**options: object) -> LlamaCpp:
        settings = {"context_tokens": 2048, "threads": 1, "kv_home": place / "kv", "digest": model.stem} | options
        opened.append(LlamaCpp(model, **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def story() -> str:
    return STORY


@pytest.fixture(scope="session")
def ask() -> Callable[..., Request]:
    """Makes a request over texts, each a Segment of its own source."""
    return _ask


def _ask(question: str, *sources: str, **fields: object) -> Request:
    content: list[str | Segment] = []
    for number, text in enumerate(sources):
        content += [f"Source {number}: ", Segment(source=f"s{number}", content=text, made_by="text/1"), "\n"]
    messages = (
        Message(role="system", content=("Answer from the sources, shortly.",)),
        Message(role="user", content=(*content, question)),
    )
    return Request.model_validate({"messages": messages, "max_output_tokens": 16, **fields})
