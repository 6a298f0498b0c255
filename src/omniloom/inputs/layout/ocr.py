"""Optical character recognition: a picture in, lines of text with boxes out.

Runs the PP-OCR models that the rapidocr wheel brings (detector and recogniser, ONNX); nothing is downloaded.
It does not group lines into rows or paragraphs and does not say what a picture shows beside text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omniloom.core.errors import UnsupportedError
from omniloom.core.locators import Box
from omniloom.isolation.limits import allowed_threads

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Array = np.ndarray[Any, Any]

DETECT_SIDE = 1280  # pixels of the longer side the detector sees first; lines are cut from the full picture
_FINE_SIDE = 2000  # where that shows small print
_LARGER = 2.0  # how much small pictures are enlarged at most
_SMALL_PRINT = 13  # pixels
_SHORT_SIDE = 700  # strips (receipts, long screenshots) are not made narrower than this
_TILE_PIXELS = 2_800_000
_OVERLAP = 96
MIN_SCORE = 0.5
_SURE = 0.85  # a sample of lines scoring above this stands upright
_SAMPLE = 8
THREADS = 2


@dataclass(frozen=True)
class Word:
    """A run without spaces. box: fractions of the picture as given; upright: as in Line."""

    text: str
    box: Box
    upright: Box


@dataclass(frozen=True)
class Line:
    """One line of text. box: fractions of the picture as given; score: 0..1, mean over characters.

    upright: the box in the picture after turning it by `turn` degrees clockwise and making its lines level;
    lines are ordered and joined by it. words: in reading order; joined with one space they are the text.
    """

    text: str
    box: Box
    score: float
    upright: Box
    turn: int = 0
    words: tuple[Word, ...] = field(default=(), repr=False)


def recognise(image: "Image", *, turn: bool = True, at_least: float = MIN_SCORE) -> list[Line]:
    """The lines of text in a picture, from the top down as they stand upright.

    turn: also read pictures that stand on their side or on their head. at_least: the lowest score of a line.
    Raises UnsupportedError without the extra.
    """
    import numpy as np

    full = _pixels(image)
    quads = _detect(full)
    quarter = 0
    if turn and _vertical(quads):
        full, quarter = np.ascontiguousarray(np.rot90(full)), 3
        quads = _detect(full)
    if turn and len(quads) and _on_its_head(full, quads, sure=quarter == 0):
        full, quarter = np.ascontiguousarray(np.rot90(full, 2)), (quarter + 2) % 4
        height, width = full.shape[:2]
        quads = (np.array([width, height], dtype=np.float32) - quads)[:, [2, 3, 0, 1]]
    lines = [line for line in _lines(full, quads, quarter * 90) if line.score >= at_least]
    return sorted(lines, key=lambda line: (line.upright[1], line.upright[0]))


def read_regions(image: "Image", boxes: Sequence[Box]) -> list[tuple[str, float]]:
    """(text, score) of regions known to hold one upright line each; cheap, as nothing is searched for."""
    full = _pixels(image)
    height, width = full.shape[:2]
    crops: list[Any] = []
    for left, top, wide, high in boxes:
        x, y = int(left * width), int(top * height)
        crop = full[y : max(y + 2, round((top + high) * height)), x : max(x + 2, round((left + wide) * width))]
        crops.append(crop)
    return [(text, score) for text, score, _ in _read([crop for crop in crops if crop.size])]


def unturned(box: Box, turn: int) -> Box:
    """Where a box of the upright picture stands in the picture before it was turned by `turn` degrees clockwise."""
    left, top, width, height = box
    if turn == 90:
        return (top, 1 - left - width, height, width)
    if turn == 180:
        return (1 - left - width, 1 - top - height, width, height)
    if turn == 270:
        return (1 - top - height, left, height, width)
    return box


@cache
def _engine() -> Any:
    """The two models, loaded once in a process. Their paths are given, so that rapidocr has nothing to fetch."""
    import os

    try:
        import rapidocr
        from rapidocr import RapidOCR
    except ImportError as error:
        raise UnsupportedError(
            "reading text in pictures needs the ocr extra", hint='pip install "omniloom[ocr]"'
        ) from error
    folder = Path(rapidocr.__file__).parent / "models"
    found = {role: sorted(folder.glob(f"*_{role}_*.onnx")) for role in ("det", "rec")}
    if not all(found.values()):
        raise UnsupportedError("this rapidocr brings no OCR models", hint='pip install "rapidocr>=3.10"')
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.return_word_box": True,
            "EngineConfig.onnxruntime.intra_op_num_threads": allowed_threads(min(THREADS, os.cpu_count() or 1)),
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_side_len": 32,  # pictures are scaled here, not there
            "Det.model_path": str(found["det"][0]),
            "Rec.model_path": str(found["rec"][0]),
        }
    )


_LIGHT = 160  # grey levels of 255
_OPAQUE = [0] * 128 + [255] * 128


def _pixels(image: "Image") -> "Array":
    """Blue, green, red bytes; what is transparent becomes white, behind light writing black."""
    import numpy as np
    from PIL import Image as pictures

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        whole = image.convert("RGBA")
        opaque = whole.getchannel("A").histogram(), whole.convert("L").histogram(whole.getchannel("A").point(_OPAQUE))
        clear, light, dark = sum(opaque[0][:128]), sum(opaque[1][_LIGHT:]), sum(opaque[1][:_LIGHT])
        ground = "black" if clear > light > 9 * dark else "white"
        image = pictures.alpha_composite(pictures.new("RGBA", whole.size, ground), whole)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _detect(full: "Array") -> "Array":
    """Corner points in pixels of `full`, shape (lines, 4, 2), clockwise from the top left of each line."""
    import numpy as np

    sides = full.shape[:2]
    scale = min(_LARGER, max(DETECT_SIDE / max(sides), min(1.0, _SHORT_SIDE / min(sides))))
    quads = _detect_at(full, scale)
    finer = min(_LARGER, max(_FINE_SIDE / max(sides), scale))
    if len(quads) and finer > 1.1 * scale:
        heights = [min(_sides(quad)) * scale for quad in quads]
        if float(np.percentile(heights, 15)) < _SMALL_PRINT:
            return _detect_at(full, finer)
    return quads


def _detect_at(full: "Array", scale: float) -> "Array":
    """As `_detect`, on the picture made smaller by `scale`, in tiles along its longer side where it is large."""
    import cv2
    import numpy as np

    height, width = full.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = (
        full
        if scale == 1.0
        else cv2.resize(full, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    )
    down = small.shape[0] >= small.shape[1]
    length = max(small.shape[:2])
    step = max(_TILE_PIXELS // min(small.shape[:2]), 4 * _OVERLAP)
    found: list[Any] = []
    for start in range(0, max(length - _OVERLAP, 1), step):
        end = min(start + step + _OVERLAP, length)
        quads = _detect_tile(small[start:end] if down else small[:, start:end])
        quads[:, :, 1 if down else 0] += start
        middles = quads[:, :, 1 if down else 0].mean(axis=1)
        first = start + (_OVERLAP / 2 if start else 0)
        last = end - _OVERLAP / 2 if end < length else length
        found.append(quads[(middles >= first) & (middles <= last)])
        if end == length:
            break
    return np.concatenate(found) / np.float32(scale)


def _detect_tile(picture: "Array") -> "Array":
    import cv2
    import numpy as np

    pad = max(0, 64 - picture.shape[0]), max(0, 64 - picture.shape[1])
    if any(pad):
        picture = cv2.copyMakeBorder(picture, 0, pad[0], 0, pad[1], cv2.BORDER_REPLICATE)
    # The model is loaded on the first detection, under a lock of rapidocr's own.
    found = _engine()._load_det_model()(np.ascontiguousarray(picture))
    if found.boxes is None or len(found.boxes) == 0:
        return np.zeros((0, 4, 2), dtype=np.float32)
    return np.asarray(found.boxes, dtype=np.float32)


def _vertical(quads: "Array") -> bool:
    """Whether most of the text, by length, runs up or down the picture."""
    upright = sideways = 0.0
    for quad in quads:
        width, height = _sides(quad)
        if height > 1.5 * width:
            sideways += height
        elif width > 1.5 * height:
            upright += width
    return sideways > 2 * upright and sideways > 0


def _on_its_head(full: "Array", quads: "Array", *, sure: bool) -> bool:
    """Whether a sample of the longest lines reads better upside down; not tried where `sure` and it reads well."""
    import numpy as np

    longest = sorted(quads, key=lambda quad: -_sides(quad)[0])[:_SAMPLE]
    crops = _engine().crop_text_regions(full, np.array(longest))
    upright = float(np.mean([score for _, score, _ in _read(crops)]))
    if sure and upright >= _SURE:
        return False
    return float(np.mean([score for _, score, _ in _read([np.rot90(crop, 2) for crop in crops])])) > upright + 0.05


def _sides(quad: "Array") -> tuple[float, float]:
    import numpy as np

    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


def _read(crops: "list[Array]") -> list[tuple[str, float, list[float]]]:
    """Text, score and, for each character that is no space, where its middle stands (0..1 along the line)."""
    import numpy as np

    if not crops:
        return []
    done = _engine().recognize_txt([np.ascontiguousarray(crop) for crop in crops])
    read: list[tuple[str, float, list[float]]] = []
    for text, score, info in zip(done.txts, done.scores, done.word_results, strict=True):
        columns = [column for word in getattr(info, "word_cols", []) for column in word]
        length = getattr(info, "line_txt_len", 0.0) or 1.0
        read.append((text, float(score), [min((column + 0.5) / length, 1.0) for column in columns]))
    return read


def _lines(full: "Array", quads: "Array", turn: int) -> list[Line]:
    """All lines of the upright picture `full`; single lines on their side are tried both ways."""
    import numpy as np

    if not len(quads):
        return []
    crops: list[Any] = list(_engine().crop_text_regions(full, quads.copy()))
    read = _read(crops)
    tall = [number for number, quad in enumerate(quads) if _sides(quad)[1] >= 1.5 * _sides(quad)[0]]
    other = dict(zip(tall, _read([np.rot90(crops[number], 2) for number in tall]), strict=True))
    level = _levelling(quads, full.shape)
    lines: list[Line] = []
    for number, (quad, (text, score, middles)) in enumerate(zip(quads, read, strict=True)):
        along = quad
        if number in other:
            # rapidocr turns tall cut-outs anticlockwise: their text runs from the top right corner down.
            along = quad[[1, 2, 3, 0]]
            if other[number][1] > score:
                (text, score, middles), along = other[number], quad[[3, 0, 1, 2]]
        if text.strip():
            lines.append(_line(text, score, middles, along, full.shape, turn, level))
    return lines


def _levelling(quads: "Array", shape: tuple[int, ...]) -> "Array":
    """The affine matrix (2, 3) that turns the picture so that its lines are level; photographs are a little askew."""
    import math

    import cv2
    import numpy as np

    wide = [quad[1] - quad[0] for quad in quads if _sides(quad)[0] > 3 * _sides(quad)[1]]
    angles = [math.degrees(math.atan2(float(side[1]), float(side[0]))) for side in wide]
    angle = float(np.median(angles)) if len(angles) > 2 else 0.0
    if abs(angle) < 0.2 or abs(angle) > 20:
        angle = 0.0
    return cv2.getRotationMatrix2D((shape[1] / 2, shape[0] / 2), angle, 1.0)


def _line(
    text: str, score: float, middles: list[float], quad: "Array", shape: tuple[int, ...], turn: int, level: "Array"
) -> Line:
    words: list[Word] = []
    for word, (start, end) in zip(text.split(), _spans(text, middles), strict=True):
        top = [quad[0] + (quad[1] - quad[0]) * at for at in (start, end)]
        bottom = [quad[3] + (quad[2] - quad[3]) * at for at in (start, end)]
        corners = [*top, *bottom]
        words.append(Word(word, unturned(_around(corners, shape), turn), _around(_moved(corners, level), shape)))
    box = unturned(_around(list(quad), shape), turn)
    upright = _around(_moved(list(quad), level), shape)
    return Line(" ".join(text.split()), box, round(score, 4), upright, turn, tuple(words))


def _moved(points: "list[Array]", matrix: "Array") -> "list[Array]":
    return [matrix[:, :2] @ point + matrix[:, 2] for point in points]


def _spans(text: str, middles: list[float]) -> list[tuple[float, float]]:
    """Start and end along the line (0..1) of each word. Without known characters: by their count."""
    words = text.split()
    count = sum(len(word) for word in words)
    if len(middles) != count:
        middles = [(number + 0.5) / max(count, 1) for number in range(count)]
    half = (middles[-1] - middles[0]) / max(len(text) - 1, 1) / 2 if count > 1 else 0.5
    spans: list[tuple[float, float]] = []
    at = 0
    for number, word in enumerate(words):
        # The line's own ends are better known than those of the model's columns.
        start = 0.0 if number == 0 else middles[at] - half
        end = 1.0 if number == len(words) - 1 else middles[at + len(word) - 1] + half
        spans.append((max(0.0, min(start, 1.0)), max(0.0, min(max(start, end), 1.0))))
        at += len(word)
    return spans


def _around(points: "list[Array]", shape: tuple[int, ...]) -> Box:
    """The upright box around the points (pixels), as fractions of a picture of this shape (height, width, ...)."""
    height, width = shape[:2]
    left, right = min(float(p[0]) for p in points) / width, max(float(p[0]) for p in points) / width
    top, bottom = min(float(p[1]) for p in points) / height, max(float(p[1]) for p in points) / height
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in (left, top, right, bottom))
    return (left, top, right - left, bottom - top)
