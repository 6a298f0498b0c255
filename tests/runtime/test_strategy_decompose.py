"""`strategy="decompose"`: each part of a question is answered over the sources, and cited; none is left out unsaid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import ContextError, UsageError
from omniloom.core.events import Event
from omniloom.core.values import Request
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

BOTH = "Who opened the bridge in 1931, and who ran the mill until 1888?"
SCHEMA = {
    "type": "object",
    "properties": {"opened": {"type": "string"}, "ran": {"type": "string"}},
    "required": ["opened", "ran"],
}


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


def text_of(request: Request) -> str:
    return "\n".join(message.text for message in request.messages)


def from_one(request: Request) -> str:
    """Answers the one question that it is asked from the one source that it is shown."""
    text = text_of(request)
    assert ("Ida Holm" in text) != ("Anna Marbury" in text), "each part is shown its own source"
    return "Ida Holm opened the bridge [1]." if "Ida Holm" in text else "Anna Marbury ran the mill [2]."


def notes(model: Any, response: Any) -> list[dict[str, Any]]:
    trace = model.store.journal.trace(response.trace_id)
    return [span.attributes for span in trace.spans if span.name == "decompose"]


def test_each_part_is_answered_from_its_source_and_cited(models: Any, files: list[Path]) -> None:
    model = models(from_one)
    events = list(model.stream([BOTH, *files], strategy="decompose"))
    response = events[-1].response
    assert response.text == "Ida Holm opened the bridge [1].\nAnna Marbury ran the mill [2]."
    assert [claim.citations[0].url.split("#")[0] for claim in response.claims] == ["bridge.txt", "mill.txt"]
    assert all(claim.supported and response.text[slice(*claim.at)] for claim in response.claims)
    assert "".join(event.text for event in events if type(event).__name__ == "TextDelta") == response.text
    parts = ["Who opened the bridge in 1931?", "Who ran the mill until 1888?"]
    assert notes(model, response) == [{"questions": parts}]
    assert not response.abstained


def test_a_part_without_an_answer_is_said_to_have_none(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        return "Ida Holm opened the bridge [1]." if "Ida Holm" in text_of(request) else ""

    (response,) = [models(answer).generate([BOTH, files[0], files[1]], strategy="decompose")]
    assert response.text.splitlines()[0] == "Ida Holm opened the bridge [1]."
    assert response.text.splitlines()[1].startswith("Who ran the mill until 1888? ")
    assert [claim.supported for claim in response.claims] == [True] and not response.abstained


def test_where_no_part_has_one_there_is_no_answer(models: Any, files: list[Path]) -> None:
    response = models("It is not mentioned.").generate([BOTH, *files], strategy="decompose")
    assert response.abstained and not response.claims


def test_data_alone_are_filled_from_the_answers_to_the_parts(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        if request.constraint is None:
            return from_one(request)
        assert "Ida Holm opened the bridge." in text_of(request) and "#2 Who ran the mill" in text_of(request)
        return json.dumps({"opened": "Ida Holm", "ran": "Anna Marbury"})

    model = models(answer)
    response = model.generate([BOTH, *files], strategy="decompose", output_modes=["structured_json"], schema=SCHEMA)
    assert response.data == {"opened": "Ida Holm", "ran": "Anna Marbury"}
    assert all(claim.citations for claim in response.claims) and len(response.claims) == 2


def test_what_several_answers_give_together_is_asked_at_the_end(models: Any, files: list[Path]) -> None:
    parts = ["When was the bridge opened?", "When was the mill run?"]

    def answer(request: Request) -> str:
        if request.constraint is not None:
            return json.dumps({"questions": parts})
        last = request.messages[-1].text
        if "notes so far" in last:
            assert "#1 When was the bridge opened? Ida Holm opened the bridge in 1931." in last
            return "The mill was run before the bridge was opened."
        return "Ida Holm opened the bridge in 1931 [1]." if parts[0] in last else "It was run until 1888 [2]."

    response = models(answer).generate(["Was the mill run before the bridge was opened?", *files], strategy="decompose")
    assert response.text.splitlines()[-1].startswith("The mill was run before the bridge was opened")
    assert len(response.claims) == 3


def test_a_question_of_one_thing_is_answered_as_it_is(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        return (
            json.dumps({"questions": ["Who ran the mill?"]}) if request.constraint else "Anna Marbury ran the mill [2]."
        )

    model = models(answer)
    response = model.generate(["Who ran the mill?", *files], strategy="decompose")
    assert response.claims[0].supported and len(response.claims) == 1
    assert notes(model, response)[-1]["why"] == "it asks for one thing"


def test_when_the_time_is_used_up_the_parts_that_were_answered_are_given(timed: Any, files: list[Path]) -> None:
    late = timed(lambda request: from_one(request).replace("Marbury", "Marbury @@ then"))
    response = late.generate([BOTH, *files], strategy="decompose", timeout=6)
    assert response.text.strip() == "Ida Holm opened the bridge [1]."
    assert [loss.kind for loss in response.losses] == ["cut"] and response.finish_reason == "cancelled"


def test_the_longest_answer_is_that_of_all_parts(models: Any, files: list[Path]) -> None:
    response = models(from_one).generate([BOTH, *files], strategy="decompose", max_output_tokens=6)
    assert response.usage.output_tokens <= 6 and response.finish_reason == "length"
    assert response.text.strip() == "Ida Holm opened the bridge [1]."
    assert [loss.kind for loss in response.losses] == ["cut"]


def test_of_a_part_that_is_dropped_it_is_said_that_there_is_none(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        return "Ida Holm opened the bridge [1]." if "Ida Holm" in text_of(request) else "Queen Victoria ran it."

    response = models(answer).generate([BOTH, *files], strategy="decompose", unsupported="drop")
    assert [claim.text for claim in response.claims] == ["Ida Holm opened the bridge."]
    assert response.text.splitlines()[1].startswith("Who ran the mill until 1888? ")


FAILED = "asking the model failed"


def test_a_part_that_fails_takes_nothing_from_the_others_and_is_told(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        if "Anna Marbury" in text_of(request):
            raise ContextError("it does not fit")
        return from_one(request)

    model = models(answer)
    response = model.generate([BOTH, *files], strategy="decompose")
    first, second = response.text.splitlines()
    assert first == "Ida Holm opened the bridge [1]."
    # Of the sources nothing is known then.
    assert second.startswith("Who ran the mill until 1888? ") and FAILED in second
    (loss,) = response.losses
    assert (loss.kind, loss.part, loss.detail) == ("not_answered", "Who ran the mill until 1888?", "it does not fit")
    assert notes(model, response)[-1]["why"] == "it does not fit"


def test_data_alone_are_filled_without_a_part_that_fails_and_it_is_told(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        if request.constraint is None:
            if "Anna Marbury" in text_of(request):
                raise ContextError("it does not fit")
            return from_one(request)
        assert "#1 Who opened the bridge" in text_of(request) and "#2" not in text_of(request)
        return json.dumps({"opened": "Ida Holm", "ran": "Anna Marbury"})

    inputs = [BOTH, *files]
    response = models(answer).generate(inputs, strategy="decompose", output_modes=["structured_json"], schema=SCHEMA)
    assert response.data == {"opened": "Ida Holm", "ran": "Anna Marbury"}
    assert [(loss.kind, loss.part) for loss in response.losses] == [("not_answered", "Who ran the mill until 1888?")]


STEPS = ("In which town does the Arden factory stand?", "Who is the mayor of the town #1?")
WHERE = "Who is the mayor of the town where the Arden factory does stand?"


@pytest.fixture
def towns(tmp_path: Path) -> list[Path]:
    (tmp_path / "factory.txt").write_text("The Arden factory makes paper.")
    (tmp_path / "mayor.txt").write_text("The mayor of the town of Kolby is Jens Dahl.")
    return [tmp_path / "factory.txt", tmp_path / "mayor.txt"]


def test_a_part_that_needs_an_answer_that_is_not_there_is_not_asked(models: Any, towns: list[Path]) -> None:
    def answer(request: Request) -> str:
        if request.constraint is not None:
            return json.dumps({"questions": STEPS})
        assert f"Question: {STEPS[1]}" not in text_of(request)
        return "It is not mentioned."

    model = models(answer)
    response = model.generate([WHERE, *towns], strategy="decompose")
    assert response.abstained and not response.claims and not response.losses
    assert [line.partition("? ")[0] for line in response.text.splitlines()] == [each[:-1] for each in STEPS]
    assert notes(model, response)[-1] == {"question": STEPS[1], "why": f"it needs the answer to {STEPS[0]!r}"}


def test_a_part_that_needs_one_that_failed_is_told_to_have_failed(models: Any, towns: list[Path]) -> None:
    parts = ["What does the Arden factory make?", *(each.replace("#1", "#2") for each in STEPS)]

    def answer(request: Request) -> str:
        if request.constraint is not None:
            return json.dumps({"questions": parts})
        if parts[0] in text_of(request):
            return "The Arden factory makes paper [1]."
        raise ContextError("it does not fit")

    said = f"What does the Arden factory make, and {WHERE[0].lower()}{WHERE[1:]}"
    response = models(answer).generate([said, *towns], strategy="decompose")
    assert [FAILED in line for line in response.text.splitlines()] == [False, True, True]
    assert [loss.part for loss in response.losses] == parts[1:]
    assert response.losses[1].detail == f"it needs the answer to {parts[1]!r}: it does not fit"


def test_the_property_of_one_thing_is_not_taken_from_another(models: Any, tmp_path: Path) -> None:
    (tmp_path / "aurora.txt").write_text("The price of the Aurora model is 900 euros.")
    (tmp_path / "borealis.txt").write_text("The weight of the Borealis model is 12 kg.")
    parts = ["What is the price of the Aurora model?", "What is the weight?"]

    def answer(request: Request) -> str:
        if request.constraint is not None:
            return json.dumps({"questions": parts})
        assert "Question: What is the weight?" not in text_of(request)
        return "The price of the Aurora model is 900 euros [1]."

    said = "What is the price of the Aurora model and what is the weight?"
    files = [tmp_path / "aurora.txt", tmp_path / "borealis.txt"]
    response = models(answer).generate([said, *files], strategy="decompose")
    assert [claim.text for claim in response.claims] == ["The price of the Aurora model is 900 euros."]


class Unheld(Scripted):
    """A server that does not hold to the schema."""

    def stream(self, request: Request, cancel: Any = None) -> Iterator[Event]:
        yield from super().stream(request.model_copy(update={"constraint": None}), cancel)


@pytest.mark.parametrize("text", ["[" * 5000, '{"questions": ["Who opened the bridge \\ud800?", "Who ran the mill?"]}'])
def test_parts_that_are_none_leave_the_question_as_it_is(private_home: Path, files: list[Path], text: str) -> None:
    with Model(Unheld([text, "Ida Holm opened the bridge in 1931 [1]."], name="unheld"), Store()) as model:
        said = "Who opened the bridge that is older than the mill that she ran?"
        response = model.generate([said, *files], strategy="decompose")
    assert response.claims[0].supported


def test_no_risk_is_promised_of_it(models: Any, files: list[Path]) -> None:
    with pytest.raises(UsageError, match="decompose"):
        models("").generate([BOTH, *files], strategy="decompose", max_risk=0.1)
