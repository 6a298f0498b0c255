"""Grounding: what a claim needs, what supports it, and what does not."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.core.locators import Locator
from omniloom.core.values import Part, Segment
from omniloom.reasoning.claims import MARK, ClaimWriter
from omniloom.reasoning.evidence import as_written, find_value
from omniloom.reasoning.ground import Passages, ground, plainly, pointers, without_pointers
from omniloom.reasoning.numerals import number_key
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import tokens

PAPER, TALK, TABLE = "a" * 64, "b" * 64, "c" * 64
NAMES = {PAPER: "paper.pdf", TALK: "interview.mp3", TABLE: "results.csv"}
PARTS = tuple(
    Part(kind=kind, id=digest, name=NAMES[digest], path="/none")
    for digest, kind in ((PAPER, "pdf"), (TALK, "audio"), (TABLE, "table"))
)


def passages() -> Passages:
    return Passages(
        (
            Segment(
                source=PAPER,
                content="Throughput doubled from 410 to 820 jobs per second. The trial ran six weeks in Lisbon.",
                locator=Locator(page=1),
                made_by="test",
            ),
            Segment(
                source=TALK, content="We ran it for four weeks.", locator=Locator(time=(61.5, 64.0)), made_by="test"
            ),
            Segment(
                source=TABLE,
                content="row 2: FIFO | 410\nrow 3: loom | 820",
                context="scheduler | jobs",
                locator=Locator(cells=(2, 1, 3, 2)),
                made_by="test",
            ),
        ),
        NAMES,
    )


@pytest.mark.parametrize(
    ("claim", "places"),
    [
        ("Throughput doubled from 410 to 820 jobs per second [1].", [0]),
        ("Throughput doubled from 410 to 820 jobs per second [2].", [0]),
        # The table holds both numbers, but in two rows: a model that points at it as well adds no second place.
        ("Throughput doubled from 410 to 820 jobs per second [3].", [0]),
        ("The loom ran 820 [3].", [2]),
        ("It ran for 4 weeks [1].", [1]),
        ("The trial ran for 6 weeks [2].", [0]),
        ("The trial ran in Lisbon for six weeks.", [0]),
    ],
)
def test_a_claim_is_found_where_it_stands_whatever_the_model_points_at(claim: str, places: list[int]) -> None:
    found = ground(claim, pointers(claim), passages())
    assert found.supported
    assert sorted({quote.index for quote in found.quotes}) == places


@pytest.mark.parametrize(
    "claim",
    [
        "Throughput rose to 830 jobs per second [1].",
        "The trial ran six weeks in Madrid [1].",
        "The scheduler costs 99 dollars.",
        "The bar is blue.",
        "410",
        "[1]",
        "",
    ],
)
def test_a_number_or_name_that_stands_nowhere_is_not_supported(claim: str) -> None:
    assert not ground(claim, pointers(claim), passages()).supported


def test_quotes_are_verbatim_and_cover_the_numbers() -> None:
    writer = ClaimWriter(passages(), PARTS)
    text = "".join([*writer.feed("Throughput doubled from 410 to 820 jobs per second [2]. "), *writer.finish()])
    assert text == "Throughput doubled from 410 to 820 jobs per second [1]. "
    (claim,) = writer.claims
    (citation,) = claim.citations
    assert citation.quote in passages().segments[citation.segment].text
    assert {"410", "820"} <= {word.key for word in tokens(citation.quote)}
    assert citation.url == "paper.pdf#page=1"


def test_the_same_under_another_heading_is_said_again() -> None:
    writer = ClaimWriter(passages(), PARTS)
    said = "We ran it for four weeks.\n"
    text = "".join([*writer.feed(f"## Plan A\n{said}{said}\n## Plan B\n{said}"), *writer.finish()])
    assert text.count("four weeks") == 2 and text.index("Plan B") < text.rindex("four weeks")


def test_a_number_in_brackets_within_a_sentence_is_no_pointer() -> None:
    assert plainly("It ran for [7] weeks.", passages()) == "It ran for [7] weeks."
    assert plainly("It ran for four weeks. [7] [1]", passages()) == "It ran for four weeks."


def test_the_claim_is_the_span_of_the_text_it_says() -> None:
    writer = ClaimWriter(passages(), PARTS)
    answer = (
        "- Throughput doubled from 410 to 820 jobs per second [1].\n- It costs 99 dollars [2].\nIt ran four weeks [2]"
    )
    for position in range(0, len(answer), 7):
        list(writer.feed(answer[position : position + 7]))
    list(writer.finish())
    spans = [writer.text[claim.at[0] : claim.at[1]] for claim in writer.claims if isinstance(claim.at, tuple)]
    assert [span.startswith(claim.text[:10]) for span, claim in zip(spans, writer.claims, strict=True)] == [True] * 3
    assert [claim.supported for claim in writer.claims] == [True, False, True]
    assert MARK in spans[1]


def test_unsupported_claims_can_be_dropped() -> None:
    writer = ClaimWriter(passages(), PARTS, "drop")
    text = "".join([*writer.feed("The price is 99 dollars. It ran four weeks."), *writer.finish()])
    assert "99" not in text
    assert "four weeks" in text


@given(st.text(max_size=300), st.integers(1, 12))
def test_streaming_in_any_pieces_gives_the_same_text(text: str, size: int) -> None:
    whole, pieces = ClaimWriter(passages(), PARTS), ClaimWriter(passages(), PARTS)
    expected = "".join([*whole.feed(text), *whole.finish()])
    streamed = [piece for start in range(0, len(text), size) for piece in pieces.feed(text[start : start + size])]
    assert "".join([*streamed, *pieces.finish()]) == pieces.text
    assert [claim.text for claim in pieces.claims] == [claim.text for claim in whole.claims]
    assert pieces.text == expected


MARKS = '. ! ? 。 ！ … ... [ ] [1] [2, 3] 1 12 a A Yes No Dr U ( ) " ” * ** - # : ` » x[0] 1. 2.'
PIECES = [
    *MARKS.split(" "),
    " ",
    "\n",
    "\r\n",
    "\u00a0",
    "Lisbon",
    "试验",
    "⟨A: a.txt⟩",
    "820 jobs",
    "It is not mentioned",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=20).map("".join), st.integers(1, 5), st.sampled_from(["mark", "drop"])
)
def test_marks_of_all_kinds_are_cut_alike_in_any_pieces(text: str, size: int, unsupported: Any) -> None:
    whole, pieces = ClaimWriter(passages(), PARTS, unsupported), ClaimWriter(passages(), PARTS, unsupported)
    list(whole.feed(text)), list(whole.finish())
    for start in range(0, len(text), size):
        list(pieces.feed(text[start : start + size]))
    list(pieces.finish())
    assert (pieces.text, pieces.claims) == (whole.text, whole.claims)
    spans = [whole.text[claim.at[0] : claim.at[1]] for claim in whole.claims if isinstance(claim.at, tuple)]
    assert all(
        span.strip() == span and bool(claim.citations) != (MARK in span)
        for span, claim in zip(spans, whole.claims, strict=True)
    )


@pytest.mark.parametrize("loop", ["...", "word ", "\n", "[1] ", "passage not "])
def test_a_model_that_repeats_itself_is_read_to_its_end(loop: str) -> None:
    writer = ClaimWriter(passages(), PARTS)
    pieces = [piece for _ in range(2000) for piece in writer.feed(loop)]
    assert "".join([*pieces, *writer.finish()]) == writer.text


@given(st.text(max_size=400))
def test_sentences_cover_all_that_is_not_white_space(text: str) -> None:
    spans = sentences(text)
    assert all(a < b for a, b in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
    assert "".join(text[a:b] for a, b in spans).split() == text.split() or "".join(
        "".join(text[a:b].split()) for a, b in spans
    ) == "".join(text.split())


@pytest.mark.parametrize(
    ("raw", "key"), [("1,024", "1024"), ("1024.0", "1024"), ("9.60", "9.6"), ("1.234.567,8", "1234567.8"), ("007", "7")]
)
def test_numbers_are_compared_by_value(raw: str, key: str) -> None:
    assert number_key(raw) == key


def test_number_words_are_numbers() -> None:
    assert [word.key for word in tokens("twenty-five looms and eighteen jobs") if word.kind == "number"] == ["25", "18"]


def test_pointers_are_read_and_taken_out() -> None:
    assert pointers("so [3], and [4, 5] or [7-9]") == [3, 4, 5, 7, 8, 9]
    assert without_pointers("It fell [3]. And rose [4, 5] again [x].") == "It fell. And rose again [x]."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("e.g. 820 jobs. It ran.", ["e.g. 820 jobs.", "It ran."]),
        ("Mr. X ran 410 jobs. Dr. Y did not.", ["Mr. X ran 410 jobs.", "Dr. Y did not."]),
        ("See Fig. 3 and No. 4. No. It is not.", ["See Fig. 3 and No. 4.", "No.", "It is not."]),
        ("Das ist z. B. so. Nr. 5 lief.", ["Das ist z. B. so.", "Nr. 5 lief."]),
        ("One vs.\ntwo.", ["One vs.", "two."]),
    ],
)
def test_abbreviations_end_no_sentence(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


def test_the_sign_of_a_number_counts() -> None:
    def found(value: object, text: str) -> list[str]:
        shown = Passages((Segment(source="t", content=text, made_by="text/1"),), {"t": "t.txt"})
        evidence = find_value("/change", value, shown)
        return [text[quote.start : quote.end] for quote in evidence.quotes]

    assert found(-5, "It changed by -5 points.") == ["-5"]
    assert found(-5, "It changed by 5 points.") == [] and found(5, "It changed by -5 points.") == []
    assert found(-412.5, "Loss for the year | (412.5) | (380)") == ["412.5"]
    assert found(5, "Pages 3-5 of 2018-04-05.") == ["5"]
    assert [word.key for word in tokens("-$4 and −9 in 2018-03")] == ["-4", "dollar", "-9", "2018", "3"]


def test_a_digit_in_the_name_of_a_column_is_no_number() -> None:
    assert [(word.key, word.kind) for word in tokens("top_5_share")][1] == ("5", "word")


def test_a_long_value_is_written_as_its_source_writes_it() -> None:
    text = "Tesla installed electrical arc light based illumination systems, and had designs for machines."
    shown = Passages((Segment(source="t", content=text, made_by="text/1"),), {"t": "tesla.txt"})
    value = "install electrical arc light based illumination systems"
    assert as_written(value, find_value("/what", value, shown), shown) == value.replace("install", "installed")
    short = "electrical arcs light"
    assert as_written(short, find_value("/what", short, shown), shown) is None
    other = "installed gas light based illumination in several towns"
    assert as_written(other, find_value("/what", other, shown), shown) is None


def test_a_leaf_is_found_as_written_by_number_or_as_a_window_of_words() -> None:
    shown = passages()
    assert find_value("/jobs_per_second", 820, shown).quotes[0].index in (0, 2)
    assert find_value("/city", "lisbon", shown).quotes[0].index == 0
    assert find_value("/said", "ran it four weeks", shown).quotes[0].index == 1
    assert find_value("/price", 99, shown).quotes == ()
    assert find_value("/ok", True, shown).quotes == ()


@pytest.mark.parametrize(
    ("source", "same", "denied"),
    [
        ("The bridge opened in 1999.", "The bridge opened in 1999.", "The bridge did not open in 1999."),
        ("The bridge opened in 1999.", "It opened in 1999.", "The bridge never opened in 1999."),
        ("Die Brücke ist aus Stahl.", "Die Brücke ist aus Stahl.", "Die Brücke ist nicht aus Stahl."),
        ("El puente abre en mayo.", "El puente abre en mayo.", "El puente no abre en mayo."),
        ("Le pont ouvre en mai.", "Le pont ouvre en mai.", "Le pont n'ouvre pas en mai."),
        ("The bridge is not open.", "The bridge is not open.", ""),
        ("Pets cannot stay; no dogs, not even small ones.", "Dogs are not among pets that stay.", ""),
    ],
)
def test_a_claim_that_only_adds_a_denial_is_not_supported(source: str, same: str, denied: str) -> None:
    held = Passages((Segment(source=PAPER, content=source, made_by="test"),), NAMES)
    assert ground(same, [1], held).supported
    assert not ground(denied, [1], held).supported
