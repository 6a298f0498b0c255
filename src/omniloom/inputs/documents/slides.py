"""PowerPoint files (PresentationML): slides in their order, tables as rows, notes."""

import zipfile
from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import UnreadableError
from omniloom.core.values import Loss
from omniloom.inputs.documents.archive import main_part, opened, related, xml
from omniloom.inputs.documents.blocks import Block, Extract, joined

_DRAW = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SHOW = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_GRAPHIC = f"{_DRAW}graphicData"


def pptx(data: bytes, name: str) -> Extract:
    """The text is that of the slides in their order, tables as rows, each slide's notes after it; page is the slide."""
    with opened(data, name) as archive:
        slides = list(_slides(archive, name))
        shapes = _Shapes()
        extract = joined("text.pptx/1", shapes.blocks(archive, slides, name))
    extract.losses += shapes.losses()
    return extract


class _Shapes:
    """Walks the DrawingML of slides; counts what it leaves out."""

    def __init__(self) -> None:
        self.pictures: list[int] = []

    def losses(self) -> Iterator[Loss]:
        if self.pictures:
            slides = ", ".join(map(str, sorted(set(self.pictures))[:20]))
            detail = f"pictures or charts not read: {len(self.pictures)}, on slides {slides}"
            yield Loss(kind="not_seen", severity="reduced", detail=detail)

    def blocks(self, archive: zipfile.ZipFile, slides: list[str], name: str) -> Iterator[Block]:
        for page, slide in enumerate(slides, 1):
            yield from self._slide(xml(archive, slide, name), page)
            for kind, target in related(archive, slide, name).values():
                if kind == "notesSlide" and target in archive.namelist():
                    yield from self._slide(xml(archive, target, name), page, notes=True)

    def _slide(self, root: Any, page: int, notes: bool = False) -> Iterator[Block]:
        for element in _titles_first(root):
            if element.tag == _DRAW + "tbl":
                yield from _slide_rows(element, page)
            elif element.tag == _DRAW + "p":
                if not (notes and _is_number(element)):
                    yield Block(_line(element), page)
            elif not notes:
                self.pictures.append(page)


def _slide_rows(table: Any, page: int) -> Iterator[Block]:
    look = table.find(_DRAW + "tblPr")
    titled = look is not None and look.get("firstRow") in ("1", "true")
    header = ""
    for number, row in enumerate(table.iter(_DRAW + "tr")):
        cells = [" ".join(_line(p) for p in cell.iter(_DRAW + "p")) for cell in row.iter(_DRAW + "tc")]
        text = " | ".join(" ".join(cell.split()) for cell in cells)
        yield Block(text, page, header)
        header = text if number == 0 and titled else header


def _titles_first(root: Any) -> list[Any]:
    """Paragraphs outside tables, tables, and pictures of a slide: those of its title shape first."""
    found: list[tuple[bool, Any]] = []
    stack = [(root, False)]
    while stack:
        element, title = stack.pop()
        if element.tag == _SHOW + "sp":
            place = element.find(f"{_SHOW}nvSpPr/{_SHOW}nvPr/{_SHOW}ph")
            title = place is not None and place.get("type") in ("title", "ctrTitle")
        if element.tag in (_DRAW + "p", _DRAW + "tbl", _SHOW + "pic") or (
            element.tag == _GRAPHIC and element.find(_DRAW + "tbl") is None
        ):
            found.append((title, element))
        elif isinstance(element.tag, str) and element.tag != _FALLBACK:
            stack += [(child, title) for child in reversed(element)]
    return [each for title, each in found if title] + [each for title, each in found if not title]


def _line(paragraph: Any) -> str:
    parts = (
        "\n" if e.tag == _DRAW + "br" else e.text or "" for e in paragraph.iter(_DRAW + "t", _DRAW + "br", _MATHS + "t")
    )
    return "".join(parts)


def _is_number(paragraph: Any) -> bool:
    return next(paragraph.iter(_DRAW + "fld"), None) is not None


def _slides(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    main = main_part(archive, "ppt/presentation.xml")
    links = related(archive, main, name)
    known = set(archive.namelist())
    for entry in xml(archive, main, name).iter(_SHOW + "sldId"):
        kind, target = links.get(entry.get(_LINK, ""), ("", ""))
        if kind == "slide":
            if target not in known:
                raise UnreadableError(f"{name!r} is incomplete: the slide {target!r} is missing")
            yield target
