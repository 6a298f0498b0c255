"""The frames of a picture file, upright and of bounded size. Nothing is decoded before its header was looked at."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from omniloom.core.errors import TooLargeError, UnreadableError
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss

MOST_PIXELS = 150_000_000  # decoded: 600 MB with transparency
_KEPT_PIXELS = 24_000_000  # larger frames are made smaller before their text is read
MOST_FRAMES = 500
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
_ORIENTATION = 0x0112  # EXIF tag
_STEP = 30  # grey values, 0..255, by which a cell of an animation changes
_CHANGED = 24  # cells of 16,384 that must change for a new frame


@dataclass(frozen=True)
class Frame:
    """picture: a PIL image as displayed. number: from 1; count: frames of the file. locator: the page, if several."""

    picture: Any
    number: int
    count: int
    locator: Locator


def frames(source: Source) -> Iterator[Frame | Loss]:
    """Each frame to be read. Raises TooLargeError, UnreadableError."""
    with warnings.catch_warnings():
        # Pillow warns of bombs by its own measure; ours is an error, raised from the header.
        warnings.simplefilter("ignore")
        image = _open(source)
        with image:
            yield from _frames(image, source)


def _frames(image: Any, source: Source) -> Iterator[Frame | Loss]:
    from PIL.Image import DecompressionBombError

    count = _count(image, source)
    animated = image.format in ("GIF", "PNG", "WEBP") and count > 1
    before: Any = None
    for index in range(count):
        try:
            image.seek(index)
            _check(image, source)
            picture, losses = _upright(image, index + 1, source)
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError, DecompressionBombError) as error:
            yield _damaged(source, index + 1, count, error)
            return
        if animated and before is not None and _same(before, picture):
            continue
        before = picture
        yield from losses
        yield Frame(picture, index + 1, count, Locator(page=index + 1) if count > 1 else Locator())


def _open(source: Source) -> Any:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = None  # the header is checked below, for every frame
    try:
        image = Image.open(source.path, formats=_FORMATS)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise UnreadableError(
            f"{source.name!r} is not a readable picture: {str(error)[:200]}",
            hint="it may be truncated; taken are PNG, JPEG, WebP, TIFF, GIF and BMP",
        ) from error
    try:
        _check(image, source)
    except TooLargeError:
        image.close()
        raise
    return image


def _check(image: Any, source: Source) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise TooLargeError(
            f"{source.name!r} is {width} x {height} pixels, over the limit of {MOST_PIXELS // 1_000_000} million",
            hint="make it smaller, or cut out the part in question",
        )


def _count(image: Any, source: Source) -> int:
    try:
        count = int(getattr(image, "n_frames", 1))
    except (OSError, SyntaxError, ValueError, EOFError):
        return 1
    if count > MOST_FRAMES:
        raise TooLargeError(f"{source.name!r} has {count} frames, more than {MOST_FRAMES}", hint="split the file")
    return count


def _upright(image: Any, number: int, source: Source) -> tuple[Any, list[Loss]]:
    """The frame decoded, turned as its EXIF orientation says, and made smaller if it is very large."""
    width, height = image.size
    several = getattr(image, "n_frames", 1) > 1
    losses: list[Loss] = []
    if width * height > _KEPT_PIXELS:
        scale = (_KEPT_PIXELS / (width * height)) ** 0.5
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        detail = f"it is {width} x {height} pixels and was read at {size[0]} x {size[1]}"
        place = Locator(page=number) if several else Locator()
        losses.append(Loss(kind="downsampled", severity="reduced", part=source.id, detail=detail, locator=place))
        image.draft("RGB", size)  # JPEG decodes at an eighth of the size and up, without the memory of the whole
        picture = _eight_bit(image).resize(size)
    else:
        image.load()  # what is truncated fails here
        picture = _eight_bit(image.copy() if several else image)
    return _transposed(picture, image.getexif().get(_ORIENTATION, 1)), losses


def _eight_bit(image: Any) -> Any:
    """RGB or RGBA; 16-bit and float pictures are scaled to their own range, which Pillow would cut off."""
    if image.mode.startswith(("I", "F")):
        low, high = image.getextrema()
        span = max(float(high) - float(low), 1e-9)
        return image.convert("F").point(lambda value: value * (255 / span) - low * (255 / span)).convert("L")
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    mode = "RGBA" if alpha else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _transposed(picture: Any, orientation: int) -> Any:
    from PIL.Image import Transpose

    steps = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return picture.transpose(steps[orientation]) if orientation in steps else picture


def _same(first: Any, second: Any) -> bool:
    """Whether two frames look alike at 128 x 128 but for a few cells; a changed line of text is many."""
    from PIL import ImageChops

    small = [frame.convert("L").resize((128, 128)) for frame in (first, second)]
    counts = ImageChops.difference(*small).histogram()
    return sum(counts[_STEP:]) < _CHANGED and first.size == second.size


def _damaged(source: Source, number: int, count: int, error: BaseException) -> Loss:
    """A first frame that cannot be decoded makes the file unreadable; a later one is lost with those after it."""
    what = f"{type(error).__name__}: {str(error)[:200]}"
    if number == 1:
        raise UnreadableError(
            f"{source.name!r} cannot be decoded: {what}", hint="the file may be truncated; save it again"
        ) from error
    return Loss(
        kind="frames_unreadable",
        severity="lost",
        part=source.id,
        detail=f"frames {number} to {count} cannot be decoded: {what}",
        locator=Locator(page=number),
    )
