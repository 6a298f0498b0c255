"""Pictures and sounds in the loop, on projectors of ours: as llama.cpp's own helper computes them, and once."""

import ctypes
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tiny_projector import build_deep, build_gemma, build_llava, build_qwen, build_sectioned, build_ultravox

from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.media import Encodings, Run, Seeing, around, edges, position, tokens_up_to
from omniloom.engines.llamacpp.loop.sequence import Sequence, boundaries
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.binding import native, native_media
from omniloom.engines.llamacpp.native.context import Context, Sizes
from omniloom.engines.llamacpp.native.projector import Projector, Shape
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

_quiet = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda *_: None)
BEFORE = "A picture of the loom hangs on the wall. " * 3
AFTER = "What does it show?"
BUILT = {"llava": build_llava, "gemma": build_gemma, "qwen": build_qwen, "deep": build_deep, "ultravox": build_ultravox}


class Eye(NamedTuple):
    """A model, its projector, and a folder for files."""

    weights: Weights
    projector: Projector
    folder: Path

    @property
    def shape(self) -> Shape:
        return Shape("image", 200, 160) if self.projector.sees else Shape("audio", 24000)

    def data(self, seed: int) -> bytes:
        chance = np.random.default_rng(seed)
        if self.projector.sees:
            return chance.integers(0, 256, (160, 200, 3), dtype=np.uint8).tobytes()
        return chance.normal(0, 0.1, 24000).astype(np.float32).tobytes()


@pytest.fixture(scope="module", params=BUILT)
def eye(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eye]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param in ("qwen", "deep"):
        build_sectioned(folder / "model.gguf", deep=request.param == "deep")
    else:
        build_tiny(folder / "model.gguf")
    BUILT[request.param](folder / "projector.gguf")
    weights = Weights(folder / "model.gguf")
    projector = Projector(folder / "projector.gguf", weights, 1, Stop())
    yield Eye(weights, projector, folder)
    projector.close()
    weights.close()


class Watched:
    """A loop that notes the logits after the first whole prompt, and counts what is computed."""

    def __init__(self, eye: Eye, shelf: Path, at_once: int = 3) -> None:
        sizes = Sizes(512, 64, at_once, 1, vectors=eye.projector.widest)
        self.told: list[str] = []
        self.encodings = Encodings(eye.projector, Shelf(shelf), lambda _, word: self.told.append(word))
        self.context = Seeing(eye.weights, sizes, Stop(), eye.projector, self.encodings)
        self.loop = Loop(self.context, Shelf(shelf))
        self.logits: list[Any] = []
        step = self.context.step

        def noting(items: Any) -> list[Any]:
            found = step(items)
            self.logits += [each.copy() for each in found]
            return found

        self.context.step = noting  # type: ignore[method-assign]

    def run(self, *sequences: Sequence) -> dict[str, list[Told]]:
        told: dict[str, list[Told]] = {}
        for sequence in sequences:
            self.loop.add(sequence)
        while self.loop.busy:
            for each in self.loop.step():
                told.setdefault(each.key, []).append(each)
        return told

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def watch(eye: Eye, tmp_path: Path) -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def one(**more: int) -> Watched:
        made.append(Watched(eye, tmp_path, **more))
        return made[-1]

    yield one
    for each in made:
        each.close()


def asked(eye: Eye, shelf: Path, seed: int = 1, after: str = AFTER, limit: int = 8, **more: Any) -> Sequence:
    """Text, what is shown, and a question."""
    if shelf.exists():
        (shelf / f"data{seed}").write_bytes(eye.data(seed))
    tokens, runs = eye.weights.tokenize(BEFORE, first=True), list[Run]()
    for at, piece in enumerate(eye.projector.pieces(eye.shape)):
        if piece.length:
            run = Run(f"{seed}.{at}", len(tokens), *piece[1:], eye.shape, at, f"data{seed}", keep=f"kept{seed}")
            runs.append(run)
        tokens += piece.tokens or [-(seed << 24) - number - 1 for number in range(piece.length)]
    ends = (len(tokens),)
    tokens += eye.weights.tokenize(after)
    return Sequence(f"{seed} {after}", tokens, limit, ends, runs=tuple(runs), **more)


def written(told: list[Told]) -> list[tuple[int, float]]:
    return [(each.token, each.logprob) for each in told if each.kind == "token"]


def reference(eye: Eye, seed: int) -> Any:
    """The logits after the prompt, by llama.cpp's own helper in a context of its own, read in the same pieces."""
    media, helper = native_media(), native()._library.mtmd_helper_eval_chunk_single
    helper.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int32] * 3 + [ctypes.c_bool, ctypes.c_void_p]
    native()._library.mtmd_helper_log_set(_quiet, None)
    context = Context(eye.weights, Sizes(512, 64, 1, 1, vectors=eye.projector.widest), Stop())
    data = eye.data(seed)
    made = (
        media.mtmd_bitmap_init(eye.shape.width, eye.shape.height, data)
        if eye.projector.sees
        else media.mtmd_bitmap_init_from_audio(eye.shape.width, data)
    )
    text = (BEFORE + "<__media__>" + AFTER).encode()
    given = media.structs["mtmd_input_text"](text, len(text), True, True)
    chunks, bitmap, done = media.mtmd_input_chunks_init(), ctypes.c_void_p(made), ctypes.c_int32()
    assert media.mtmd_tokenize(eye.projector.pointer, chunks, ctypes.byref(given), ctypes.byref(bitmap), 1) == 0
    for at in range(media.mtmd_input_chunks_size(chunks)):
        chunk = media.mtmd_input_chunks_get(chunks, at)
        step = 64 if media.mtmd_input_chunk_get_type(chunk) == 0 else max(64, eye.projector.widest)
        assert helper(eye.projector.pointer, context.pointer, chunk, done, 0, step, True, ctypes.byref(done)) == 0
    found = native().llama_get_logits_ith(context.pointer, -1)
    logits = np.ctypeslib.as_array(ctypes.cast(found, ctypes.POINTER(ctypes.c_float)), (eye.weights.tokens,)).copy()
    media.mtmd_input_chunks_free(chunks)
    media.mtmd_bitmap_free(bitmap)
    context.close()
    return logits


def test_logits_after_it_are_to_the_bit_those_of_llama_cpps_own_helper(
    eye: Eye, watch: Callable[..., Watched], tmp_path: Path
) -> None:
    first, second = watch(), watch()
    first.run(asked(eye, tmp_path, 1))
    second.run(asked(eye, tmp_path, 2))
    assert (first.logits[0] == reference(eye, 1)).all()
    assert abs(first.logits[0] - second.logits[0]).max() > 0.01


def test_it_is_encoded_once_for_all_questions(eye: Eye, watch: Callable[..., Watched], tmp_path: Path) -> None:
    alone = {}
    for question in ("What is it?", "Who?", "Why so?"):
        alone |= watch().run(asked(eye, tmp_path, after=question))
    loop = watch(at_once=2)
    together = loop.run(*[asked(eye, tmp_path, after=question) for question in ("What is it?", "Who?", "Why so?")])
    again = loop.run(asked(eye, tmp_path, 2, "Who?"), asked(eye, tmp_path, 1, "Who?"))
    assert {key: written(told) for key, told in together.items()} == {key: written(told) for key, told in alone.items()}
    assert written(again["1 Who?"]) == written(alone["1 Who?"]) != written(again["2 Who?"])
    assert loop.encodings.encoded == 2
    assert loop.loop.evaluated < sum(len(asked(eye, tmp_path, seed).tokens) for seed in (1, 2)) + 3 * 40


def test_a_state_holds_it_and_kept_vectors_stand_for_it(
    eye: Eye, watch: Callable[..., Watched], tmp_path: Path
) -> None:
    first = asked(eye, tmp_path)
    end, run = first.ends[0], first.runs[0]
    first.keep[end] = "state"
    told = written(watch().run(first)[first.key])
    (tmp_path / "data1").unlink()  # neither needs what it was made of
    second, third = watch(), watch()
    assert written(second.run(asked(eye, tmp_path / "none", stored=(end, "state")))[first.key]) == told
    stored = asked(eye, tmp_path / "none")
    stored.runs = (run._replace(data="", keep="", stored="kept1"),)
    assert written(third.run(stored)[first.key]) == told
    assert second.encodings.encoded == third.encodings.encoded == 0


def test_boundaries_lie_at_its_ends_and_never_inside(eye: Eye, tmp_path: Path) -> None:
    sequence = asked(eye, tmp_path)
    found = around(boundaries(sequence.prompt, (*sequence.ends, *edges(sequence.runs)), 16), sequence.runs)
    [run] = sequence.runs
    assert {run.start, run.end} <= set(found)
    assert not any(run.start < bound < run.end for bound in found)


def test_tokens_and_positions_are_counted_both_ways(eye: Eye, tmp_path: Path) -> None:
    sequence = asked(eye, tmp_path)
    [run] = sequence.runs
    for token in (*range(run.start + 1), *range(run.end + 1, sequence.prompt)):
        assert tokens_up_to(sequence.runs, position(sequence.runs, token)) == token
    assert tokens_up_to(sequence.runs, position(sequence.runs, run.start) + run.last) == run.end
    assert position(sequence.runs, run.end) == run.start + run.positions


def test_giving_up_inside_an_encoding_leaves_nothing_behind(eye: Eye, tmp_path: Path) -> None:
    looks: list[bool] = []

    def unwanted() -> bool:
        looks.append(True)
        return len(looks) == 1

    projector = Projector(eye.folder / "projector.gguf", eye.weights, 1, Stop(unwanted))
    loop, alone = Watched(eye._replace(projector=projector), tmp_path), Watched(eye, tmp_path)
    sequence = asked(eye, tmp_path)
    told = loop.run(sequence)[sequence.key]
    assert looks[1:] and loop.encodings.encoded == 1 and loop.told[:2] == ["encoding", "encoding"]
    assert written(told) == written(alone.run(asked(eye, tmp_path))[sequence.key])
    loop.close()
    alone.close()
    projector.close()
