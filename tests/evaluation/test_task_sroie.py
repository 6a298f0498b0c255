"""Receipts: four fields, and the boxes they stand in."""

import json
from pathlib import Path

import pytest
from PIL import Image

from omniloom.core.errors import UsageError
from omniloom.core.locators import Locator, parse_fragment
from omniloom.core.values import Citation, Claim, Response
from omniloom.evaluation.boxes import around, overlap, place_of
from omniloom.evaluation.tasks import sroie
from omniloom.evaluation.values import Sample

FIELDS = {
    "company": "THREE STOOGES",
    "date": "12/03/2018",
    "address": "109, SS21/1A, DAMANSARA UTAMA",
    "total": "343.95",
}
LINES = [
    "20,10,180,10,180,30,20,30,THREE STOOGES",
    "20,40,180,40,180,60,20,60,109, SS21/1A,",
    "20,60,180,60,180,80,20,80,DAMANSARA UTAMA",
    "20,90,120,90,120,110,20,110,12/03/2018",
    "20,180,60,180,60,190,20,190,343.95",
    "not a line",
]


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    folder = tmp_path / "images/sroie"
    folder.mkdir(parents=True)
    Image.new("RGB", (200, 200), "white").save(folder / "040.jpg")
    (folder / "040.boxes.csv").write_text("\n".join(LINES))
    record = {"id": "040", "image": "040.jpg", "fields": FIELDS}
    (tmp_path / "images/sroie.jsonl").write_text(json.dumps(record))
    [found] = sroie.samples(tmp_path)
    return found


def claim(field: str, *boxes: tuple[float, float, float, float]) -> Claim:
    locators = [Locator(box=box) for box in boxes]
    cited = tuple(Citation(source="s", locator=each, quote="q", url="u", segment=1) for each in locators)
    return Claim(at=f"/{field}", text="", citations=cited)


def test_the_places_are_the_labelled_boxes(sample: Sample) -> None:
    boxes = {place.quote: parse_fragment(place.fragment).box for place in sample.places}
    assert boxes[FIELDS["company"]] == (0.1, 0.05, 0.8, 0.1)
    assert boxes[FIELDS["address"]] == (0.1, 0.2, 0.8, 0.2)  # two lines
    assert boxes[FIELDS["total"]] == (0.1, 0.9, 0.2, 0.05)
    assert {place.source for place in sample.places} == {"040.jpg"}


def test_all_fields_right(sample: Sample) -> None:
    found = sroie.fields(sample, Response(data=FIELDS | {"company": "Three Stooges."})).values
    assert found == dict.fromkeys([*FIELDS, "fields", "all", "exact"], 1.0)


def test_one_field_wrong_and_one_nearly_right(sample: Sample) -> None:
    given = FIELDS | {"total": "343.94", "address": "109, SS21/1A, DAMANSARA UTAMA, PJ"}
    found = sroie.fields(sample, Response(data=given))
    assert (found.values["total"], found.values["address"]) == (0.0, 1.0)
    assert (found.values["fields"], found.values["all"], found.values["exact"]) == (0.75, 0.0, 0.5)
    assert "343.95" in found.explanation


@pytest.mark.parametrize("data", [None, {}, dict.fromkeys(FIELDS), dict.fromkeys(FIELDS, "")])
def test_no_fields(sample: Sample, data: dict[str, str] | None) -> None:
    assert set(sroie.fields(sample, Response(data=data)).values.values()) == {0.0}
    assert sroie.boxes(sample, Response(data=data)).values == {}


def test_who_abstains_gets_nothing(sample: Sample) -> None:
    assert sroie.fields(sample, Response(data=FIELDS, abstained=True)).values["fields"] == 0.0


def test_boxes_of_right_fields_only(sample: Sample) -> None:
    claims = (
        claim("company", (0.1, 0.05, 0.8, 0.1)),
        claim("date", (0.1, 0.9, 0.2, 0.05)),  # elsewhere
        claim("address", (0.1, 0.2, 0.8, 0.1), (0.1, 0.3, 0.8, 0.1)),  # two citations, one line each
    )
    given = FIELDS | {"total": "1.00"}
    found = sroie.boxes(sample, Response(data=given, claims=claims))
    assert found.values == {"boxes": pytest.approx(2 / 3)}
    assert found.explanation == "elsewhere: date"


def test_a_right_field_without_citation_is_not_at_its_place(sample: Sample) -> None:
    assert sroie.boxes(sample, Response(data=FIELDS)).values == {"boxes": 0.0}


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 1, 1), (0, 0, 1, 1)) == 1.0
    assert overlap((0, 0, 1, 1), (0.5, 0, 1.5, 1)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0.0
    assert around([(0.2, 0.3, 0.4, 0.5), (0.1, 0.4, 0.3, 0.9)]) == (0.1, 0.3, 0.4, 0.9)
    assert around([]) is None


def test_a_value_that_stands_nowhere_has_no_box() -> None:
    assert place_of("RESTORAN WAN SHENG", [("THREE STOOGES", (0, 0, 1, 1))]) is None


def test_a_missing_picture_is_a_misuse(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images/sroie.jsonl").write_text(json.dumps({"id": "1", "image": "1.jpg", "fields": FIELDS}))
    with pytest.raises(UsageError, match=r"1\.jpg"):
        next(sroie.samples(tmp_path))
