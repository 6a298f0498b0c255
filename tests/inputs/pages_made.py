"""PDFs and pictures made for the tests of their readers."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

SENTENCES = (
    "The pump was installed in the spring of 1987.",
    "Its bearings are replaced every four years.",
    "Nobody has measured the flow since then.",
    "The engineer proposes a second inlet valve.",
)


def written(path: Path, draw: Callable[[Any], None], size: tuple[float, float] = (595, 842), **options: Any) -> Path:
    """A PDF of what `draw` puts on a reportlab canvas."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=size, **options)
    draw(canvas)
    canvas.save()
    return path


def lines(canvas: Any, texts: list[str], left: float, top: float, step: float = 14, size: float = 10) -> None:
    """Lines from the top down; `top` from the top edge of an A4 page."""
    canvas.setFont("Helvetica", size)
    for number, text in enumerate(texts):
        canvas.drawString(left, 842 - top - number * step, text)


def picture(
    texts: tuple[str, ...] = SENTENCES, size: tuple[int, int] = (1000, 500), height: int = 34, left: int = 60
) -> Image.Image:
    """Black lines of text on white."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(height)
    for number, text in enumerate(texts):
        draw.text((left, 50 + number * 2 * height), text, fill="black", font=font)
    return image


def picture_pdf(path: Path, images: list[Image.Image], hidden: str = "") -> Path:
    """Pages that hold nothing but a picture; `hidden` is drawn invisibly over each first line."""
    from reportlab.lib.utils import ImageReader

    def draw(canvas: Any) -> None:
        for image in images:
            width, height = image.width * 0.5, image.height * 0.5
            canvas.setPageSize((width, height))
            canvas.drawImage(ImageReader(image), 0, 0, width, height)
            if hidden:
                text = canvas.beginText(30, height - 25 - 14)
                text.setFont("Helvetica", 16)
                text.setTextRenderMode(3)
                text.textLine(hidden)
                canvas.drawText(text)
            canvas.showPage()

    return written(path, draw)


def source(path: Path, media_type: str = "application/pdf", **options: Any) -> Source:
    return Source(id="a" * 64, path=path, name=path.name, media_type=media_type, options=options)


def read(
    module: Any, path: Path, media_type: str = "application/pdf", **options: Any
) -> tuple[list[Segment], list[Loss]]:
    """Segments (metadata left out) and losses."""
    items = list(module.read(source(path, media_type, **options)))
    segments = [item for item in items if isinstance(item, Segment) and not item.made_by.startswith("pdf.meta")]
    return segments, [item for item in items if isinstance(item, Loss)]


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
