"""Frames: what is said comes out as it was, and what no file or terminal takes does not come out."""

import pytest

from omniloom.core.errors import IsolationError
from omniloom.isolation.frames import decode, encode


@pytest.mark.parametrize("text", ["plain", "é 織機 😀", "a \\ud800 that was written out", "\u202e\x00\n"])
def test_what_is_said_comes_out(text: str) -> None:
    assert decode(encode({"text": text})) == {"text": text}


def test_a_lone_surrogate_becomes_a_question_mark_wherever_it_is_from() -> None:
    assert decode(encode({"text": "a\ud800b"})) == {"text": "a?b"}
    assert decode(b'{"a\\uDfff": ["\\ud800b", "\\ud83d\\ude00"]}') == {"a?": ["?b", "😀"]}


@pytest.mark.parametrize("line", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_anything_else_is_an_error(line: bytes) -> None:
    with pytest.raises(IsolationError):
        decode(line)
