"""Targets that use the native libraries of the readers, to see that confinement leaves them whole."""

from collections.abc import Iterator
from typing import Any

Frames = Iterator[dict[str, Any]]


def arrays(payload: dict[str, Any]) -> Frames:
    import numpy as np

    square = np.ones((500, 500))
    yield {"value": float((square @ square)[0, 0])}


def database(payload: dict[str, Any]) -> Frames:
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("CREATE TABLE t AS SELECT i % 7 AS k, i FROM range(200000) r(i)")
        row = connection.execute("SELECT count(DISTINCT k), sum(i) FROM t").fetchone()
    yield {"value": list(row or ())}


def pages(payload: dict[str, Any]) -> Frames:
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    page = document.new_page(100, 50)
    yield {"value": list(page.render(scale=2).to_numpy().shape)}


def frames(payload: dict[str, Any]) -> Frames:
    import av
    import numpy as np

    with av.open("clip.mp4", "w") as clip:
        stream = clip.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"  # type: ignore[attr-defined]
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            clip.mux(stream.encode(picture))  # type: ignore[attr-defined]
        clip.mux(stream.encode(None))  # type: ignore[attr-defined]
    with av.open("clip.mp4") as clip:
        clip.streams.video[0].thread_type = "AUTO"
        yield {"value": sum(1 for _ in clip.decode(video=0))}


def inference(payload: dict[str, Any]) -> Frames:
    import ctranslate2
    import numpy as np
    import onnxruntime

    assert onnxruntime.get_available_providers()
    view = ctranslate2.StorageView.from_array(np.ones((2, 3), np.float32))
    yield {"value": list(view.shape)}


def pictures(payload: dict[str, Any]) -> Frames:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (40, 20), "white")
    ImageDraw.Draw(image).text((2, 2), "A", fill="black", font=ImageFont.load_default(12))
    image.save("picture.webp")
    with Image.open("picture.webp") as again:
        yield {"value": list(again.size)}
