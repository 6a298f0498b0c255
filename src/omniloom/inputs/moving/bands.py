"""Read only the bands of a picture that changed: lines of text run across, so a band is as wide as the picture."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from omniloom.core.locators import Box
from omniloom.inputs.moving.frames import Frame, differing

if TYPE_CHECKING:
    from PIL.Image import Image

_APART = 6  # rows of tiles between two bands
_MARGIN = 0.03  # of the height, around a band
MOST = 0.6  # of the height; when more has changed the whole picture is read

Lines = list[Any]
Band = tuple[float, float]


def reread(frame: Frame, known: Frame, lines: Lines, recognise: "Callable[[Image], Lines]") -> Lines:
    """The lines of `frame`, knowing those of the frame `known`; from the top down."""
    bands = changed_bands(frame, known, lines)
    picture = frame.picture()
    if bands is None:
        return recognise(picture)
    found = [line for line in lines if not any(_meet(band, line.box) for band in bands)]
    for top, bottom in bands:
        height = picture.height
        first, last = int(top * height), max(int(bottom * height), int(top * height) + 1)
        part = picture.crop((0, first, picture.width, last))
        found += [_moved(line, first / height, (last - first) / height) for line in recognise(part)]
    return sorted(found, key=lambda line: (line.box[1], line.box[0]))


def changed_bands(frame: Frame, known: Frame, lines: Lines) -> list[Band] | None:
    """(top, bottom) as fractions, wide enough for every known line they touch; None for the whole picture."""
    tiles = differing(frame, known)
    if tiles is None or frame.turned:
        return None
    rows = [number for number, row in enumerate(tiles) if row.any()]
    runs: list[list[int]] = []
    for row in rows:
        if runs and row - runs[-1][1] <= _APART:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    bands = _merged([_grown((first / len(tiles), (last + 1) / len(tiles)), lines) for first, last in runs])
    return None if sum(bottom - top for top, bottom in bands) > MOST else bands


def _grown(band: Band, lines: Lines) -> Band:
    """With a margin, and with all of every line it touches."""
    top, bottom = band[0] - _MARGIN, band[1] + _MARGIN
    for _ in lines:
        touched = [line.box for line in lines if _meet((top, bottom), line.box)]
        grown = min([top, *(box[1] - 0.01 for box in touched)]), max([bottom, *(b[1] + b[3] + 0.01 for b in touched)])
        if grown == (top, bottom):
            break
        top, bottom = grown
    return max(top, 0.0), min(bottom, 1.0)


def _merged(bands: list[Band]) -> list[Band]:
    merged: list[Band] = []
    for top, bottom in sorted(bands):
        if merged and top <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(bottom, merged[-1][1])
        else:
            merged.append((top, bottom))
    return merged


def _meet(band: Band, box: Box) -> bool:
    return box[1] < band[1] and box[1] + box[3] > band[0]


def _moved(line: Any, top: float, height: float) -> Any:
    """A line of the band as a line of the picture."""

    def whole(box: Box) -> Box:
        return (box[0], top + box[1] * height, box[2], box[3] * height)

    words = tuple(replace(word, box=whole(word.box)) for word in line.words)
    return replace(line, box=whole(line.box), upright=whole(line.upright), words=words)
