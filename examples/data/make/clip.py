"""The clip: a board whose text changes, with one spoken sentence; one fact of it stands nowhere else."""

from fractions import Fraction
from pathlib import Path

import av
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import story
from .sound import add_sound, level
from .voice import RATE, silence, speak

WIDTH, HEIGHT, FRAMES_PER_SECOND = 640, 360, 15
_GROUNDS = ("#12324a", "#5a1f1a", "#1c4a31")


def write(target: Path) -> None:
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.flags |= 0x400  # AVFMT_FLAG_BITEXACT: no version or date in the file
        video = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.options = {"crf": "24", "preset": "slow", "tune": "animation", "threads": "1", "x264-params": "info=0"}
        audio = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=48_000)
        for index in range(story.CLIP_SECONDS * FRAMES_PER_SECOND):
            frame = av.VideoFrame.from_ndarray(np.asarray(_frame(index / FRAMES_PER_SECOND)), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        add_sound(container, audio, _sound())


def _sound() -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    voice, words, start = story.CLIP_SPEECH
    spoken = np.concatenate([silence(start), level(speak(words, voice))])
    return np.pad(spoken, (0, story.CLIP_SECONDS * RATE - len(spoken)))


def _frame(seconds: float) -> Image.Image:
    index = max(i for i, scene in enumerate(story.CLIP) if scene[0] <= seconds)
    _, large, small, running = story.CLIP[index]
    image = Image.new("RGB", (WIDTH, HEIGHT), _GROUNDS[index])
    draw = ImageDraw.Draw(image)
    draw.text((40, 34), story.CLIP_TITLE, font=_font(24), fill="#d9e2ec")
    draw.text((40, 92), large, font=_font(42, bold=True), fill="white")
    draw.text((40, 156), small, font=_font(23), fill="#d9e2ec")
    for node in range(1, 5):
        left = 40 + (node - 1) * 144
        on = node in running
        draw.rounded_rectangle(
            (left, 222, left + 124, 302), 12, fill="#f0f4f8" if on else None, outline="#f0f4f8", width=2
        )
        draw.text(
            (left + 62, 262),
            f"Node {node}",
            font=_font(22, bold=True),
            anchor="mm",
            fill="#102a43" if on else "#f0f4f8",
        )
    done = seconds / story.CLIP_SECONDS
    draw.rectangle((0, HEIGHT - 6, round(WIDTH * done), HEIGHT), fill="#f0b429")
    return image


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)
