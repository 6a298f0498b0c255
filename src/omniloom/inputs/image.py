"""Read a picture: its text by OCR, with boxes in the picture as it is displayed.

What is not text (what a photograph shows, the bars of a chart) is not seen here; a Loss says so, for engines that do
not take the picture itself. Frames of a TIFF are pages, counted from 1; so are the differing frames of a GIF.
"""

from collections.abc import Iterator

from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

MEDIA_TYPES = frozenset(
    {
        *("image/png", "image/jpeg", "image/jpg", "image/webp", "image/tiff", "image/gif", "image/bmp"),
        *("image/x-ms-bmp", "image/x-bmp", "image/apng"),
    }
)
VERSION = 5
WEIGHTS: tuple[str, ...] = ()
EXTRA = "ocr"


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Rows or paragraphs of text in reading order, then losses; Progress counts frames.

    Raises TooLargeError (by its header over 150 million pixels), UnreadableError (truncated, or no picture),
    UnsupportedError (extra missing).
    """
    from omniloom.inputs.layout.frames import frames
    from omniloom.inputs.layout.scan import read_scan

    for frame in frames(source):
        if isinstance(frame, Loss):
            yield frame
            continue
        yield Progress(step="read", done=frame.number - 1, total=frame.count, unit="frames")
        yield from read_scan(frame.picture, frame.locator, source=source.id, made_by="image.ocr/1", rows=True)
        yield Progress(step="read", done=frame.number, total=frame.count, unit="frames")
    yield Loss(
        kind="not_seen",
        severity="reduced",
        part=source.id,
        detail="it is read by OCR: what it shows beside text is not seen",
    )
