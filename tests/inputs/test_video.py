"""Video: text with the seconds and the region it is seen at, and one timeline with the sound."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="the media extra is not installed")
pytest.importorskip("rapidocr", reason="the ocr extra is not installed")

from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from omniloom.core.errors import TooLargeError, UnreadableError  # noqa: E402
from omniloom.core.protocols import Source  # noqa: E402
from omniloom.core.values import Loss, Segment  # noqa: E402
from omniloom.inputs import video  # noqa: E402
from omniloom.inputs.moving import frames as frames_module  # noqa: E402

RATE, WIDTH, HEIGHT = 25, 640, 360
DEMO = Path(__file__).resolve().parents[2] / "examples/data/clip.mp4"


def picture(text: str, shift: int = 0) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), (20, 30, 60))
    draw = ImageDraw.Draw(image)
    for column in range(-120, WIDTH + 120, 120):
        draw.rectangle((column + shift, 40, column + shift + 50, 150), fill=(90, 120, 60))
    if text:
        draw.text((60, 270), text, fill="white", font=ImageFont.load_default(34))
    return image


def clip(
    path: Path, seconds: float, shown: Callable[[float], Image.Image], codec: str = "mpeg4", start: int = 0
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 2_000_000
        for number in range(int(seconds * RATE)):
            frame = av.VideoFrame.from_image(shown(number / RATE))
            frame.pts, frame.time_base = number + start, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def read(path: Path, weights: Path | None = None) -> tuple[list[Segment], list[Loss]]:
    roles = {"asr": weights} if weights else {}
    source = Source(id="v", path=path, name=path.name, media_type="video/mp4", weights=roles)
    items = list(video.read(source))
    return [i for i in items if isinstance(i, Segment)], [i for i in items if isinstance(i, Loss)]


def test_a_caption_has_its_seconds_and_its_box(tmp_path: Path) -> None:
    def shown(at: float) -> Image.Image:
        return picture("Depth 4310 metres" if 1.5 <= at < 4 else "")

    segments, losses = read(clip(tmp_path / "still.mp4", 6, shown))
    assert [segment.text for segment in segments] == ["Depth 4310 metres"]
    time, box = segments[0].locator.time, segments[0].locator.box
    assert time is not None and abs(time[0] - 1.5) <= 0.5 and abs(time[1] - 4) <= 0.5
    assert box is not None and 0.05 < box[0] < 0.12 and 0.7 < box[1] < 0.8
    assert segments[0].locate(6, 10).box != box
    assert [loss.kind for loss in losses] == ["not_seen"]


def test_captions_over_moving_pictures(tmp_path: Path) -> None:
    words = {0: "", 1: "First caption", 2: "Second caption", 3: ""}
    path = clip(tmp_path / "moving.mkv", 8, lambda at: picture(words[int(at / 2)], shift=int(at * 60) % 120))
    segments, _ = read(path)
    assert [segment.text for segment in segments] == ["First caption", "Second caption"]
    for segment, (start, end) in zip(segments, ((2, 4), (4, 6)), strict=True):
        time = segment.locator.time
        assert time is not None and abs(time[0] - start) <= 0.5 and abs(time[1] - end) <= 0.5


def test_one_changed_digit_is_another_text(tmp_path: Path) -> None:
    path = clip(tmp_path / "digit.mp4", 5, lambda at: picture(f"Gate {14 if at < 2 else 17} closes early"))
    segments, _ = read(path)
    assert [segment.text for segment in segments] == ["Gate 14 closes early", "Gate 17 closes early"]
    first, second = (segment.locator.time for segment in segments)
    assert first is not None and second is not None
    assert abs(first[1] - 2) <= 0.5 and abs(second[0] - 2) <= 0.5


def test_text_that_stays_over_a_cut_is_one_segment(tmp_path: Path) -> None:
    def shown(at: float) -> Image.Image:
        image = picture("Harbour office")
        return image if at < 2 else Image.fromarray(np.where(np.asarray(image) < 200, 140, 255).astype(np.uint8))

    segments, losses = read(clip(tmp_path / "cut.avi", 4, shown))
    assert [segment.text for segment in segments] == ["Harbour office"]
    assert segments[0].locator.time is not None and segments[0].locator.time[1] >= 3.5
    assert "shots: 2" in losses[-1].detail


@pytest.mark.weights
def test_pictures_and_sound_stand_on_one_timeline() -> None:
    from omniloom.catalog import ensure

    segments, losses = read(DEMO, ensure("whisper-base").paths["asr"])
    times = [segment.locator.time for segment in segments if segment.locator.time is not None]
    assert len(times) == len(segments) and times == sorted(times)
    assert {segment.made_by for segment in segments} == {"video.ocr/1", "video.asr/1"}
    recovered = next(segment for segment in segments if "Recovered in 4 seconds" in segment.text)
    assert recovered.locator.time is not None and abs(recovered.locator.time[0] - 7.2) <= 0.5
    spoken = next(segment for segment in segments if segment.made_by == "video.asr/1")
    assert "unplug one machine" in spoken.text and spoken.locator.box is None
    assert [loss.kind for loss in losses] == ["not_seen", "not_heard"]


def test_a_stream_whose_clock_starts_late_starts_at_nought(tmp_path: Path) -> None:
    path = clip(
        tmp_path / "late.ts", 4, lambda at: picture("Arrival" if at >= 2 else ""), codec="mpeg2video", start=900
    )
    segments, _ = read(path)
    assert [segment.text for segment in segments] == ["Arrival"]
    time = segments[0].locator.time
    assert time is not None and abs(time[0] - 2) <= 0.5 and abs(time[1] - 4) <= 0.5


@pytest.mark.parametrize(("name", "codec"), [("odd.mp4", "mpeg4"), ("odd.avi", "mpeg4"), ("odd.mkv", "mpeg4")])
def test_damage_in_the_middle_ends_in_a_loss_or_an_error(tmp_path: Path, name: str, codec: str) -> None:
    """A hole in the stream, and a broken index: read in order, as far as it goes."""
    path = clip(tmp_path / name, 6, lambda at: picture("Kept"), codec)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) * 2 // 3] = b"\xff" * (len(content) * 2 // 3 - len(content) // 3)
    content[-400:-200] = bytes(200)
    path.write_bytes(content)
    try:
        segments, losses = read(path)
    except UnreadableError:
        return
    assert "Kept" in [segment.text for segment in segments]
    assert {"truncated", "undecodable", "gap"} & {loss.kind for loss in losses}


def test_what_is_no_video_is_unreadable(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mp4", 2, lambda at: picture("x"))
    for name, content in (
        ("empty.mp4", b""),
        ("noise.mp4", bytes(range(256)) * 40),
        ("cut.mp4", whole.read_bytes()[:2000]),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnreadableError, match=name):
            read(path)


def test_a_cut_off_stream_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = clip(tmp_path / "whole.mkv", 6, lambda at: picture("Kept" if at < 2 else "Gone"))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    segments, losses = read(cut)
    assert "Kept" in [segment.text for segment in segments]
    assert {loss.severity for loss in losses if loss.kind == "truncated"} == {"lost"}


def test_frames_over_the_cap_are_refused_by_the_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "large.mp4", 1, lambda at: picture(""))
    monkeypatch.setattr(frames_module, "MAX_PIXELS", 100_000)
    with pytest.raises(TooLargeError, match="640 x 360"):
        read(path)
