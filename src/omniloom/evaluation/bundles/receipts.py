"""Scanned receipts with labelled fields and word boxes, as SROIE has them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from omniloom.core.locators import Box, Locator
from omniloom.evaluation.boxes import labelled_lines
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.values import Place

_AMOUNT = re.compile(r"\d[\d,]*\.\d\d")


@dataclass(frozen=True)
class Receipt:
    """A picture with its fields; `lines` are the labelled ones: text and box as fractions of the upright picture."""

    name: str
    data: bytes = field(repr=False)
    company: str
    date: str
    total: str
    lines: tuple[tuple[str, Box], ...] = field(repr=False)

    @property
    def text(self) -> str:
        return "\n".join(text for text, _ in self.lines)

    @property
    def amount(self) -> str:
        """The total without its currency; "" where it is not printed as units and cents."""
        found = _AMOUNT.search(self.total)
        return found.group() if found else ""

    @property
    def year(self) -> int | None:
        """Of the date; two digits are of this century."""
        if found := re.search(r"20\d\d", self.date):
            return int(found.group())
        found = re.search(r"\D(\d\d)\Z", self.date)
        return 2000 + int(found[1]) if found else None

    def total_place(self) -> Place | None:
        """Beside the word "total" if the amount stands there, else where it stands last."""
        places = [
            (self._beside_total(box), number)
            for number, (text, box) in enumerate(self.lines)
            if self.amount and self.amount in _AMOUNT.findall(text)
        ]
        return self._place(max(places)[1], self.amount) if places else None

    def date_place(self) -> Place | None:
        bare = re.sub(r"\s", "", self.date)
        for number, (text, _) in enumerate(self.lines):
            if bare and bare in re.sub(r"\s", "", text):
                return self._place(number, self.date)
        return None

    def _place(self, line: int, quote: str) -> Place:
        return Place(self.name, quote, Locator(box=self.lines[line][1]).fragment)

    def _beside_total(self, box: Box) -> int:
        """2 beside "total", 1 beside "subtotal" and the like, 0 elsewhere."""
        best = 0
        for text, other in self.lines:
            shared = min(box[1] + box[3], other[1] + other[3]) - max(box[1], other[1])
            if shared > 0.5 * min(box[3], other[3]) and "total" in text.casefold():
                best = max(best, 1 if re.search(r"(?i)sub|excl|qty|item|saving|disc|tax|gst", text) else 2)
        return best


def receipts(data: Path) -> list[Receipt]:
    """All whose total and date are found among the labelled lines."""
    folder = data / "images" / "sroie"
    found: list[Receipt] = []
    for sample in json_lines(data / "images" / "sroie.jsonl"):
        fields, image = sample["fields"], folder / sample["image"]
        name = f"receipt-{sample['id']}{image.suffix}"
        about = (fields.get(key, "") for key in ("company", "date", "total"))
        receipt = Receipt(name, image.read_bytes(), *about, lines=_lines(image))
        if receipt.company and receipt.year and receipt.total_place() and receipt.date_place():
            found.append(receipt)
    return found


def _lines(image: Path) -> tuple[tuple[str, Box], ...]:
    """The labels beside a picture."""
    from PIL import Image, ImageOps

    with Image.open(image) as picture:
        size = ImageOps.exif_transpose(picture).size
    return tuple(
        (text, (left, top, right - left, bottom - top))
        for text, (left, top, right, bottom) in labelled_lines(image.with_suffix(".boxes.csv"), size)
    )
