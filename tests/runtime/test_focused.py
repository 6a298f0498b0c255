"""Of several sources prompts show those that the question is about, and all where these do not answer."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import EngineError
from omniloom.core.values import Request


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


def shown(request: Request) -> tuple[bool, bool]:
    """Whether the sources on the bridge and on the mill are in it."""
    text = "\n".join(message.text for message in request.messages)
    return "Ida Holm" in text, "Anna Marbury" in text


def widened(model: Any, response: Any) -> list[dict[str, Any]]:
    trace = model.store.journal.trace(response.trace_id)
    return [span.attributes for span in trace.spans if span.name == "focus"]


def test_only_the_source_with_the_words_of_the_question_is_shown(models: Any, files: list[Path]) -> None:
    model = models("Anna Marbury ran the mill [1].")
    response = model.generate(["Who ran the mill until 1888?", *files])
    assert [shown(each) for each in model.engine.requests] == [(False, True)]
    assert response.text == "Anna Marbury ran the mill [1]." and not response.abstained
    assert [each.url.split("#")[0] for each in response.claims[0].citations] == ["mill.txt"]
    assert widened(model, response) == [{"sources": ["mill.txt"]}]


def test_where_it_does_not_answer_all_are_shown(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        return "Ida Holm opened it [1]." if shown(request)[0] else "It is not mentioned."

    model = models(answer)
    events = list(model.stream(["Who opened the mill that Anna Marbury ran?", *files]))
    response = events[-1].response
    assert shown(model.engine.requests[0]) == (False, True)
    assert shown(model.engine.requests[-1]) == (True, True)
    assert "Ida Holm" in response.text and "not mentioned" not in response.text
    told = "".join(event.text for event in events if type(event).__name__ == "TextDelta")
    assert told == response.text
    assert {"widened": "they give no answer"} in widened(model, response)


@pytest.mark.parametrize("asked", ["What do all files say?", "Compare the first file with the second.", "Who came?"])
def test_a_question_that_may_be_about_all_shows_all(models: Any, files: list[Path], asked: str) -> None:
    model = models('{"answer": "Nobody"}')
    model.generate([asked, *files], schema={"type": "object", "properties": {"answer": {"type": "string"}}})
    assert shown(model.engine.requests[-1]) == (True, True)


def test_a_second_attempt_thinks_no_more_and_may_fail(models: Any, files: list[Path]) -> None:
    def answer(request: Request) -> str:
        if shown(request)[0]:
            raise EngineError("it died")
        return "It is not mentioned."

    model = models(answer)
    response = model.generate(["Who opened the mill that Anna Marbury ran?", *files], reasoning_budget=50)
    assert response.abstained and "not mentioned" in response.text  # what was known before stands
    asked = [(shown(each), each.reasoning_budget) for each in model.engine.requests]
    assert asked[0] == ((False, True), 50) and set(asked[1:]) == {((True, True), 0)}  # a dead engine is asked twice
    assert {"narrow": "it died"} in widened(model, response)


def test_where_the_user_names_a_file_no_other_is_asked(models: Any, files: list[Path]) -> None:
    model = models("It is not mentioned.")
    response = model.generate(["Who opened the bridge, according to mill.txt?", *files])
    assert response.abstained and {shown(each) for each in model.engine.requests} == {(False, True)}
