"""5,000 model files with errors put into them: each is refused, loaded, or ends a child; the parent says which.

OMNILOOM_EXHAUSTIVE=1 takes every bit and every length of the header, and 50,000 mutations.
"""

import contextlib
import os
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import gguf_mutations
import pytest
from tried_child import Loader

from omniloom.core.errors import EngineError, UnsupportedError, WeightsError
from omniloom.core.events import Finished
from omniloom.core.values import Message, Request, Sampling
from omniloom.engines.llamacpp import LlamaCpp, process
from omniloom.engines.llamacpp.header import read_header
from omniloom.engines.llamacpp.native.tiny import build_tiny

EXHAUSTIVE = os.environ.get("OMNILOOM_EXHAUSTIVE", "") == "1"
COUNT = 50_000 if EXHAUSTIVE else 5_000
HEADER_SECONDS = 1.0
REQUEST = Request(messages=(Message(role="user", content=("hello",)),), max_output_tokens=4)


class Outcomes(NamedTuple):
    """How many files came to which end; one file of each; the longest look at a header, in seconds."""

    counts: Counter[str]
    examples: dict[str, list[bytes]]
    slowest: float


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    build_tiny(path)
    return path.read_bytes()


def outcomes(files: Iterable[bytes], place: Path) -> Outcomes:
    path = place / "x.gguf"
    found, examples, slowest = Counter[str](), dict[str, list[bytes]](), 0.0
    loader = Loader("gguf_loader:run", {}, {"model": str(path)}, [place])
    try:
        for data in files:
            path.write_bytes(data)
            began = time.perf_counter()
            try:
                read_header(path)
                end = ""
            except WeightsError:
                end = "no header"
            slowest = max(slowest, time.perf_counter() - began)
            end = end or loader.end()
            found[end] += 1
            examples.setdefault(end, []).append(data) if found[end] <= 4 else None
    finally:
        loader.close()
    return Outcomes(found, examples, slowest)


@pytest.fixture(scope="module")
def mutated(tiny: bytes, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return outcomes(gguf_mutations.mutations(tiny, COUNT, seed=1), tmp_path_factory.mktemp("mutated"))


def test_a_whole_file_loads(tiny: bytes, tmp_path: Path) -> None:
    assert outcomes([tiny, gguf_mutations.with_template(tiny, "{{ x }}")], tmp_path).counts == {"loaded": 2}


def test_mutations_end_in_a_refusal_a_model_or_a_dead_child(mutated: Outcomes) -> None:
    counts = mutated.counts
    assert counts.total() == COUNT and set(counts) <= {"no header", "refused", "loaded", "died"}
    assert mutated.slowest < HEADER_SECONDS
    # None of the ends is so rare that the test says nothing about it.
    assert min(counts["no header"], counts["refused"], counts["loaded"]) > COUNT // 20


def test_looking_at_hostile_headers_takes_little_memory(tiny: bytes, tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "x.gguf"
    tracemalloc.start()
    try:
        for data in gguf_mutations.mutations(tiny, 300, seed=2):
            path.write_bytes(data)
            del data
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            with contextlib.suppress(WeightsError):
                read_header(path)
            assert tracemalloc.get_traced_memory()[1] - before < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("end", ["no header", "refused", "died", "loaded"])
def test_an_engine_on_such_a_file(mutated: Outcomes, tmp_path: Path, end: str) -> None:
    path = tmp_path / "x.gguf"
    for data in mutated.examples[end][:3]:
        path.write_bytes(data)
        began, said = time.monotonic(), None
        try:
            with LlamaCpp(path, context_tokens=256, threads=1, kv_home=tmp_path / "kv", loop=True) as engine:
                *_, last = engine.stream(REQUEST)
                assert isinstance(last, Finished)
        except (WeightsError, EngineError, UnsupportedError) as error:
            said = error
        assert said is not None or end == "loaded"
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("template", gguf_mutations.TEMPLATES)
def test_a_template_that_attacks(tiny: bytes, tmp_path: Path, template: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_mutations.with_template(tiny, template))
    with LlamaCpp(path, context_tokens=256, threads=1, kv_home=tmp_path / "kv", loop=True) as engine:
        began = time.monotonic()
        with pytest.raises(UnsupportedError, match="chat template"):
            list(engine.stream(REQUEST))
        assert time.monotonic() - began < 20
        assert engine.count_tokens("still here") > 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_weights_that_are_no_numbers(tiny: bytes, tmp_path: Path, value: float, temperature: float) -> None:
    start = gguf_mutations.Marks(tiny).end // 32 * 32 + 32
    path = tmp_path / "x.gguf"
    path.write_bytes(tiny[:start] + struct.pack("<f", value) * ((len(tiny) - start) // 4))
    request = REQUEST.model_copy(update={"sampling": Sampling(temperature=temperature)})
    with LlamaCpp(path, context_tokens=256, threads=1, kv_home=tmp_path / "kv", loop=True) as engine:
        with pytest.raises(EngineError, match="no numbers"):
            list(engine.stream(request))
        assert engine._host.pid is not None  # the child outlives it
    settings = {"context_tokens": 256, "threads": 1, "kv_home": tmp_path / "kv", "loop": True, "embedding": True}
    with LlamaCpp(path, **settings) as engine, pytest.raises(EngineError, match="no numbers"):  # type: ignore[arg-type]
        engine.embed(["hello"])


def test_a_server_that_never_comes_up(tiny: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It renders the template by itself while it starts, without a bound."""
    monkeypatch.setattr(process, "_LOAD_SECONDS", 1.0)
    endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_mutations.with_template(tiny, endless))
    with (
        LlamaCpp(path, context_tokens=256, threads=1, kv_home=tmp_path / "kv", loop=False) as engine,
        pytest.raises(WeightsError, match="within 1 s"),
    ):
        list(engine.stream(REQUEST))


def _everything(tiny: bytes) -> Iterator[bytes]:
    end = gguf_mutations.Marks(tiny).end
    for length in range(end):
        yield tiny[:length]
    changed = bytearray(tiny)
    for place in range(end):
        for bit in range(8):
            changed[place] ^= 1 << bit
            yield bytes(changed)
            changed[place] ^= 1 << bit


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not EXHAUSTIVE, reason="OMNILOOM_EXHAUSTIVE=1")
def test_every_bit_and_every_length(tiny: bytes, tmp_path: Path) -> None:
    found = outcomes(_everything(tiny), tmp_path)
    assert found.slowest < HEADER_SECONDS and set(found.counts) <= {"no header", "refused", "loaded", "died"}
