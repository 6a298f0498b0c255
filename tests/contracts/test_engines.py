"""What every engine promises, asked of each of them: the doubles, the embedded one, and a server over HTTP.

The server is the embedded engine's own OpenAI interface, in a child that listens on a loopback port. The embedded
engine is asked on a tiny model of each family of architectures too.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from families import FAMILIES

from omniloom.core.errors import CancelledError, ContextError, EngineError, SchemaError, UnsupportedError
from omniloom.core.events import Event, Finished, ReasoningDelta, TextDelta
from omniloom.core.protocols import Engine
from omniloom.core.values import Completion, Constraint, Message, Part, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.openai import OpenAI
from omniloom.engines.recorded import Recorded, Recorder
from omniloom.engines.scripted import Scripted
from omniloom.isolation import Child, Limits

CONTEXT = 1024
SCHEMA = {
    "type": "object",
    "properties": {
        "zone": {"type": "string", "maxLength": 12},
        "count": {"type": "integer", "minimum": 0, "maximum": 99},
        "calm": {"type": "boolean"},
    },
    "required": ["zone", "count", "calm"],
    "additionalProperties": False,
}
_NOTE = Segment(source="note", content="The garden of Varn has 41 red roses and one white one. " * 3, made_by="text/1")


def request(said: str, **fields: object) -> Request:
    message = Message(role="user", content=("Note: ", _NOTE, "\n", said))
    return Request.model_validate({"messages": (message,), "max_output_tokens": 12, **fields})


REQUESTS = {
    "plain": request("Tell me about the garden."),
    "short": request("Tell me a long story about the garden.", max_output_tokens=5),
    "stop": request("Count the roses: one two three four five.", stop=(" the",), max_output_tokens=24),
    "schema": request(
        "Describe the garden as JSON.", constraint=Constraint(kind="json_schema", value=SCHEMA), max_output_tokens=60
    ),
    "alternatives": request("Which colour?", sampling=Sampling(top_logprobs=3)),
    "other": request("What grows there?"),
    "long": request("Tell me a very long story about every rose.", max_output_tokens=400),
}


def answer(asked: Request) -> str:
    """What the scripted engine says to REQUESTS."""
    if asked.constraint is not None:
        return '{"zone": "garden", "count": 42, "calm": true}'
    return "In the garden there are 41 red roses and one white rose beside them. " * 30


@dataclass
class Subject:
    """An engine, and what is particular about it."""

    engine: Engine
    kind: str


def _scripted(_: Path) -> Iterator[Engine]:
    yield Scripted([answer], context_tokens=CONTEXT, seconds_per_token=0.01, input_kinds=frozenset({"text"}))


def _recorded(folder: Path) -> Iterator[Engine]:
    recorder = Recorder(Scripted([answer], context_tokens=CONTEXT), folder / "record.jsonl")
    for each in REQUESTS.values():
        list(recorder.stream(each))
        recorder.count_tokens(each)
    yield Recorded(folder / "record.jsonl")


def _llamacpp(folder: Path) -> Iterator[Engine]:
    with LlamaCpp(_model(), context_tokens=CONTEXT, threads=1, kv_home=folder / "kv", digest="small") as engine:
        yield engine


def _of_family(name: str) -> Callable[[Path], Iterator[Engine]]:
    def made(folder: Path) -> Iterator[Engine]:
        FAMILIES[name].build(folder / "model.gguf")
        with LlamaCpp(folder / "model.gguf", context_tokens=CONTEXT, threads=1, kv_home=folder / "kv") as engine:
            yield engine

    return made


def _served(folder: Path) -> Iterator[Engine]:
    options = {"context_tokens": CONTEXT, "threads": 1, "kv_home": folder / "kv", "digest": "small"}
    with LlamaCpp(_model(), loop=False, **options) as engine:
        yield engine


def _openai(folder: Path) -> Iterator[Engine]:
    key = secrets.token_urlsafe(16)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    payload = {
        "model": str(_model()),
        "host": "127.0.0.1",
        "port": port,
        "key": key,
        "slots": f"{folder}{os.sep}",
        "context": CONTEXT,
        "batch": 128,
        "threads": 1,
        "embedding": False,
    }
    limits = Limits(memory_bytes=None, cpu_seconds=None, wall_seconds=None)
    places = {"readable": [_model()], "writable": [folder], "limits": limits}
    with Child("omniloom.engines.llamacpp.hosted:run", payload, allow_loopback=True, **places) as child:
        told = child.receive()
        assert told is not None
        yield OpenAI(f"{told['address']}/v1", "small", api_key=key, context_tokens=CONTEXT, retries=0)


def _model() -> Path:
    from omniloom.catalog import ensure

    return ensure("smollm2-135m").paths["model"]


_MAKERS: dict[str, Callable[[Path], Iterator[Engine]]] = {
    "scripted": _scripted,
    "recorded": _recorded,
    "llamacpp": _llamacpp,
    "served": _served,
    "openai": _openai,
} | {name: _of_family(name) for name in FAMILIES}
_WITH_WEIGHTS = ("llamacpp", "served", "openai")
_DOUBLES = ("scripted", "recorded")


@pytest.fixture(
    scope="module",
    params=[*_DOUBLES, *(pytest.param(name, marks=pytest.mark.weights) for name in _WITH_WEIGHTS), *FAMILIES],
)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    for engine in _MAKERS[request.param](tmp_path_factory.mktemp(request.param)):
        yield Subject(engine, request.param)
        engine.close()
        engine.close()


def run(engine: Engine, asked: Request, cancel: threading.Event | None = None) -> tuple[list[Event], Completion]:
    events = list(engine.stream(asked, cancel))
    last = events[-1]
    assert isinstance(last, Finished)
    assert not any(isinstance(event, Finished) for event in events[:-1])
    return events, last.completion


@pytest.mark.parametrize("name", ["plain", "schema", "stop"])
def test_the_joined_stream_is_the_completion(subject: Subject, name: str) -> None:
    events, completion = run(subject.engine, REQUESTS[name])
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == completion.text
    assert "".join(event.text for event in events if isinstance(event, ReasoningDelta)) == completion.reasoning
    assert tuple(p for e in events if isinstance(e, TextDelta) for p in e.logprobs) == completion.logprobs
    assert completion.text


def test_it_is_an_engine(subject: Subject) -> None:
    assert isinstance(subject.engine, Engine)
    assert subject.engine.name
    assert subject.engine.capabilities.context_tokens == CONTEXT


def test_usage_is_counted(subject: Subject) -> None:
    _, completion = run(subject.engine, REQUESTS["plain"])
    usage = completion.usage
    counted = subject.engine.count_tokens(REQUESTS["plain"])
    assert counted >= usage.input_tokens if subject.kind == "openai" else counted == usage.input_tokens
    assert usage.input_tokens > 30
    assert 0 < usage.output_tokens <= 12
    assert usage.reasoning_tokens == 0
    assert 0 <= usage.cached_tokens <= usage.input_tokens
    assert usage.first_token_seconds is not None
    assert 0 <= usage.first_token_seconds <= usage.seconds


def test_output_tokens_are_a_hard_cap(subject: Subject) -> None:
    _, completion = run(subject.engine, REQUESTS["short"])
    assert completion.finish_reason == "length"
    assert completion.usage.output_tokens == 5


def test_a_stop_string_ends_the_text_and_is_not_in_it(subject: Subject) -> None:
    _, completion = run(subject.engine, REQUESTS["stop"])
    assert " the" not in completion.text
    assert completion.finish_reason in ("stop", "length")
    if subject.kind == "scripted":
        assert completion.finish_reason == "stop"


def test_a_schema_is_kept_in_its_order(subject: Subject) -> None:
    _, completion = run(subject.engine, REQUESTS["schema"])
    assert completion.finish_reason == "stop"
    data = json.loads(completion.text)
    jsonschema.validate(data, SCHEMA)
    assert list(data) == ["zone", "count", "calm"]


def test_log_probabilities_come_with_the_tokens(subject: Subject) -> None:
    _, completion = run(subject.engine, REQUESTS["alternatives"])
    if not subject.engine.capabilities.logprobs:
        pytest.skip("this engine has none")
    assert "".join(each.token for each in completion.logprobs) == completion.text
    assert all(each.logprob <= 0 for each in completion.logprobs)
    if subject.kind not in _DOUBLES:
        assert all(len(each.top) == 3 for each in completion.logprobs)
        assert all(each.top[0][1] >= each.logprob - 1e-6 for each in completion.logprobs)


def test_the_same_request_gives_the_same_answer(subject: Subject) -> None:
    _, first = run(subject.engine, REQUESTS["plain"])
    _, again = run(subject.engine, REQUESTS["plain"])
    assert again.text == first.text


def test_a_cancelled_call_ends_at_once(subject: Subject, record_property: Callable[[str, object], None]) -> None:
    cancel = threading.Event()
    stopped = 0.0
    with pytest.raises(CancelledError):
        for event in subject.engine.stream(REQUESTS["long"], cancel):
            if isinstance(event, TextDelta):
                stopped = stopped or time.monotonic()
                cancel.set()
    seconds = time.monotonic() - stopped
    record_property("cancel_seconds", round(seconds, 3))
    assert seconds < 1.0
    assert run(subject.engine, REQUESTS["short"])[1].usage.output_tokens == 5


def test_a_call_cancelled_before_it_began_does_nothing(subject: Subject) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        list(subject.engine.stream(REQUESTS["plain"], cancel))


def test_a_stream_may_be_left_early(subject: Subject) -> None:
    stream = subject.engine.stream(REQUESTS["long"])
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert run(subject.engine, REQUESTS["short"])[1].text


def test_threads_get_what_they_would_get_alone(subject: Subject) -> None:
    names = ["plain", "other", "short"]
    alone = {name: run(subject.engine, REQUESTS[name])[1].text for name in names}
    together: dict[str, str] = {}

    def one(name: str) -> None:
        together[name] = run(subject.engine, REQUESTS[name])[1].text

    threads = [threading.Thread(target=one, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_what_does_not_fit_is_refused_before_it_runs(subject: Subject) -> None:
    if subject.kind == "recorded":
        pytest.skip("a record holds only what was answered")
    with pytest.raises(ContextError, match=str(CONTEXT)):
        list(subject.engine.stream(request("word " * 1200)))


def test_an_impossible_constraint_is_refused_before_it_runs(subject: Subject) -> None:
    if subject.kind == "recorded":
        pytest.skip("whatever was recorded was supported")
    bad = Constraint(kind="regex", value="a(?=b)")
    assert subject.engine.supports(bad)
    with pytest.raises(SchemaError):
        list(subject.engine.stream(request("Say it.", constraint=bad)))
    assert subject.engine.supports(Constraint(kind="json_schema", value=SCHEMA)) is None


def test_content_it_cannot_take_is_refused(subject: Subject) -> None:
    if subject.kind == "recorded":
        pytest.skip("a record holds only what was answered")
    picture = Part(kind="image", media_type="image/png", data=b"\x89PNG", name="p.png")
    segment = Segment(source="p", content=picture, made_by="image/1")
    with pytest.raises(UnsupportedError):
        list(subject.engine.stream(Request(messages=(Message(role="user", content=(segment, "What is it?")),))))


def test_an_unknown_request_to_a_record_is_an_error(subject: Subject) -> None:
    if subject.kind != "recorded":
        pytest.skip("only a record can be asked what it does not hold")
    with pytest.raises(EngineError, match="does not hold"):
        list(subject.engine.stream(request("Never asked.")))
