"""Audio is heard where somebody speaks, and nowhere else."""

import os
import wave
from pathlib import Path

import numpy as np
import pytest

from omniloom.core.errors import UnreadableError, WeightsError
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs import audio

pytest.importorskip("av", reason="the media extra is not installed")
RATE = 16_000


@pytest.fixture(scope="session")
def whisper() -> Path:
    """The speech model: OMNILOOM_WHISPER, or weights/whisper-base where the catalog keeps it."""
    from omniloom.storage.home import weights_home

    for folder in (Path(os.environ.get("OMNILOOM_WHISPER", "/nonexistent")), weights_home() / "whisper-base"):
        if (folder / "model.bin").is_file():
            return folder
    pytest.skip("the whisper-base weights are not here; omniloom pull whisper-base")


def wav(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def read(path: Path, weights: Path, **options: str) -> list[object]:
    source = Source(
        id="s", path=path, name=path.name, media_type="audio/wav", options=options, weights={"whisper-base": weights}
    )
    return list(audio.read(source))


def test_a_sentence_is_read_with_the_time_of_each_word(data: Path, whisper: Path) -> None:
    items = read(data / "audio/jfk.flac", whisper)
    segments = [item for item in items if isinstance(item, Segment)]
    text = " ".join(segment.text for segment in segments)
    assert "ask not what your country can do for you" in text
    for segment in segments:
        for anchor in segment.anchors:
            assert segment.text[anchor.start : anchor.end].strip() == segment.text[anchor.start : anchor.end] != ""
            assert anchor.locator.time is not None and 0 <= anchor.locator.time[0] <= anchor.locator.time[1] <= 11
    assert [item.kind for item in items if isinstance(item, Loss)] == ["not_heard"]


def test_silence_says_nothing(tmp_path: Path, whisper: Path) -> None:
    items = read(wav(tmp_path / "silence.wav", np.zeros(RATE * 5)), whisper)
    assert not [item for item in items if isinstance(item, Segment)]


def test_a_file_without_samples_is_unreadable(tmp_path: Path, whisper: Path) -> None:
    with pytest.raises(UnreadableError):
        read(wav(tmp_path / "none.wav", np.zeros(0)), whisper)


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="whisper-base"):
        read(wav(tmp_path / "a.wav", np.zeros(RATE)), tmp_path / "nowhere")
