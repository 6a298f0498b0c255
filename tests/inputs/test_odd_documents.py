"""The text reader on files that real programs write: merged cells, copies of boxes, mails in two versions."""

import io
from pathlib import Path

import documents_made as made
import pytest
from test_text import DOCX, read, said, source_of

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def word(body: str) -> bytes:
    """A document with this WordprocessingML as its body."""
    import docx

    file = io.BytesIO()
    docx.Document().save(file)
    xml = f'<w:document xmlns:w="{_W}" xmlns:mc="{_MC}"><w:body>{body}</w:body></w:document>'
    return made.repacked(file.getvalue(), {"word/document.xml": xml.encode()})


def cell(text: str, look: str = "", more: str = "") -> str:
    return f"<w:tc><w:tcPr>{look}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r>{more}</w:p></w:tc>"


def table(*rows: str) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"


def test_a_merged_cell_says_what_stands_above_it_in_the_grid(tmp_path: Path) -> None:
    wide, below = '<w:gridSpan w:val="2"/>', "<w:vMerge/>"
    first = cell("x") + cell("y") + cell("Z", '<w:vMerge w:val="restart"/>')
    body = table(first, cell("A", wide) + cell("", below), cell("p") + cell("q") + cell("", below))
    assert said(read(source_of(tmp_path, word(body), DOCX))[0]) == ["x | y | Z", "A | Z", "p | q | Z"]


def test_a_text_box_in_a_cell_is_read_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    body = table(cell("cell", more=f"<w:r>{both}</w:r>") + cell("other"))
    assert said(read(source_of(tmp_path, word(body), DOCX))[0]) == ["cell boxed | other"]


def test_an_aligning_tab_parts_words(tmp_path: Path) -> None:
    body = "<w:p><w:r><w:t>Left</w:t></w:r><w:r><w:ptab/><w:t>Right</w:t></w:r></w:p>"
    assert said(read(source_of(tmp_path, word(body), DOCX))[0]) == ["Left\tRight"]


def test_a_page_in_utf8_that_calls_itself_utf16(tmp_path: Path) -> None:
    page = "<html><head><meta charset='utf-16'></head><body><p>Grüße</p></body></html>"
    assert said(read(source_of(tmp_path, page, "text/html"))[0]) == ["Grüße"]


def test_text_of_no_size_and_clear_text_are_not_shown(tmp_path: Path) -> None:
    page = (
        "<p>seen <span style='font-size:0px'>gone</span><span style='color:red;opacity: 0'>gone</span>"
        "<span style='opacity:0.5'>half</span> <span style='font-size:0.9em'>small</span></p>"
    )
    segments, losses = read(source_of(tmp_path, page, "text/html"))
    assert said(segments) == ["seen half small"] and [loss.kind for loss in losses] == ["hidden_text"]


def mail(*parts: tuple[str, str], kind: str = "alternative") -> str:
    """A mail of these parts: (media type with parameters, content)."""
    head = f"From: a@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=Y\n\n"
    return head + "".join(f"--Y\nContent-Type: {type_}\n\n{text}\n" for type_, text in parts) + "--Y--\n"


@pytest.mark.parametrize("plain", ["", "Please view this mail in a program that shows HTML."])
def test_a_mail_that_says_it_in_html(tmp_path: Path, plain: str) -> None:
    both = mail(("text/plain", plain), ("text/html", "<p>The contract is worth 42 million.</p>"))
    assert said(read(source_of(tmp_path, both, "message/rfc822"))[0])[2:] == ["The contract is worth 42 million."]


def test_a_mail_that_says_it_twice_is_read_once(tmp_path: Path) -> None:
    page = "<p>We meet at noon.</p><img src=cid:1>"
    related = f"--Z\nContent-Type: text/html\n\n{page}\n--Z\nContent-Type: image/png\nContent-ID: <1>\n\nabc\n--Z--"
    both = mail(("text/plain", "We meet at noon."), ("multipart/related; boundary=Z", related))
    segments, losses = read(source_of(tmp_path, both, "message/rfc822"))
    assert said(segments)[2:] == ["We meet at noon."] and all(s.locator.member is None for s in segments)
    assert [loss.kind for loss in losses] == ["not_seen"]


def test_an_invitation_in_a_mail_is_read(tmp_path: Path) -> None:
    both = mail(("text/plain", "Come."), ("text/html", "<p>Come."), ("text/calendar", "DTSTART:20240101"))
    assert said(read(source_of(tmp_path, both, "message/rfc822"))[0])[-1] == "DTSTART:20240101"


def test_the_charset_of_a_further_part_holds(tmp_path: Path) -> None:
    parts = ("text/plain", "one"), ("text/plain; charset=iso-8859-5\nContent-Transfer-Encoding: 8bit", "@")
    data = mail(*parts, kind="mixed").encode().replace(b"@", "Да, завтра".encode("iso8859-5"))
    assert said(read(source_of(tmp_path, data, "message/rfc822"))[0])[-1] == "Да, завтра"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gb18030", "Budget 2024: 预算为42000元, total ok\n"),
        ("gb18030", "名称,数量\n苹果,1\n香蕉,2\n"),
        ("cp932", "名前,値\n田中,1\n鈴木,2\n"),
        ("cp932", "予算四万円"),
        ("big5", "今天的會議將於三月十五日舉行"),
        ("cp949", "이름,값\n홍길동,1\n이순신,2\n"),
        ("cp1252", "It’s the boss’s “own” idea – don’t ask"),
        ("koi8-r", "Сегодня дата и цена"),
        ("cp1251", "имя,знач\nИван,1\n"),
    ],
)
def test_a_few_labels_in_an_old_encoding(tmp_path: Path, encoding: str, content: str) -> None:
    assert "".join(said(read(source_of(tmp_path, content.encode(encoding), "text/plain"))[0])) == content.strip()
