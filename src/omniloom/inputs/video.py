"""Read video: burnt-in text with the seconds and the region it is seen at, and the soundtrack as speech.

Frames are sampled about four a second; a picture that stands still is read once, changes of text are found to a
quarter of a second. What the pictures show beside text is not seen (a Loss says so).
"""

from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import UnreadableError
from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

MEDIA_TYPES = frozenset(
    {
        *("video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/webm", "video/x-matroska", "video/ogg"),
        "video/x-unknown",  # a container known for sound, or not at all: what opens it decides
        *("video/x-msvideo", "video/mpeg", "video/mp2t", "video/x-flv", "video/x-ms-wmv", "video/x-ms-asf"),
    }
)
VERSION = 2
WEIGHTS = ("whisper-base",)
OPTIONAL_WEIGHTS = ("wespeaker-resnet34",)
EXTRA = "media"
_SURE = 0.9
_STROKES = frozenset("Iilıｌ丨一ー|")


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Segments of pictures and sound on one timeline, then losses; Progress counts frames and seconds.

    options["language"]: of the speech. A file with sound only is heard. Raises UnreadableError (no frame, not a
    video), TooLargeError (frames over 40 million pixels), UnsupportedError (extra missing), WeightsError.
    """
    from omniloom.inputs.moving.frames import picture_stream
    from omniloom.inputs.sound.decode import open_media
    from omniloom.inputs.sound.listening import listen
    from omniloom.inputs.sound.turns import tell_apart

    with open_media(source.path) as container:
        seen, heard = picture_stream(container) is not None, bool(container.streams.audio)
    if not seen and not heard:
        raise UnreadableError(f"{source.name!r} has neither pictures nor sound")
    segments: list[Segment] = []
    losses: list[Loss] = []
    speech = tell_apart(source, listen(source, "video.asr/1"))
    for present, items in ((seen, _look(source)), (heard, speech)):
        if not present:
            continue
        for item in items:
            if isinstance(item, Progress):
                yield item
            elif isinstance(item, Segment):
                segments.append(item)
            else:
                losses.append(item)
    yield from sorted(segments, key=lambda each: each.locator.time or (0.0, 0.0))
    yield from losses


def _look(source: Source) -> Iterator[Segment | Loss | Progress]:
    from omniloom.inputs.layout.ocr import recognise
    from omniloom.inputs.moving import tracks
    from omniloom.inputs.moving.frames import Frames
    from omniloom.inputs.moving.watching import Watcher

    frames = Frames(source.path, source.id)
    watcher = Watcher(lambda picture: [line for line in recognise(picture, turn=False) if _is_text(line)])
    sights: list[tracks.Sight] = []
    for sight in watcher.watch(frames, lambda: frames.seconds):
        sights.append(sight)
        yield Progress(step="read", done=float(frames.count), total=0.0, unit="frames")
    for block in tracks.blocks(tracks.follow(sights)):
        yield tracks.segment(block, source.id, "video.ocr/1")
    yield from frames.losses
    yield Progress(step="read", done=float(frames.count), total=float(frames.count), unit="frames")
    yield Loss(
        kind="not_seen",
        severity="reduced",
        part=source.id,
        detail=f"only text is read; what else {frames.seconds:.1f} s of pictures show is not seen; "
        f"shots: {watcher.shots}",
    )


def _is_text(line: Any) -> bool:
    """Edges in a picture are easily taken for strokes: a single character or ones need to be sure."""
    letters = [character for character in line.text if character.isalnum()]
    if not set(letters) - _STROKES:
        return False
    return len(set(letters) - {"1"} - _STROKES) > 1 or len(letters) > 2 or line.score >= _SURE
