"""What a PDF holds beside the text of its pages: metadata, outline, filled form fields, notes, attachments."""

import ctypes
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from omniloom.core.locators import Box, Locator
from omniloom.core.values import Anchor, Loss, Segment
from omniloom.inputs.layout.textlayer import display_box, to_display

_ENTRIES = 2_000
_LONGEST = 10_000  # characters of one field or note
_BUTTONS = (2, 3)  # check box, radio button
_NOTES = (1, 3, 9, 10, 11, 12)  # text, free text, highlight, underline, squiggly, strike-out


def metadata(document: Any, source: str, page: int) -> Iterator[Segment]:
    """Title, author, subject, keywords and dates as one Segment; `page` is the page it opens at."""
    found = document.get_metadata_dict()
    fields = {name: _clean(found.get(name, "")) for name in ("Title", "Author", "Subject", "Keywords")}
    fields |= {"Created": _day(found.get("CreationDate", "")), "Changed": _day(found.get("ModDate", ""))}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    if lines:
        yield Segment(source=source, locator=Locator(page=page), content="\n".join(lines), made_by="pdf.meta/1")


def outline(document: Any, source: str, pages: set[int]) -> Iterator[Segment]:
    """The outline as one Segment, an anchor with the page for each entry that points to one of `pages`."""
    content = ""
    anchors: list[Anchor] = []
    for entry in islice(document.get_toc(max_depth=8), _ENTRIES):
        goal = entry.get_dest()
        index = goal.get_index() if goal is not None else None
        title = _clean(entry.get_title() or "")
        if not title or index is None or index + 1 not in pages:
            continue
        content += ("\n" if content else "") + "  " * entry.level
        place = Locator(page=index + 1)
        anchors.append(Anchor(start=len(content), end=len(content) + len(title), locator=place))
        content += title
    if anchors:
        first = anchors[0].locator
        yield Segment(source=source, locator=first, content=content, made_by="pdf.meta/1", anchors=tuple(anchors))


def attachments(document: Any, source: str) -> Iterator[Loss]:
    """One Loss that names the files embedded in the PDF, which are not read; and one if the form is XFA."""
    count = document.count_attachments()
    names = [_clean(document.get_attachment(index).get_name()) for index in range(min(count, 20))]
    if count:
        detail = f"{count} embedded files are not read: {', '.join(repr(name) for name in names)}"
        yield Loss(kind="attachments_not_read", severity="reduced", part=source, detail=detail)
    if document.get_formtype() == 2:
        detail = "a dynamic XFA form: only what it shows to viewers without XFA is read"
        yield Loss(kind="form_not_read", severity="lost", part=source, detail=detail)


def fields(document: Any, page: Any, number: int, source: str) -> Iterator[Segment]:
    """Form fields with a value, and notes, of one page, each with its box."""
    import pypdfium2.raw as raw

    width, height = (max(side, 1.0) for side in page.get_size())
    matrix = to_display(page, width, height)
    form = document.formenv
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _ENTRIES)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            text, kind = _field(raw, form, annotation)
            if text:
                place = Locator(page=number, box=_box(raw, annotation, matrix, width, height))
                yield Segment(source=source, locator=place, content=text, made_by=kind)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _field(raw: Any, form: Any, annotation: Any) -> tuple[str, str]:
    """(text, made_by); no text for what is empty, not ticked, hidden, or of another kind."""
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if raw.FPDFAnnot_GetFlags(annotation) & raw.FPDF_ANNOT_FLAG_HIDDEN:
        return "", ""
    if kind in _NOTES:
        return _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"), "pdf.note/1"
    if kind != raw.FPDF_ANNOT_WIDGET or form is None:
        return "", ""
    value = _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    if raw.FPDFAnnot_GetFormFieldType(form, annotation) in _BUTTONS:
        ticked = raw.FPDFAnnot_IsChecked(form, annotation)
        value = (value if value not in ("", "Off", "On", "Yes") else "yes") if ticked else ""
    name = _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    name = name or _string(raw.FPDFAnnot_GetFormFieldName, form, annotation)
    return (f"{name}: {value}" if name else value) if value else "", "pdf.form/1"


def _box(raw: Any, annotation: Any, matrix: tuple[float, ...], width: float, height: float) -> Box | None:
    edges = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(annotation, edges):
        return None
    left, top, right, bottom = display_box(matrix, edges.left, edges.bottom, edges.right, edges.top)
    return left / width, top / height, (right - left) / width, (bottom - top) / height


def _string(read: Callable[..., int], *place: Any) -> str:
    """A UTF-16 string from one of PDFium's functions that first tell how long it is, in bytes."""
    import pypdfium2.raw as raw

    length = read(*place, None, 0)
    if not 2 < length <= 2 * _LONGEST + 2:
        return ""
    buffer = ctypes.create_string_buffer(length)
    read(*place, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), length)
    return _clean(buffer.raw[: length - 2].decode("utf-16-le", "replace"))


def _clean(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _day(stamp: str) -> str:
    """ "D:20240822125427Z" → "2024-08-22"."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?", stamp)
    return "-".join(part for part in found.groups() if part) if found else ""
