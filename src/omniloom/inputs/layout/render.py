"""A PDF page as a picture."""

from typing import Any

DPI = 200
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
