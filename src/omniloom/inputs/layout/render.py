"""A PDF page as a picture."""

from collections.abc import Iterable
from typing import Any

from omniloom.core.locators import Box

DPI = 200
MUCH_INK = 0.015  # of a page: about three lines of text, or a small figure
MOST_PIXELS = 12_000_000


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
