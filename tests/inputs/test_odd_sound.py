"""Sound that plain mixing loses: channels that cancel each other, and further tracks."""

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omniloom.core.parts import Audio, Video
from omniloom.inputs import reader_for
from omniloom.inputs.moving.frames import Frames
from omniloom.inputs.sound.decode import RATE, Pcm
from omniloom.storage.intake import take_in
from omniloom.storage.store import Store

av: Any = pytest.importorskip("av")


def tone(seconds: float = 1.0) -> Any:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def heard(path: Path, channels: list[Any]) -> Any:
    """The samples that are heard of a WAV file with these channels."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.stack(channels, axis=1) * 32767).astype("<i2").tobytes())
    return np.concatenate(list(Pcm(path, "0" * 64).blocks()))


@pytest.mark.parametrize(
    ("left", "right", "level"), [(1.0, 1.0, 1.0), (1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (1.0, -1.0, 1.0), (0.5, -0.5, 0.5)]
)
def test_two_channels_do_not_cancel_each_other(tmp_path: Path, left: float, right: float, level: float) -> None:
    samples = heard(tmp_path / "a.wav", [tone() * left, tone() * right])
    assert len(samples) == RATE
    assert float(abs(samples).max()) == pytest.approx(0.5 * level, rel=0.02)


def test_one_channel_and_many_keep_their_level(tmp_path: Path) -> None:
    assert float(abs(heard(tmp_path / "a.wav", [tone()])).max()) == pytest.approx(0.5, rel=0.02)
    assert float(abs(heard(tmp_path / "b.wav", [tone()] * 4)).max()) > 0.1


def test_further_tracks_are_reported(tmp_path: Path) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as film:
        streams = [film.add_stream("pcm_s16le", rate=RATE) for _ in range(2)]
        packets: list[Any] = []
        for stream in streams:
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray((tone() * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
            frame.sample_rate, frame.pts = RATE, 0
            packets += [*stream.encode(frame), *stream.encode(None)]
        film.mux(packets)  # the header names every track, so all encoders must be open
    path = tmp_path / "a.mkv"
    path.write_bytes(file.getvalue())
    pcm = Pcm(path, "0" * 64)
    assert sum(map(len, pcm.blocks())) >= RATE * 0.99
    assert [loss.kind for loss in pcm.losses] == ["tracks_not_heard"]


def film(path: Path, pictures: float, sound: float) -> Path:
    """A Matroska file with so many seconds of each."""
    with av.open(str(path), "w", format="matroska") as file:
        video, audio = file.add_stream("mpeg4", rate=5), file.add_stream("pcm_s16le", rate=RATE)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio.layout = "mono"
        packets: list[Any] = []
        for _ in range(int(pictures * 5)):
            packets += video.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 255, np.uint8)))
        frame = av.AudioFrame.from_ndarray((tone(sound) * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        file.mux([*packets, *video.encode(None), *audio.encode(frame), *audio.encode(None)])
    return path


@pytest.mark.parametrize(("pictures", "sound"), [(2.0, 8.0), (8.0, 2.0)])
def test_a_stream_that_ends_before_the_other_is_not_cut_off(tmp_path: Path, pictures: float, sound: float) -> None:
    path = film(tmp_path / "a.mkv", pictures, sound)
    pcm, frames = Pcm(path, "0" * 64), Frames(path, "0" * 64)
    assert sum(map(len, pcm.blocks())) == pytest.approx(sound * RATE, rel=0.02)
    assert len(list(frames)) > 1 and frames.seconds == pytest.approx(pictures, abs=0.3)
    assert [*pcm.losses, *frames.losses] == []


def test_the_sound_of_a_container_known_for_pictures_is_read(private_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray((tone() * 32767).astype(np.int16).reshape(1, -1), "s16", "mono")
        frame.sample_rate, frame.pts = RATE, 0
        file.mux([*stream.encode(frame), *stream.encode(None)])
    store = Store(private_home)
    try:
        assert reader_for(take_in(Audio(path), store))[0] == "audio"
        assert reader_for(take_in(Video(path), store))[0] == "video"
    finally:
        store.close()
