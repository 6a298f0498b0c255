"""The image reader on pictures made here, and on scanned receipts where they are present."""

import csv
import re
import struct
import time
import zlib
from pathlib import Path

import pytest
from pages_made import SENTENCES, picture, read, saved
from PIL import Image, ImageDraw, ImageFont

from omniloom.core.errors import TooLargeError, UnreadableError
from omniloom.core.locators import Box
from omniloom.inputs import image
from omniloom.inputs.layout.ocr import recognise, unturned


def receipt(lines: list[tuple[str, str]], size: tuple[int, int] = (700, 420)) -> Image.Image:
    """A label on the left and an amount on the right of each row."""
    paper = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(paper)
    font = ImageFont.load_default(28)
    for number, (left, right) in enumerate(lines):
        draw.text((40, 40 + 60 * number), left, fill="black", font=font)
        draw.text((size[0] - 200, 42 + 60 * number), right, fill="black", font=font)
    return paper


ROWS = [("SUBTOTAL", "RM 31.90"), ("SERVICE TAX", "RM 1.10"), ("TOTAL", "RM 33.00"), ("CASH", "RM 50.00")]


def kept(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def overlap(first: Box, second: Box) -> float:
    """Intersection over union."""
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / (first[2] * first[3] + second[2] * second[3] - shared)


def test_rows_join_what_stands_on_one_baseline(tmp_path: Path) -> None:
    segments, losses = read(image, kept(tmp_path / "receipt.png", saved(receipt(ROWS))), "image/png")
    assert [segment.text for segment in segments] == [f"{left} {right}" for left, right in ROWS]
    assert all(s.made_by == "image.ocr/1" and s.confidence is not None and s.confidence > 0.8 for s in segments)
    assert [(loss.kind, loss.severity) for loss in losses] == [("not_seen", "reduced")]


def test_anchors_say_where_each_word_stands(tmp_path: Path) -> None:
    paper = receipt(ROWS)
    segments, _ = read(image, kept(tmp_path / "receipt.png", saved(paper)), "image/png")
    total = segments[2]
    at = total.text.index("33.00")
    found = total.locate(at, at + 5).box
    font = ImageFont.load_default(28)
    before = ImageDraw.Draw(paper).textlength("RM ", font=font)
    left, top, right, bottom = ImageDraw.Draw(paper).textbbox((500 + before, 42 + 120), "33.00", font=font)
    expected = (left / 700, top / 420, (right - left) / 700, (bottom - top) / 420)
    assert found is not None and overlap(found, expected) > 0.5


@pytest.mark.parametrize("angle", [-4, 3])
def test_rows_of_a_photograph_taken_askew(tmp_path: Path, angle: int) -> None:
    askew = receipt(ROWS, (1100, 420)).rotate(angle, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    segments, _ = read(image, kept(tmp_path / "askew.png", saved(askew)), "image/png")
    assert [segment.text for segment in segments] == [f"{left} {right}" for left, right in ROWS]


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    """Stored so that it is upright once turned as EXIF says: boxes are those of the upright picture."""
    steps = {3: 3, 5: 5, 6: 2, 8: 4}
    upright = picture(SENTENCES[:2], (900, 300))
    stored = upright.transpose(Image.Transpose(steps[orientation])) if orientation in steps else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = kept(tmp_path / "photo.jpg", saved(stored, "JPEG", exif=exif, quality=92))
    segments, _ = read(image, path, "image/jpeg")
    assert " ".join(segment.text for segment in segments) == " ".join(SENTENCES[:2])
    box = segments[0].locator.box
    assert box is not None and abs(box[0] - 60 / 900) < 0.03 and abs(box[1] - 50 / 300) < 0.05


@pytest.mark.parametrize("turn", [90, 180])
def test_boxes_of_turned_pictures_are_those_of_the_picture_as_given(turn: int) -> None:
    upright = picture(SENTENCES, (1000, 500))
    expected = {line.text: line.box for line in recognise(upright)}
    turned = recognise(upright.rotate(turn, expand=True))  # Pillow turns anticlockwise, so `turn` clockwise undoes it
    assert [line.text for line in turned] == list(SENTENCES)
    for line in turned:
        assert line.turn == turn
        assert overlap(line.box, unturned(expected[line.text], turn)) > 0.7


def test_running_text_is_put_into_paragraphs(tmp_path: Path) -> None:
    page = picture(
        (
            "The pump was installed in the spring of 1987 and its",
            "bearings are replaced every four years. Nobody has",
            "measured the flow since then, which is why the main",
            "engineer proposes a second inlet valve for the plant.",
        ),
        (1200, 400),
        30,
    )
    segments, _ = read(image, kept(tmp_path / "page.png", saved(page)), "image/png")
    assert len(segments) == 1 and "replaced every four years" in segments[0].text


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    frames = [picture((text,), (900, 160)) for text in SENTENCES[:3]]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    segments, _ = read(image, kept(tmp_path / "three.tiff", data), "image/tiff")
    assert [(segment.locator.page, segment.text) for segment in segments] == list(enumerate(SENTENCES[:3], start=1))


def test_frames_of_a_gif_are_read_once_each(tmp_path: Path) -> None:
    shown = [picture((text,), (900, 160)) for text in SENTENCES[:2]]
    frames = [shown[0], shown[0].copy(), shown[0].copy(), shown[1], shown[1].copy()]
    for number, frame in enumerate(frames):
        frame.putpixel((number, 0), (200, 0, 0))
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100, optimize=False)
    segments, _ = read(image, kept(tmp_path / "moving.gif", data), "image/gif")
    assert [segment.text for segment in segments] == list(SENTENCES[:2])
    assert [segment.locator.page for segment in segments] == [1, 4]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_modes_of_pixels(tmp_path: Path, mode: str) -> None:
    grey = picture(SENTENCES[:1], (900, 160)).convert("L")
    if mode == "RGBA":
        made = Image.new("RGBA", grey.size, (0, 0, 0, 0))
        made.paste((0, 0, 0, 255), mask=grey.point(lambda value: 255 - value))
    elif mode == "I;16":
        made = Image.frombytes("I;16", grey.size, b"".join(struct.pack("<H", 40 * value) for value in grey.tobytes()))
    else:
        made = grey.convert("RGB").convert(mode) if mode != "LA" else grey.convert("LA")
    kind = "TIFF" if mode == "CMYK" else "PNG"
    segments, _ = read(image, kept(tmp_path / "mode", saved(made, kind)), f"image/{kind.lower()}")
    assert [segment.text for segment in segments] == [SENTENCES[0]]


def header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    sizes = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", sizes) + pixels + chunk(b"IEND", b"")


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(TooLargeError, match="60000 x 60000"):
        read(image, kept(tmp_path / "bomb.png", header(60_000, 60_000)), "image/png")
    assert time.monotonic() - started < 2


def test_a_bomb_behind_a_small_first_frame(tmp_path: Path) -> None:
    """The second frame of a TIFF claims 60,000 x 60,000."""
    data = bytearray(
        saved(Image.new("L", (64, 64), "white"), "TIFF", save_all=True, append_images=[Image.new("L", (64, 64))])
    )
    first = data.find(struct.pack("<HHI", 256, 4, 1)) if struct.pack("<HHI", 256, 4, 1) in data else -1
    kind = 4 if first >= 0 else 3
    for tag in (256, 257):
        at = data.rfind(struct.pack("<HHI", tag, kind, 1))
        assert at > 0
        data[at + 8 : at + 12] = struct.pack("<I", 60_000)
    with pytest.raises(TooLargeError, match="60000 x 60000"):
        read(image, kept(tmp_path / "bomb.tiff", bytes(data)), "image/tiff")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5])
def test_truncated_files(tmp_path: Path, kind: str, share: float) -> None:
    data = saved(picture(), kind)
    with pytest.raises(UnreadableError, match="cut"):
        read(image, kept(tmp_path / "cut", data[: int(len(data) * share)]), f"image/{kind.lower()}")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        read(image, kept(tmp_path / "page", b"%PDF-1.7 no picture at all"), "image/png")


def test_a_huge_picture_is_read_smaller_and_says_so(tmp_path: Path) -> None:
    huge = picture(SENTENCES, (8000, 3500), 240)
    segments, losses = read(image, kept(tmp_path / "huge.png", saved(huge)), "image/png")
    assert " ".join(segment.text for segment in segments) == " ".join(SENTENCES)
    assert [loss.kind for loss in losses] == ["downsampled", "not_seen"] and "8000 x 3500" in losses[0].detail
    assert not any("huge" in loss.detail for loss in losses)  # it is kept by content, whatever the name is next time


def test_frames_that_are_lost_are_told_without_the_name(tmp_path: Path) -> None:
    pages = [picture((f"This is page {number}",), (600, 200), 30) for number in range(3)]
    path = tmp_path / "pages.tiff"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_deflate")
    data = path.read_bytes()
    with Image.open(path) as opened:
        opened.seek(2)
        start = opened.tag_v2[273][0]  # where the last frame's strips begin
    path.write_bytes(data[:start] + b"\xff" * 40 + data[start + 40 :])
    segments, losses = read(image, path, "image/tiff")
    assert [segment.text for segment in segments] == ["This is page 0", "This is page 1"]
    assert losses[0].kind == "frames_unreadable" and losses[0].severity == "lost"
    assert "frames 3 to 3" in losses[0].detail and "pages.tiff" not in losses[0].detail


def test_small_print_of_a_long_strip_is_read(tmp_path: Path) -> None:
    """A screenshot nearly 5 times as high as wide: made smaller to fit the detector, it would be illegible."""
    texts = tuple(f"Message {number} of the long thread" for number in range(40))
    strip = picture(texts, (400, 50 + 40 * 44), 22, left=10)
    segments, _ = read(image, kept(tmp_path / "strip.png", saved(strip)), "image/png")
    text = " ".join(segment.text for segment in segments)
    assert sum(wanted in text for wanted in texts) >= 0.97 * len(texts)
    assert len(text) < 1.05 * len(" ".join(texts))


def test_a_picture_without_text(tmp_path: Path) -> None:
    segments, losses = read(
        image, kept(tmp_path / "empty.png", saved(Image.new("RGB", (300, 300), "navy"))), "image/png"
    )
    assert segments == [] and [loss.kind for loss in losses] == ["not_seen"]


@pytest.mark.parametrize("name", ["002"])
def test_receipts(data: Path, name: str) -> None:
    """Labelled lines found verbatim have anchors that cover them; most are found."""
    folder = data / "images" / "sroie"
    segments, _ = read(image, folder / f"{name}.jpg", "image/jpeg")
    with Image.open(folder / f"{name}.jpg") as picture_of_it:
        width, height = picture_of_it.size
    found = scored = 0
    with (folder / f"{name}.boxes.csv").open(encoding="utf-8", errors="replace") as file:
        labels = [row for row in csv.reader(file) if len(row) > 8]
    for row in labels:
        text, xs, ys = ",".join(row[8:]), [int(v) for v in row[:8:2]], [int(v) for v in row[1:8:2]]
        box = (min(xs) / width, min(ys) / height, (max(xs) - min(xs)) / width, (max(ys) - min(ys)) / height)
        places = [s.locate(at.start(), at.end()).box for s in segments for at in re.finditer(re.escape(text), s.text)]
        found += bool(places)
        scored += any(place is not None and overlap(place, box) >= 0.5 for place in places)
    assert found >= 0.6 * len(labels) and scored >= 0.9 * found
