"""Every task over the development data: what is wanted gets full marks, what another sample wants next to none."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from omniloom.core.locators import parse_fragment
from omniloom.core.values import Part, Response, Segment
from omniloom.evaluation.tasks import digits, gsm8k, schemas, speech, sroie, tatqa, wtq
from omniloom.evaluation.values import Sample
from omniloom.storage.store import Store

Answer = Callable[[Sample], Response]
_ANSWERS: dict[ModuleType, Answer] = {
    wtq: lambda s: Response(data={"answer": "; ".join(s.metadata["answers"])}),
    tatqa: lambda s: Response(data={"answers": list(s.metadata["answers"]), "scale": s.metadata["scale"]}),
    sroie: lambda s: Response(data=s.metadata["fields"]),
    digits: lambda s: Response(text=s.target[0]),
    speech: lambda s: Response(text=s.target[0]),
    gsm8k: lambda s: Response(text=f"#### {s.target[0]}"),
}
_COUNTS = {wtq: 160, tatqa: 240, sroie: 34, digits: 60, speech: 9, gsm8k: 200, schemas: 240}
_WORTHLESS = {"abstained", "cited", "place", "left_out", "invented", "sure_but_wrong", "WER", "errors", "words"}
_CHANCE = {digits: 0.2, gsm8k: 0.05, wtq: 0.05, tatqa: 0.05, sroie: 0.0, speech: 0.0}


@pytest.fixture(scope="module", params=_COUNTS, ids=lambda task: task.__name__.rpartition(".")[2])
def task(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def samples(task: ModuleType, data: Path) -> list[Sample]:
    return list(task.samples(data))


def scores(task: Any, sample: Sample, response: Response) -> dict[str, float]:
    found: dict[str, float] = {}
    for scorer in task.SCORERS:
        found |= scorer(sample, response).values
    return found


def test_all_samples_load_in_the_same_order(task: Any, samples: list[Sample], data: Path) -> None:
    assert len(samples) == _COUNTS[task]
    assert len({sample.id for sample in samples}) == len(samples)
    assert [sample.id for sample in task.samples(data)] == [sample.id for sample in samples]
    assert all(sample.target and sample.group and sample.inputs[0] for sample in samples)


def test_a_task_is_a_task(task: Any) -> None:
    assert task.FAMILY in ("extract", "words", "compute", "fields", "speech")
    assert task.SCORERS
    assert isinstance(task.METRICS, dict)
    assert len(Path(task.__file__).read_text().splitlines()) <= 150


def test_wanted_answers_get_full_marks(task: Any, samples: list[Sample]) -> None:
    if task is schemas:
        pytest.skip("values of schemas are written by the next test")
    for sample in samples:
        found = scores(task, sample, _ANSWERS[task](sample))
        assert found[task.CORRECT] == 1.0, sample
        for name, value in found.items():
            if name not in _WORTHLESS | {"boxes"}:
                assert value == 1.0, (name, sample)
            elif name != "words":
                assert value == 0.0, (name, sample)


def test_answers_of_other_samples_get_next_to_none(task: Any, samples: list[Sample]) -> None:
    if task is schemas:
        pytest.skip("a value of one schema may be valid under another")
    shifted = [*samples[len(samples) // 3 :], *samples[: len(samples) // 3]]
    pairs = [(one, other) for one, other in zip(samples, shifted, strict=True) if one.group != other.group]
    assert len(pairs) > len(samples) / 2
    right = [scores(task, one, _ANSWERS[task](other))[task.CORRECT] for one, other in pairs]
    assert sum(right) / len(right) <= _CHANCE[task]


@pytest.mark.slow
def test_schemas_are_served_or_refused_by_a_path(data: Path) -> None:
    """Every fourth. Values are written at random by the grammar; for some schemas none comes to an end."""
    unwritten = []
    for sample in list(schemas.samples(data))[::4]:
        response = _filled_in(sample)
        if response is None:
            unwritten.append(sample.id)
            continue
        found = schemas.served(sample, response)
        assert found.values.get("by_path", 1.0) == 1.0, (sample.id, found)
        assert found.values.get("valid", 1.0) == 1.0, (sample.id, found)
    assert len(unwritten) <= 1, unwritten


def _filled_in(sample: Sample) -> Response | None:
    from omniloom.core.errors import SchemaError
    from omniloom.engines.constraints import refusal
    from omniloom.outputs.enforcing.sample import at_random
    from omniloom.outputs.schemas import normalize
    from omniloom.outputs.structured_json import constrain

    try:
        constraint = constrain(normalize(sample.options["schema"]))
    except SchemaError as error:
        return Response(text=error.path, abstained=True)
    assert refusal(constraint) is None
    text = next(filter(None, (at_random(constraint.value, seed) for seed in range(3))), None)
    return None if text is None else Response(data=json.loads(text))


def test_places_of_tables_and_paragraphs_resolve(data: Path, tmp_path: Path) -> None:
    """The quote stands in what the readers make of the place, cell by cell; a header's cells stand in the context."""
    from omniloom.inputs import read_part
    from omniloom.storage.intake import as_part, take_in

    read: dict[bytes | None, tuple[Segment, ...]] = {}
    checked = 0
    with Store(tmp_path / "store") as store:
        for sample in list(tatqa.samples(data))[:60]:
            parts = {part.name: part for part in sample.inputs if isinstance(part, Part)}
            for place in sample.places:
                part = parts[place.source]
                if part.data not in read:
                    taken = take_in(as_part(part), store)
                    read[part.data] = read_part(taken, store, weights=lambda _: {}).segments
                assert _stands(place.quote, place.fragment, read[part.data]), (sample.id, place)
                checked += 1
    assert checked > 50


def _stands(quote: str, fragment: str, segments: tuple[Segment, ...]) -> bool:
    wanted = parse_fragment(fragment)
    if wanted.cells is not None:
        if any(quote in segment.context.removeprefix("columns: ").split(" | ") for segment in segments):
            return True
        return any(
            segment.text[anchor.start : anchor.end].strip() == quote
            for segment in segments
            for anchor in segment.anchors
            if anchor.locator.cells == wanted.cells
        )
    assert wanted.chars is not None
    return quote[:40] in " ".join(s.text for s in segments if s.locator.chars and _meet(s.locator.chars, wanted.chars))


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
