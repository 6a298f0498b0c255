"""What is said on standard error while work is going on, where it is no terminal."""

from collections.abc import Iterator

import pytest

from omniloom.cli.ask import _run  # pyright: ignore[reportPrivateUsage]
from omniloom.cli.progress import Board
from omniloom.core.events import Completed, Event, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Response


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1.9, ""),
        (3.4, "answering: about 3 s\n"),
        (27.0, "answering: about 25 s\n"),
        (96.0, "answering: about 2 min\n"),
        (1344.0, "answering: about 22 min\n"),
        (75e9, "answering: over an hour\n"),
    ],
)
def test_an_estimate_is_said_as_one(capsys: pytest.CaptureFixture[str], seconds: float, told: str) -> None:
    Board().show(Progress(step="answering", done=0, total=seconds, unit="estimate"))
    assert capsys.readouterr().err == told


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_plain_line_says_now_and_then_what_is_going_on(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    board = Board(clock=clock)
    for second in range(41):
        clock.now = float(second)
        board.show(Progress(step="answer", done=8 * second, total=512, unit="tokens"))
    told = capsys.readouterr()
    assert told.err == "answering: 120 of at most 512 tokens\nanswering: 240 of at most 512 tokens\n"
    assert not told.out
    clock.now = 56.0
    board.show(Progress(step="prefill", done=128, total=3000, unit="tokens"))
    clock.now = 75.0
    board.show(Progress(step="read talk.mp3", done=60, total=60, unit="seconds"))  # it has ended
    board.show(Progress(step="read clip.mp4", done=24, unit="frames"))
    assert capsys.readouterr().err == "reading the prompt: 128 of 3000 tokens\nread clip.mp4: 24 frames\n"


def test_a_line_of_another_sort_counts_and_what_ends_sooner_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    board = Board(quiet=True, clock=clock)
    for second in range(29):
        clock.now = float(second)
        if second == 14:
            board.show(Progress(step="the weights are there", done=0, unit="note"))
        board.show(Progress(step="answer", done=second, total=512, unit="tokens"))
    assert capsys.readouterr().err == "the weights are there\n"


class Thinking:
    """Thinks and writes, a step each ten seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def stream(self, inputs: list[object], **_: object) -> Iterator[Event]:
        for event in (ReasoningDelta(text="so " * 9), ReasoningDelta(text="on"), *[TextDelta(text="It is. ")] * 4):
            self._clock.now += 10
            yield event
        yield Completed(response=Response(text="It is. " * 4, trace_id="0"))


@pytest.mark.parametrize("streams", [True, False])
def test_thoughts_and_an_answer_that_is_not_shown_are_counted(
    capsys: pytest.CaptureFixture[str], streams: bool
) -> None:
    clock, shown = Clock(), list[str]()
    response = _run(Thinking(clock), ["?"], {}, Board(clock=clock), shown.append if streams else None)
    written = "" if streams else "answering: 14 characters\nanswering: 28 characters\n"
    assert capsys.readouterr() == ("", "thinking: 29 characters\n" + written)
    assert "".join(shown) == (response.text if streams else "")
