"""The public doubles, the door's names, and the small parts engines share."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from omniloom.core.errors import (
    CancelledError,
    ContextError,
    EngineError,
    OutputError,
    SchemaError,
    StorageError,
    UnreadableError,
    UnsupportedError,
    UsageError,
    WeightsError,
)
from omniloom.core.events import Finished, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, Constraint, Message, Part, Request, Segment, TokenLogprob
from omniloom.engines import constraints, open_engine
from omniloom.engines.llamacpp.thinking import Tags, answer_lead, open_lead
from omniloom.engines.openai import OpenAI
from omniloom.engines.recorded import Recorded, Recorder, request_key
from omniloom.engines.scripted import Scripted
from omniloom.engines.turns import Turns
from omniloom.engines.wire import events, pumped


def say(text: str, **fields: object) -> Request:
    return Request.model_validate({"messages": (Message(role="user", content=(text,)),), **fields})


def finish(engine: Scripted | Recorded | Recorder, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def test_a_script_is_said_in_order_and_its_end_repeats() -> None:
    engine = Scripted(["one", Completion(text="two", finish_reason="content_filter"), lambda r: r.messages[0].text])
    told = [finish(engine, say(text)) for text in ("a", "b", "c", "d")]
    assert [each.text for each in told] == ["one", "two", "c", "d"]
    assert told[1].finish_reason == "content_filter"
    assert [request.messages[0].text for request in engine.requests] == ["a", "b", "c", "d"]


def test_scripted_thoughts_are_cut_at_the_budget() -> None:
    engine = Scripted([Completion(text="so", reasoning="first second third")])
    whole, cut, none = (list(engine.stream(say("x", reasoning_budget=n))) for n in (9, 2, 0))
    thoughts = ["".join(e.text for e in each if isinstance(e, ReasoningDelta)) for each in (whole, cut, none)]
    assert thoughts == ["first second third", "first second", ""]
    assert isinstance(cut[-1], Finished)
    assert cut[-1].completion.usage.reasoning_tokens == 2


def test_a_script_keeps_the_rules_of_engines() -> None:
    engine = Scripted(['{"a": 1}', "no json"], context_tokens=2000)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    asked = say("x", constraint=Constraint(kind="json_schema", value=schema))
    assert finish(engine, asked).text == '{"a": 1}'
    with pytest.raises(OutputError):
        finish(engine, asked)
    with pytest.raises(ContextError):
        finish(engine, say("word " * 2000))
    bad = {"properties": {"a": {"type": "foo"}}}
    with pytest.raises(SchemaError) as caught:
        finish(engine, say("x", constraint=Constraint(kind="json_schema", value=bad)))
    assert caught.value.path == "/properties/a/type"
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        finish(engine, say("x"))
    with pytest.raises(EngineError, match="at least one"):
        Scripted([])


def test_a_script_sees_its_prefix_again() -> None:
    engine = Scripted(["x"])
    source = Segment(source="s", content="three words here", made_by="text/1")
    first, second = (Request(messages=(Message(role="user", content=(source, q)),)) for q in (" Why?", " How?"))
    assert finish(engine, first).usage.cached_tokens == 0
    assert finish(engine, second).usage.cached_tokens == 3


def test_scripted_vectors_are_near_where_words_are_shared() -> None:
    roses, more, harbour = Scripted(["x"]).embed(["red roses grow", "roses grow here", "a harbour with cranes"])
    assert sum(a * b for a, b in zip(roses, more, strict=True)) > sum(
        a * b for a, b in zip(roses, harbour, strict=True)
    )
    assert sum(a * a for a in roses) == pytest.approx(1.0)


def test_a_record_replays_exactly(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    logprobs = tuple(TokenLogprob(token=t, logprob=-0.5) for t in ("Ro", "ses", " \udc80"))
    said = [Completion(text="Roses \udc80", logprobs=logprobs, reasoning="so so"), "second", "other"]
    recorder = Recorder(Scripted(said), path)
    first, second, other = (finish(recorder, say(text, reasoning_budget=9)) for text in ("a", "a", "b"))
    vectors, counted = recorder.embed(["x", "y"]), recorder.count_tokens("some words")
    recorded = Recorded(path)
    assert recorded.name == "scripted"
    assert recorded.capabilities == recorder.capabilities
    asked = [say(text, reasoning_budget=9) for text in ("b", "a", "a", "a")]
    replayed = [finish(recorded, each) for each in asked]
    assert replayed[0] == other
    assert [each.text for each in replayed[1:]] == [first.text.replace("\udc80", "?"), second.text, second.text]
    assert recorded.embed(["y", "x"]) == vectors[::-1]
    assert recorded.count_tokens("some words") == counted
    assert recorded.count_tokens(asked[0]) == other.usage.input_tokens


def test_a_record_says_what_it_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    finish(Recorder(Scripted(["x"]), path), say("a"))
    recorded = Recorded(path)
    for wrong in (
        lambda: finish(recorded, say("b")),
        lambda: recorded.embed(["z"]),
        lambda: recorded.count_tokens("z"),
    ):
        with pytest.raises(EngineError, match="does not hold this") as caught:
            wrong()
        assert not caught.value.retryable
    path.write_bytes(path.read_bytes() + b'{"request": "x"\n')
    with pytest.raises(UnreadableError, match="line 3"):
        Recorded(path)
    with pytest.raises(UnreadableError):
        Recorded(tmp_path / "none")


def test_adapters_are_told_apart_and_change_no_other_key(tmp_path: Path) -> None:
    plain = Request(messages=(Message(role="user", content=("x",)),))
    adapted = plain.model_copy(update={"adapter": "legal"})
    # As it was before requests had adapters: what was recorded then is still found.
    assert request_key(plain) == "5ef72bd84cb86c21ea9aacfcbb9c327e3a1323f9f756a2bc6a1f7cc990f9b912"
    assert request_key(adapted) != request_key(plain)
    double = Scripted(["yes"], adapters=frozenset({"legal"}))
    recorder = Recorder(double, tmp_path / "record.jsonl")
    list(recorder.stream(adapted))
    assert recorder.identity_of(adapted) == recorder.identity
    assert Recorded(tmp_path / "record.jsonl").capabilities.adapters == {"legal"}
    assert isinstance(list(Recorded(tmp_path / "record.jsonl").stream(adapted))[-1], Finished)
    with pytest.raises(UnsupportedError, match="'medical'") as told:
        list(double.stream(plain.model_copy(update={"adapter": "medical"})))
    assert told.value.hint == "there are 'legal'"
    with pytest.raises(UnsupportedError, match="'legal'") as told:
        list(OpenAI("http://127.0.0.1:9/v1", "m").stream(adapted))
    assert "openai:URL#legal" in told.value.hint
    with pytest.raises(UnsupportedError, match="embedded engine"):
        open_engine(f"recorded:{tmp_path}", adapter="legal")


def test_a_request_has_one_key_everywhere() -> None:
    code = (
        "from omniloom.core.values import *; from omniloom.engines.recorded import request_key as key;"
        "tool = Tool(name='t', description='', parameters={}, effects=frozenset(['read', 'write', 'network']));"
        "print(key(Request(messages=(), tools=(tool,))))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "1234"
    }
    assert len(told) == 1

    def shown(path: str, part_id: str = "1f") -> str:
        picture = Part(kind="image", path=path, id=part_id)
        content = (Segment(source="s", content=picture, made_by="x/1"),)
        return request_key(Request(messages=(Message(role="user", content=content),)))

    assert shown("/one/store/1f") == shown("/another/1f") != shown("/one/store/1f", "2f")
    assert request_key(say("half a pair: \ud800"))


def test_a_record_goes_on_after_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    for text in ("one", "two"):
        finish(Recorder(Scripted([text]), path), say(text))
    path.write_bytes(path.read_bytes()[:-9])
    finish(Recorder(Scripted(["three"]), path), say("three"))
    replayed = Recorded(path)
    assert [finish(replayed, say(text)).text for text in ("one", "three")] == ["one", "three"]
    with pytest.raises(StorageError):
        Recorder(Scripted(["x"]), tmp_path / "missing" / "record.jsonl")


def test_names_open_engines(tmp_path: Path) -> None:
    finish(Recorder(Scripted(["x"]), tmp_path / "r.jsonl"), say("a"))
    assert open_engine("scripted", script=["hello"]).name == "scripted"
    assert finish(open_engine(f"recorded:{tmp_path / 'r.jsonl'}"), say("a")).text == "x"  # type: ignore[arg-type]
    assert open_engine("openai:http://127.0.0.1:1/v1#m").name == "openai:http://127.0.0.1:1/v1#m"
    with pytest.raises(UsageError, match="options"):
        open_engine("scripted", script=["x"], colour="red")
    for wrong in ("whisper-base", "no-such-model"):
        with pytest.raises(UsageError):
            open_engine(wrong, kv_home=tmp_path)
    with pytest.raises(WeightsError):
        open_engine(str(tmp_path / "none.gguf"), kv_home=tmp_path)


@pytest.mark.parametrize(
    ("kind", "value", "yes", "no"),
    [
        ("regex", r"a/b{2}", "a/bb", "a/b"),
        ("choices", ['say "x"', "back\\slash", "ü\n"], 'say "x"', "say"),
        ("grammar", 'start: "a" | b\nb: /c+/', "ccc", "ac"),
        ("json_schema", True, '{"any": [1]}', "{"),
        ("json_schema", {"type": "string", "maxLength": 2}, '"ü😀"', '"abc"'),
    ],
)
def test_constraints_tell_what_fits(kind: str, value: object, yes: str, no: str) -> None:
    constraint = Constraint.model_validate({"kind": kind, "value": value})
    assert constraints.refusal(constraint) is None
    assert constraints.fits(constraint, yes)
    assert not constraints.fits(constraint, no)


def test_thinking_opens_and_closes_whatever_the_template_wrote() -> None:
    tags = Tags("<think>", "</think>")
    plain, opened, closed = "assistant\n", "assistant\n<think>\n", "assistant\n<think>\n\n</think>\n\n"
    assert [open_lead(tags, tail) for tail in (plain, opened, closed)] == ["<think>\n", "", "<think>\n"]
    assert [answer_lead(tags, tail, False) for tail in (plain, opened, closed)] == [
        "<think>\n\n</think>\n\n",
        "\n</think>\n\n",
        "",
    ]
    assert answer_lead(tags, plain, True) == "\n</think>\n\n"


def test_turns_are_fair_and_waiting_can_be_left() -> None:
    turns, order = Turns(), []

    def take(name: str) -> None:
        with turns.mine():
            order.append(name)

    with turns.mine():
        threads = []
        for name in "abc":
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            time.sleep(0.05)
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(CancelledError), turns.mine(cancel):
            pass
    for thread in threads:
        thread.join()
    assert order == ["a", "b", "c"]


def test_what_is_pumped_is_stopped_when_nobody_listens() -> None:
    stopped = threading.Event()

    def forever() -> "object":
        while not stopped.wait(0.001):
            yield 1

    stream = pumped(forever, stopped.set, None)  # type: ignore[arg-type]
    assert next(stream) == 1
    stream.close()  # type: ignore[attr-defined]
    assert stopped.is_set()
    with pytest.raises(ZeroDivisionError):
        list(pumped(lambda: (1 // 0 for _ in [1]), lambda: None, None))


def test_event_streams_are_read_by_their_rules() -> None:
    lines = [
        ": ping",
        "",
        "event: x",
        'data: {"a": 1}',
        'data:{"a": 2}',
        'error: {"code": 1}',
        "data: [DONE]",
        "data: x",
    ]
    assert list(events(iter(lines))) == [{"a": 1}, {"a": 2}, {"error": {"code": 1}}]


def test_joined_deltas_are_the_text() -> None:
    engine = Scripted([" leading  and trailing \n"])
    assert "".join(e.text for e in engine.stream(say("x")) if isinstance(e, TextDelta)) == " leading  and trailing \n"
