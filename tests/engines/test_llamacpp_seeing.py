"""An engine with a projector: what it takes, what it keeps over a restart, and what a wrong or hostile one does."""

import ctypes
import hashlib
import json
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files as files_of
from pathlib import Path
from threading import Event as Flag
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tiny_projector import build_gemma, build_llava, build_qwen, build_sectioned, build_ultravox

import omniloom as ol
from omniloom.core.errors import (
    CancelledError,
    EngineError,
    UnreadableError,
    UnsupportedError,
    UsageError,
    WeightsError,
)
from omniloom.core.events import Finished, Progress
from omniloom.core.values import Completion, Message, Part, Request, Segment
from omniloom.engines import open_engine
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.native.binding import Native
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.storage.kv import KVStore

WORDS = "A picture of the loom hangs on the wall, and these words stand before it. " * 2


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, projectors, pictures and a sound."""
    folder = tmp_path_factory.mktemp("files")
    build_tiny(folder / "model.gguf")
    build_sectioned(folder / "sectioned.gguf")
    build_llava(folder / "llava.gguf")
    build_gemma(folder / "gemma.gguf")
    build_qwen(folder / "qwen.gguf")
    build_ultravox(folder / "ultravox.gguf")
    chance = np.random.default_rng(1)
    for name in ("one", "other"):
        Image.fromarray(chance.integers(0, 256, (90, 120, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(chance.integers(-9000, 9000, 8000, dtype=np.int16).tobytes())
    return folder


@pytest.fixture
def opened(files: Path, tmp_path: Path) -> Iterator[Callable[..., LlamaCpp]]:
    made: list[LlamaCpp] = []

    def one(projector: str | Path, model: str = "model.gguf", **more: Any) -> LlamaCpp:
        settings = {"threads": 1, "context_tokens": 1024, "kv_home": tmp_path / "kv", "batch_tokens": 64, "loop": True}
        made.append(LlamaCpp(files / model, projector=files / projector, **(settings | more)))
        return made[-1]

    yield one
    for each in made:
        each.close()


def shown(path: Path, question: str = "What is it?", kind: str = "image", tokens: int = 8) -> Request:
    part = Part(kind=kind, path=str(path), name=path.name)  # type: ignore[arg-type]
    content = (
        Segment(source="words", content=WORDS, made_by="text/1"),
        Segment(source=path.name, content=part, made_by="native"),
        question,
    )
    return Request(messages=(Message(role="user", content=content),), max_output_tokens=tokens)


def plain(question: str = "What is it?") -> Request:
    return Request(messages=(Message(role="user", content=(question,)),), max_output_tokens=8)


def answer(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


@pytest.mark.parametrize(
    ("projector", "model"),
    [("llava.gguf", "model.gguf"), ("gemma.gguf", "model.gguf"), ("qwen.gguf", "sectioned.gguf")],
)
def test_pictures_are_seen_and_what_was_read_outlives_the_engine(
    opened: Callable[..., LlamaCpp], files: Path, projector: str, model: str
) -> None:
    engine = opened(projector, model)
    assert engine.capabilities.input_kinds == {"text", "image"}
    first, other, again = (answer(engine, shown(files / f"{name}.png")) for name in ("one", "other", "one"))
    assert first.text == again.text and first.logprobs == again.logprobs
    assert [each.logprob for each in first.logprobs] != [each.logprob for each in other.logprobs]
    assert again.usage.cached_tokens == again.usage.input_tokens > other.usage.cached_tokens > 0
    assert engine.count_tokens(shown(files / "one.png")) == first.usage.input_tokens
    engine.close()
    later = answer(opened(projector, model), shown(files / "one.png"))
    assert (later.text, later.logprobs) == (first.text, first.logprobs)
    assert later.usage.input_tokens > later.usage.cached_tokens > other.usage.cached_tokens


class Noting(KVStore):
    """Notes what is put and found, with sizes."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, 1 << 30)
        self.put_sizes: list[tuple[str, int]] = []
        self.sources: dict[str, Sequence[str]] = {}
        self.found: list[str] = []

    def put(self, key: str, path: Path, sources: Sequence[str] = ()) -> None:
        self.put_sizes.append((key, path.stat().st_size))
        self.sources[key] = sources
        super().put(key, path, sources)

    def get(self, key: str) -> Path | None:
        path = super().get(key)
        self.found += [key] if path is not None else []
        return path


def test_vectors_are_kept_and_not_made_again(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    """Behind other words no state fits, but what the encoder made does."""
    picture = shown(files / "one.png").messages[0].content[1]
    requests = [
        Request(messages=(Message(role="user", content=(words, picture, "?")),), max_output_tokens=8)
        for words in ("Look: ", "See here: ", "And: ")
    ]
    alone = answer(opened("gemma.gguf", kv_home=tmp_path / "other"), requests[1])
    kept = Noting(tmp_path / "kv")
    answer(opened("gemma.gguf", kept=kept), requests[0])
    [vectors] = [key for key, size in kept.put_sizes if size == 144 * 64 * 4]
    again = answer(opened("gemma.gguf", kept=kept), requests[1])
    assert again.logprobs == alone.logprobs and vectors in kept.found
    assert [key for key, _ in kept.put_sizes].count(vectors) == 1
    (tmp_path / "less").write_bytes(b"no vectors")
    KVStore.put(kept, vectors, tmp_path / "less")
    assert answer(opened("gemma.gguf", kept=kept), requests[2]).text
    assert [key for key, _ in kept.put_sizes].count(vectors) == 2
    assert kept.sources[vectors] == ["one.png"]


def test_several_pictures_in_one_request(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    one, other = (shown(files / f"{name}.png").messages[0].content[1] for name in ("one", "other"))
    kept = Noting(tmp_path / "kv")
    engine = opened("qwen.gguf", "sectioned.gguf", kept=kept)
    texts = []
    for pictures in ((one, one, other), (one, other, one), (one, one, other)):
        content = (WORDS, *pictures, "Which two are alike?")
        texts.append(answer(engine, Request(messages=(Message(role="user", content=content),), max_output_tokens=8)))
    assert texts[0].logprobs == texts[2].logprobs != texts[1].logprobs
    assert texts[0].usage.input_tokens == texts[1].usage.input_tokens
    assert not list(engine._slots.iterdir())
    assert len(kept.put_sizes) == len(kept.sources)  # nothing was made twice


def test_sounds_are_heard(opened: Callable[..., LlamaCpp], files: Path) -> None:
    pytest.importorskip("av")
    engine = opened("ultravox.gguf")
    assert engine.capabilities.input_kinds == {"text", "audio"}
    first, again = (answer(engine, shown(files / "sound.wav", kind="audio")) for _ in range(2))
    assert first.text == again.text and again.usage.cached_tokens > 60
    with pytest.raises(UnsupportedError, match="takes audio, and a Segment holds 'image'"):
        answer(engine, shown(files / "one.png"))
    with pytest.raises(UnreadableError, match="has no audio stream"):
        answer(engine, shown(files / "one.png", kind="audio"))


def test_a_call_is_cancelled_inside_an_encoding(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    build_gemma(tmp_path / "slow.gguf", image=384, merged=6, layers=24)
    engine = opened(tmp_path / "slow.gguf")
    answer(engine, plain())
    began = time.monotonic()
    answer(engine, shown(files / "one.png"))
    whole = time.monotonic() - began
    cancel, began = Flag(), 0.0
    request = shown(files / "other.png")
    engine.count_tokens(request)  # the file is decoded before
    with pytest.raises(CancelledError):
        for event in engine.stream(request, cancel):
            if isinstance(event, Progress) and event.step == "encode":
                began = time.monotonic()
                cancel.set()
    answer(engine, plain("And now?"))
    assert 0 < time.monotonic() - began < whole / 2


def test_text_beside_pictures_is_that_of_an_engine_without(
    opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path
) -> None:
    with LlamaCpp(files / "model.gguf", threads=1, kv_home=tmp_path / "text", batch_tokens=64, loop=True) as engine:
        assert engine.capabilities.input_kinds == {"text"}
        alone = answer(engine, plain())
        with pytest.raises(UnsupportedError, match="reads text only, and a Segment holds 'image'"):
            answer(engine, shown(files / "one.png"))
    assert answer(opened("gemma.gguf"), plain()).logprobs == alone.logprobs


def test_the_servers_path_takes_no_pictures(opened: Callable[..., LlamaCpp], files: Path) -> None:
    engine = opened("llava.gguf", loop=False)
    assert engine.capabilities.input_kinds == {"text"}
    with pytest.raises(UnsupportedError, match="reads text only"):
        engine.count_tokens(shown(files / "one.png"))


def test_a_projector_of_another_model_is_refused_with_a_hint(opened: Callable[..., LlamaCpp], tmp_path: Path) -> None:
    build_llava(tmp_path / "wide.gguf", width=96)
    with pytest.raises(
        WeightsError, match=r"n_embd = 96.*take the projector that was published with this model"
    ) as told:
        answer(opened(tmp_path / "wide.gguf"), plain())
    assert "'wide.gguf'" in told.value.message


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data[:200], "truncated"),
        (lambda data: b"GGML" + data[4:], "no GGUF"),
        (lambda data: data[:8] + b"\xff" * 8 + data[16:], "tensors"),
        (lambda data: data.replace(b"clip.has_vision_encoder", b"clip.has_visiox_encoder"), "takes nothing"),
    ],
)
def test_a_broken_projector_is_refused_at_once(
    opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path, change: Callable[[bytes], bytes], why: str
) -> None:
    (tmp_path / "broken.gguf").write_bytes(change((files / "llava.gguf").read_bytes()))
    with pytest.raises(WeightsError, match=why):
        opened(tmp_path / "broken.gguf")


def test_a_model_is_no_projector(opened: Callable[..., LlamaCpp]) -> None:
    with pytest.raises(WeightsError, match="architecture is 'llama'"):
        opened("model.gguf")


def without(files: Path, name: bytes, target: Path) -> Path:
    target.write_bytes((files / "llava.gguf").read_bytes().replace(name, b"x" * len(name)))
    return target


@pytest.mark.parametrize("name", [b"attn_out.weight", b"clip.vision.patch_size"])
def test_a_projector_that_lacks_what_it_needs_is_refused(
    opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path, name: bytes
) -> None:
    engine = opened(without(files, name, tmp_path / "less.gguf"))
    with pytest.raises(WeightsError, match=r"cannot load 'model\.gguf' with 'less\.gguf'"):
        answer(engine, plain())


def test_a_projector_that_ends_its_process_ends_only_calls_with_pictures(
    opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path
) -> None:
    """Without its weights llama.cpp follows a pointer to nowhere once it encodes."""
    engine = opened(without(files, b"v.patch_embd.weight", tmp_path / "less.gguf"))
    before = answer(engine, plain())
    with pytest.raises(EngineError, match="process died"):
        answer(engine, shown(files / "one.png"))
    assert answer(engine, plain()).logprobs == before.logprobs


def test_a_patch_size_of_nothing_ends_in_an_error(opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path) -> None:
    build_llava(tmp_path / "zero.gguf", patch=0)
    with pytest.raises((WeightsError, EngineError)):
        answer(opened(tmp_path / "zero.gguf"), shown(files / "one.png"))


def test_a_file_that_is_no_picture_is_an_error_of_one_call(
    opened: Callable[..., LlamaCpp], files: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.png").write_bytes((files / "one.png").read_bytes()[:2000])
    engine = opened("llava.gguf")
    before = answer(engine, plain())
    with pytest.raises(UnreadableError, match="no picture that can be decoded"):
        answer(engine, shown(tmp_path / "cut.png"))
    assert answer(engine, plain()).logprobs == before.logprobs


def test_a_folder_gives_model_and_projector(files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "seeing"
    folder.mkdir()
    with pytest.raises(WeightsError, match="no model"):
        open_engine(f"{folder}/")
    (folder / "mmproj-tiny.gguf").write_bytes((files / "llava.gguf").read_bytes())
    with pytest.raises(WeightsError, match="no model"):
        open_engine(f"{folder}/")
    (folder / "tiny.gguf").write_bytes((files / "model.gguf").read_bytes())
    with open_engine(f"{folder}/", kv_home=tmp_path / "kv", threads=1) as engine:  # type: ignore[attr-defined]
        assert engine.capabilities.input_kinds == {"text", "image"}
    with open_engine(str(folder), kv_home=tmp_path / "kv", projector=None) as engine:  # type: ignore[attr-defined]
        assert engine.capabilities.input_kinds == {"text"}
    (folder / "another.gguf").write_bytes((files / "model.gguf").read_bytes())
    with pytest.raises(UsageError, match=r"holds 'another\.gguf', 'tiny\.gguf'"):
        open_engine(f"{folder}/")


def test_a_catalog_entry_gives_its_projector(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "shelf" / "seeing"
    shelf.mkdir(parents=True)
    rows = []
    for role, name in (("model", "model.gguf"), ("projector", "qwen.gguf")):
        data = (files / ("sectioned.gguf" if role == "model" else name)).read_bytes()
        (shelf / name).write_bytes(data)
        hub = {"repo": "nobody/nothing", "file": name}
        rows.append(
            {"role": role, "name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "hub": hub}
        )
    entry = {"name": "seeing", "purpose": "test", "licence": "MIT", "files": rows}
    (tmp_path / "models.json").write_text(json.dumps({"models": [entry]}))
    monkeypatch.setenv("OMNILOOM_CATALOG", str(tmp_path / "models.json"))
    monkeypatch.setenv("OMNILOOM_MODELS", str(tmp_path / "shelf"))
    monkeypatch.setenv("OMNILOOM_WEIGHTS", str(tmp_path / "weights"))
    engine = open_engine("seeing", kv_home=tmp_path / "kv", threads=1, context_tokens=1024)
    assert engine.capabilities.input_kinds == {"text", "image"}
    *_, last = engine.stream(shown(files / "one.png"))
    engine.close()
    assert isinstance(last, Finished) and last.completion.usage.input_tokens > 200


def test_a_library_without_media_says_so() -> None:
    """Everything else of it is bound before."""
    api = json.loads((files_of("omniloom.engines.llamacpp.native") / "api.json").read_text("utf-8"))
    library = Native(ctypes.CDLL(None), api | {"functions": {}})
    with pytest.raises(EngineError, match="does not export mtmd_default_marker"):
        library.with_media()


def test_a_whole_call_shows_the_picture(files: Path, tmp_path: Path) -> None:
    """Through the front door: the reader's word that it did not see the picture is no loss then."""
    pytest.importorskip("rapidocr")
    options = {"projector": files / "qwen.gguf", "threads": 1, "context_tokens": 4096}
    with ol.load(files / "sectioned.gguf", home=tmp_path / "home", **options) as model:
        response = model.generate(["What is it?", ol.Image(files / "one.png")], max_output_tokens=8)
    assert response.usage.output_tokens > 0
    assert "not_seen" not in {loss.kind for loss in response.losses}
