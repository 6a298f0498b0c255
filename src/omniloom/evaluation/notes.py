"""Notes of ours about nothing in particular: what is added where a source must not matter."""

from functools import cache
from importlib.resources import files


@cache
def notes() -> tuple[str, ...]:
    """Paragraphs of the data file, in its order."""
    text = (files("omniloom.evaluation") / "notes.txt").read_text(encoding="utf-8")
    return tuple(paragraph.strip() for paragraph in text.split("\n\n") if paragraph.strip())
