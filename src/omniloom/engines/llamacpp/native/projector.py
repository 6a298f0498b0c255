"""A projector: the file beside a model that turns pictures and sounds into vectors the model reads like tokens.

What a picture becomes is a list of pieces, in order: tokens of the model (the marks around it, rows of tiles) and
runs of vectors. The pieces follow from its size alone; only the vectors need its pixels.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from omniloom.core.errors import EngineError, UnsupportedError
from omniloom.engines.llamacpp.native.binding import native_media
from omniloom.engines.llamacpp.native.context import Aborted
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights

_EVAL = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_bool, ctypes.c_void_p)
_TEXT, _IMAGE = 0, 1
_NODES = 24  # operations of the encoder between two looks at whether it is still wanted
_LARGE = 4096


class Shape(NamedTuple):
    """A picture of width x height pixels; or a sound: `width` samples at the projector's rate, height 1."""

    kind: Literal["image", "audio"]
    width: int
    height: int = 1


class Piece(NamedTuple):
    """tokens: of text; or none, and a run of `length` vectors that takes up `positions` positions.

    last: the greatest position among the vectors, plus one: what the cells then say of their end. causal: whether a
    vector sees only those before it.
    """

    tokens: list[int]
    length: int = 0
    positions: int = 0
    last: int = 0
    causal: bool = True


class Projector:
    """`pieces` and `positions` for any thread, the rest for one.

    Raises EngineError if llama.cpp cannot load the file, or if it was made for another model; what it said stands in
    stderr. stop: whether to give it up while a picture is encoded.
    """

    def __init__(self, path: Path, weights: Weights, threads: int, stop: Stop) -> None:
        self._native = native_media()
        self._stop, self._gave_up, self._nodes = stop, False, 0
        self._look = _EVAL(self._on_node)  # kept: the library holds its address only
        asked = self._native.mtmd_context_params_default()
        asked.use_gpu, asked.warmup, asked.print_timings = False, False, False
        asked.n_threads = threads
        asked.cb_eval = ctypes.cast(self._look, ctypes.c_void_p)
        self.pointer = self._native.mtmd_init_from_file(str(path).encode(), weights.pointer, asked)
        if not self.pointer:
            raise EngineError(f"llama.cpp cannot load the projector {path.name!r} for this model")
        self.width = self._native.llama_model_n_embd_inp(weights.pointer)
        self._sections = 4 if self._native.mtmd_decode_use_mrope(self.pointer) else 1
        self.sees = bool(self._native.mtmd_support_vision(self.pointer))
        self.hears = bool(self._native.mtmd_support_audio(self.pointer))
        self.rate = max(0, self._native.mtmd_get_audio_sample_rate(self.pointer))

    def pieces(self, shape: Shape) -> list[Piece]:
        """What a picture or a sound of that shape becomes. Raises UnsupportedError if it cannot become anything."""
        with self._chunks(shape, None) as chunks:
            return [self._piece(chunk) for chunk in chunks]

    def positions(self, shape: Shape, piece: int, start: int) -> Any:
        """int32 [sections, n]: where the vectors of that piece stand when the first stands at `start`."""
        import numpy as np

        ask = self._native
        with self._chunks(shape, None) as chunks:
            chunk = chunks[piece]
            count = ask.mtmd_input_chunk_get_n_tokens(chunk)
            image = ask.mtmd_input_chunk_get_tokens_image(chunk)
            if self._sections == 1 or not image:
                return np.tile(np.arange(start, start + count, dtype=np.int32), (self._sections, 1))
            each = [ask.mtmd_image_tokens_get_decoder_pos(image, start, at) for at in range(count)]
            return np.array([[getattr(at, name) for at in each] for name in ("t", "y", "x", "z")], dtype=np.int32)

    def encode(self, shape: Shape, data: bytes, piece: int) -> Any:
        """float32 [n, width]. data: RGB bytes, row by row; or float32 samples. Raises Aborted, EngineError."""
        import numpy as np

        self._gave_up, self._nodes = False, 0
        self._stop.look()
        with self._chunks(shape, data) as chunks:
            chunk = chunks[piece]
            count = self._native.mtmd_input_chunk_get_n_tokens(chunk)
            status = self._native.mtmd_encode_chunk(self.pointer, chunk)
            if self._gave_up:
                raise Aborted
            found = self._native.mtmd_get_output_embd(self.pointer) if status == 0 else None
            if not found:
                raise EngineError(f"the projector could not encode the {shape.kind} (mtmd gave {status})")
            vectors = np.ctypeslib.as_array(ctypes.cast(found, ctypes.POINTER(ctypes.c_float)), (count, self.width))
            if not np.isfinite(vectors).all():
                raise EngineError("the projector's weights give no numbers: the file is damaged")
            return vectors.copy()

    @property
    def widest(self) -> int:
        """The most vectors of a picture that must be read in one step, because they see each other; 0 if none must."""
        if not self.sees or not self._native.mtmd_decode_use_non_causal(self.pointer, None):
            return 0
        shapes = [Shape("image", *size) for size in ((_LARGE, _LARGE), (_LARGE, _LARGE // 4), (_LARGE // 8, _LARGE))]
        return max(piece.length for shape in shapes for piece in self.pieces(shape) if not piece.causal)

    def close(self) -> None:
        if self.pointer:
            self._native.mtmd_free(self.pointer)
            self.pointer = None

    @contextmanager
    def _chunks(self, shape: Shape, data: bytes | None) -> Iterator[list[int]]:
        """The library's chunks of one picture or sound; without data they can be measured, not encoded."""
        ask = self._native
        if not (self.sees if shape.kind == "image" else self.hears) or min(shape.width, shape.height) < 1:
            raise UnsupportedError(f"this projector takes no {shape.kind} of {shape.width} x {shape.height}")
        init = ask.mtmd_bitmap_init if shape.kind == "image" else ask.mtmd_bitmap_init_from_audio
        sizes = shape[1:] if shape.kind == "image" else (shape.width,)
        if data is not None and len(data) != shape.width * shape.height * (3 if shape.kind == "image" else 4):
            raise EngineError(f"{len(data)} bytes are no {shape.kind} of {shape.width} x {shape.height}")
        bitmap, chunks = ctypes.c_void_p(init(*sizes, data)), ask.mtmd_input_chunks_init()
        try:
            marker = ask.mtmd_default_marker()
            text = ask.structs["mtmd_input_text"](marker, len(marker), False, True)
            status = ask.mtmd_tokenize(self.pointer, chunks, ctypes.byref(text), ctypes.byref(bitmap), 1)
            if status != 0:
                raise UnsupportedError(f"the projector cannot take this {shape.kind} (mtmd gave {status})")
            yield [ask.mtmd_input_chunks_get(chunks, at) for at in range(ask.mtmd_input_chunks_size(chunks))]
        finally:
            ask.mtmd_input_chunks_free(chunks)
            ask.mtmd_bitmap_free(bitmap)

    def _piece(self, chunk: int) -> Piece:
        ask = self._native
        if ask.mtmd_input_chunk_get_type(chunk) == _TEXT:
            count = ctypes.c_size_t()
            tokens = ask.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
            return Piece(list((ctypes.c_int32 * count.value).from_address(tokens)))
        length, positions = ask.mtmd_input_chunk_get_n_tokens(chunk), ask.mtmd_input_chunk_get_n_pos(chunk)
        image = ask.mtmd_input_chunk_get_tokens_image(chunk)
        last = ask.mtmd_image_tokens_get_decoder_pos(image, 0, length - 1).t + 1 if image else positions
        causal = not ask.mtmd_decode_use_non_causal(self.pointer, chunk)
        return Piece([], length, positions, last, causal)

    def _on_node(self, node: int, ask: bool, _: object) -> bool:
        """Called before each operation with `ask`, where True means: stop after it, and call again to hear whether to
        go on. Where it stops depends on the count alone, so that the same picture is computed alike each time."""
        if ask:
            self._nodes += 1
            return self._gave_up or self._nodes % _NODES == 0
        self._gave_up = self._gave_up or bool(self._stop)
        return not self._gave_up
