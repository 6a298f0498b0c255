"""Where something stands in a source: page, region, seconds, characters, cells, pointer.

`Locator.fragment` is a URI fragment: Media Fragments 1.0 (`t=`, `xywh=percent:`), RFC 5147 (`char=`),
RFC 7111 (`cell=`), `page=` as PDF viewers take it. `parse_fragment` is its inverse.
"""

from typing import Self
from urllib.parse import quote, unquote

from pydantic import field_validator, model_validator

from omniloom.core.base import Value

Box = tuple[float, float, float, float]
Cells = tuple[int, int, int, int]


class Locator(Value):
    """A place in a source. All fields are optional; an empty Locator is the whole source.

    member: file in an archive, or attachment. page: 1-based page or slide. sheet: worksheet name.
    box: (left, top, width, height) as fractions of the page or frame,
    origin top-left. time: (start, end) in seconds. chars: half-open code point range.
    cells: (first row, first column, last row, last column), 1-based and inclusive; the header is row 1.
    pointer: JSON Pointer (RFC 6901).
    """

    member: str | None = None
    page: int | None = None
    sheet: str | None = None
    box: Box | None = None
    time: tuple[float, float] | None = None
    chars: tuple[int, int] | None = None
    cells: Cells | None = None
    pointer: str | None = None

    @field_validator("page")
    @classmethod
    def _page_from_one(cls, page: int | None) -> int | None:
        if page is not None and page < 1:
            raise ValueError(f"page counts from 1, got {page!r}")
        return page

    @field_validator("box")
    @classmethod
    def _box_inside(cls, box: Box | None) -> Box | None:
        if box is None:
            return None
        left, top, width, height = (round(min(max(v, 0.0), 1.0), 4) for v in box)
        return (left, top, min(width, round(1 - left, 4)), min(height, round(1 - top, 4)))

    @model_validator(mode="after")
    def _ranges_in_order(self) -> Self:
        for name, span in (("time", self.time), ("chars", self.chars)):
            if span is not None and not 0 <= span[0] <= span[1]:
                raise ValueError(f"{name} must be an ordered range from 0 up, got {span!r}")
        if self.cells is not None:
            row, column, last_row, last_column = self.cells
            if row < 1 or column < 1 or last_row < row or last_column < column:
                raise ValueError(f"cells are 1-based and inclusive, got {self.cells!r}")
        return self

    @property
    def fragment(self) -> str:
        """The URI fragment without `#`; empty for the whole source."""
        fields: list[str] = []
        for key, text in (("member", self.member), ("sheet", self.sheet), ("pointer", self.pointer)):
            if text is not None:
                fields.append(f"{key}={quote(text, safe='/')}")
        if self.page is not None:
            fields.append(f"page={self.page}")
        if self.time is not None:
            fields.append(f"t={_number(self.time[0])},{_number(self.time[1])}")
        if self.box is not None:
            fields.append("xywh=percent:" + ",".join(_number(v * 100) for v in self.box))
        if self.chars is not None:
            fields.append(f"char={self.chars[0]},{self.chars[1]}")
        if self.cells is not None:
            row, column, last_row, last_column = self.cells
            fields.append(f"cell={row},{column}-{last_row},{last_column}")
        return "&".join(fields)


def parse_fragment(fragment: str) -> Locator:
    """The Locator whose `.fragment` this is. Raises ValueError on a field it does not know."""
    fields: dict[str, object] = {}
    for pair in filter(None, fragment.lstrip("#").split("&")):
        key, _, value = pair.partition("=")
        if key in ("member", "sheet", "pointer"):
            fields[key] = unquote(value)
        elif key == "page":
            fields["page"] = int(value)
        elif key == "t":
            start, _, end = value.partition(",")
            fields["time"] = (float(start), float(end or start))
        elif key == "xywh":
            numbers = [float(v) / 100 for v in value.removeprefix("percent:").split(",")]
            fields["box"] = tuple(numbers)
        elif key == "char":
            start, _, end = value.partition(",")
            fields["chars"] = (int(start), int(end))
        elif key == "cell":
            numbers = [int(v) for v in value.replace("-", ",").split(",")]
            fields["cells"] = tuple(numbers if len(numbers) == 4 else numbers * 2)
        else:
            raise ValueError(f"unknown fragment field {key!r} in {fragment!r}")
    return Locator.model_validate(fields)


def union(locators: "list[Locator]") -> Locator:
    """The smallest Locator that covers all of `locators`; a field on which they differ and has no union is left out.

    Boxes are joined only when all stand on one page.
    """
    if not locators:
        return Locator()
    first = locators[0]
    fields: dict[str, object] = {}
    for name in ("member", "page", "sheet", "pointer"):
        if all(getattr(each, name) == getattr(first, name) for each in locators):
            fields[name] = getattr(first, name)
    boxes = [each.box for each in locators if each.box is not None]
    if len(boxes) == len(locators) and fields.get("page") == first.page:
        left, top = min(b[0] for b in boxes), min(b[1] for b in boxes)
        right, bottom = max(b[0] + b[2] for b in boxes), max(b[1] + b[3] for b in boxes)
        fields["box"] = (left, top, right - left, bottom - top)
    for name in ("time", "chars"):
        spans: list[tuple[float, float]] = [getattr(each, name) for each in locators if getattr(each, name) is not None]
        if len(spans) == len(locators):
            fields[name] = (min(s[0] for s in spans), max(s[1] for s in spans))
    cells = [each.cells for each in locators if each.cells is not None]
    if len(cells) == len(locators):
        fields["cells"] = (
            min(c[0] for c in cells),
            min(c[1] for c in cells),
            max(c[2] for c in cells),
            max(c[3] for c in cells),
        )
    return Locator.model_validate(fields)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
