"""Small documents written by the libraries that people write them with."""

import io
import zipfile
from email.message import EmailMessage
from typing import Any

ROWS = [("Name", "Value"), ("alpha", "1"), ("beta", "2")]
HTML = """<html><head><title>T &amp; x</title><meta charset="utf-8"><script>evil()</script><style>p{}</style></head>
<body><h1>Head <i>ing</i></h1><p>Para one<br>line   two &euro;</p>tail text
<ul><li>one<ul><li>nested</li></ul></li><li>two</li></ul><pre>a
   b</pre><table><thead><tr><th>K</th><th>V</th></tr></thead><tr><td>a</td><td><p>1</p></td></tr></table>
<div style="display:none">secret</div><img src=x alt=pic></body></html>"""


def picture() -> io.BytesIO:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (9, 9)).save(file, "PNG")
    file.seek(0)
    return file


def word() -> bytes:
    import docx

    document: Any = docx.Document()
    document.add_heading("Report on widgets", 0)
    document.add_paragraph("Throughput doubled to 42 units.")
    document.add_paragraph("first item", style="List Bullet")
    table = document.add_table(3, 2)
    for row, values in enumerate(ROWS):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    document.add_paragraph("after the table")
    hidden = document.add_paragraph("shown ").add_run("vanished")
    hidden.font.hidden = True
    document.sections[0].header.paragraphs[0].text = "Confidential"
    document.add_picture(picture())
    return _saved(document)


def slides() -> bytes:
    import pptx

    show: Any = pptx.Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Title One"
    first.placeholders[1].text = "bullet a\nbullet b"
    first.notes_slide.notes_text_frame.text = "say hello"
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.add_picture(picture(), 0, 0)
    table = second.shapes.add_table(2, 2, 0, 0, 1000000, 1000000).table
    for row, values in enumerate(ROWS[:2]):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    second.shapes.title.text = "Table slide"
    return _saved(show)


def mail() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Grüße: Q3"
    message["From"] = "a@example.org"
    message.set_content("Hello,\n\nsee the notes.\n")
    message.add_alternative("<p>Hello <b>html</b></p>", subtype="html")
    message.add_attachment("note text", filename="note.txt")
    message.add_attachment("another", filename="note.txt")
    message.add_attachment(word(), maintype="application", subtype="octet-stream", filename="../../a.docx")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="b.pdf")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner body")
    inner.add_attachment("deep", filename="d.txt")
    message.add_attachment(inner)
    return message.as_bytes()


def repacked(data: bytes, changed: dict[str, bytes]) -> bytes:
    """The same archive with members replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changed:
                new.writestr(name, old.read(name))
        for name, content in changed.items():
            new.writestr(name, content)
    return out.getvalue()


def _saved(document: Any) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()
