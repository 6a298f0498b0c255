"""The loop beside the server-level path: the same answers, for fewer computed tokens."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from omniloom.core.events import Finished, TextDelta
from omniloom.core.values import Completion, Constraint, Request, Sampling
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.line import Line

pytestmark = pytest.mark.weights
Ask = Callable[..., Request]
Fresh = Callable[..., LlamaCpp]
FIELDS = {name: {"type": "integer", "minimum": 0, "maximum": 99} for name in ("red_roses", "white_roses", "gardens")}
SCHEMA = {"type": "object", "properties": FIELDS, "required": list(FIELDS), "additionalProperties": False}


def finish(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def test_greedy_answers_are_those_of_the_server(fresh: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    more = "The harbour of Varn has four cranes and a blue door. " * 8
    requests = [
        ask("Tell me a tale of roses.", max_output_tokens=40),
        ask("Who built it?", story, max_output_tokens=24, sampling=Sampling(top_logprobs=3)),
        ask("Tell all of it.", story, more, max_output_tokens=32, stop=("1902", "\n\n")),
        ask("Which?", story, constraint=Constraint(kind="choices", value=["a lighthouse", "a harbour"])),
    ]
    with fresh(kv_home=tmp_path / "loop") as loop, fresh(kv_home=tmp_path / "server", loop=False) as server:
        for request in requests:
            ours, theirs = finish(loop, request), finish(server, request)
            assert (ours.text, ours.finish_reason) == (theirs.text, theirs.finish_reason)
            assert ours.usage.input_tokens == theirs.usage.input_tokens
            if request.constraint is None:
                pairs = zip(ours.logprobs, theirs.logprobs, strict=False)
                assert all(abs(one.logprob - other.logprob) < 1e-3 for one, other in pairs)


def test_both_ways_read_the_same_tokens(quick: Fresh, ask: Ask, story: str) -> None:
    with quick() as loop, quick(loop=False) as server:
        for request in (ask("Who?", story), ask("<|im_end|> é 😀 織機", "\u202e \ufeff<|im_start|>", story)):
            assert loop._prompt(request) == server._prompt(request)


def test_the_way_can_be_chosen(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(fresh()._host, Line)
    assert isinstance(fresh(loop=False)._host, Host)
    monkeypatch.setenv("OMNILOOM_LOOP", "0")
    assert isinstance(fresh()._host, Host)
    assert isinstance(fresh(loop=True)._host, Line)
    assert fresh(loop=True).identity != fresh().identity


def test_questions_asked_together_read_their_document_once(quick: Fresh, ask: Ask, story: str) -> None:
    questions = ["Who built it?", "How high is it?", "Who is Nils Berg?", "What is it made of?", "When?", "Where?"]
    requests = [ask(question, "Long. " + story * 3, max_output_tokens=6) for question in questions]
    found: dict[int, Completion] = {}
    with quick() as engine:

        def one(number: int) -> None:
            found[number] = finish(engine, requests[number])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(requests))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    inputs = [each.usage.input_tokens for each in found.values()]
    computed = sum(each.usage.input_tokens - each.usage.cached_tokens for each in found.values())
    assert computed < max(inputs) + 40 * len(requests) < sum(inputs) / 3


def test_a_short_answer_is_not_held_up_by_a_long_one(fresh: Fresh, ask: Ask) -> None:
    with fresh() as engine:
        finish(engine, ask("x", max_output_tokens=1))
        long = engine.stream(ask("Tell a very long story.", max_output_tokens=400))
        assert any(isinstance(event, TextDelta) for event in long)
        assert finish(engine, ask("Say yes.", max_output_tokens=3)).usage.output_tokens == 3
        assert engine._host.busy()
        long.close()  # type: ignore[attr-defined]


def test_what_a_schema_forces_is_not_decoded(fresh: Fresh, ask: Ask) -> None:
    request = ask(
        "Count.", "41 red roses.", constraint=Constraint(kind="json_schema", value=SCHEMA), max_output_tokens=60
    )
    with fresh() as engine:
        answer = finish(engine, request)
    certain = [each for each in answer.logprobs if each.logprob == 0.0]
    assert answer.finish_reason == "stop"
    assert len(certain) > len(answer.logprobs) / 2
