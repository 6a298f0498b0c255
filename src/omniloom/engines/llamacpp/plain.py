"""What is inside a picture's or a sound's file: pixels and samples, made in a confined child of their own.

No file is decoded in the parent; and none in the engine's child, where one bad file would end other calls.
"""

import hashlib
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from omniloom.core.errors import TooLargeError, UnreadableError, UnsupportedError
from omniloom.core.values import Part

_LONGEST_SIDE = 4096  # more than any projector of today takes of one picture
_MOST_PIXELS = 150_000_000
_MOST_SECONDS = 3600
_HELD_BYTES = 128 << 20


class Plain(NamedTuple):
    """shape: kind, and width and height in pixels, or the count of samples. data: RGB bytes, or float32 samples.

    name: the sha256 of all that.
    """

    shape: tuple[str, int, int]
    data: bytes
    name: str


class Plains:
    """Decodes parts, and keeps what was decoded last. Safe from several threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, int], Plain] = OrderedDict()
        self._lock = threading.Lock()

    def plain(self, part: Part, rate: int) -> Plain:
        """rate: samples a second, of a sound. Raises UnreadableError, TooLargeError, UnsupportedError."""
        key = (part.id or _digest(part), rate)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        found = _decoded(part, rate)
        with self._lock:
            self._held[key] = found
            while sum(len(each.data) for each in self._held.values()) > _HELD_BYTES and len(self._held) > 1:
                self._held.popitem(last=False)
        return found


def _digest(part: Part) -> str:
    if part.data is not None:
        return hashlib.sha256(part.data).hexdigest()
    if part.path is None:
        raise UnsupportedError(f"the part {part.name!r} has no content to show", hint="give it a path or data")
    try:
        with Path(part.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableError(f"{part.name!r} cannot be read: {error.strerror}", hint="is it still there?") from error


def _decoded(part: Part, rate: int) -> Plain:
    from omniloom.isolation import run_isolated

    with tempfile.TemporaryDirectory(prefix="omniloom-plain-") as place:
        target = Path(place)
        path = Path(part.path) if part.path is not None else target / "file"
        if part.data is not None:
            path.write_bytes(part.data)
        payload = {"kind": part.kind, "path": str(path), "name": part.name, "rate": rate, "target": place}
        [told] = run_isolated(f"{__name__}:decode", payload, readable=[path], writable=[target])
        data = (target / "plain").read_bytes()
    shape = (part.kind, int(told["width"]), int(told["height"]))
    if len(data) != shape[1] * shape[2] * (3 if part.kind == "image" else 4) or not data:
        raise UnreadableError(f"{part.name!r} was not decoded to what it claims")
    return Plain(shape, data, hashlib.sha256(repr(shape).encode() + data).hexdigest())


def decode(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Inside the child: {kind, path, name, rate, target} → {width, height}, and the file `plain` in the target."""
    data, width, height = _pixels(payload) if payload["kind"] == "image" else _samples(payload)
    Path(payload["target"], "plain").write_bytes(data)
    yield {"width": width, "height": height}


def _pixels(payload: dict[str, Any]) -> tuple[bytes, int, int]:
    """The first frame as it is shown, on white where it is transparent."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit is below
    try:
        with Image.open(payload["path"]) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise TooLargeError(f"{payload['name']!r} has {image.width} x {image.height} pixels")
            image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            if upright.has_transparency_data:
                clear = upright.convert("RGBA")
                upright = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
            shown = upright.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableError(f"{payload['name']!r} is no picture that can be decoded: {error}") from error
    return shown.tobytes(), shown.width, shown.height


def _samples(payload: dict[str, Any]) -> tuple[bytes, int, int]:
    """The first sound track, mixed to one channel."""
    try:
        import av
    except ImportError as error:
        raise UnsupportedError(
            "sound needs PyAV, which is not installed", hint='pip install "omniloom[media]"'
        ) from error
    from av.error import FFmpegError

    rate = payload["rate"]
    resampler, found, count = av.AudioResampler(format="flt", layout="mono", rate=rate), list[bytes](), 0
    try:
        opened: Any = av.open(payload["path"], options={"protocol_whitelist": "file"}, metadata_errors="ignore")
        with opened as container:
            if not container.streams.audio:
                raise UnreadableError(f"{payload['name']!r} has no audio stream")
            for frame in chain(container.decode(audio=0), [None]):
                for piece in resampler.resample(frame):
                    found.append(piece.to_ndarray().astype("float32").tobytes())
                    count += piece.samples
                if count > _MOST_SECONDS * rate:
                    raise TooLargeError(f"{payload['name']!r} is longer than {_MOST_SECONDS} seconds")
    except (FFmpegError, OSError, ValueError) as error:
        raise UnreadableError(f"{payload['name']!r} is no sound that can be decoded: {error}") from error
    return b"".join(found), count, 1
