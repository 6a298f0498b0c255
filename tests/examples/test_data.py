"""The example data says what its list of facts says, and the demo's file obeys the law of examples."""

import json
from pathlib import Path

import pytest

from omniloom.catalog import ensure
from omniloom.core.parts import Audio, Video
from omniloom.core.values import Segment
from omniloom.inputs import read_part
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DATA = EXAMPLES / "data"
FACTS = json.loads((DATA / "facts.json").read_text())


@pytest.fixture(scope="module")
def readings(home: Path) -> dict[str, tuple[Segment, ...]]:
    """As the examples read them, and from the same store."""
    found = {}
    heard = {"author_interview.mp3": Audio, "clip.mp4": Video}
    with Store(home) as store:
        for name in ("paper.pdf", "figure_1.png", "author_interview.mp3", "results.csv", "clip.mp4"):
            given = heard[name](DATA / name, language="en") if name in heard else as_part(DATA / name)
            part = take_in(given, store)
            found[name] = read_part(part, store, weights=lambda weights: ensure(weights).paths).segments
    return found


@pytest.mark.weights
@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["fact"])
def test_a_fact_stands_where_it_is_said_to(fact: dict, readings: dict[str, tuple[Segment, ...]]) -> None:
    for place in fact["places"]:
        numbers = [word.strip(".,%") for word in place["words"].split() if word[0].isdigit()]
        holders = [s for s in readings[place["file"]] if all(number in s.text for number in numbers)]
        assert holders, f"{place} is read nowhere"
        if "page" in place:
            assert any(segment.locator.page == place["page"] for segment in holders)
        if "time" in place:
            start, end = place["time"]
            times = [segment.locator.time for segment in holders if segment.locator.time]
            assert any(first < end + 0.5 and last > start - 0.5 for first, last in times)


@pytest.mark.weights
def test_what_stands_in_one_source_only(readings: dict[str, tuple[Segment, ...]]) -> None:
    texts = {name: " ".join(segment.text for segment in segments) for name, segments in readings.items()}
    assert [name for name, text in texts.items() if "3.1" in text] == ["figure_1.png"]
    assert [name for name, text in texts.items() if "4 seconds" in text] == ["clip.mp4"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_examples_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40
