"""What the task `mixed` asks for, and how its answers are scored."""

from typing import Any

import pytest
from bundle_data import made

from omniloom.core.values import Part, Response
from omniloom.evaluation.tasks import mixed
from omniloom.evaluation.values import Sample


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return list(mixed.samples(made(tmp_path_factory.mktemp("mixed") / "data")))


def of(found: list[Sample], kind: str) -> Sample:
    return next(each for each in found if each.metadata["kind"] == kind)


def values(sample: Sample, answer: str | None, **more: Any) -> dict[str, float]:
    return dict(mixed.answered(sample, Response(data={"answer": answer}, **more)).values)


def test_a_question_is_said_first_and_answered_as_json(found: list[Sample]) -> None:
    for sample in found:
        said, *sources = sample.inputs
        assert said == sample.question
        assert all(isinstance(each, Part) and each.is_source for each in sources)
        assert sample.options["schema"] is mixed.SCHEMA
        assert {place.source for place in sample.places} <= {part.name for part in sources if isinstance(part, Part)}


def test_an_answer_is_right_when_it_is_one_of_the_targets(found: list[Sample]) -> None:
    for kind in ("one", "two"):
        sample = of(found, kind)
        right = {"right": 1.0, "exact": 1.0, "f1": 1.0, f"exact_{kind}": 1.0, f"f1_{kind}": 1.0, "refused": 0.0}
        assert values(sample, sample.target[-1]) == right
        assert values(sample, "something else")["right"] == 0
        assert values(sample, None, abstained=True) == {**dict.fromkeys(right, 0.0), "refused": 1.0}


def test_of_what_no_source_answers_only_a_refusal_is_right(found: list[Sample]) -> None:
    sample = of(found, "none")
    assert values(sample, "52") == {"right": 0.0, "recognised": 0.0}
    assert values(sample, None) == {"right": 1.0, "recognised": 1.0}
    told = mixed.answered(sample, Response(text="The sources do not answer this.", abstained=True))
    assert told.values == {"right": 1.0, "recognised": 1.0}
