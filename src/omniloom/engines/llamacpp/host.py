"""The parent's side of the child that runs llama.cpp's server: spoken to over HTTP."""

import json
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import CancelledError, ContextError, EngineError, IsolationError, TooLargeError
from omniloom.engines.llamacpp.local import GONE, Endpoint, LocalCall, Status
from omniloom.engines.llamacpp.process import POLL, Lost, Process, Settings
from omniloom.engines.wire import RefusedError, events, pumped
from omniloom.isolation import Child

_TARGET = "omniloom.engines.llamacpp.hosted:run"
_UNIX = hasattr(socket, "AF_UNIX") and sys.platform != "win32"
_SHORT = ("/tokenize", "/detokenize", "/apply-template")  # nothing is computed for these
_SETTLE_SECONDS = 6.0
_SILENT_SECONDS = 60.0  # far longer than a batch takes: it says nothing while it computes one


class _Until(Flag):
    """Set once `cancel` is, or after `seconds`."""

    def __init__(self, seconds: float, cancel: Flag | None) -> None:
        super().__init__()
        self._end, self._cancel = time.monotonic() + seconds, cancel

    def is_set(self) -> bool:
        return time.monotonic() >= self._end or (self._cancel is not None and self._cancel.is_set())


class Host(Process):
    """Whose turn it is, is for the caller to decide."""

    def __init__(self, model: Path, settings: Settings, slots: Path, *, unix: bool = _UNIX) -> None:
        """unix: listen on a Unix socket; otherwise on a loopback port, with a key."""
        super().__init__(model, settings, slots)
        self._unix = unix
        self._endpoint: Endpoint | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="omniloom-", ignore_cleanup_errors=True)
        self._unsettled = False

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
        deadline, hung = time.monotonic() + _SETTLE_SECONDS, _Until(_SILENT_SECONDS, cancel)
        try:
            while time.monotonic() < deadline:
                if not self.busy(hung):
                    self._unsettled = False
                    return
                time.sleep(POLL)
        except CancelledError:
            if cancel is not None and cancel.is_set():
                raise
        self.kill()

    def busy(self, cancel: Flag | None = None) -> bool:
        """Whether the slot computes."""
        [slots] = self._call("GET", "/slots", None, cancel, stream=False)
        try:
            return bool(slots[0]["is_processing"])
        except (IndexError, KeyError, TypeError) as error:
            raise EngineError("the engine's process does not say whether it computes") from error

    def kill(self) -> None:
        super().kill()
        self._unsettled = False

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

    def _end(self) -> None:
        super()._end()
        self._endpoint = None

    def _launch(self) -> None:
        place = Path(self._folder.name)
        unix = self._unix
        endpoint = place / f"{secrets.token_hex(4)}.sock"
        key = "" if unix else secrets.token_urlsafe(32)
        payload = self._settings.model_dump() | {
            "model": str(self._model),
            "host": str(endpoint) if unix else "127.0.0.1",
            "port": 0 if unix else _free_port(),
            "key": key,
            "slots": str(self.slots) + os.sep,
        }
        self._child = Child(
            _TARGET,
            payload,
            readable=[self._model, self.slots.parent],
            writable=[place, self.slots],
            limits=self._limits(),
            allow_unix_socket=unix,
            allow_loopback=not unix,
        )
        try:
            told = self._child.receive()
        except (IsolationError, TooLargeError) as error:
            raise self._load_error(error) from error
        if told is None:
            raise EngineError("the engine's process ended before its server listened")
        self._endpoint = Endpoint(str(told["address"]), key)

    def _call(self, method: str, path: str, body: Any, cancel: Flag | None, *, stream: bool) -> Iterator[Any]:
        child = self._child
        if self._endpoint is None:
            raise Lost("the engine's process is not running")
        call = LocalCall(self._endpoint, method, path, body, _SILENT_SECONDS if path in _SHORT else None)

        def read() -> Iterator[Any]:
            if stream:
                yield from events(call.lines())
                return
            status, data = call.answer()
            if status != 200:
                raise Status(status, data)
            yield json.loads(data)

        try:
            # A short call that nobody can cancel needs no thread of its own.
            for item in pumped(read, call.hang_up, cancel) if stream or cancel is not None else read():
                if stream and "error" in item:
                    raise _refusal(item["error"])
                yield item
        except Status as answer:
            raise _refused(answer.status, answer.body) from None
        except (*GONE, ValueError, RecursionError) as error:  # gone, or it sent what is no JSON or no event
            raise self._lost(child, str(error)) from error


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
    code = details.get("code")
    kind = RefusedError if isinstance(code, int) and 0 < code < 500 else EngineError
    return kind(f"the engine refused the request: {message}")
