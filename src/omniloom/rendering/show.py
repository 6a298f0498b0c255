"""A citation as a picture. Files are decoded in a confined child; only text and pixels come back."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omniloom.core.errors import UnreadableError, UnsupportedError
from omniloom.core.locators import Locator
from omniloom.core.values import Part
from omniloom.isolation import run_isolated
from omniloom.rendering.paper import draw_lines, draw_table
from omniloom.rendering.place import ELSEWHERE

_CONTEXT = 300


def show(part: Part, locator: Locator, *, quote: str = "") -> bytes:
    """PNG bytes: the page, picture or frame with the box, the waveform with the span, the rows, the lines of text.

    `part` is taken in (it has an id and a path). Raises InputErrors for the file, UnsupportedError where an extra is
    missing.
    """
    if part.path is None:
        raise UnsupportedError(f"{part.name!r} has no stored file to show", hint="give the file again")
    if part.kind == "text":
        return _text(part, locator, quote)
    if part.kind == "table":
        rows = [frame["row"] for frame in _child("omniloom.inputs.table:extract", part, locator)]
        return draw_table(rows, locator, title=part.name)
    frames = list(_child("omniloom.rendering.drawing:draw", part, locator, quote=quote))
    return base64.b64decode(frames[-1]["png"])


def show_small(part: Part, locator: Locator) -> bytes:
    """WebP bytes of a PDF's page or a picture, some 900 pixels wide: of its height what is around the box.

    `part` and what is raised: as `show`.
    """
    frames = list(_child("omniloom.rendering.drawing:draw", part, locator, small=True))
    return base64.b64decode(frames[-1]["webp"])


def _child(target: str, part: Part, locator: Locator, **more: Any) -> Sequence[dict[str, Any]]:
    source = {
        "id": part.id,
        "path": part.path,
        "name": part.name,
        "media_type": part.media_type,
        "options": dict(part.options),
    }
    payload = {"source": source, "kind": part.kind, "locator": locator.model_dump(mode="json"), **more}
    return list(run_isolated(target, payload, readable=[Path(part.path or "")]))


def _text(part: Part, locator: Locator, quote: str) -> bytes:
    pieces = _child("omniloom.inputs.text:extract", part, locator, member=locator.member)
    text = "".join(piece["text"] for piece in pieces)
    start, end = locator.chars or (0, 0)
    if start >= len(text):
        raise UnreadableError(f"{part.name!r} has no character {start}, it has {len(text)}", hint=ELSEWHERE)
    if not locator.chars and quote in text:
        start = text.index(quote)
        end = start + len(quote)
    low = max(0, start - _CONTEXT)
    return draw_lines(text[low : end + _CONTEXT], (start - low, end - low), title=part.name)
