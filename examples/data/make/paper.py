"""The paper: two pages, two columns, one table, one chart as a picture; a real text layer."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    FrameBreak,
    Image,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from . import chart, story

INK, SOFT, RULE = HexColor("#1f2933"), HexColor("#52606d"), HexColor("#9aa5b1")
MARGIN, GUTTER, HEAD = 19 * mm, 8 * mm, 62 * mm
COLUMN = (A4[0] - 2 * MARGIN - GUTTER) / 2


def write(target: Path) -> None:
    """Write the PDF; `invariant` leaves out the date and random ids, so the same bytes come out each time."""
    _fonts()
    document = BaseDocTemplate(
        str(target), pagesize=A4, title=story.TITLE, author=story.BYLINE, subject=story.NOTE, invariant=1
    )
    document.addPageTemplates([_template("first", HEAD), _template("later", 0)])
    document.build(list(_flow()))


def _fonts() -> None:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name, file in (("Body", "STIXGeneral"), ("BodyBold", "STIXGeneralBol"), ("BodyItalic", "STIXGeneralItalic")):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    pdfmetrics.registerFontFamily("Body", normal="Body", bold="BodyBold", italic="BodyItalic", boldItalic="BodyBold")


def _template(name: str, head: float) -> PageTemplate:
    bottom, height = 20 * mm, A4[1] - 38 * mm - head
    plain = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    columns = [
        Frame(MARGIN + side * (COLUMN + GUTTER), bottom, COLUMN, height, id=f"{name}{side}", **plain) for side in (0, 1)
    ]
    if head:
        columns.insert(0, Frame(MARGIN, bottom + height, A4[0] - 2 * MARGIN, head, id="head", **plain))
    return PageTemplate(id=name, frames=columns, onPage=_foot)


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont("Body", 8)
    canvas.setFillColor(SOFT)
    canvas.drawString(MARGIN, 11 * mm, story.NOTE)
    canvas.drawRightString(A4[0] - MARGIN, 11 * mm, str(document.page))


def _style(name: str, **changes: Any) -> ParagraphStyle:
    settings: dict[str, Any] = {"fontName": "Body", "fontSize": 11.2, "leading": 14.6, "textColor": INK, **changes}
    return ParagraphStyle(name, **settings)


BODY = {"alignment": TA_JUSTIFY, "spaceAfter": 5, "hyphenationLang": ""}


def _flow() -> Iterator[Any]:
    title = _style("title", fontName="BodyBold", fontSize=19, leading=23, alignment=TA_CENTER, spaceAfter=6)
    yield Paragraph(story.TITLE, title)
    yield Paragraph(story.BYLINE, _style("byline", alignment=TA_CENTER, textColor=SOFT, spaceAfter=10))
    side = {"leftIndent": 16 * mm, "rightIndent": 16 * mm, "alignment": TA_JUSTIFY}
    yield Paragraph("Abstract", _style("abstract-head", fontName="BodyBold", alignment=TA_CENTER, spaceAfter=3))
    yield Paragraph(story.ABSTRACT, _style("abstract", **side))
    yield NextPageTemplate("later")
    yield FrameBreak()
    for name in story.FIRST_PAGE[:-1]:
        yield from _section(name)
    yield FrameBreak()
    yield from _section(story.FIRST_PAGE[-1])
    yield PageBreak()
    yield from _results()
    yield FrameBreak()
    yield from _figure()
    for name in ("5  Limits", "6  Conclusion"):
        yield from _section(name)


def _section(name: str) -> Iterator[Any]:
    yield Paragraph(name, _style("head", fontName="BodyBold", fontSize=11.5, leading=15, spaceBefore=5, spaceAfter=3))
    for text in story.SECTIONS[name]:
        yield Paragraph(text, _style("body", **BODY))


def _results() -> Iterator[Any]:
    yield from _section("4  Results")
    yield Spacer(1, 3 * mm)
    small = _style("caption", fontSize=9, leading=11.5, textColor=SOFT, spaceAfter=4)
    yield Paragraph(story.TABLE_CAPTION, small)
    grid = Table([list(row) for row in story.TABLE], colWidths=[COLUMN * share for share in (0.58, 0.21, 0.21)])
    grid.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "Body", 9.4),
                ("FONT", (0, 0), (-1, 0), "BodyBold", 9.4),
                ("TEXTCOLOR", (0, 0), (-1, -1), INK),
                ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.9, INK),
                ("LINEBELOW", (0, 0), (-1, 0), 0.5, RULE),
                ("LINEBELOW", (0, -1), (-1, -1), 0.9, INK),
                ("TOPPADDING", (0, 0), (-1, -1), 3.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3.2),
                ("LEFTPADDING", (0, 0), (0, -1), 2),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 2),
            ]
        )
    )
    yield grid


def _figure() -> Iterator[Any]:
    picture = BytesIO(chart.draw(annotated=False, dpi=150))
    yield Image(picture, width=COLUMN, height=COLUMN * 4.2 / 7.2)
    yield Spacer(1, 1.5 * mm)
    yield Paragraph(story.FIGURE_CAPTION, _style("caption", fontSize=9, leading=11.5, textColor=SOFT, spaceAfter=8))
