"""The interview: questions and answers with their pauses, as MP3."""

from pathlib import Path
from typing import Any

import av
import numpy as np

from . import story
from .voice import RATE, silence, speak


def timeline() -> tuple["np.ndarray[Any, np.dtype[np.float32]]", list[tuple[float, float, str]]]:
    """The samples, and (start, end, words) of every turn in seconds."""
    pieces, turns = [silence(0.4)], []
    for voice, words, pause in story.INTERVIEW:
        start = sum(len(piece) for piece in pieces) / RATE
        spoken = speak(words, voice)
        pieces += [level(spoken), silence(pause)]
        turns.append((round(start, 2), round(start + len(spoken) / RATE, 2), words))
    return np.concatenate(pieces), turns


def level(samples: "np.ndarray[Any, np.dtype[np.float32]]") -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Every turn equally loud (root mean square 0.08), without clipping."""
    gain = min(0.08 / float(np.sqrt(np.mean(samples**2))), 0.95 / float(np.max(np.abs(samples))))
    return samples * np.float32(gain)


def write(target: Path) -> list[tuple[float, float, str]]:
    samples, turns = timeline()
    with av.open(str(target), "w", format="mp3", options={"write_xing": "1", "id3v2_version": "3"}) as container:
        container.flags |= 0x400  # AVFMT_FLAG_BITEXACT: no version or date in the file
        container.metadata["title"] = "Interview with the author of the Loom paper (synthetic voices)"
        stream = container.add_stream("mp3", rate=RATE, layout="mono", bit_rate=48_000)
        add_sound(container, stream, samples)
    return turns


def add_sound(container: Any, stream: Any, samples: "np.ndarray[Any, np.dtype[np.float32]]") -> None:
    """Encode the samples, 24 kHz mono, to the end of the stream."""
    resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
    frame.sample_rate = RATE
    fifo = av.AudioFifo()
    for each in resampler.resample(frame):
        each.pts = None
        fifo.write(each)
    position, size = 0, stream.codec_context.frame_size or 1152
    while (block := fifo.read(size, partial=True)) is not None:
        block.pts, position = position, position + block.samples
        container.mux(stream.encode(block))
    container.mux(stream.encode(None))
