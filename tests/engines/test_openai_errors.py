"""A server that fails in every way servers do, over real sockets."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from omniloom.core.errors import CancelledError, ContextError, EngineError, OfflineError, UnsupportedError, UsageError
from omniloom.core.events import Finished, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, Message, Part, Request, Sampling, Segment, Tool
from omniloom.engines.openai import OpenAI
from omniloom.engines.wire import events, lines

Reply = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


class Peer(ThreadingHTTPServer):
    """Answers each request with the next of `replies`, the last one again and again."""

    daemon_threads = True

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), Answerer)
        self.replies = replies
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Answerer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        peer = self.server
        assert isinstance(peer, Peer)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        peer.asked.append((dict(self.headers), body))
        peer.replies[min(len(peer.asked), len(peer.replies)) - 1](self, body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def send(status: int, body: object, **headers: str) -> Reply:
    def reply(to: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.send_header("Content-Length", str(len(data)))
        to.end_headers()
        to.wfile.write(data)

    return reply


def stream(*chunks: dict[str, Any] | str, done: bool = True, pause: float = 0.0) -> Reply:
    def reply(to: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        to.send_response(200)
        to.send_header("Content-Type", "text/event-stream")
        to.send_header("Connection", "close")
        to.end_headers()
        for chunk in [*chunks, *(["[DONE]"] if done else [])]:
            data = chunk if isinstance(chunk, str) else json.dumps(chunk, ensure_ascii=False)
            to.wfile.write(f"data: {data}\n\n".encode())
            to.wfile.flush()
            time.sleep(pause)
        to.close_connection = True

    return reply


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


HELLO = stream(delta(content="Hel"), delta(content="lo"), delta("stop"), {"choices": [], "usage": {"prompt_tokens": 7}})
ASKED = Request(messages=(Message(role="user", content=("Hi",)),))


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    opened: list[Peer] = []

    def open_one(*replies: Reply) -> Peer:
        opened.append(Peer(list(replies)))
        threading.Thread(target=opened[-1].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return opened[-1]

    yield open_one
    for each in opened:
        each.shutdown()
        each.server_close()


def finish(engine: OpenAI, request: Request = ASKED) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def failing(peer: Callable[..., Peer], *replies: Reply, **options: Any) -> EngineError:
    with pytest.raises(EngineError) as caught:
        finish(OpenAI(peer(*replies).url, "m", **options))
    assert caught.value.hint
    return caught.value


def test_a_busy_server_is_asked_again_when_it_says(peer: Callable[..., Peer]) -> None:
    server = peer(send(429, {"error": {"message": "slow down"}}, Retry_After="0.2"), send(503, b"later"), HELLO)
    started = time.monotonic()
    assert finish(OpenAI(server.url, "m")).text == "Hello"
    assert len(server.asked) == 3
    assert time.monotonic() - started >= 0.2


def test_retries_are_bounded(peer: Callable[..., Peer]) -> None:
    server = peer(send(500, {"error": {"message": "broken"}}, Retry_After="0"))
    with pytest.raises(EngineError, match="broken") as caught:
        finish(OpenAI(server.url, "m", retries=2))
    assert caught.value.retryable
    assert len(server.asked) == 3
    patient = peer(send(429, b"", Retry_After="3600"))
    with pytest.raises(EngineError):
        finish(OpenAI(patient.url, "m"))
    assert len(patient.asked) == 1


def test_refusals_are_typed(peer: Callable[..., Peer]) -> None:
    def envelope(message: str, **fields: str) -> dict[str, Any]:
        return {"error": {"message": message, "param": None, **fields}}

    full = failing(peer, send(400, envelope("too long", type="invalid_request_error", code="context_length_exceeded")))
    assert isinstance(full, ContextError)
    vllm = failing(peer, send(400, {"object": "error", "message": "maximum context length is 4096 tokens, got 9000"}))
    assert isinstance(vllm, ContextError)
    for status, words in ((401, "key"), (404, "model"), (422, "refused")):
        error = failing(peer, send(status, envelope("no")))
        assert words in str(error)
        assert not error.retryable


def test_a_redirect_is_not_followed_and_the_key_stays(peer: Callable[..., Peer]) -> None:
    thief = peer(HELLO)
    server = peer(send(307, b"", Location=thief.url + "/chat/completions"))
    with pytest.raises(EngineError, match="redirects"):
        finish(OpenAI(server.url, "m", api_key="secret"))
    assert server.asked[0][0]["Authorization"] == "Bearer secret"
    assert thief.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        stream(delta(content="Hel"), done=False),
        stream(delta(content="Hel"), {"error": {"message": "out of memory", "code": 500}}),
        stream("{not json"),
        stream("[1, 2]"),
        stream(json.dumps({"choices": "x"})),
        send(200, b"<html>not a stream</html>"),
    ],
)
def test_a_broken_stream_is_an_error(peer: Callable[..., Peer], reply: Reply) -> None:
    failing(peer, reply, retries=0)


def test_no_server_is_an_error() -> None:
    with pytest.raises(EngineError, match="no connection") as told:
        finish(OpenAI("http://127.0.0.1:9/v1", "m", retries=0))
    assert "running at http://127.0.0.1:9/v1" in told.value.hint


def test_a_silent_server_is_given_up(peer: Callable[..., Peer]) -> None:
    error = failing(peer, lambda to, _: time.sleep(1.5), timeout=0.3, retries=0)
    assert "0.3 s" in str(error)


def test_cancelling_ends_a_call_that_has_not_begun_to_answer(peer: Callable[..., Peer]) -> None:
    engine = OpenAI(peer(lambda to, _: time.sleep(3)).url, "m")
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        list(engine.stream(ASKED, cancel))
    assert time.monotonic() - started < 1.2


def test_cancelling_ends_the_wait_for_a_retry(peer: Callable[..., Peer]) -> None:
    engine = OpenAI(peer(send(429, b"", Retry_After="20")).url, "m")
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(CancelledError):
        list(engine.stream(ASKED, cancel))
    assert time.monotonic() - started < 1.2


def test_offline_reaches_this_machine_only(peer: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_OFFLINE", "1")
    assert finish(OpenAI(peer(HELLO).url, "m")).text == "Hello"
    with pytest.raises(OfflineError):
        finish(OpenAI("http://192.0.2.1/v1", "m"))
    assert not OpenAI("http://192.0.2.1/v1", "m").capabilities.local


ODD = ("http://[::1/v1", "http://host:port/v1", "http://host:99999/v1", "https://host/v1?key=secret")


@pytest.mark.parametrize("url", ["", "ftp://x/v1", "file:///etc/passwd", "http://", "http://user:pass@host/v1", *ODD])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        OpenAI(url, "m")


def test_reasoning_and_tool_calls_are_read(peer: Callable[..., Peer]) -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "look", "arguments": '{"a":'}}
    rest = {"index": 0, "function": {"arguments": " 1}"}}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2}}
    chunks = [delta(reasoning_content="Hm"), delta(tool_calls=[call]), delta("tool_calls", tool_calls=[rest])]
    server = peer(stream(*chunks, {"choices": [], "usage": usage}))
    tool = Tool(name="look", description="looks", parameters={"type": "object"})
    events = list(OpenAI(server.url, "m").stream(ASKED.model_copy(update={"tools": (tool,)})))
    assert isinstance(events[0], ReasoningDelta)
    assert isinstance(events[-1], Finished)
    completion = events[-1].completion
    assert completion.reasoning == "Hm"
    assert completion.tool_calls[0].arguments == {"a": 1}
    assert completion.finish_reason == "tool_calls"
    assert (completion.usage.output_tokens, completion.usage.reasoning_tokens) == (3, 2)
    assert server.asked[0][1]["tools"][0]["function"]["name"] == "look"


def test_images_and_audio_go_as_they_are(peer: Callable[..., Peer]) -> None:
    server = peer(HELLO)
    picture = Part(kind="image", media_type="image/png", data=b"\x89PNG", name="p")
    sound = Part(kind="audio", media_type="audio/wav", data=b"RIFF", name="s")
    content = ("See ", *(Segment(source=p.name, content=p, made_by="x/1") for p in (picture, sound)), "and say.")
    request = Request(messages=(Message(role="user", content=content),))
    finish(OpenAI(server.url, "m", input_kinds=("image", "audio")), request)
    parts = server.asked[0][1]["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "input_audio", "text"]
    assert parts[1]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert parts[2]["input_audio"] == {"data": "UklGRg==", "format": "wav"}
    with pytest.raises(UnsupportedError, match="input_kinds"):
        finish(OpenAI(server.url, "m"), request)


def test_embeddings_come_in_the_order_of_the_texts(peer: Callable[..., Peer]) -> None:
    data = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    engine = OpenAI(peer(send(200, {"data": data})).url, "m")
    assert engine.embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(EngineError, match="2 vectors for 3"):
        engine.embed(["a", "b", "c"])


def test_only_line_ends_end_a_line(peer: Callable[..., Peer]) -> None:
    text = "a\u2028b\u2029c\x85d"
    assert finish(OpenAI(peer(stream(delta(content=text), delta("stop"))).url, "m")).text == text


@pytest.mark.parametrize("cut", range(1, 24))
def test_an_event_stream_may_be_cut_anywhere(cut: int) -> None:
    data = 'data: {"a": "é"}\r\n\r\n: on\rdata:\n\ndata: {}\r\n'.encode()
    chunks = [data[at : at + cut] for at in range(0, len(data), cut)]
    assert list(events(lines(iter(chunks)))) == [{"a": "é"}, {}]


def test_an_error_may_be_an_event(peer: Callable[..., Peer]) -> None:
    def reply(to: BaseHTTPRequestHandler, _: dict[str, Any]) -> None:
        to.send_response(200)
        to.end_headers()
        to.wfile.write(b'event: error\ndata: {"message": "out of room"}\n\n')
        to.close_connection = True

    assert "out of room" in str(failing(peer, reply, retries=0))


def test_what_a_server_does_not_count_is_estimated(peer: Callable[..., Peer]) -> None:
    server = peer(stream(delta(content="Hel"), delta(content="lo"), delta("stop"), {"choices": None}))
    engine = OpenAI(server.url, "m")
    usage = finish(engine).usage
    assert usage.input_tokens == engine.count_tokens(ASKED)
    assert usage.output_tokens == engine.count_tokens("Hello")


def test_logprobs_of_half_characters_come_with_the_whole_one(peer: Callable[..., Peer]) -> None:
    def half(text: str, token: str) -> dict[str, Any]:
        logprobs = {"content": [{"token": token, "logprob": -1.0, "top_logprobs": []}]}
        return {"choices": [{"index": 0, "delta": {"content": text}, "logprobs": logprobs}]}

    chunks = [half("", "first"), half("\U0001f600", "second"), half("b", "b"), half("", "<end>"), delta("stop")]
    *told, last = OpenAI(peer(stream(*chunks)).url, "m").stream(ASKED)
    assert [[each.token for each in event.logprobs] for event in told if isinstance(event, TextDelta)] == [
        ["first", "second"],
        ["b"],
    ]
    assert isinstance(last, Finished)
    assert [each.token for each in last.completion.logprobs] == ["first", "second", "b"]


@pytest.mark.parametrize(
    "reply",
    [
        send(400, {"error": {"message": "no such key: secret-key-1"}}),
        send(401, b"secret-key-1 is wrong"),
        send(302, b"", Location="http://x/?secret-key-1"),
        send(400, {"error": {"message": "x" * 595 + "secret-key-1"}}),
        stream({"error": {"message": "secret-key-1"}}),
    ],
)
def test_a_key_is_never_in_an_error(peer: Callable[..., Peer], reply: Reply) -> None:
    error = failing(peer, reply, api_key="secret-key-1\n", retries=0)
    assert "secret" not in f"{error} {error.__cause__}"


def test_a_key_that_cannot_be_sent_is_not_shown() -> None:
    for key in ("secret\nkey", "secret\u00e9"):
        with pytest.raises(UsageError) as caught:
            OpenAI("http://127.0.0.1:9/v1", "m", api_key=key)
        assert "secret" not in str(caught.value)


def test_a_body_that_cannot_be_decoded_is_an_error(peer: Callable[..., Peer]) -> None:
    for status in (200, 500):
        assert "decoded" in str(failing(peer, send(status, b"no gzip", Content_Encoding="gzip"), retries=0))


def test_a_date_without_a_zone_is_waited_for(peer: Callable[..., Peer]) -> None:
    server = peer(send(429, b"", Retry_After="Wed, 21 Oct 2015 07:28:00 -0000"), HELLO)
    assert finish(OpenAI(server.url, "m")).text == "Hello"


def test_sampling_that_was_asked_for_is_sent(peer: Callable[..., Peer]) -> None:
    server = peer(HELLO)
    finish(OpenAI(server.url, "m"), ASKED.model_copy(update={"sampling": Sampling(top_k=5, repeat_penalty=1.1)}))
    finish(OpenAI(server.url, "m"))
    assert (server.asked[0][1]["top_k"], server.asked[0][1]["repeat_penalty"]) == (5, 1.1)
    assert not {"top_k", "min_p", "repeat_penalty", "repetition_penalty"} & set(server.asked[1][1])
