"""SROIE receipts: a scan in, four fields out, each with the box it stands in."""

import csv
import json
from pathlib import Path
from typing import Any

from measure.citations import check
from measure.log import HOME, Log, mean
from measure.scoring import normalized, token_f1

FIELDS = ("company", "date", "address", "total")
SCHEMA = {
    "type": "object",
    "properties": {
        "company": {"type": "string", "description": "name of the shop, as printed at the top", "maxLength": 120},
        "date": {"type": "string", "description": "date of the purchase, as printed", "maxLength": 40},
        "address": {"type": "string", "description": "full address of the shop, as printed", "maxLength": 250},
        "total": {"type": "string", "description": "total amount to pay, as printed, digits only", "maxLength": 20},
    },
    "required": list(FIELDS),
    "additionalProperties": False,
}
QUESTION = "Extract company, date, address and total from this receipt."


def measure(data: Path, limit: int = 34) -> dict[str, Any]:
    """Per field: right when token F1 > 0.8; exact match; and the share of right ones whose box is right."""
    import omniloom as ol

    lines = (data / "images" / "sroie.jsonl").read_text().splitlines()[:limit]
    samples = {sample["id"]: sample for sample in map(json.loads, lines)}
    with ol.load(home=HOME) as model:

        def ask(key: str) -> dict[str, Any]:
            path = data / "images" / "sroie" / samples[key]["image"]
            response = model.generate([QUESTION, path], schema=SCHEMA, max_output_tokens=200)
            return _scored(response, samples[key], _labels(path)) | check(response)

        records = Log("sroie").each(samples, ask)
    table = {f"sroie {field}": mean(r["right"][field] for r in records) for field in FIELDS}
    return {
        "sroie mean of four": mean(sum(r["right"].values()) / 4 for r in records) | {"floor": 0.78},
        "sroie exact": mean(sum(r["exact"].values()) / 4 for r in records),
        **table,
        "sroie boxes IoU >= 0.5": mean(v for r in records for v in r["boxes"]) | {"floor": 0.80},
        "sroie citations verbatim": mean(v for r in records for v in r["verbatim"]) | {"floor": 1.0},
    }


def _scored(response: Any, sample: dict[str, Any], labels: list[tuple[str, tuple[float, ...]]]) -> dict[str, Any]:
    right, same, boxes = {}, {}, []
    for field in FIELDS:
        wanted, given = sample["fields"].get(field, ""), str(response.data[field])
        right[field] = float(token_f1(given, [wanted]) > 0.8)
        same[field] = float(normalized(given) == normalized(wanted))
        target = _labelled_box(wanted, labels)
        if right[field] and target is not None:
            claim = next((claim for claim in response.claims if claim.at == f"/{field}"), None)
            found = _union([c.locator.box for c in claim.citations if c.locator.box]) if claim else None
            boxes.append(float(found is not None and _iou(found, target) >= 0.5))
    return {"data": response.data, "right": right, "exact": same, "boxes": boxes}


def _labels(image: Path) -> list[tuple[str, tuple[float, ...]]]:
    """The labelled lines: text and box as fractions (left, top, right, bottom) of the upright picture."""
    from PIL import Image, ImageOps

    width, height = ImageOps.exif_transpose(Image.open(image)).size
    found: list[tuple[str, tuple[float, ...]]] = []
    with image.with_suffix(".boxes.csv").open(encoding="utf-8", errors="replace") as file:
        for row in csv.reader(file, quoting=csv.QUOTE_NONE):
            if len(row) >= 9 and all(value.strip().isdigit() for value in row[:8]):
                xs, ys = [int(v) / width for v in row[0:8:2]], [int(v) / height for v in row[1:8:2]]
                found.append((",".join(row[8:]), (min(xs), min(ys), max(xs), max(ys))))
    return found


def _labelled_box(value: str, labels: list[tuple[str, tuple[float, ...]]]) -> tuple[float, ...] | None:
    """The union of the run of labelled lines whose words match the value best; None if they do not match well."""
    best, box = 0.8, None
    for start in range(len(labels)):
        for end in range(start + 1, min(start + 6, len(labels)) + 1):
            score = token_f1(" ".join(text for text, _ in labels[start:end]), [value])
            if score > best:
                best = score
                boxes = [each for _, each in labels[start:end]]
                box = (*(min(b[i] for b in boxes) for i in (0, 1)), *(max(b[i] for b in boxes) for i in (2, 3)))
    return box


def _union(boxes: list[tuple[float, float, float, float]]) -> tuple[float, ...] | None:
    if not boxes:
        return None
    return (
        *(min(b[i] for b in boxes) for i in (0, 1)),
        *(max(b[i] + b[i + 2] for b in boxes) for i in (0, 1)),
    )


def _iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    inter = max(width, 0.0) * max(height, 0.0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return inter / (areas[0] + areas[1] - inter) if inter else 0.0
