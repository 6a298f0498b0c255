"""Many streams in one child: killed, cancelled, lied to; each ends as it would have alone, or with a typed error."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import CancelledError, EngineError
from omniloom.core.events import Finished, Progress, TextDelta
from omniloom.core.values import Completion, Request
from omniloom.engines.llamacpp import LlamaCpp

pytestmark = pytest.mark.weights
Ask = Callable[..., Request]
Fresh = Callable[..., LlamaCpp]


def finish(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def side_by_side(
    engine: LlamaCpp, requests: list[Request], seen: Callable[[], None]
) -> dict[int, tuple[str, Completion]]:
    """What each stream said, joined, and its completion. seen is called at every delta."""
    found: dict[int, tuple[str, Completion]] = {}

    def one(number: int) -> None:
        text = ""
        for event in engine.stream(requests[number]):
            if isinstance(event, TextDelta):
                text += event.text
                seen()
            if isinstance(event, Finished):
                found[number] = text, event.completion

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_sixteen_streams_outlive_their_child(quick: Fresh, ask: Ask, story: str) -> None:
    engine = quick()
    requests = [ask(f"Tell me of year {1870 + number}.", story, max_output_tokens=6) for number in range(16)]
    alone = [finish(engine, request) for request in requests]
    lock, deltas = threading.Lock(), 0

    def seen() -> None:
        nonlocal deltas
        with lock:
            deltas += 1
            if deltas == 20 and engine._host.pid:
                os.kill(engine._host.pid, signal.SIGKILL)

    first = engine._host.pid
    found = side_by_side(engine, requests, seen)
    assert engine._host.pid != first
    for number, completion in enumerate(alone):
        text, again = found[number]
        assert text == again.text == completion.text
        assert again.logprobs == completion.logprobs


@pytest.mark.parametrize("moment", ["prefill", "decode"])
def test_the_computation_stops_with_its_call(fresh: Fresh, ask: Ask, story: str, moment: str) -> None:
    engine = fresh(batch_tokens=512)
    finish(engine, ask("x", max_output_tokens=1))
    cancel = threading.Event()
    left = 0.0
    with pytest.raises(CancelledError):
        for event in engine.stream(
            ask("Tell it.", "Long. " + story * (14 if moment == "prefill" else 1), max_output_tokens=300), cancel
        ):
            if isinstance(event, Progress if moment == "prefill" else TextDelta) and not left:
                left = time.monotonic()
                threading.Timer(0.1 if moment == "prefill" else 0.0, cancel.set).start()
    cancelled = time.monotonic()
    while engine._host.busy() and time.monotonic() < cancelled + 5:
        time.sleep(0.005)
    assert time.monotonic() - cancelled < 0.5  # a piece of 512 tokens takes seconds


def test_one_that_leaves_changes_nothing_for_the_others(quick: Fresh, ask: Ask, story: str) -> None:
    engine = quick()
    request = ask("Who built it?", story, max_output_tokens=12)
    alone = finish(engine, request)
    streams = [engine.stream(ask(f"Tale {number}.", story, max_output_tokens=200)) for number in range(3)]
    for stream in streams:
        next(stream)
    together = engine.stream(request)
    events = [next(together)]
    for stream in streams:
        stream.close()  # type: ignore[attr-defined]
    *_, last = [*events, *together]
    assert isinstance(last, Finished)
    assert (last.completion.text, last.completion.logprobs) == (alone.text, alone.logprobs)


@pytest.mark.parametrize(
    "frame",
    [
        {"ended": "because"},
        {"ended": "stop"},
        {"text": "words"},
        {"text": [["x"]]},
        {"kept": [1]},
        {"read": "much"},
        {"thought": 7},
        {"refused": "no"},
    ],
)
def test_what_a_hostile_child_says_is_a_typed_error(quick: Fresh, ask: Ask, story: str, frame: dict[str, Any]) -> None:
    engine = quick()
    finish(engine, ask("x", max_output_tokens=1))
    engine._host.run = lambda sequence, cancel: iter([frame])  # type: ignore[union-attr, method-assign, assignment]
    with pytest.raises(Exception) as caught:
        finish(engine, ask("Who?", story))
    assert isinstance(caught.value, EngineError) or type(caught.value).__module__ == "omniloom.core.errors"


def test_a_link_left_for_a_state_is_not_followed(quick: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    engine = quick()
    secret = tmp_path / "secret"
    secret.write_text("mine")
    run = engine._host.run  # type: ignore[union-attr]

    def planted(sequence: dict[str, Any], cancel: object) -> Any:
        for _, name in sequence["keep"]:
            (engine._slots / name).symlink_to(secret)
        yield from run(sequence, cancel)
        for length, name in sequence["keep"]:
            yield {"kept": length, "name": name}

    engine._host.run = planted  # type: ignore[union-attr, method-assign, assignment]
    assert finish(engine, ask("Who built it?", story)).text
    assert secret.read_text() == "mine"
    assert not list((tmp_path / "kv").glob("*.kv"))
