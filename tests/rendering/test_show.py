"""Citations as pictures: the place is marked where it is, whatever kind of source it stands in."""

import io
from pathlib import Path

import pytest
from PIL import Image

from omniloom.core.locators import Locator
from omniloom.core.values import Citation, Claim, Part, Response
from omniloom.rendering.answer import answer_html
from omniloom.rendering.paper import MARK
from omniloom.rendering.place import in_words
from omniloom.rendering.show import show
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


def picture(part: Part, locator: Locator, quote: str = "") -> Image.Image:
    return Image.open(io.BytesIO(show(part, locator, quote=quote))).convert("RGB")


def taken(name: str, store: Store) -> Part:
    return take_in(as_part(EXAMPLES / name), store)


@pytest.mark.parametrize("name", ["paper.pdf", "figure_1.png"])
def test_a_box_is_framed_where_it_is(name: str, private_home: Path) -> None:
    with Store() as store:
        part = taken(name, store)
        plain, boxed = picture(part, Locator(page=1)), picture(part, Locator(page=1, box=(0.25, 0.5, 0.5, 0.25)))
    assert plain.size == boxed.size
    width, height = plain.size
    changed = [
        (x / width, y / height)
        for x in range(0, width, 3)
        for y in range(0, height, 3)
        if plain.getpixel((x, y)) != boxed.getpixel((x, y))
    ]
    assert changed
    assert all(0.22 < x < 0.78 and 0.47 < y < 0.78 for x, y in changed)


def test_a_span_of_sound_is_marked(private_home: Path) -> None:
    with Store() as store:
        image = picture(taken("author_interview.mp3", store), Locator(time=(16.8, 22.1)), "Less than we first wrote")
    marked = [x for x in range(image.width) if image.getpixel((x, 3)) == MARK]
    start, end = (16.8 - 6.8) / 25.3, (22.1 - 6.8) / 25.3
    assert marked[0] / image.width == pytest.approx(start, abs=0.01)
    assert marked[-1] / image.width == pytest.approx(end, abs=0.01)


def test_a_frame_a_row_and_a_text_are_drawn(private_home: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The first line.\nThe loom doubled throughput.\n")
    with Store() as store:
        frame = picture(taken("clip.mp4", store), Locator(time=(7.2, 10.0), box=(0.1, 0.1, 0.5, 0.2)))
        rows = picture(taken("results.csv", store), Locator(cells=(13, 3, 13, 3)))
        text = picture(take_in(as_part(note), store), Locator(chars=(16, 44)))
    assert frame.width >= 320
    for image in (rows, text):
        colours = {colour for _, colour in image.getcolors(1 << 20) or []}
        assert MARK in colours


@pytest.mark.parametrize(
    ("locator", "words"),
    [
        (Locator(page=2, box=(0.8, 0.05, 0.1, 0.1)), "page 2, upper right"),
        (Locator(time=(61.5, 68.0)), "1:01.5 to 1:08.0"),
        (Locator(cells=(3, 2, 5, 2)), "rows 3 to 5, column 2"),
        (Locator(), "the whole source"),
    ],
)
def test_places_in_words(locator: Locator, words: str) -> None:
    assert in_words(locator) == words


def test_the_page_has_a_card_a_citation_and_nothing_of_a_source_runs() -> None:
    hostile = "<script>alert(1)</script>"
    citation = Citation(source="s", locator=Locator(page=1), quote=hostile, url="x#page=1", segment=0)
    claim = Claim(at=(0, 5), text=hostile, citations=(citation,), supported=True)
    part = Part(kind="pdf", id="s", name=f"{hostile}.pdf")
    response = Response(text=f"{hostile} [1] and [2].", data={"a": hostile}, claims=(claim,), sources=(part,))
    page = answer_html(response, {("x#page=1", hostile): b"png"})
    assert "<script" not in page
    assert page.count('<section class="card"') == 1
    assert '<a href="#c1">[1]</a>' in page
    assert "[2]." in page
    assert '#c2"' not in page
