"""Boxes on a picture, and labelled lines in which a value stands. A box is (left, top, right, bottom) in fractions."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from omniloom.evaluation.scorers import token_f1

Corners = tuple[float, float, float, float]
_LINES, _ALIKE = 6, 0.8


def labelled_lines(labels: Path, size: tuple[int, int]) -> list[tuple[str, Corners]]:
    """Text and box of each line of a file as ICDAR labels receipts: eight pixel coordinates, then the text.

    size: width and height of the upright picture.
    """
    width, height = size
    found: list[tuple[str, Corners]] = []
    with labels.open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.reader(file, quoting=csv.QUOTE_NONE):
            if len(row) >= 9 and all(value.strip().isdigit() for value in row[:8]):
                xs, ys = [int(v) / width for v in row[0:8:2]], [int(v) / height for v in row[1:8:2]]
                found.append((",".join(row[8:]), (min(xs), min(ys), max(xs), max(ys))))
    return found


def place_of(value: str, lines: Sequence[tuple[str, Corners]]) -> Corners | None:
    """The box of the run of up to six lines whose words match the value best; None if none matches well."""
    best, box = _ALIKE, None
    for start in range(len(lines)):
        for end in range(start + 1, min(start + _LINES, len(lines)) + 1):
            score = token_f1(" ".join(text for text, _ in lines[start:end]), [value])
            if score > best:
                best, box = score, around(each for _, each in lines[start:end])
    return box


def around(boxes: Iterable[Corners]) -> Corners | None:
    """The smallest box that holds all; None of none."""
    all_boxes = list(boxes)
    if not all_boxes:
        return None
    lefts, tops, rights, bottoms = zip(*all_boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return shared / (areas[0] + areas[1] - shared) if shared else 0.0
