"""A run that begins again repeats nothing, in whatever pieces it says what was said."""

import pytest

from omniloom.core.errors import EngineError
from omniloom.core.events import Event, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import TokenLogprob
from omniloom.engines.llamacpp.again import Heard


def text(*tokens: str) -> TextDelta:
    return TextDelta(text="".join(tokens), logprobs=tuple(TokenLogprob(token=each, logprob=-0.5) for each in tokens))


def heard(*runs: list[Event]) -> list[Event]:
    found, told = Heard(), list[Event]()
    for run in runs:
        found.begin()
        told += [news for event in run if (news := found.news(event)) is not None]
    return told


@pytest.mark.parametrize("cut", [[1, 1, 1, 1], [2, 2], [4], [1, 3], [3, 1]])
@pytest.mark.parametrize("said", [0, 1, 2, 3])
def test_the_second_run_may_come_in_other_pieces(cut: list[int], said: int) -> None:
    tokens = ["The", " weaver", " sings", "."]
    second: list[Event] = [text(*tokens[sum(cut[:at]) : sum(cut[: at + 1])]) for at in range(len(cut))]
    told = heard([text(token) for token in tokens[:said]], second)
    assert "".join(each.text for each in told if isinstance(each, TextDelta)) == "The weaver sings."
    assert [note.token for each in told if isinstance(each, TextDelta) for note in each.logprobs] == tokens


def test_thought_and_text_are_counted_apart() -> None:
    first: list[Event] = [ReasoningDelta(text="Hm. "), ReasoningDelta(text="So"), text("Yes")]
    second: list[Event] = [ReasoningDelta(text="Hm. So"), text("Yes", ", it is.")]
    told = heard(first, second)
    assert told == [*first, text(", it is.")]


def test_what_says_nothing_is_passed_on() -> None:
    step = Progress(step="prefill", done=1, total=2, unit="tokens")
    assert heard([step], [step]) == [step, step]


def test_another_answer_is_an_error() -> None:
    with pytest.raises(EngineError, match="second answer was another"):
        heard([text("The", " weaver")], [text("The cat")])
