"""One small valid file per media type, made when asked for, and how large it is in its own units."""

import io
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OFFICE = "application/vnd.openxmlformats-officedocument."
PARAGRAPHS = ["The wing was measured in May.", "It carried 42 kilograms.", "Nobody had expected that."]
CSV = "name,height,year\nanna,1.7,1990\nbela,1.8,1985\nclara,1.6,2001\n"


@dataclass(frozen=True)
class Sample:
    """A file, and the bounds that its locators must keep to; None where the kind has no such unit."""

    data: bytes
    name: str
    pages: int | None = None
    seconds: float | None = None
    rows: int | None = None
    columns: int | None = None


def _plain() -> Sample:
    return Sample("\n\n".join(PARAGRAPHS).encode(), "notes.txt")


def _markdown() -> Sample:
    return Sample(("# Wings\n\n" + "\n\n".join(PARAGRAPHS)).encode(), "notes.md")


def _html() -> Sample:
    return Sample(("<html><body>" + "".join(f"<p>{p}</p>" for p in PARAGRAPHS)).encode(), "page.html")


def _mail() -> Sample:
    return Sample(("Subject: wings\r\nFrom: a@example.org\r\n\r\n" + "\r\n\r\n".join(PARAGRAPHS)).encode(), "a.eml")


def _word() -> Sample:
    import docx

    document: Any = docx.Document()
    for paragraph in PARAGRAPHS:
        document.add_paragraph(paragraph)
    return Sample(_saved(document.save), "report.docx")


def _slides() -> Sample:
    import pptx

    show: Any = pptx.Presentation()
    for paragraph in PARAGRAPHS[:2]:
        show.slides.add_slide(show.slide_layouts[5]).shapes.title.text = paragraph
    return Sample(_saved(show.save), "talk.pptx", pages=2)


def _pdf() -> Sample:
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(400, 300))
    for paragraph in PARAGRAPHS[:2]:
        canvas.drawString(40, 200, paragraph)
        canvas.showPage()
    canvas.save()
    return Sample(file.getvalue(), "paper.pdf", pages=2)


def _picture(kind: str) -> Callable[[], Sample]:
    def make() -> Sample:
        from PIL import Image, ImageDraw, ImageFont

        image = Image.new("RGB", (360, 120), "white")
        ImageDraw.Draw(image).text((20, 40), "TOTAL 42.50", fill="black", font=ImageFont.load_default(36))
        return Sample(_saved(lambda file: image.save(file, kind)), f"receipt.{kind.lower()}", pages=1)

    return make


def _sound() -> Sample:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(2 * 16_000))
    return Sample(file.getvalue(), "silence.wav", seconds=1.0)


def _film() -> Sample:
    import av
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (320, 240), "white")
    ImageDraw.Draw(image).text((20, 90), "SCENE 7", fill="black", font=ImageFont.load_default(48))
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as film:
        stream: Any = film.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(10):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image))))
        film.mux(stream.encode(None))
    return Sample(file.getvalue(), "film.mp4", seconds=2.0)


def _csv(separator: str, name: str) -> Callable[[], Sample]:
    return lambda: Sample(CSV.replace(",", separator).encode(), name, rows=4, columns=3)


def _lines() -> Sample:
    return Sample(b'{"name": "anna", "year": 1990}\n{"name": "bela", "year": 1985}\n', "a.jsonl", rows=3, columns=2)


def _parquet() -> Sample:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    table = arrow.table({"name": ["anna", "bela"], "year": [1990, 1985]})
    return Sample(_saved(lambda file: parquet.write_table(table, file)), "a.parquet", rows=3, columns=2)


def _stream() -> Sample:
    import pyarrow as arrow

    table = arrow.table({"name": ["anna", "bela"], "year": [1990, 1985]})
    file = io.BytesIO()
    with arrow.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return Sample(file.getvalue(), "frame", rows=3, columns=2)


def _saved(save: Callable[[io.BytesIO], Any]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()


MAKERS: dict[str, Callable[[], Sample]] = {
    "text/plain": _plain,
    "text/markdown": _markdown,
    "text/html": _html,
    "message/rfc822": _mail,
    f"{OFFICE}wordprocessingml.document": _word,
    f"{OFFICE}presentationml.presentation": _slides,
    "application/pdf": _pdf,
    "image/png": _picture("PNG"),
    "image/tiff": _picture("TIFF"),
    "audio/wav": _sound,
    "video/mp4": _film,
    "text/csv": _csv(",", "people.csv"),
    "text/tab-separated-values": _csv("\t", "people.tsv"),
    "application/x-ndjson": _lines,
    "application/vnd.apache.parquet": _parquet,
    "application/vnd.apache.arrow.stream": _stream,
}


def reader_names() -> list[str]:
    """The readers of the house, by file name, without importing them."""
    import omniloom.inputs

    files = sorted(Path(omniloom.inputs.__file__).parent.glob("*.py"))
    return [file.stem for file in files if "\nMEDIA_TYPES" in file.read_text("utf-8")]
