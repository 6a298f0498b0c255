"""Word documents (WordprocessingML): paragraphs, tables, text boxes, notes, comments, headers and footers."""

import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any

from omniloom.core.values import Loss
from omniloom.inputs.documents.archive import main_part, opened, xml
from omniloom.inputs.documents.blocks import Block, Extract, joined

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_GRAPHIC = "{http://schemas.openxmlformats.org/drawingml/2006/main}graphicData"
_MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_TEXT = {_WORD + n for n in ("del", "moveFrom", "instrText", "delText", "pPr", "rPr")} | {_FALLBACK}
_CHARACTERS = {
    _WORD + "tab": "\t",
    _WORD + "ptab": "\t",
    _WORD + "br": "\n",
    _WORD + "cr": "\n",
    _WORD + "noBreakHyphen": "-",
}
_NOTES = ("footnotes", "endnotes", "comments")


def docx(data: bytes, name: str) -> Extract:
    """The text is the body's paragraphs and table rows, then text boxes, notes, comments, headers and footers."""
    with opened(data, name) as archive:
        word = _Word()
        main = main_part(archive, "word/document.xml")
        folder = posixpath.dirname(main)
        body = xml(archive, main, name)
        extract = joined("text.docx/1", [*word.blocks(body), *_around(archive, folder, name, word)])
    extract.losses += word.losses()
    return extract


class _Word:
    """Walks WordprocessingML; counts what it leaves out."""

    def __init__(self) -> None:
        self.pictures = self.hidden = 0

    def losses(self) -> Iterator[Loss]:
        if self.pictures:
            yield Loss(kind="not_seen", severity="reduced", detail=f"pictures or charts not read: {self.pictures}")
        if self.hidden:
            yield Loss(
                kind="hidden_text", severity="reduced", detail=f"characters that are not shown, left out: {self.hidden}"
            )

    def blocks(self, root: Any) -> Iterator[Block]:
        """Paragraphs and table rows in document order; a text box follows the paragraph that holds it."""
        stack = [root]
        while stack:
            element = stack.pop()
            if element.tag == _WORD + "p":
                yield Block(self.paragraph(element))
                stack += [
                    box for box in reversed(list(element.iter(_WORD + "txbxContent"))) if _outermost(box, element)
                ]
            elif element.tag == _WORD + "tbl":
                yield from self._rows(element)
            elif element.tag not in _NOT_TEXT:
                stack += reversed(element)

    def paragraph(self, paragraph: Any) -> str:
        parts: list[str] = []
        stack = list(reversed(paragraph))
        while stack:
            element = stack.pop()
            tag = element.tag
            if tag == _WORD + "t" or tag == _MATHS + "t":
                parts.append(element.text or "")
            elif tag in _CHARACTERS:
                parts.append(_CHARACTERS[tag])
            elif tag == _GRAPHIC:
                self.pictures += next(element.iter(_WORD + "txbxContent"), None) is None
            elif tag == _WORD + "r" and _vanished(element):
                self.hidden += sum(len(each.text or "") for each in element.iter(_WORD + "t"))
            elif isinstance(tag, str) and tag not in _NOT_TEXT and tag != _WORD + "txbxContent":
                self.pictures += tag in (_WORD + "pict", _WORD + "object")
                stack += reversed(element)
        return "".join(parts)

    def _rows(self, table: Any) -> Iterator[Block]:
        look = table.find(f"{_WORD}tblPr/{_WORD}tblLook")
        titled = look is not None and look.get(_WORD + "firstRow") in ("1", "true", "on")
        header, above = "", []
        for number, row in enumerate(_inside(table, "tr")):
            cells: list[str] = []
            columns: list[str] = []  # of the grid: a cell over several stands in each of them
            for cell in _inside(row, "tc"):
                cells.append(self._cell(cell, above[len(columns)] if len(columns) < len(above) else ""))
                columns += [cells[-1]] * _columns(cell)
            text, above = " | ".join(cells), columns
            yield Block(text, context=header)
            marked = row.find(f"{_WORD}trPr/{_WORD}tblHeader") is not None
            header = text if (number == 0 and (titled or marked)) or (marked and header) else header

    def _cell(self, cell: Any, above: str) -> str:
        merge = cell.find(f"{_WORD}tcPr/{_WORD}vMerge")
        if merge is not None and merge.get(_WORD + "val") != "restart":
            return above
        texts = (self.paragraph(each) for each in cell.iter(_WORD + "p") if not _twice(each, cell))
        return " ".join(" ".join(text.split()) for text in texts if text.strip())


def _vanished(run: Any) -> bool:
    mark = run.find(f"{_WORD}rPr/{_WORD}vanish")
    return mark is not None and mark.get(_WORD + "val") not in ("0", "false", "off")


def _columns(cell: Any) -> int:
    """How many columns of the table's grid a cell spans."""
    span = cell.find(f"{_WORD}tcPr/{_WORD}gridSpan")
    number = span.get(_WORD + "val", "") if span is not None else ""
    return min(max(int(number), 1), 63) if number.isascii() and number.isdecimal() else 1


def _twice(paragraph: Any, cell: Any) -> bool:
    """Whether it is the copy of a text box for programs that do not know the box."""
    for parent in paragraph.iterancestors():
        if parent is cell:
            return False
        if parent.tag == _FALLBACK:
            return True
    return False


def _outermost(box: Any, paragraph: Any) -> bool:
    for parent in box.iterancestors():
        if parent is paragraph:
            return True
        if parent.tag in (_WORD + "txbxContent", _FALLBACK):
            return False
    return True


def _inside(element: Any, name: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, also inside content controls, not those of nested tables."""
    stack = list(reversed(element))
    while stack:
        child = stack.pop()
        if child.tag == _WORD + name:
            yield child
        elif child.tag in (_WORD + "sdt", _WORD + "sdtContent", _WORD + "ins", _WORD + "customXml"):
            stack += reversed(child)


def _around(archive: zipfile.ZipFile, folder: str, name: str, word: _Word) -> Iterator[Block]:
    """Notes, comments, headers and footers; a header that stands in every section is given once."""
    seen: set[str] = set()
    members = sorted(m for m in archive.namelist() if posixpath.dirname(m) == folder)
    for member in members:
        stem = posixpath.basename(member).removesuffix(".xml")
        if stem in _NOTES or stem.rstrip("0123456789") in ("header", "footer"):
            for block in word.blocks(xml(archive, member, name)):
                if block.text.strip() not in seen:
                    seen.add(block.text.strip())
                    yield block
