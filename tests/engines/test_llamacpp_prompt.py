"""Requests into tokens: each text is tokenized once, and each shape of a conversation rendered once."""

from typing import Any

import pytest

from omniloom.core.errors import UnsupportedError
from omniloom.core.values import Message, Request, Segment
from omniloom.engines.llamacpp.prompt import PromptBuilder


class Child:
    """Answers as the engine's child does, a token for each byte, and notes what it is asked."""

    def __init__(self) -> None:
        self.rendered, self.tokenized = list[list[str]](), list[str]()

    def __call__(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/apply-template":
            self.rendered.append([message["role"] for message in body["messages"]])
            return {"prompt": "".join(f"<{each['role']}>{each['content']}" for each in body["messages"]) + "<answer>"}
        self.tokenized.append(body["content"])
        return {"tokens": list(body["content"].encode())}


def request(question: str, *sources: str) -> Request:
    segments = [Segment(source=text, content=text, made_by="text/1") for text in sources]
    return Request(messages=(Message(role="user", content=(*segments, question)),))


def test_what_was_tokenized_is_not_asked_again() -> None:
    child = Child()
    prompts = PromptBuilder(child)
    first = prompts.build(request("Who?", "The loom."), False)
    assert bytes(first.tokens).decode() == "<user>The loom.Who?<answer>"
    assert first.ends == [len("<user>The loom.")] and first.sources == ["The loom."]
    assert sorted(child.tokenized) == ["<answer>", "<user>", "The loom.", "Who?"] and len(child.rendered) == 1
    assert prompts.build(request("Who?", "The loom."), False) == first
    prompts.build(request("Why?", "The loom.", "A mill."), False)
    assert child.tokenized[4:] == ["A mill.", "Why?"] and len(child.rendered) == 1
    prompts.build(request("Why?"), True)  # another text of the template, perhaps
    assert len(child.tokenized) == 6 and len(child.rendered) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("y0z", "y7z") + text, "shows a message 7"),
        (lambda text: text.replace("y0z", f"y{'9' * 5000}z") + text, ""),
        (lambda text: text.replace("y0z", "z"), "leaves out message 0"),
    ],
)
def test_a_template_that_changes_the_messages(change: Any, why: str) -> None:
    """It is a program of whoever made the model, and sees what stands for the messages."""

    class Changing(Child):
        def __call__(self, path: str, body: dict[str, Any]) -> Any:
            told = super().__call__(path, body)
            return {"prompt": change(told["prompt"])} if path == "/apply-template" else told

    prompts = PromptBuilder(Changing())
    if why:
        with pytest.raises(UnsupportedError, match=why):
            prompts.build(request("Who?"), False)
    else:
        assert prompts.build(request("Who?"), False).turns
