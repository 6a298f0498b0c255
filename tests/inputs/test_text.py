"""The text reader: what it gives for each format, and what it refuses."""

import io
import time
import zipfile
from pathlib import Path

import documents_made as made
import pytest

from omniloom.core.errors import InputError, PasswordError, TooLargeError, UnreadableError, UnsupportedError
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs import text
from omniloom.isolation import run_isolated

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def source_of(folder: Path, data: bytes | str, media_type: str, name: str = "a file") -> Source:
    path = folder / "content"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Source(id="0" * 64, path=path, name=name, media_type=media_type)


def read(source: Source) -> tuple[list[Segment], list[Loss]]:
    """Read, and check that every Segment stands verbatim where it says."""
    items = list(text.read(source))
    segments = [item for item in items if isinstance(item, Segment)]
    texts = {member: text.extracted_text(source, member) for member in {s.locator.member for s in segments}}
    for segment in segments:
        assert segment.locator.chars is not None
        start, end = segment.locator.chars
        assert texts[segment.locator.member][start:end] == segment.text
        assert 0 < len(segment.text) <= 1500 and segment.text == segment.text.strip()
    return segments, [item for item in items if isinstance(item, Loss)]


def said(segments: list[Segment]) -> list[str]:
    return [segment.text for segment in segments]


def test_plain(tmp_path: Path) -> None:
    content = (
        "\ufeffFirst para.\r\nsecond line.\r\n\r\n\r\nSecond para.\r" + "A sentence of some length, e.g. this. " * 80
    )
    segments, losses = read(source_of(tmp_path, content, "text/plain"))
    assert segments[0].text == "First para.\nsecond line."
    assert segments[1].text.startswith("Second para.\nA sentence")
    assert all(s.text.endswith("this.") and len(s.text) > 400 for s in segments[1:]) and not losses
    assert len(segments) == 4


def test_small_paragraphs_share_a_segment_and_large_ones_do_not(tmp_path: Path) -> None:
    content = "\n\n".join(["short one"] * 3 + ["x" * 1190] + ["short two"] * 2)
    assert [len(t) for t in said(read(source_of(tmp_path, content, "text/plain"))[0])] == [31, 1190, 20]


def test_no_sentence_and_no_space(tmp_path: Path) -> None:
    segments, _ = read(source_of(tmp_path, "字" * 4000, "text/plain"))
    assert "".join(said(segments)) == "字" * 4000


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8-sig", "Grüße"),
        ("utf-16", "Grüße"),
        ("utf-16-le", "Grüße aus Köln, hier ist ASCII genug"),
        ("utf-32", "Grüße"),
        ("cp1252", "Die Größe der Äpfel ist 5 € im Laden."),
        ("latin-1", "L'été dernier, nous avons mangé des crêpes à côté de l'hôtel."),
        ("cp1250", "Zażółć gęślą jaźń. Łódź jest piękna, a Kraków też."),
        ("cp1251", "Съешь же ещё этих мягких французских булок да выпей чаю."),
        ("koi8-r", "Съешь же ещё этих мягких французских булок да выпей чаю."),
        ("cp1253", "Η Αθήνα είναι όμορφη και το λιμάνι κοντά."),
        ("cp1254", "Pijamalı hasta yağız şoföre çabucak güvendi."),
        ("cp1255", "דג סקרן שט בים מאוכזב ולפתע מצא חברה"),
        ("cp1256", "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر"),
        ("cp932", "いろはにほへと ちりぬるを。東京は日本の首都です。"),
        ("euc_jp", "いろはにほへと ちりぬるを。東京は日本の首都です。"),
        ("iso2022_jp", "いろはにほへと ちりぬるを。東京は日本の首都です。"),
        ("gb18030", "北京是中华人民共和国的首都,天地玄黄宇宙洪荒。"),
        ("cp949", "다람쥐 헌 쳇바퀴에 타고파. 서울은 한국의 수도입니다."),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, content: str) -> None:
    assert said(read(source_of(tmp_path, content.encode(encoding), "text/plain"))[0]) == [content]


def test_a_few_bad_bytes_are_a_loss(tmp_path: Path) -> None:
    data = ("Grüße und Öl. " * 50).encode() + b"\xff\xfe"
    segments, losses = read(source_of(tmp_path, data, "text/plain"))
    assert "Grüße" in segments[0].text
    assert [(loss.kind, loss.severity) for loss in losses] == [("encoding", "reduced")]


def test_markdown(tmp_path: Path) -> None:
    content = (
        "# Title\n\npara *one*\nsame para\n\n- item 1\n- item 2\n  continued\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n"
        "```py\ncode\n```\n> quote\n\n[link]: http://example.org/only-here\n"
    )
    segments, losses = read(source_of(tmp_path, content, "text/plain", "notes.md"))
    assert said(segments) == [
        "# Title",
        "para *one*\nsame para",
        "- item 1",
        "- item 2\n  continued",
        "| A | B |",
        "| 1 | 2 |",
        "```py\ncode\n```",
        "> quote",
        "[link]: http://example.org/only-here",
    ]
    assert segments[5].context == "| A | B |" and not losses
    assert text.extracted_text(source_of(tmp_path, content, "text/markdown")) == content


def test_html(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.HTML, "text/html"))
    assert said(segments) == [
        "T & x",
        "Head ing",
        "Para one\nline two €",
        "tail text",
        "one",
        "nested",
        "two",
        "a\n   b",
        "K | V",
        "a | 1",
    ]
    assert segments[-1].context == "K | V"
    assert {(loss.kind, loss.severity) for loss in losses} == {("not_seen", "reduced"), ("hidden_text", "reduced")}


def test_html_says_its_encoding(tmp_path: Path) -> None:
    page = '<html><head><meta http-equiv=Content-Type content="text/html; charset=windows-1251"></head><p>да</p>'
    assert said(read(source_of(tmp_path, page.encode("cp1251"), "text/html"))[0]) == ["да"]


def test_html_that_only_lays_out_with_tables(tmp_path: Path) -> None:
    page = "<table><tr><td><table><tr><td>inner</td><td>row</td></tr></table></td><td><p>side</p></td></tr></table>"
    assert said(read(source_of(tmp_path, page, "text/html"))[0]) == ["inner | row", "side"]


def test_html_nested_without_end_is_reported(tmp_path: Path) -> None:
    _, losses = read(source_of(tmp_path, "<p>start</p>" + "<div>" * 100_000 + "end", "text/html"))
    assert [(loss.kind, loss.severity) for loss in losses] == [("truncated", "lost")]


def test_word(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.word(), DOCX))
    assert said(segments) == [
        "Report on widgets",
        "Throughput doubled to 42 units.",
        "first item",
        "Name | Value",
        "alpha | 1",
        "beta | 2",
        "after the table",
        "shown",
        "Confidential",
    ]
    assert [s.context for s in segments[3:6]] == ["", "Name | Value", "Name | Value"]
    assert [loss.kind for loss in losses] == ["not_seen", "hidden_text"]


def test_word_with_changes_boxes_and_notes(tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    body = (
        f"<w:document {space} {mc}><w:body><w:p><w:r><w:t>kept</w:t></w:r>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del><w:ins><w:r><w:tab/><w:t>inserted</w:t></w:r></w:ins>"
        f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p><w:sdt><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt></w:body></w:document>"
    )
    notes = f"<w:footnotes {space}><w:footnote><w:p><w:r><w:t>a note</w:t></w:r></w:p></w:footnote></w:footnotes>"
    data = made.repacked(made.word(), {"word/document.xml": body.encode(), "word/footnotes.xml": notes.encode()})
    assert said(read(source_of(tmp_path, data, DOCX))[0]) == [
        "kept\tinserted",
        "boxed",
        "controlled",
        "a note",
        "Confidential",
    ]


def test_slides(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.slides(), PPTX))
    assert [(s.locator.page, s.text) for s in segments] == [
        (1, "Title One"),
        (1, "bullet a"),
        (1, "bullet b"),
        (1, "say hello"),
        (2, "Table slide"),
        (2, "Name | Value"),
        (2, "alpha | 1"),
    ]
    assert segments[-1].context == "Name | Value"
    assert [loss.kind for loss in losses] == ["not_seen"] and "slides 2" in losses[0].detail


def test_mail(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.mail(), "message/rfc822"))
    own = [s.text for s in segments if s.locator.member is None]
    assert own == ["Subject: Grüße: Q3", "From: a@example.org", "Hello,\n\nsee the notes."]
    members = {s.locator.member: s.text for s in segments}
    assert members["note.txt"] == "note text" and members["note (2).txt"] == "another"
    assert members["a.docx"] == "Confidential"
    assert members["message.eml/d.txt"] == "deep"
    lost = [loss for loss in losses if loss.severity == "lost"]
    assert len(lost) == 1 and "'b.pdf'" in lost[0].detail


def test_mail_of_html_only(tmp_path: Path) -> None:
    data = b"Subject: s\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>caf\xe9</p>"
    assert said(read(source_of(tmp_path, data, "message/rfc822"))[0])[-1] == "café"


@pytest.mark.parametrize("media_type", sorted(text.MEDIA_TYPES))
@pytest.mark.parametrize("data", [b"", b"   \n ", b"\x00\x01\x02" * 500, b"PK\x03\x04 no archive"])
def test_nothing_and_garbage(tmp_path: Path, media_type: str, data: bytes) -> None:
    try:
        read(source_of(tmp_path, data, media_type))
    except (InputError, UnsupportedError) as error:
        assert "a file" in error.message
    else:
        assert data.startswith(b"PK")  # printable: as plain text it is text


@pytest.mark.parametrize(("make", "media_type"), [(made.word, DOCX), (made.slides, PPTX)])
def test_cut_and_damaged_archives(tmp_path: Path, make, media_type: str) -> None:
    data = make()
    for damaged in (data[: len(data) // 2], data[:30], data[:-1]):
        with pytest.raises(UnreadableError):
            read(source_of(tmp_path, damaged, media_type))
    main = "word/document.xml" if media_type == DOCX else "ppt/presentation.xml"
    with pytest.raises(UnreadableError, match="corrupt"):
        read(source_of(tmp_path, made.repacked(data, {main: b"<w:document"}), media_type))


def test_bombs_are_told_from_their_headers(tmp_path: Path) -> None:
    wide = made.repacked(made.word(), {"word/media/big.bin": b"\0" * (400 << 20)})
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(20_001):
            archive.writestr(str(number), b"")
    started = time.monotonic()
    for data in (wide, many.getvalue()):
        with pytest.raises(TooLargeError, match="bomb"):
            read(source_of(tmp_path, data, DOCX))
    assert time.monotonic() - started < 3


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    lol = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    inside = f'<!DOCTYPE x [<!ENTITY e0 "lol"><!ENTITY f SYSTEM "file:///etc/passwd">{lol}]>'
    body = f'{inside}<w:document xmlns:w="{space}"><w:p><w:r><w:t>a&e11;&f;b</w:t></w:r></w:p></w:document>'
    data = made.repacked(made.word(), {"word/document.xml": body.encode()})
    started = time.monotonic()
    try:
        segments, _ = read(source_of(tmp_path, data, DOCX))
        assert "root:" not in str(segments) and "lollol" not in str(segments)
    except UnreadableError:
        pass
    assert time.monotonic() - started < 3


def test_what_is_refused_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="RTF"):
        read(source_of(tmp_path, b"{\\rtf1 hello}", "application/rtf"))
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)
    with pytest.raises(UnsupportedError, match="before 2007"):
        read(source_of(tmp_path, old, DOCX))
    with pytest.raises(PasswordError):
        read(source_of(tmp_path, old + "EncryptedPackage".encode("utf-16-le"), DOCX))


@pytest.mark.parametrize(
    "data",
    [b"The quick brown fox jumps.\n\n" * 350_000, b"word " * 2_000_000, b"\n" * 10_000_000 + b"a", b"a\n" * 5_000_000],
)
def test_ten_megabytes_take_bounded_time(tmp_path: Path, data: bytes) -> None:
    source = source_of(tmp_path, data, "text/plain")
    started = time.monotonic()
    segments = [item for item in text.read(source) if isinstance(item, Segment)]
    assert segments and max(len(s.text) for s in segments) <= 1500
    assert time.monotonic() - started < 20


def test_extracted_text_from_a_child(tmp_path: Path) -> None:
    source = source_of(tmp_path, made.HTML, "text/html")
    payload = {"source": source.model_dump(mode="json")}
    pieces = run_isolated("omniloom.inputs.text:extract", payload, readable=[source.path])
    assert "".join(piece["text"] for piece in pieces) == text.extracted_text(source)
