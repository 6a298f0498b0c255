"""Letters in pictures and on terminals: those of other scripts are drawn, those that steer a terminal are not sent."""

import io
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from omniloom.core.errors import UnreadableError
from omniloom.core.locators import Locator
from omniloom.core.values import Citation, Claim, Part, Response
from omniloom.rendering import letters
from omniloom.rendering.answer import answer_html
from omniloom.rendering.letters import Face, printable
from omniloom.rendering.paper import MARK, draw_lines, draw_table
from omniloom.rendering.show import show
from omniloom.rendering.terminal import print_answer
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


def marked(png: bytes) -> list[int]:
    """The columns of the picture in which something is on yellow."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return [x for x in range(image.width) if any(image.getpixel((x, y)) == MARK for y in range(0, image.height, 2))]


def test_no_two_letters_look_alike() -> None:
    face = Face(18, "aéßжΩ–")
    shown = face.legible("aéßжΩ–")
    assert len(shown) == 6
    if "?" not in shown:  # a system with no font at all draws the nearest letters
        assert len({bytes(face.font.getmask(letter)) for letter in shown}) == 6


def test_without_a_font_the_nearest_letter_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "_FONTS", ())
    assert Face(18, "Bär – “naïve” ж").legible("Bär – “naïve” ж") == "Bar - “naive” ?"


def test_a_tab_moves_no_mark() -> None:
    plain, tabbed = draw_lines("a b cited", (4, 9), title=""), draw_lines("a\tb\tcited", (4, 9), title="")
    assert marked(plain) == marked(tabbed) != []


def test_no_line_is_cut_off() -> None:
    image = Image.open(io.BytesIO(draw_lines("é" + "W" * 90, (0, 91), title=""))).convert("RGB")
    assert image.getpixel((image.width - 5, 90)) == (255, 255, 255)


def test_a_cited_column_far_to_the_right_is_drawn() -> None:
    rows = [[str(row), *(f"c{column}" for column in range(30))] for row in range(1, 4)]
    assert marked(draw_table(rows, Locator(cells=(2, 29, 2, 29)), title="wide"))


@pytest.mark.parametrize(
    ("name", "locator"),
    [
        ("author_interview.mp3", Locator(time=(1000.0, 1010.0))),
        ("clip.mp4", Locator(time=(100.0, 110.0), box=(0.1, 0.1, 0.5, 0.2))),
        ("figure_1.png", Locator(page=4)),
        ("facts.json", Locator(chars=(900_000, 900_001))),
    ],
)
def test_a_place_beyond_the_end_is_said_to_be_none(name: str, locator: Locator, private_home: Path) -> None:
    with Store() as store:
        part = take_in(as_part(EXAMPLES / name), store)
        with pytest.raises(UnreadableError, match="has no") as caught:
            show(part, locator)
    assert caught.value.hint


def test_the_last_span_of_a_sound_stands_under_its_mark(private_home: Path) -> None:
    """The sound ends at 43 s: what is drawn right of the end is silence, not the last words stretched out."""
    with Store() as store:
        part = take_in(as_part(EXAMPLES / "author_interview.mp3"), store)
        image = Image.open(io.BytesIO(show(part, Locator(time=(40.0, 42.5))))).convert("RGB")
    after = int((43.2 - 30.0) / 22.5 * image.width)
    assert all(image.getpixel((x, 60)) == (255, 255, 255) for x in range(after, image.width))


def test_what_steers_a_terminal_is_not_sent() -> None:
    assert printable("\x1b[31mERROR\x1b[0m") == "ERROR"
    assert printable("a\x1b]0;x\x07\x9b2J\u202eb\tc\r\nd") == "a�]0;x��2J�b\tc\nd"
    hostile = "\x1b[2Jgone"
    citation = Citation(source="s", locator=Locator(page=1), quote=hostile, url="x#page=1", segment=0)
    claim = Claim(at=(0, 5), text=hostile, citations=(citation,), supported=True)
    response = Response(text=hostile, claims=(claim,), sources=(Part(kind="pdf", id="s", name=f"{hostile}.pdf"),))
    out = io.StringIO()
    print_answer(response, Console(file=out), origins={}, with_text=True)
    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("�[2Jgone") == 3


def test_how_a_value_was_made_and_what_stands_nowhere_is_said() -> None:
    query = "SELECT <1>"
    claims = (
        Claim(at=(0, 1), text="7", supported=True, derived=query),
        Claim(at="/due", text="1540", supported=False),
        Claim(at="/paid", text="True", supported=False),
    )
    response = Response(text="7", data={"due": "1540", "paid": True}, claims=claims)
    out = io.StringIO()
    print_answer(response, Console(file=out, width=200), origins={}, with_text=True)
    assert "computed: SELECT <1>" in out.getvalue() and "[?] /due: '1540' stands in no source" in out.getvalue()
    page = answer_html(response, {})
    assert "SELECT &lt;1&gt;" in page and "/due: &#x27;1540&#x27; stands in no source" in page
    assert "paid: " not in out.getvalue() + page


def test_the_page_says_what_was_asked() -> None:
    page = answer_html(Response(text="Nothing."), {}, question="What is <b>it</b>?")
    assert "<h1>What is &lt;b&gt;it&lt;/b&gt;?</h1>" in page
    assert "Where it stands" not in page
