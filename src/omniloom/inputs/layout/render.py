"""A PDF page as a picture."""

from collections.abc import Iterable, Sequence
from typing import Any

from omniloom.core.locators import Box

DPI = 200
MUCH_INK = 0.015  # of a page: about three lines of text, or a small figure
MOST_PIXELS = 12_000_000
_TONES = 8  # grey levels of 255 by which even faint text stands out


def render(page: Any, dpi: int = DPI) -> Any:
    """The page (pypdfium2) as a PIL image as it is displayed, form fields filled in, at most 12 million pixels."""
    width, height = (max(side, 1.0) for side in page.get_size())
    scale = min(dpi / 72, (MOST_PIXELS / (width * height)) ** 0.5, MOST_PIXELS**0.5 * 2 / max(width, height))
    # Small pages (stamps, labels) are drawn larger: the detector needs some pixels.
    scale = max(scale, min(64 / min(width, height), MOST_PIXELS**0.5 / max(width, height)))
    return page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")


def blank(page: Any) -> bool:
    """Whether nothing can be seen on the page; looked at coarsely, so that empty pages cost milliseconds."""
    small = render(page, 40).convert("L")
    low, high = small.getextrema()
    return high - low < 12


def bare(page: Any, boxes: Sequence[Box]) -> list[bool]:
    """For each box (fractions of the displayed page) whether all of it has one tone: nothing can be read there."""
    grey = render(page, 72).convert("L")
    width, height = grey.size
    found: list[bool] = []
    for left, top, wide, high in boxes:
        edges = max(0, int(left * width) - 1), max(0, int(top * height) - 1)
        far = min(width, int((left + wide) * width) + 2), min(height, int((top + high) * height) + 2)
        if edges[0] >= far[0] or edges[1] >= far[1]:
            found.append(False)
            continue
        low, high_tone = grey.crop((*edges, *far)).getextrema()
        found.append(high_tone - low < _TONES)
    return found


def ink_beside(image: Any, boxes: Iterable[Box]) -> float:
    """Share of a PIL image that stands out from its ground, apart from what is inside the boxes (fractions)."""
    import numpy as np

    small = image.convert("L")
    small.thumbnail((600, 600))
    grey = np.asarray(small, dtype=np.int16)
    height, width = grey.shape
    ink = np.abs(grey - int(np.median(grey))) > 60
    for left, top, wide, high in boxes:
        rows = slice(max(0, int(top * height) - 1), int((top + high) * height) + 2)
        ink[rows, max(0, int(left * width) - 1) : int((left + wide) * width) + 2] = False
    return float(ink.mean())
