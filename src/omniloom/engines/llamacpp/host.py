"""The parent's side of the child: started when first needed, spoken to over HTTP, started again when it died."""

import contextlib
import json
import os
import secrets
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from threading import Event as Flag
from typing import Any

from omniloom.core.base import Value
from omniloom.core.errors import CancelledError, ContextError, EngineError, IsolationError, UsageError, WeightsError
from omniloom.engines.wire import Call, encoded, events, pumped
from omniloom.isolation import Child, Limits

_TARGET = "omniloom.engines.llamacpp.hosted:run"
_POLL = 0.02
_SETTLE_SECONDS = 3.0
_DEATHS_IN_A_ROW = 3


class Settings(Value):
    """How the child runs the model. context, batch: tokens. threads: of the computation."""

    context: int
    batch: int
    threads: int
    embedding: bool = False


class RefusedError(EngineError):
    """The server would refuse this request again."""

    retryable = False


class Lost(Exception):
    """The child ended while a call was in it; the argument says what it printed last."""


class Host:
    """One child at a time. Safe to use from several threads; whose turn it is, is for the caller to decide."""

    def __init__(self, model: Path, settings: Settings, slots: Path) -> None:
        self.slots = slots
        self._model, self._settings = model, settings
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._client: Any = None
        self._starting: Future[None] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="omniloom-", ignore_cleanup_errors=True)
        self._closed = False
        self._unsettled = False
        self._deaths = 0

    @property
    def pid(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.alive() else None

    def ensure(self, cancel: Flag | None = None) -> None:
        """Wait until the server listens. Raises WeightsError, EngineError, CancelledError."""
        with self._lock:
            if self._closed:
                raise UsageError("the engine is closed")
            if self._starting is None or (self._starting.done() and self.pid is None):
                self._starting = Future()
                threading.Thread(target=self._start, args=(self._starting,), daemon=True).start()
            starting = self._starting
        while True:
            try:
                return starting.result(timeout=_POLL)
            except NotYet:
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the call was cancelled while the model was loading") from None

    def post(self, path: str, body: dict[str, Any], cancel: Flag | None = None) -> Any:
        """One short call. Raises Lost, EngineError, ContextError, CancelledError."""
        [answer] = self._call("POST", path, body, cancel, stream=False)
        return answer

    def stream(self, path: str, body: dict[str, Any], cancel: Flag | None) -> Iterator[dict[str, Any]]:
        """The events of a streamed call; ending it early stops the computation at its next batch."""
        done = False
        try:
            yield from self._call("POST", path, body, cancel, stream=True)
            done = True
        finally:
            self._unsettled = self._unsettled or not done

    def settle(self, cancel: Flag | None) -> None:
        """Wait until a call that was left early is out of the slot; a child that does not let go is ended."""
        if not self._unsettled or self.pid is None:
            self._unsettled = False
            return
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            if not self.busy(cancel):
                self._unsettled = False
                return
            time.sleep(_POLL)
        self.kill()

    def busy(self, cancel: Flag | None = None) -> bool:
        """Whether the slot computes."""
        [slots] = self._call("GET", "/slots", None, cancel, stream=False)
        return bool(slots[0]["is_processing"])

    def worked(self) -> None:
        """A call came to its end: earlier deaths no longer count."""
        self._deaths = 0

    def died(self, last_words: str) -> None:
        """Count a death. Raises EngineError once it dies again and again."""
        self._deaths += 1
        if self._deaths >= _DEATHS_IN_A_ROW:
            self._deaths = 0
            raise EngineError(f"the engine's process died {_DEATHS_IN_A_ROW} times in a row: {last_words[-600:]!r}")

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._unsettled = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            starting = self._starting
        if starting is not None:
            with contextlib.suppress(Exception):
                starting.result(timeout=60)
        self._end()
        self._folder.cleanup()

    def _end(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._child is not None:
            self._child.close()
        self._client = self._child = None

    def _start(self, result: "Future[None]") -> None:
        try:
            self._end()
            self._launch()
            result.set_result(None)
        except BaseException as error:
            result.set_exception(error)

    def _launch(self) -> None:
        place = Path(self._folder.name)
        unix = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
        endpoint = place / f"{secrets.token_hex(4)}.sock"
        key = "" if unix else secrets.token_urlsafe(32)
        payload = self._settings.model_dump() | {
            "model": str(self._model),
            "host": str(endpoint) if unix else "127.0.0.1",
            "port": 0 if unix else _free_port(),
            "key": key,
            "slots": str(self.slots) + os.sep,
        }
        limits = Limits(
            memory_bytes=None, cpu_seconds=None, wall_seconds=None, file_bytes=None, threads=self._settings.threads
        )
        self._child = Child(
            _TARGET,
            payload,
            readable=[self._model, self.slots.parent],
            writable=[place, self.slots],
            limits=limits,
            allow_unix_socket=unix,
            allow_loopback=not unix,
        )
        try:
            told = self._child.receive()
        except IsolationError as error:
            raise self._load_error(error) from error
        self._client = _client(endpoint if unix else None, str((told or {}).get("address", "")), key)

    def _load_error(self, error: IsolationError) -> Exception:
        tail = self._child.stderr_tail().strip() if self._child is not None else ""
        lines = [line for line in tail.splitlines() if " E " in line or "rror" in line]
        why = "; ".join(lines[-3:]) or str(error)
        return WeightsError(
            f"the engine cannot load {self._model.name!r}: {why[-600:]}", hint="is it a language model?"
        )

    def _call(self, method: str, path: str, body: Any, cancel: Flag | None, *, stream: bool) -> Iterator[Any]:
        import httpx

        if self._client is None:
            raise Lost("the engine's process is not running")
        call = Call(self._client, method, path, content=encoded(body))

        def read() -> Iterator[Any]:
            with call.open() as response:
                if response.status_code != 200:
                    raise _refused(response.status_code, response.read())
                if not stream:
                    response.read()
                    yield response.json()
                    return
                for item in events(response.iter_lines()):
                    if "error" in item:
                        raise _refusal(item["error"])
                    yield item

        try:
            yield from pumped(read, call.hang_up, cancel)
        except (httpx.TransportError, json.JSONDecodeError) as error:
            raise Lost(self._last_words() or str(error)) from error

    def _last_words(self) -> str:
        child = self._child
        if child is None:
            return ""
        deadline = time.monotonic() + 1.0
        while child.alive() and time.monotonic() < deadline:
            time.sleep(_POLL)  # the socket closes a moment before the process is gone
        child.kill()
        return child.stderr_tail().strip()


def _client(endpoint: Path | None, address: str, key: str) -> Any:
    import httpx

    fresh = httpx.Limits(max_keepalive_connections=0)
    transport = httpx.HTTPTransport(uds=str(endpoint) if endpoint else None, limits=fresh)
    base = "http://engine" if endpoint else address
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.Client(transport=transport, base_url=base, headers=headers, timeout=None, trust_env=False)  # noqa: S113


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _refused(status: int, body: bytes) -> EngineError:
    try:
        return _refusal(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return _refusal({"code": status, "message": body[:300].decode("utf-8", "replace")})


def _refusal(error: Any) -> EngineError:
    details = error if isinstance(error, dict) else {"message": str(error)}
    message = str(details.get("message", details))
    if details.get("type") == "exceed_context_size_error":
        return ContextError(message)
    kind = EngineError if int(details.get("code") or 500) >= 500 else RefusedError
    return kind(f"the engine refused the request: {message}")
