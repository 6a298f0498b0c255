"""Samples that a model may have seen: in our prompts, and in files it was trained on."""

import json
from pathlib import Path

import pytest

from omniloom.core.errors import UsageError
from omniloom.core.parts import Text
from omniloom.evaluation.contamination import contaminated, prompts
from omniloom.evaluation.values import Sample

LONG = "In which of the seven mills along the lower river was the oldest wheel found by chance in winter?"
SHORT = "Who owned the seventh mill?"


def sample(key: str, question: str, *sources: Text) -> Sample:  # type: ignore[valid-type]
    return Sample(id=key, question=question, inputs=(question, *sources))


def test_a_question_of_ours_stands_in_no_prompt() -> None:
    assert contaminated([sample("long", LONG), sample("short", SHORT)]) == []


def test_what_stands_in_a_prompt_is_found() -> None:
    longest = max(prompts(), key=len)
    assert contaminated([sample("ours", longest), sample("long", LONG)]) == ["ours"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"q: {LONG.upper()}!! a: the third", ["long"]),
        ("seven mills along the lower river was the oldest wheel found by chance", ["long"]),  # 13 words
        ("mills along the lower river was the oldest wheel found by chance", []),  # 12 words
        ("who owned the seventh mill", ["short"]),
        ("who owned the seventh", []),
        ("who owned the seventh old mill", []),
        (f"{SHORT} {LONG}", ["long", "short"]),
    ],
)
@pytest.mark.parametrize("form", ["txt", "jsonl", "json"])
def test_thirteen_words_or_a_whole_question(tmp_path: Path, text: str, found: list[str], form: str) -> None:
    path = tmp_path / f"tuning.{form}"
    messages = {"messages": [{"role": "user", "content": text}]}
    path.write_text(text if form == "txt" else json.dumps(messages) + "\n")
    assert contaminated([sample("long", LONG), sample("short", SHORT)], [path]) == found


def test_words_of_two_texts_are_not_joined(tmp_path: Path) -> None:
    path = tmp_path / "tuning.jsonl"
    path.write_text('{"a": "who owned the", "b": "seventh mill"}\n')
    assert contaminated([sample("short", SHORT)], [path]) == []


def test_a_source_in_memory_is_looked_for_as_well(tmp_path: Path) -> None:
    path = tmp_path / "tuning.txt"
    path.write_text(LONG)
    assert contaminated([sample("1", SHORT, Text(f"It asks: {LONG}".encode()))], [path]) == ["1"]


def test_one_word_questions_are_in_every_text(tmp_path: Path) -> None:
    path = tmp_path / "tuning.txt"
    path.write_text("Why not?")
    assert contaminated([sample("why", "Why?")], [path]) == []


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b"{broken\n"), ("a.txt", b"\xff"), ("none.txt", None)])
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        contaminated([sample("long", LONG)], [tmp_path / name])
