"""HTTP calls that can be ended from another thread at once, and the JSON events of a server's stream."""

import contextlib
import json
import queue
import re
import socket
import threading
from collections.abc import Callable, Iterator
from threading import Event as Flag
from typing import Any, TypeVar

from omniloom.core.errors import CancelledError, EngineError

_T = TypeVar("_T")
_POLL = 0.02
_ENDS = re.compile(rb"\r\n|\n|\r(?=[\s\S])")  # a CR at the end of what came may be the first half of CR LF


class RefusedError(EngineError):
    """The same request would be refused again."""

    retryable = False


class Call:
    """One HTTP request whose answer is read in a thread of its own; `hang_up` ends it from any thread.

    A blocked read of a socket wakes only when the socket is shut down, so the socket is caught when it is opened.
    """

    def __init__(self, client: Any, method: str, url: str, **options: Any) -> None:
        self._client, self._method, self._url, self._options = client, method, url, options
        self._socket: socket.socket | None = None
        self._gone = False
        self._lock = threading.Lock()

    def open(self) -> Any:
        """A context with the httpx.Response, its body not read yet."""
        return self._client.stream(self._method, self._url, extensions={"trace": self._trace}, **self._options)

    def hang_up(self) -> None:
        with self._lock:
            self._gone = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _trace(self, name: str, info: dict[str, Any]) -> None:
        if name.endswith(("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
            if self._gone:
                self.hang_up()


def pumped(source: Callable[[], Iterator[_T]], stop: Callable[[], None], cancel: Flag | None) -> Iterator[_T]:
    """The items of `source`, which runs in a thread. `stop` is called once `cancel` is set or nobody listens any more.

    Raises what the source raised, and CancelledError within 0.02 s of `cancel`.
    """
    items: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def read() -> None:
        try:
            for item in source():
                items.put(("item", item))
            items.put(("end", None))
        except BaseException as error:
            items.put(("error", error))

    threading.Thread(target=read, daemon=True, name="omniloom-read").start()
    ended = False
    try:
        while True:
            if cancel is not None and cancel.is_set():
                raise CancelledError("the call was cancelled")
            try:
                kind, value = items.get(timeout=_POLL)
            except queue.Empty:
                continue
            if kind == "item":
                yield value
                continue
            ended = True
            if kind == "error":
                raise value
            return
    finally:
        if not ended:
            stop()


def encoded(body: Any) -> bytes:
    """JSON bytes. A lone surrogate has no UTF-8 and becomes `?`, so that no text of a file can break a call."""
    return b"" if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """The lines of an event stream. CR, LF or both end them and nothing else: U+2028 may stand inside of JSON."""
    rest = b""
    for chunk in chunks:
        *whole, rest = _ENDS.split(rest + chunk)
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.rstrip(b"\r").decode("utf-8", "replace")


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a server-sent event stream, up to `[DONE]`. Raises ValueError on data that is not JSON."""
    failed = False
    for line in lines:
        field, _, value = line.partition(":")
        value = value.strip()
        if field in ("event", ""):
            failed = field == "event" and value == "error"
        if field not in ("data", "error") or not value:
            continue  # comments, and data without content, keep a connection alive
        if value == "[DONE]":
            return
        item = json.loads(value)
        if field == "data" and not isinstance(item, dict):
            raise ValueError(f"an event is an object, got {value[:40]!r}")
        yield {"error": item} if field == "error" or (failed and "error" not in item) else item
