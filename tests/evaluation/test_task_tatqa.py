"""TAT-QA: numbers with their scale, spans, and where they stand."""

import json
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.locators import parse_fragment
from omniloom.core.values import Response
from omniloom.evaluation.tasks import tatqa
from omniloom.evaluation.values import Sample


def sample(answers: list[str], scale: str = "none", kind: str = "span") -> Sample:
    return Sample("1", "?", ("?",), ("t",), metadata={"answers": tuple(answers), "scale": scale, "type": kind})


def score(wanted: Sample, answers: list[str], scale: str = "none") -> dict[str, float]:
    return dict(tatqa.compared(wanted, Response(data={"answers": answers, "scale": scale})).values)


@pytest.mark.parametrize(
    ("wanted", "answers", "scale"),
    [
        (sample(["6,868"], "thousand"), ["6868"], "thousand"),
        (sample(["6,860"], "thousand"), ["$6.86"], "million"),
        (sample(["(1,168)"], "thousand"), ["-1168"], "thousand"),
        (sample(["41.67"], "percent", "arithmetic"), ["41.67%"], "none"),
        (sample(["41.67"], "percent", "arithmetic"), ["41.67"], "percent"),
        (sample(["23.42"], "percent", "arithmetic"), ["0.2342"], "none"),
        (sample(["2"], kind="count"), ["2.0"], "none"),
        (sample(["2019", "2018"], kind="multi-span"), ["2018", "2019"], "none"),
        (sample(["$0.3 million"]), ["300,000"], "none"),
        (sample(["the net loss."]), ["Net loss"], "none"),
    ],
)
def test_right(wanted: Sample, answers: list[str], scale: str) -> None:
    assert score(wanted, answers, scale)["exact"] == 1.0
    assert score(wanted, answers, scale)["f1"] == 1.0


@pytest.mark.parametrize(
    ("wanted", "answers", "scale", "f1"),
    [
        (sample(["6,868"], "thousand"), ["6,868"], "million", 0.0),  # the scale counts
        (sample(["6,868"], "thousand"), ["6,868"], "none", 0.0),
        (sample(["4163"], "thousand", "arithmetic"), ["-4163"], "thousand", 0.0),
        (sample(["2019", "2018"], kind="multi-span"), ["2019"], "none", 2 / 3),
        (sample(["approximately 16 years"]), ["16 years"], "none", 4 / 5),
        (sample(["5"], kind="count"), ["6"], "none", 0.0),
        (sample(["net loss"]), [], "none", 0.0),
        (sample(["net loss"]), [""], "none", 0.0),
    ],
)
def test_wrong_or_nearly_right(wanted: Sample, answers: list[str], scale: str, f1: float) -> None:
    found = score(wanted, answers, scale)
    assert found["exact"] == 0.0
    assert found["f1"] == pytest.approx(f1)


def test_a_sum_that_is_nearly_right_gets_nothing() -> None:
    assert score(sample(["12 13"], kind="arithmetic"), ["12"])["f1"] == 0.0


def test_the_scale_alone() -> None:
    assert score(sample(["5"], "million"), ["6"], "million")["scale"] == 1.0
    assert score(sample(["5"], "million"), ["5"], "percent")["scale"] == 0.0


@pytest.mark.parametrize(("said", "exact"), [("$1,234", 1.0), ("1234 thousand", 0.0), ("1,235", 0.0)])
def test_who_was_not_asked_for_a_scale_is_not_judged_by_it(said: str, exact: float) -> None:
    wanted = sample(["1,234"], "million", "arithmetic")
    values = tatqa.compared(wanted, Response(data={"answer": said})).values
    assert (values["exact"], values["arithmetic"]) == (exact, exact)


def test_no_answer() -> None:
    found = tatqa.compared(sample(["5"]), Response(data={"answers": ["5"], "scale": "none"}, abstained=True))
    assert found.values == {"exact": 0.0, "f1": 0.0, "scale": 0.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("(1,234)", -1234.0), ("$(168)", -168.0), ("$ 2,620", 2620.0), ("34%", 0.34), ("-228.75", -228.75)),
        *(("$0.3 million", 300_000.0), ("3 percent", 0.03), ("5 years", None), ("n/a", None), ("", None)),
        ("a total of 866.6 RSUs", None),
    ],
)
def test_figures(text: str, value: float | None) -> None:
    assert tatqa.figure(text) == value


def page(**question: Any) -> list[dict[str, Any]]:
    asked = {"uid": "q", "question": "?", "scale": "", "rel_paragraphs": [], "answer_from": "table"} | question
    return [
        {
            "table": {"uid": "t", "table": [["", "2019", "2018"], ["Sales", "7", "8"], ["Costs", "7", "9"]]},
            "paragraphs": [{"order": 1, "text": "Sales, in millions."}, {"order": 2, "text": "They rose by a ninth."}],
            "questions": [asked],
        }
    ]


def one(tmp_path: Path, **question: Any) -> Sample:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/tatqa.json").write_text(json.dumps(page(**question)))
    [found] = tatqa.samples(tmp_path)
    return found


def test_a_span_of_one_cell_has_a_place(tmp_path: Path) -> None:
    found = one(tmp_path, answer=["8"], answer_type="span")
    [place] = found.places
    assert (place.source, place.quote, parse_fragment(place.fragment).cells) == ("table.csv", "8", (2, 3, 2, 3))
    assert found.group == "t"
    assert found.inputs[1].data.decode().splitlines()[1] == "Sales,7,8"  # type: ignore[union-attr]


def test_a_span_of_two_cells_has_none(tmp_path: Path) -> None:
    assert one(tmp_path, answer=["7"], answer_type="span").places == ()


def test_related_paragraphs_are_places(tmp_path: Path) -> None:
    found = one(tmp_path, answer=["a ninth"], answer_type="span", answer_from="text", rel_paragraphs=["2"])
    [place] = found.places
    start, end = parse_fragment(place.fragment).chars  # type: ignore[misc]
    text = found.inputs[2].data.decode()  # type: ignore[union-attr]
    assert text[start:end] == "They rose by a ninth."
    assert place.quote == "a ninth"


def test_a_sum_knows_its_scale(tmp_path: Path) -> None:
    found = one(tmp_path, answer=-2, answer_type="arithmetic", scale="million")
    assert found.target == ("-2 (million)",)
    assert found.metadata["answers"] == ("-2",)
