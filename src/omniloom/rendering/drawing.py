"""Runs inside the confined child: decodes one file and draws the cited place."""

import base64
import io
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import PasswordError, UnreadableError, UnsupportedError
from omniloom.core.locators import Box, Locator
from omniloom.rendering.letters import Face
from omniloom.rendering.paper import EDGE, GREY, INK, MARK, PAPER, png
from omniloom.rendering.place import ELSEWHERE

_LONGEST = 1400
_SMALL_WIDTH, _SMALL_HEIGHT, _SMALL_QUALITY = 900, 360, 55
_WAVE = (1100, 260)
_AROUND_SECONDS, _LAST_FRAME_SECONDS = 10.0, 2.0


def draw(payload: dict[str, Any]) -> Iterator[dict[str, str]]:
    """{"source", "kind", "locator", "quote"} → {"png": base64}; with "small" → {"webp": base64}."""
    source, locator = payload["source"], Locator.model_validate(payload["locator"])
    picture = {"pdf": _page, "image": _picture, "video": _frame, "audio": _waveform}[payload["kind"]]
    image = picture(source, locator)
    if payload.get("small"):
        yield {"webp": base64.b64encode(_small(image, locator.box)).decode()}
        return
    yield {"png": base64.b64encode(png(_captioned(image, payload.get("quote", "")))).decode()}


def _page(source: dict[str, Any], locator: Locator) -> Any:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(source["path"], password=source["options"].get("password"))
    except pypdfium2.PdfiumError as error:
        if "password" not in str(error).lower():
            raise UnreadableError(f"{source['name']!r} is no PDF that can be drawn: {error}") from error
        raise PasswordError(f"{source['name']!r} is encrypted", hint="give --password, as it was read") from error
    number = (locator.page or 1) - 1
    if number >= len(document):
        raise UnreadableError(f"{source['name']!r} has no page {number + 1}", hint=f"it has {len(document)}")
    page = document[number]
    scale = min(2.0, _LONGEST / max(page.get_size()))
    bitmap: Any = page.render(scale=scale)  # type: ignore[arg-type] pypdfium2 documents a float
    return _boxed(bitmap.to_pil().convert("RGB"), locator.box)


def _picture(source: dict[str, Any], locator: Locator) -> Any:
    from PIL import Image, ImageOps

    with Image.open(source["path"]) as image:
        if locator.page and locator.page > getattr(image, "n_frames", 1):
            raise UnreadableError(f"{source['name']!r} has no page {locator.page}", hint=ELSEWHERE)
        if locator.page:
            image.seek(locator.page - 1)
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((_LONGEST, _LONGEST))
    return _boxed(upright, locator.box)


def _frame(source: dict[str, Any], locator: Locator) -> Any:
    av = _av()
    middle = sum(locator.time) / 2 if locator.time else 0.0
    with av.open(source["path"]) as container:
        if locator.box is None and locator.time is not None and container.streams.audio:
            return _waveform(source, locator)
        last = None
        for frame in container.decode(video=0):
            last = frame
            if frame.time is not None and frame.time >= middle:
                break
        if last is None or (last.time is not None and last.time < middle - _LAST_FRAME_SECONDS):
            raise UnreadableError(f"{source['name']!r} has no frame at {middle:.1f} s", hint=ELSEWHERE)
        image = last.to_image()
    image.thumbnail((_LONGEST, _LONGEST))
    return _boxed(image, locator.box)


def _waveform(source: dict[str, Any], locator: Locator) -> Any:
    """The loudness around the cited span, the span on yellow."""
    import numpy as np
    from PIL import Image, ImageDraw

    start, end = locator.time or (0.0, 0.0)
    low, high = max(0.0, start - _AROUND_SECONDS), end + _AROUND_SECONDS
    samples, last = _samples(source["path"], low, high)
    if start > last:
        ends = f"it ends at {last:.1f} s"
        raise UnreadableError(f"{source['name']!r} has no sound at {start:.1f} s, {ends}", hint=ELSEWHERE)
    image = Image.new("RGB", _WAVE, PAPER)
    pen = ImageDraw.Draw(image)
    width, height = _WAVE
    across = width / (high - low)
    pen.rectangle(((start - low) * across, 0, (end - low) * across, height - 40), fill=MARK)
    loudest = float(np.abs(samples).max()) if samples.size else 1.0
    for x, piece in enumerate(np.array_split(samples, width)):
        tall = (height - 60) / 2 * float(np.abs(piece).max()) / (loudest or 1.0) if piece.size else 0.0
        pen.line((x, (height - 40) / 2 - tall, x, (height - 40) / 2 + tall), fill=INK)
    font = Face(15).font
    for at in (low, start, end, high):
        pen.text((min((at - low) * across, width - 60), height - 30), f"{at:.1f} s", fill=GREY, font=font)
    return image


def _samples(path: str, low: float, high: float) -> tuple[Any, float]:
    """The samples from `low` to `high` seconds, silence where the sound lacks some; and the last second seen."""
    import numpy as np

    av = _av()
    rate = 8000
    samples = np.zeros(int((high - low) * rate), dtype=np.float32)
    filled, last = None, 0.0
    with av.open(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        for frame in container.decode(audio=0):
            at = frame.time or 0.0
            last = at + frame.samples / frame.sample_rate
            if at > high:
                break
            if at < low:
                continue
            filled = int((at - low) * rate) if filled is None else filled
            for piece in resampler.resample(frame):
                heard = piece.to_ndarray().ravel()[: max(0, samples.size - filled)]
                samples[filled : filled + heard.size] = heard
                filled += heard.size
    return samples, last


def _av() -> Any:
    try:
        import av
    except ImportError as error:
        raise UnsupportedError("audio and video need the media extra", hint='pip install "omniloom[media]"') from error
    return av


def _small(image: Any, box: Box | None) -> bytes:
    """The band of the picture around the box, which stays readable where all of it would not."""
    image.thumbnail((_SMALL_WIDTH, 10 * _SMALL_WIDTH))
    if box is not None:
        middle, high = (box[1] + box[3] / 2) * image.height, max(box[3] * image.height + 60, _SMALL_HEIGHT)
        top = max(0.0, min(middle - high / 2, image.height - high))
        image = image.crop((0, round(top), image.width, min(image.height, round(top + high))))
    image.thumbnail((_SMALL_WIDTH, _SMALL_WIDTH))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_SMALL_QUALITY)
    return out.getvalue()


def _boxed(image: Any, box: Box | None) -> Any:
    """The box as a frame with a margin, so that it does not cover what it shows."""
    from PIL import ImageDraw

    if box is not None:
        left, top, width, height = box
        wide, high = image.size
        edge = (left * wide - 5, top * high - 5, (left + width) * wide + 5, (top + height) * high + 5)
        ImageDraw.Draw(image).rectangle(edge, outline=EDGE, width=4)
    return image


def _captioned(image: Any, quote: str) -> Any:
    import textwrap

    from PIL import Image, ImageDraw

    if not quote:
        return image
    quote = f"“{' '.join(quote.split())}”"
    face = Face(17, quote)
    lines = textwrap.wrap(face.legible(quote), max(20, image.width // 9))[:4]
    whole = Image.new("RGB", (image.width, image.height + 26 * len(lines) + 16), PAPER)
    whole.paste(image, (0, 0))
    pen = ImageDraw.Draw(whole)
    for at, line in enumerate(lines):
        pen.text((10, image.height + 8 + 26 * at), line, fill=INK, font=face.font)
    return whole
