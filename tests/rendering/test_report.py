"""The page of a report: whole, still, bounded, the same for the same values, and safe whatever it is given."""

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from omniloom.rendering.report import (
    Bin,
    Cell,
    Cluster,
    Cost,
    Curve,
    Difference,
    Failure,
    Kind,
    Piece,
    Plots,
    Reliability,
    Report,
    Row,
    Run,
    Shown,
    TaskTable,
    page,
)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title></details><iframe src=//evil.example>",
    "a\x00b\x1b[31m\x07",
    "safe\u202etxt.exe\u2066",
    "lone \ud800 surrogate",
    "$\\frac{1}{0}$ & &amp; ]]> <!-- -->",
    "javascript:alert(1)",
]
ALLOWED = set(
    "html head meta title style body a h1 h2 h3 h4 nav ul li main section div table caption thead tbody tr th td p b i "
    "bdi code details summary span dl dt dd pre mark img figure figcaption svg g path defs text use clippath rect "
    "tspan".split()
)
VOID = {"meta", "img"}


class Checked(HTMLParser):
    """Remembers elements and attributes; every element must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def failure(text: str, *, number: int = 0, picture: bytes = b"") -> Failure:
    words = Shown(text, text, pieces=(Piece(text), Piece(text, True)), missing=text, command=text)
    rows = Shown(text, rows=((Piece(""), Piece(text)), (Piece("2"), Piece(text, True))))
    drawn = Shown(text, text, picture=picture)
    return Failure(f"{text}{number}", text, text, text, ((text, text),), text, (words, drawn), (rows,))


def full(text: str, failures: tuple[Failure, ...] | None = None, runs: int = 2) -> Report:
    letters = "ABCDEFGH"[:runs]
    bins = (Bin(0.1, 0.2, 0.3, 0.25, 0.1, 0.4, 20), Bin(0.6, 0.7, 0.9, 0.8, 0.6, 0.9, 20))
    points = ((0.25, 0.1), (0.5, 0.2), (1.0, 0.4))
    kinds = (Kind(text, text, (Cluster((text,), failures or (failure(text),)),)),)
    task = TaskTable(
        name=text,
        runs=tuple(Run(letter, text, ((text, text),), (text,)) for letter in letters),
        rows=(Row(text, (Cell(0.5, 0.1, 40),) * runs, (None, *(Difference(0.1, 0.02, 0.2, 40),) * (runs - 1))),),
        reliability=tuple(Reliability(letter, "", bins) for letter in letters),
        curves=tuple(Curve(letter, text, points, 0.3, 40) for letter in letters),
        costs=tuple(Cost(letter, 100.0, 10.0, 1.5, Cell(0.5, 0.1, 40)) for letter in letters),
        atlas=(("A", 40, kinds),),
    )
    return Report(text, (task,))


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_becomes_an_element_or_an_attribute(text: str) -> None:
    made = page(full(text))
    found = Checked(made)
    assert found.tags <= ALLOWED
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    for name, value in found.attributes:
        if name in ("href", "src"):
            assert value.startswith(("#", "data:image/webp;base64,")), (name, value)
        if name == "style":
            assert "url(" not in value.replace("url(#", "")
    made.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", made)


def test_what_is_given_stands_in_the_page() -> None:
    words = " ".join(Checked(page(full("R&D <5 “x”"))).words)
    assert "R&D <5 “x”" in words
    assert "0.500 ± 0.196" in words
    assert "+0.100 (0.020 to 0.200), n 40" in words
    assert "0.300" in words and "is a score, not a probability" in words


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    made = page(full("x"))
    assert "http" not in made.replace("http-equiv", "")
    assert "default-src 'none'" in made and "<script" not in made
    identities = [value for name, value in Checked(made).attributes if name == "id"]
    assert len(identities) == len(set(identities))


def test_tables_have_captions_and_pictures_words() -> None:
    made = page(full("x", (failure("y", picture=b"webp"),)))
    assert made.count("<table") == made.count("<caption>") > 3
    assert all('alt="' in image for image in re.findall(r"<img[^>]*>", made))
    assert made.count("<svg") == made.count('<svg role="img" aria-label="') == 3
    levels = [int(level) for level in re.findall(r"<h(\d)", made)]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))


def test_the_same_values_give_the_same_bytes() -> None:
    assert page(full("x", runs=5)) == page(full("x", runs=5))


def test_without_matplotlib_the_tables_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawing = Plots()
    made = page(full("x"), drawing)
    assert "omniloom[report]" in drawing.lacking
    assert "<svg" not in made and "No plot is drawn here" in made
    assert "0.250 (0.100 to 0.400)" in made


def test_huge_answers_are_cut_and_said_to_be() -> None:
    made = page(full("&" * 1_000_000))
    assert len(made) < 300_000
    assert "(1,000,000 characters)" in made


def test_many_failures_stay_under_the_bound_and_none_goes_untold() -> None:
    many = tuple(failure("&ü" * 3000, number=number) for number in range(2000))
    made = page(full("x", many))
    assert len(made.encode()) < 20_000_000
    in_full, in_short = made.count("<dl>"), made.count("<p><code>") - made.count("<dl>")
    left_out = int(found[1].replace(",", "")) if (found := re.search(r"([\d,]+) more are in the log", made)) else 0
    assert in_full > 100 and in_short > 100
    assert in_full + in_short + left_out == 2000
