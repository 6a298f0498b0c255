"""Text of others made fit for the page: bounded, without what steers or turns it round, escaped."""

import math
from html import escape

from omniloom.rendering.letters import printable


def safe(text: str, most: int = 300) -> str:
    """The text as HTML, also inside quotes of an attribute; what is beyond `most` characters is cut and said so."""
    kept = text[:most].encode("utf-8", "replace").decode()
    cut = f" … ({len(text):,} characters)" if len(text) > most else ""
    return escape(printable(kept)) + cut


def one_line(text: str, most: int = 120) -> str:
    """`safe`, with single spaces."""
    return safe(" ".join(text[: 4 * most].split()) + text[4 * most :], most)


def number(value: float) -> str:
    """Three digits after the point; whole where it is large; a dash for what is no number."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}".replace("-0.000", "0.000")


def identity(*words: str) -> str:
    """A name for an element: letters, digits and dashes."""
    return "-".join("".join(char if char.isascii() and char.isalnum() else "-" for char in word) for word in words)
