"""An answer that only points, or only names a source, is asked for once more, in words; nothing of it is shown."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.core.events import TextDelta
from omniloom.core.values import Request


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "mill_story.txt"
    path.write_text("Anna Marbury ran the mill until 1888.")
    return path


@pytest.mark.parametrize("first", ["[1]", " [1].", "A: mill_story.txt", "mill_story.txt"])
def test_it_is_asked_again(models: Any, story: Path, first: str) -> None:
    def answer(request: Request) -> str:
        return "Anna Marbury ran it [1]." if "Answer in a sentence" in request.messages[-1].text else first

    model = models(answer)
    events = list(model.stream(["Who ran the mill?", story]))
    response = events[-1].response
    assert response.text == "Anna Marbury ran it [1]." and response.claims[0].supported
    assert "".join(each.text for each in events if isinstance(each, TextDelta)) == response.text
    assert len(model.engine.requests) == 2


@pytest.mark.parametrize("first", ["1888 [1].", "In 1888.", "Marbury.", "mill", "It is not mentioned."])
def test_words_and_numbers_are_answers(models: Any, story: Path, first: str) -> None:
    model = models(first)
    model.generate(["Until when did Anna Marbury run the mill?", story])
    assert not any("Answer in a sentence" in each.messages[-1].text for each in model.engine.requests)
