"""Three clips with burnt-in text and speech, made by script.

The speech is that of the data folder's recordings. The scenes: slides, captions over a pan, and lines that fade in
over real footage (or a pan, where there is none).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from omniloom.evaluation.tasks.speech import SENTENCES

RATE, WIDTH, HEIGHT, SOUND = 20, 854, 480, 16_000


@dataclass(frozen=True)
class Line:
    """Text on the picture from `start` to `end`; it takes `fade` seconds to appear."""

    start: float
    end: float
    text: str
    size: int = 34
    place: tuple[int, int] = (60, 380)
    fade: float = 0.0


@dataclass(frozen=True)
class Clip:
    name: str
    codec: str
    seconds: float
    lines: tuple[Line, ...]
    speech: tuple[tuple[float, str], ...]
    scene: Callable[[float, Sequence[Image.Image]], Image.Image]


def slides(at: float, _: Sequence[Image.Image]) -> Image.Image:
    return Image.new("RGB", (WIDTH, HEIGHT), [(245, 245, 240), (225, 235, 245), (250, 250, 250)][int(at // 4) % 3])


def pan(at: float, _: Sequence[Image.Image]) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), (40, 60, 80))
    draw = ImageDraw.Draw(image)
    for column in range(-200, WIDTH + 200, 200):
        left = column + int(at * 70) % 200
        draw.rectangle((left, 90, left + 90, 330), fill=(110, 80, 60))
        draw.ellipse((left + 100, 40, left + 170, 110), fill=(70, 120, 60))
    return image


def footage(at: float, frames: Sequence[Image.Image]) -> Image.Image:
    return frames[int(at * RATE) % len(frames)].copy() if frames else pan(at, frames)


CLIPS = (
    Clip(
        "slides.mp4",
        "mpeg4",
        12,
        (
            Line(0, 4, "Annual survey of harbours", 44, (60, 60)),
            Line(0, 4, "Depth at low water: 7.3 m", 30, (60, 180)),
            Line(4, 8, "Cargo moved in 2031", 44, (60, 60)),
            Line(4, 8, "Grain 412 kt, timber 96 kt", 30, (60, 180)),
            Line(5.5, 8, "Steel 58 kt", 30, (60, 240)),
            Line(8, 12, "Open questions", 44, (60, 60)),
            Line(8, 12, "Who pays for dredging?", 30, (60, 180)),
        ),
        ((1.0, "librivox/sense_and_sensibility_01_austen_64kb-0880.wav"), (6.0, "jfk.flac")),
        slides,
    ),
    Clip(
        "captions.mkv",
        "mpeg4",
        14,
        (
            Line(1.0, 3.5, "The ferry leaves at 6:45"),
            Line(4.0, 7.0, "Bring a warm coat and gloves"),
            Line(8.2, 11.0, "Gate 14 closes early today"),
        ),
        ((2.0, "librivox/sense_and_sensibility_01_austen_64kb-0870.wav"),),
        pan,
    ),
    Clip(
        "footage.mp4",
        "mpeg4",
        13,
        (
            Line(0.8, 5.0, "Station Norrland 3", 30, (60, 400), fade=0.4),
            Line(6.0, 10.5, "Wind 21 knots, falling", 30, (60, 400), fade=0.4),
            Line(2.0, 12.0, "CAMERA 2", 26, (640, 30)),
        ),
        ((1.5, "librivox/sense_and_sensibility_01_austen_64kb-0930.wav"), (7.0, "asr/spk1_snt4.wav")),
        footage,
    ),
)
SPOKEN = SENTENCES | {"asr/spk1_snt4.wav": "a thin stripe runs down the middle"}


def make(clip: Clip, path: Path, data: Path, frames: Sequence[Image.Image]) -> list[tuple[float, float, str]]:
    """Write the clip; returns (start, end, words) of what is spoken in it."""
    import av

    samples, truth = _sound(clip, data)
    with av.open(str(path), "w") as container:
        pictures: Any = container.add_stream(clip.codec, rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt, pictures.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_500_000
        sound: Any = container.add_stream("aac", rate=SOUND, layout="mono")
        for number in range(int(clip.seconds * RATE)):
            frame = av.VideoFrame.from_image(_picture(clip, number / RATE, frames))
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        for start in range(0, len(samples), 1024):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SOUND, start, Fraction(1, SOUND)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return truth


def _picture(clip: Clip, at: float, frames: Sequence[Image.Image]) -> Image.Image:
    image = clip.scene(at, frames).convert("RGB")
    for line in clip.lines:
        if line.start <= at < line.end:
            layer = image.copy()
            draw = ImageDraw.Draw(layer)
            dark = clip.scene is slides
            draw.text(
                line.place,
                line.text,
                fill=(20, 20, 30) if dark else (255, 255, 255),
                font=ImageFont.load_default(line.size),
                stroke_width=0 if dark else 2,
                stroke_fill=(0, 0, 0),
            )
            image = Image.blend(image, layer, min((at - line.start) / line.fade, 1.0) if line.fade else 1.0)
    return image


def _sound(clip: Clip, data: Path) -> tuple[np.ndarray[Any, Any], list[tuple[float, float, str]]]:
    """The recordings at their places over faint noise; ends are where the sound passes a thirtieth of its peak."""
    chance = np.random.default_rng(1)
    track = 0.0005 * chance.standard_normal(int(clip.seconds * SOUND)).astype(np.float32)
    truth: list[tuple[float, float, str]] = []
    for start, name in clip.speech:
        spoken = _samples(data / "audio" / name)[: len(track) - int(start * SOUND)]
        track[int(start * SOUND) : int(start * SOUND) + len(spoken)] += spoken
        loud = np.flatnonzero(np.abs(spoken) > np.abs(spoken).max() / 30)
        text = SPOKEN[name]
        if name == "jfk.flac":  # the clip ends within this speech
            text = "and so my fellow americans ask not"
            loud = loud[loud < int(4.3 * SOUND)]
            track[int((start + 4.3) * SOUND) :] = 0
        truth.append((start + loud[0] / SOUND, start + loud[-1] / SOUND, text))
    return track, truth


def _samples(path: Path) -> np.ndarray[Any, Any]:
    from omniloom.inputs.sound.decode import Pcm

    return np.concatenate(list(Pcm(path, "").blocks()))


def footage_frames(data: Path) -> list[Image.Image]:
    import av

    path = data / "video" / "bird.mkv"
    if not path.is_file():
        return []
    with av.open(str(path)) as container:
        return [frame.to_image().resize((WIDTH, HEIGHT)) for frame in container.decode(video=0)]
