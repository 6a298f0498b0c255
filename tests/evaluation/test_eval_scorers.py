"""Scorers on hand-made answers, and citations against a real reading."""

import json
from pathlib import Path

import pytest
from small_xquad import MILL

from omniloom.core.locators import Locator
from omniloom.core.parts import Text
from omniloom.core.values import Citation, Claim, Part, Response
from omniloom.engines.scripted import Scripted
from omniloom.evaluation.scorers import (
    absent,
    answer_text,
    at_place,
    exact,
    normalized,
    placed,
    same_said,
    token_f1,
    verbatim,
    words,
)
from omniloom.evaluation.values import Place, Sample
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

SAMPLE = Sample(id="1", question="When?", inputs=("When?",), target=("the year 1888", "1888"))
SOURCE = Part(kind="text", data=b"", name="Mill.txt", id="a" * 64)


def citing(*citations: Citation) -> Response:
    return Response(
        data={"answer": "1888"}, claims=(Claim(at="/answer", text="1888", citations=citations),), sources=(SOURCE,)
    )


def citation(locator: Locator, quote: str, source: str = SOURCE.id) -> Citation:
    return Citation(source=source, locator=locator, quote=quote, url=f"Mill.txt#{locator.fragment}", segment=0)


@pytest.mark.parametrize(
    ("answer", "same", "f1"),
    [
        ("1888", 1.0, 1.0),
        ("The year, 1888!", 1.0, 1.0),
        ("in 1888", 0.0, 2 / 3),
        ("1889", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_texts_are_compared_as_squad_does(answer: str, same: float, f1: float) -> None:
    assert exact(answer, SAMPLE.target) == same and token_f1(answer, SAMPLE.target) == pytest.approx(f1)
    scored = words(SAMPLE, Response(data={"answer": answer}))
    said = float(f1 > 0.5)
    assert scored.values == {"exact": same, "f1": pytest.approx(f1), "right": said} and scored.answer == answer
    assert words(SAMPLE, Response(text=answer)).values == scored.values


def test_normalized() -> None:
    assert normalized(" An  apple, a day: THE Doctor's. ") == "apple day doctors"


def test_who_abstains_gets_nothing() -> None:
    assert words(SAMPLE, Response(data={"answer": "1888"}, abstained=True)).values == {
        "exact": 0.0,
        "f1": 0.0,
        "right": 0.0,
    }


@pytest.mark.parametrize(
    ("answer", "wanted", "same"),
    [
        ("Denver Broncos", "Broncos", True),
        ("Broncos", "the Denver Broncos", True),
        ("function problems can be recast as decision problems", "as decision problems", True),
        ("24-yard line", "24", True),
        ("6.00 RM", "6.00", True),
        ("5 million", "$5 million in cash", True),
        ("Omnicare, Kindred, PharMerica", "Omnicare, Kindred and PharMerica", True),
        ("5 dollars", "€5", False),
        ("Cuba; Argentina", "Cuba", False),
        ("Cuba; Argentina; Total", "Cuba", False),
        ("9-18", "9–18", True),
        ("John Elway", "John Adams", False),
        ("4-12", "12-4", False),
        ("3", "3 million", False),
        ("5 kg", "5%", False),
        ("dogs chase cats", "cats chase dogs", False),
        ("5 million", "6 million", False),
        ("1,500 people in 1990", "1,500 people", False),
        ("not sold", "sold", False),
        ("a piece of old paper with his last statement", "his last statement", True),
        ("a piece of old paper on which he wrote down his last statement", "his last statement", False),
        ("paper", "a piece of old paper that was found", False),
    ],
)
def test_the_same_said_at_more_or_less_length_is_right(answer: str, wanted: str, same: bool) -> None:
    assert same_said(answer, ["something else", wanted]) == same


def test_the_answer_of_data_and_text() -> None:
    assert answer_text(Response(data={"answer": 3, "other": "x"})) == "3"
    assert answer_text(Response(data={"a": ["x", None], "b": {"c": 1.5}})) == "x; 1.5"
    assert answer_text(Response(text=" words ")) == "words" and answer_text(Response()) == ""


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (Response(abstained=True), 1.0),
        (Response(data={"answer": ""}), 1.0),
        (Response(data={"answer": None}), 1.0),
        (Response(data={"answer": "The text does not mention it."}), 1.0),
        (Response(text="The source does not say who built it."), 1.0),
        (Response(data={"answer": "1888"}), 0.0),
        (Response(text="It was built in 1888."), 0.0),
        (Response(), 0.0),
    ],
)
def test_absent(response: Response, told: float) -> None:
    assert absent(SAMPLE, response).values == {"abstained": told}


def test_a_source_that_denies_is_an_answer() -> None:
    said = "No side effects were mentioned."
    assert absent(SAMPLE, Response(text=said)).values["abstained"] == 1.0
    quoted = Claim(at=(0, len(said)), text=said, citations=(citation(Locator(chars=(0, 30)), said),))
    assert absent(SAMPLE, Response(text=said, claims=(quoted,))).values["abstained"] == 0.0


@pytest.mark.parametrize(
    ("locator", "quote", "place", "right"),
    [
        (Locator(chars=(56, 60)), "1888", Place("Mill.txt", "1888"), True),
        (Locator(chars=(30, 60)), "wheel was built in 1888", Place("Mill.txt", "1888"), True),
        (Locator(chars=(56, 60)), "18881", Place("Mill.txt", "1888"), False),
        (Locator(chars=(56, 60)), "1888", Place("Kiln.txt", "1888"), False),
        (Locator(chars=(0, 4)), "none", Place("Mill.txt"), True),
        (Locator(chars=(10, 20)), "", Place("Mill.txt", "", "char=19,30"), True),
        (Locator(chars=(10, 19)), "", Place("Mill.txt", "", "char=19,30"), False),
        (Locator(page=1, box=(0.1, 0.1, 0.2, 0.1)), "", Place("Mill.txt", "", "page=1&xywh=percent:20,15,9,9"), True),
        (Locator(page=2, box=(0.1, 0.1, 0.2, 0.1)), "", Place("Mill.txt", "", "page=1&xywh=percent:20,15,9,9"), False),
        (Locator(page=1, box=(0.1, 0.1, 0.2, 0.1)), "", Place("Mill.txt", "", "page=1&xywh=percent:40,15,9,9"), False),
        (Locator(page=1), "", Place("Mill.txt", "", "page=1&xywh=percent:40,15,9,9"), False),
        (Locator(cells=(2, 1, 4, 3)), "", Place("Mill.txt", "", "cell=4,3"), True),
        (Locator(cells=(2, 1, 4, 3)), "", Place("Mill.txt", "", "cell=5,3"), False),
        (Locator(cells=(2, 1, 4, 3)), "", Place("Mill.txt", "", "cell=4,4"), False),
        (Locator(time=(3.0, 5.0)), "", Place("Mill.txt", "", "t=4.5,9"), True),
        (Locator(time=(3.0, 5.0)), "", Place("Mill.txt", "", "t=5,9"), False),
        (Locator(time=(3.0, 5.0)), "said so", Place("Mill.txt", "said", "t=5,9"), True),
    ],
)
def test_places(locator: Locator, quote: str, place: Place, right: bool) -> None:
    cited = citation(locator, quote)
    assert at_place(cited, place, citing(cited)) is right
    both = Sample(id="1", question="When?", inputs=(), places=(place, Place("Mill.txt", "nowhere")))
    assert placed(both, citing(cited)).values == {"place": 0.5 if right else 0.0}


def test_no_places_are_no_score() -> None:
    assert placed(SAMPLE, citing(citation(Locator(), "1888"))).values == {}


def test_citations_are_checked_against_the_reading(tmp_path: Path) -> None:
    with Model(Scripted([json.dumps({"answer": "Ida Holm"})]), Store(tmp_path)) as model:
        source = Text(MILL.encode(), name="Mill.txt")
        response = model.generate(["Who built the wheel?", source], schema="answer")
        [claim] = response.claims
        [true] = claim.citations
        assert true.quote == "Ida Holm" and verbatim(SAMPLE, response).values == {
            "cited": 1.0,
            "citations_verbatim": 1.0,
        }
        start = true.locator.chars[0] if true.locator.chars else 0
        moved = Locator(chars=(start + 1, start + 9))
        lies = [
            {"quote": "Ida Kolm"},
            {"quote": ""},
            {"locator": moved},
            {"locator": moved, "url": f"Mill.txt#{moved.fragment}"},
            {"url": "Mill.txt#nonsense"},
            {"source": "b" * 64},
        ]
        for change in lies:
            false = claim.model_copy(update={"citations": (true, true.model_copy(update=change))})
            told = response.model_copy(update={"claims": (false,)})
            assert verbatim(SAMPLE, told).values == {"cited": 1.0, "citations_verbatim": 0.5}, change
        elsewhere = response.sources[0].model_copy(update={"path": "x.txt"})
        gone = response.model_copy(update={"sources": (elsewhere,)})
        assert verbatim(SAMPLE, gone).values["citations_verbatim"] == 0.0
    assert verbatim(SAMPLE, Response()).values == {"cited": 0.0}
