"""Decoding, windows, sentences and doubt: the parts that reading sound is made of."""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av: Any = pytest.importorskip("av", reason="the media extra is not installed")

from omniloom.core.errors import UnreadableError  # noqa: E402
from omniloom.inputs.sound import brief, decode, doubt, sentences  # noqa: E402
from omniloom.inputs.sound.decode import RATE, Pcm  # noqa: E402
from omniloom.inputs.sound.voice import FRAME, LONGEST, Piece, Window, pieces, windows  # noqa: E402
from omniloom.inputs.sound.whisper import Utterance, Word  # noqa: E402

INTERVIEW = Path(__file__).resolve().parents[2] / "examples/data/author_interview.mp3"
TONE = (0.4 * np.sin(2 * np.pi * 440 * np.arange(6 * 48_000) / 48_000)).astype(np.float32)


def encode(path: Path, codec: str, rate: int = 48_000, layout: str = "mono", jump: float = 0.0) -> Path:
    """Six seconds of a tone; after three, the clock jumps by `jump` seconds."""
    step = 48_000 // rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        for start in range(0, len(TONE) // step, 1024):
            samples = TONE[::step][None, start : start + 1024].repeat(2 if layout == "stereo" else 1, axis=0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = start + (int(jump * rate) if start >= 3 * rate else 0)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decoded(path: Path) -> tuple[np.ndarray, Pcm]:
    pcm = Pcm(path, "s")
    return np.concatenate(list(pcm.blocks())), pcm


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.wav", "pcm_s16le", 48_000, "stereo"),
        ("a.au", "pcm_mulaw", 8_000, "mono"),
        ("a.flac", "flac", 48_000, "mono"),
        ("a.mp3", "libmp3lame", 48_000, "stereo"),
        ("a.opus", "libopus", 48_000, "mono"),
        ("a.m4a", "aac", 48_000, "stereo"),
        ("a.mkv", "aac", 16_000, "mono"),
        ("a.ac3", "ac3", 48_000, "mono"),
    ],
)
def test_any_codec_gives_the_same_samples(tmp_path: Path, name: str, codec: str, rate: int, layout: str) -> None:
    samples, pcm = decoded(encode(tmp_path / name, codec, rate, layout))
    assert abs(len(samples) / RATE - 6) < 0.15
    middle = samples[2 * RATE : 3 * RATE]
    assert abs(np.fft.rfft(middle)).argmax() == 440
    assert 0.3 < abs(middle).max() < 0.6
    assert not pcm.losses


def test_a_gap_in_the_clock_is_silence(tmp_path: Path) -> None:
    samples, _ = decoded(encode(tmp_path / "gap.mkv", "pcm_s16le", jump=4))
    assert abs(len(samples) / RATE - 10) < 0.1
    assert abs(samples[4 * RATE : 6 * RATE]).max() == 0
    assert abs(samples[8 * RATE : 9 * RATE]).max() > 0.3


def test_a_broken_clock_is_not_believed(tmp_path: Path) -> None:
    samples, _ = decoded(encode(tmp_path / "gap.mkv", "pcm_s16le", jump=90_000))
    assert abs(len(samples) / RATE - 6) < 0.1


@pytest.mark.parametrize(
    ("name", "codec"), [("a.flac", "flac"), ("a.m4a", "aac"), ("a.mkv", "aac"), ("a.wav", "pcm_s16le")]
)
def test_a_cut_off_file_is_read_as_far_as_it_goes_or_not_at_all(tmp_path: Path, name: str, codec: str) -> None:
    whole = encode(tmp_path / name, codec).read_bytes()
    path = tmp_path / f"cut_{name}"
    path.write_bytes(whole[: len(whole) // 2])
    try:
        samples, pcm = decoded(path)
    except UnreadableError:
        assert name == "a.m4a"  # its index stands at the end
        return
    assert 2 < len(samples) / RATE < 4
    assert {loss.severity for loss in pcm.losses} == {"lost"}
    assert pcm.losses[0].locator.time is not None


def test_damage_in_the_middle_is_reported(tmp_path: Path) -> None:
    content = bytearray(encode(tmp_path / "a.flac", "flac").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4000] = bytes(4000)
    (tmp_path / "a.flac").write_bytes(content)
    samples, pcm = decoded(tmp_path / "a.flac")
    assert len(samples) > 4 * RATE
    assert pcm.losses and pcm.losses[0].kind in ("undecodable", "truncated", "gap")


def test_reading_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "MAX_SECONDS", 5.0)
    samples, pcm = decoded(INTERVIEW)
    assert 5 <= len(samples) / RATE < 7
    assert [loss.kind for loss in pcm.losses] == ["too_long"]


def test_a_video_stream_is_no_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadableError, match="no audio stream"):
        decoded(tmp_path / "mute.mp4")


def test_speech_is_cut_at_pauses_and_never_too_long() -> None:
    samples, _ = decoded(INTERVIEW)
    cut = pieces([samples[at : at + 9999] for at in range(0, len(samples), 9999)])
    found = [piece for piece in cut if piece is not None]
    assert all(piece.seconds <= LONGEST for piece in found)
    assert all(one.start + one.seconds <= two.start + 1e-6 for one, two in pairwise(found))
    for piece in found:
        first = round(piece.start * RATE)
        assert np.array_equal(piece.samples, np.pad(samples, (0, FRAME))[first : first + len(piece.samples)])
    assert all(window.seconds <= LONGEST for window in windows(found) if window)
    long = np.concatenate([piece.samples for piece in found])
    assert all(piece.seconds <= LONGEST for piece in pieces([long]) if piece)


def test_a_window_knows_the_seconds_of_the_file() -> None:
    def piece(start: float, seconds: float) -> Piece:
        return Piece(start, np.zeros(int(seconds * RATE), np.float32), [1.0] * math.ceil(seconds * RATE / FRAME))

    window = Window([piece(10.0, 2.0), piece(30.0, 3.0)])
    assert window.place(0.5, 1.0) == pytest.approx((10.5, 11.0))
    assert window.place(2.5, 3.0) == pytest.approx((30.5, 31.0))
    assert window.place(1.9, 3.0) == pytest.approx((30.0, 31.0))  # over the seam: where most of it lies
    assert window.span() == pytest.approx((10.0, 33.0), abs=0.05)


def word(text: str, start: float, end: float, probability: float = 0.9, voiced: float = 0.9) -> Word:
    return Word(text, start, end, probability, voiced)


def test_sentences_end_at_marks_and_pauses_but_not_at_titles() -> None:
    said = [
        word(" Mr.", 0, 0.3),
        word(" Holm", 0.3, 0.6),
        word(" left.", 0.6, 1),
        word(" Then", 1.1, 1.4),
        word(" we", 4, 4.2),
    ]
    groups = [sentences.segment(group, "s", "m") for group in sentences.sentences([(each, 0.9) for each in said])]
    assert [group.text for group in groups] == ["Mr. Holm left.", "Then", "we"]
    assert groups[0].locator.time == (0, 1)
    assert groups[0].locate(4, 8).time == (0.3, 0.6)


def said(text: str, **evidence: Any) -> Utterance:
    of_words = evidence.pop("word", {})
    words = [word(" " + each, at, at + 1, **of_words) for at, each in enumerate(text.split())]
    return Utterance(
        words,
        **({"logprob": -0.3, "no_speech": 0.1, "compression": 1.2} | evidence),
        language="en",
        speech_seconds=5,
        text=text,
    )


@pytest.mark.parametrize(
    ("utterance", "kept"),
    [
        (lambda: said("the depth is four metres"), True),
        (lambda: said("I'm sorry, " * 12), False),
        (lambda: said("the depth is four metres", word={"voiced": 0.05}), False),
        (lambda: said("the depth is four metres", no_speech=0.9, logprob=-1.2), False),
        (lambda: said("Thanks for watching!", no_speech=0.55), False),
        (lambda: said("..."), False),
    ],
)
def test_what_is_not_believed(utterance: Callable[[], Utterance], kept: bool) -> None:
    assert (doubt.judge(utterance()) >= doubt.LEAST) is kept


def test_two_readings_of_a_lone_word() -> None:
    once = [("Thanks.", math.log(0.3)), ("6.", math.log(0.05))]
    assert brief.agreed(once, [("6 6 6", math.log(0.12)), ("six six six", math.log(0.06))]) == (
        "6",
        pytest.approx((0.05 + 0.18 ** (1 / 3)) / 2),
    )
    _, confidence = brief.agreed(once, [("peace peace peace", math.log(0.01))])
    assert confidence < 0.5
    assert brief.agreed([("Hmm.", math.log(0.02))], [("Okay.", math.log(0.01))])[0] == ""
    assert brief.agreed([], []) == ("", 0.0)
