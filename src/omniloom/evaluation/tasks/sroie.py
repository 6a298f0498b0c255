"""SROIE (ICDAR 2019): a scanned receipt in, four fields out, each with the box it stands in.

The folder: `images/sroie.jsonl` (id, image, fields), the pictures in `images/sroie`, and beside each the labelled lines
as `.boxes.csv`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.locators import Locator
from omniloom.core.parts import Image
from omniloom.core.values import Response
from omniloom.evaluation.boxes import Corners, around, labelled_lines, overlap, place_of
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.scorers import normalized, placed, token_f1, verbatim
from omniloom.evaluation.values import Metric, Place, Sample, Score, Scorer

FAMILY = "fields"
CORRECT = "all"
FIELDS = {
    "company": {"type": "string", "description": "name of the shop, as printed at the top", "maxLength": 120},
    "date": {"type": "string", "description": "date of the purchase, as printed", "maxLength": 40},
    "address": {"type": "string", "description": "full address of the shop, as printed", "maxLength": 250},
    "total": {"type": "string", "description": "total amount to pay, as printed, digits only", "maxLength": 20},
}
SCHEMA = {"type": "object", "properties": FIELDS, "required": list(FIELDS), "additionalProperties": False}
QUESTION = "Extract company, date, address and total from this receipt."
_RIGHT, _AT_PLACE = 0.8, 0.5


def samples(data: Path) -> Iterator[Sample]:
    """`target` is one text of all four fields; `metadata` holds them apart, and the box of each that was found."""
    folder = data / "images"
    for record in json_lines(folder / "sroie.jsonl"):
        path = folder / "sroie" / record["image"]
        fields = {field: record["fields"].get(field, "") for field in FIELDS}
        lines = labelled_lines(path.with_suffix(".boxes.csv"), _size(path))
        boxes = {field: box for field, value in fields.items() if (box := place_of(value, lines)) is not None}
        yield Sample(
            id=record["id"],
            question=QUESTION,
            inputs=(QUESTION, Image(path)),
            target=("\n".join(f"{field}: {value}" for field, value in fields.items()),),
            places=tuple(Place(path.name, fields[field], _fragment(box)) for field, box in boxes.items()),
            group=record["id"],
            options={"schema": SCHEMA, "max_output_tokens": 200},
            metadata={"fields": fields, "boxes": boxes},
        )


def fields(sample: Sample, response: Response) -> Score:
    """Each field: 1 if its token F1 is above 0.8; their mean; `all` of them. `exact`: the share that is the same text,
    letter case, punctuation and articles apart."""
    given, wanted = _given(response), sample.metadata["fields"]
    right = {field: float(token_f1(given[field], [wanted[field]]) > _RIGHT) for field in FIELDS}
    same = [normalized(given[field]) == normalized(wanted[field]) for field in FIELDS]
    wrong = (f"{field}: wanted {wanted[field]!r}" for field in FIELDS if not right[field])
    values = {
        "fields": sum(right.values()) / len(FIELDS),
        "all": float(all(right.values())),
        "exact": sum(same) / len(FIELDS),
    }
    return Score(right | values, "\n".join(f"{key}: {value}" for key, value in given.items()), "; ".join(wrong))


def boxes(sample: Sample, response: Response) -> Score:
    """Of the right fields with a labelled box, the share whose citations lie there."""
    found = at_place(sample, response)
    elsewhere = ", ".join(field for field, right in found.items() if not right)
    return Score(
        {"boxes": sum(found.values()) / len(found)} if found else {},
        ", ".join(found),
        f"elsewhere: {elsewhere}" if elsewhere else "",
    )


def at_place(sample: Sample, response: Response) -> dict[str, float]:
    """Of each right field with a labelled box: 1 if what it cites, taken together, lies there (IoU of 0.5 or more)."""
    given, wanted = _given(response), sample.metadata["fields"]
    found: dict[str, float] = {}
    for field, target in sample.metadata["boxes"].items():
        if token_f1(given[field], [wanted[field]]) > _RIGHT:
            cited = _cited(response, field)
            found[field] = float(cited is not None and overlap(cited, target) >= _AT_PLACE)
    return found


def _given(response: Response) -> dict[str, str]:
    data: Mapping[str, Any] = response.data if isinstance(response.data, dict) and not response.abstained else {}
    return {field: str(data.get(field) or "") for field in FIELDS}


def _cited(response: Response, field: str) -> Corners | None:
    found = [
        (box[0], box[1], box[0] + box[2], box[1] + box[3])
        for claim in response.claims
        if claim.at == f"/{field}"
        for citation in claim.citations
        if (box := citation.locator.box) is not None
    ]
    return around(found)


def _fragment(box: Corners) -> str:
    return Locator(box=(box[0], box[1], box[2] - box[0], box[3] - box[1])).fragment


def _size(path: Path) -> tuple[int, int]:
    from PIL import Image as Pictures
    from PIL import ImageOps

    from omniloom.core.errors import UsageError

    try:
        with Pictures.open(path) as picture:
            return ImageOps.exif_transpose(picture).size
    except OSError as error:
        raise UsageError(f"{str(path)!r} is no picture: {error}", hint="images/sroie.jsonl names it") from error


SCORERS: Sequence[Scorer] = (fields, boxes, verbatim, placed)
METRICS: Mapping[str, Metric] = {}
