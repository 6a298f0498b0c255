"""The frames of a video on the clock a player shows, a few a second, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omniloom.core.errors import TooLargeError, UnreadableError
from omniloom.core.locators import Locator
from omniloom.core.values import Loss
from omniloom.inputs.sound.decode import declared_seconds, open_media, origin, stated_end

if TYPE_CHECKING:
    from PIL.Image import Image

INTERVAL = 0.25  # seconds between looked-at frames
MAX_PIXELS = 40_000_000  # of one frame
MAX_SECONDS = 6 * 3600.0
MAX_BAD = 500  # packets in a row that cannot be decoded, after which the rest is given up
_GAP = 1.0  # seconds after the end of a frame until the next one that are no matter of rounding
_WIDTH = 640  # of the small grey picture that frames are compared by
_TILE = 8
_CHANGED = 12.0  # grey levels; recompressed still pictures stay below 6, one changed digit of small print gives 15
_READ_SIDE = 1920


@dataclass
class Frame:
    """`time`: seconds. `grey`: the small picture, float32, rows x columns. `picture()` makes the full one."""

    time: float
    grey: Any
    raw: Any

    def picture(self) -> "Image":
        """Upright, at most 1920 pixels on the longer side."""
        scale = min(1.0, _READ_SIDE / max(self.raw.width, self.raw.height))
        size = {"width": max(round(self.raw.width * scale), 1), "height": max(round(self.raw.height * scale), 1)}
        image = self.raw.reformat(format="rgb24", **(size if scale < 1 else {})).to_image()
        return image.rotate(self.turned, expand=True) if self.turned else image

    @property
    def turned(self) -> int:
        """By how many degrees, anticlockwise, a player turns the picture."""
        return round(getattr(self.raw, "rotation", 0) or 0) % 360


def differing(one: Frame, other: Frame) -> Any:
    """Which tiles differ: booleans, rows x columns; None for pictures of different shapes."""
    if one.grey.shape != other.grey.shape:
        return None
    rows, columns = (max(side // _TILE, 1) for side in one.grey.shape)
    difference = abs(one.grey - other.grey)[: rows * _TILE, : columns * _TILE]
    return difference.reshape(rows, -1, columns, difference.shape[1] // columns).mean(axis=(1, 3)) > _CHANGED


def changed(one: Frame, other: Frame) -> float:
    """The part of the picture's tiles that differ, 0..1."""
    tiles = differing(one, other)
    return 1.0 if tiles is None else float(tiles.mean())


class Frames:
    """The sampled frames of one file. `losses`, `seconds` and `count` are complete once iterated."""

    def __init__(self, path: Path, part: str) -> None:
        self.path, self.part = path, part
        self.losses: list[Loss] = []
        self.seconds = 0.0
        self.declared = self._stated = 0.0
        self.count = 0
        self._bad: list[float] = []
        self._gaps: list[tuple[float, float]] = []

    def __iter__(self) -> Iterator[Frame]:
        with open_media(self.path) as container:
            stream = picture_stream(container)
            if stream is None:
                raise UnreadableError(f"{self.path.name!r} has no moving pictures", hint="give it as Audio")
            check_size(stream.codec_context.width, stream.codec_context.height, self.path.name)
            stream.thread_type = "SLICE"
            stream.codec_context.thread_count = 2
            self.declared, self._stated = declared_seconds(container), stated_end(container, stream)
            start, due = origin(container), float("-inf")
            for raw in self._decoded(container, stream):
                at = self._time(raw, start, stream)
                self.count += 1
                if self.count > 1 and raw.duration and at - self.seconds > _GAP:
                    self._gaps.append((self.seconds, at))
                self.seconds = max(self.seconds, at + self._length(raw, stream))
                if at >= MAX_SECONDS:
                    self._lose("too_long", f"only the first {MAX_SECONDS / 3600:g} hours are read", at, at)
                    break
                if at >= due:
                    due = at + INTERVAL - 0.02
                    check_size(raw.width, raw.height, self.path.name)
                    yield Frame(at, _small(raw), raw)
        self._finish()

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        from av.error import FFmpegError

        packets, in_a_row = container.demux(stream), 0
        while in_a_row < MAX_BAD:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError):
                self._bad.append(self.seconds)
                return
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError):
                self._bad.append(self.seconds)
                in_a_row += 1
                continue
            in_a_row = 0
            yield from frames

    def _time(self, raw: Any, start: float, stream: Any) -> float:
        """Seconds from the start; a frame without a clock comes one frame after the last."""
        if raw.pts is None or raw.time_base is None:
            return self.seconds
        at = max(float(raw.pts * raw.time_base) - start, 0.0)
        return at if at <= self.seconds + MAX_SECONDS else self.seconds

    @staticmethod
    def _length(raw: Any, stream: Any) -> float:
        if raw.duration and raw.time_base:
            return min(float(raw.duration * raw.time_base), 60.0)
        return 1 / float(stream.average_rate) if stream.average_rate else 0.04

    def _finish(self) -> None:
        if not self.count:
            raise UnreadableError(f"{self.path.name!r} holds no frame that can be decoded", hint="the file is cut off")
        if self._bad:
            detail = f"{len(self._bad)} packets of pictures could not be decoded, the first at {self._bad[0]:.1f} s"
            self._lose("undecodable", detail, self._bad[0], self._bad[-1])
        if self._gaps:
            missing = sum(end - start for start, end in self._gaps)
            detail = f"there are no pictures for {missing:.1f} s in {len(self._gaps)} places, the frame before stays"
            self._lose("gap", detail, self._gaps[0][0], self._gaps[-1][1], "reduced")
        if self._stated - self.seconds > max(1.5, 0.05 * self._stated) and not _cut(self.losses):
            detail = f"the file states {self._stated:.1f} s, pictures could be read up to {self.seconds:.1f} s"
            self._lose("truncated", detail, self.seconds, self._stated)

    def _lose(
        self, kind: str, detail: str, start: float, end: float, severity: Literal["lost", "reduced"] = "lost"
    ) -> None:
        place = Locator(time=(round(start, 2), round(max(end, start), 2)))
        self.losses.append(Loss(kind=kind, severity=severity, part=self.part, detail=detail, locator=place))


def picture_stream(container: Any) -> Any:
    """The first stream of moving pictures; a cover picture is none. None without one."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def check_size(width: int, height: int, name: str) -> None:
    """Raises TooLargeError for frames over MAX_PIXELS."""
    if width * height > MAX_PIXELS:
        raise TooLargeError(
            f"{name!r} has frames of {width} x {height} pixels, more than {MAX_PIXELS / 1e6:g} million",
            hint="scale it down",
        )


def _cut(losses: list[Loss]) -> bool:
    return any(loss.kind in ("too_long", "undecodable") for loss in losses)


def _small(raw: Any) -> Any:
    import numpy as np

    width = min(_WIDTH, raw.width)
    height = max(round(raw.height * width / raw.width), 1)
    return raw.reformat(width=width, height=height, format="gray").to_ndarray().astype(np.float32)
