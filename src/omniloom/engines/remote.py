"""HTTP to somebody else's server: one host, no redirects, bounded retries, errors of our tree."""

import email.utils
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Event as Flag
from typing import Any
from urllib.parse import urlsplit

from omniloom.core.errors import CancelledError, ContextError, EngineError, OfflineError, UsageError
from omniloom.engines.wire import Call, RefusedError, encoded, events, lines, pumped

_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_PATIENCE = 30.0
_ERROR_BYTES = 1 << 20
_SECRET = 8
_FORM = "is the address that of the interface? It mostly ends in /v1"


class Remote:
    """One server. timeout: seconds without a byte. local: whether it is this machine."""

    def __init__(self, url: str, api_key: str | None, *, timeout: float, retries: int) -> None:
        self._host = _host(url)
        self.local = _loopback(self._host)
        self._base = url.rstrip("/")
        self._key, self._timeout, self._retries = _usable(api_key), timeout, max(0, retries)
        self._client: Any = None

    def stream(self, path: str, body: dict[str, Any], cancel: Flag | None) -> Iterator[dict[str, Any]]:
        """The JSON events of a streamed answer. Retries only while nothing was received."""
        yield from self._lasting(path, body, cancel, stream=True)

    def post(self, path: str, body: dict[str, Any], cancel: Flag | None = None) -> Any:
        [answer] = self._lasting(path, body, cancel, stream=False)
        return answer

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None

    def _lasting(self, path: str, body: dict[str, Any], cancel: Flag | None, *, stream: bool) -> Iterator[Any]:
        patience = _PATIENCE
        for attempt in range(self._retries + 1):
            received = False
            try:
                for item in self._once(path, body, cancel, stream=stream):
                    received = True
                    yield item
                return
            except _AgainError as again:
                pause = again.pause if again.pause is not None else 0.5 * 2**attempt
                if received or attempt == self._retries or pause > patience:
                    raise again.error from again
                patience -= pause
                _sleep(pause, cancel)

    def _once(self, path: str, body: dict[str, Any], cancel: Flag | None, *, stream: bool) -> Iterator[Any]:
        import httpx

        call = Call(self._open(), "POST", self._base + path, content=encoded(body))

        def read() -> Iterator[Any]:
            with call.open() as response:
                if response.status_code != 200:
                    raise _refusal(response, self._host, self._key)
                if not stream:
                    response.read()
                    yield response.json()
                    return
                for item in events(lines(response.iter_bytes())):
                    if item.get("error"):
                        raise _error(_without(item["error"], self._key), 500)
                    yield item

        try:
            yield from pumped(read, call.hang_up, cancel)
        except httpx.TimeoutException as error:
            why = f"{self._host!r} did not answer within {self._timeout:g} s"
            raise _AgainError(EngineError(why, hint="is it busy? A longer timeout waits longer")) from error
        except httpx.TransportError as error:
            hint = f"is the server running at {self._base}, and the address right?"
            raise _AgainError(EngineError(f"no connection to {self._host!r}: {error}", hint=hint)) from error
        except httpx.HTTPError as error:
            raise EngineError(f"{self._host!r} sent what cannot be decoded: {error}", hint=_FORM) from error
        except httpx.InvalidURL as error:
            raise UsageError(f"the server's address is no URL: {error}", hint="http://host:port/v1") from error
        except ValueError as error:
            if isinstance(error, UsageError):
                raise
            raise EngineError(f"{self._host!r} sent what is no JSON: {error}", hint=_FORM) from error

    def _open(self) -> Any:
        from omniloom.storage.home import offline

        if not self.local and offline():
            raise OfflineError(
                f"{self._host!r} is another machine, and OMNILOOM_OFFLINE is set", hint="unset it, or ask a local model"
            )
        if self._client is None:
            import httpx

            headers = {"Content-Type": "application/json"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            # A call is ended by shutting its socket down, so no socket is shared between calls.
            limits = httpx.Limits(max_keepalive_connections=0)
            timeout = httpx.Timeout(self._timeout, connect=min(10.0, self._timeout))
            self._client = httpx.Client(
                headers=headers, timeout=timeout, limits=limits, follow_redirects=False, trust_env=not self.local
            )
        return self._client


class _AgainError(Exception):
    """Worth another attempt after `pause` seconds (None: the server did not say)."""

    def __init__(self, error: EngineError, pause: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.pause = error, pause


def _host(url: str) -> str:
    """Raises UsageError for an address to which nothing can be sent, or that holds a secret which errors would show."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), False
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("the server's address must not hold a password or a query", hint="give api_key")
    if not usable:
        raise UsageError(f"the server's address must be an http(s) URL, got {url!r}", hint="http://host:port/v1")
    return parts.hostname or ""


def _usable(api_key: str | None) -> str:
    """The key without the line end of the file it was read from. The library for HTTP would show a key it refuses."""
    key = (api_key or "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError("api_key holds characters that no HTTP header takes", hint="check how it was read")
    return key


def _without(told: Any, key: str) -> Any:
    """What a server told, without the key: some servers say it back in their errors. Shorter ones are no secrets."""
    return json.loads(json.dumps(told).replace(key, "***")) if len(key) >= _SECRET else told


def _refusal(response: Any, host: str, key: str) -> Exception:
    status = response.status_code
    if 300 <= status < 400:
        where = _without(response.headers.get("location", ""), key)
        return RefusedError(f"{host!r} redirects to {where[:200]!r}", hint="give that address, if you trust it")
    data = b""
    for chunk in response.iter_bytes():
        data += chunk
        if len(data) > _ERROR_BYTES:
            break
    try:
        told = json.loads(data)
    except ValueError:
        told = data.decode("utf-8", "replace")
    told = told[0] if isinstance(told, list) and told else told  # some servers send a list of one
    told = _without(told.get("error") or told if isinstance(told, dict) else told, key)
    error = _error(told if isinstance(told, dict) else str(told)[:300], status)
    if status in _RETRIED and isinstance(error, EngineError) and not isinstance(error, ContextError):
        return _AgainError(error, _pause(response.headers.get("retry-after")))
    return error


def _error(told: Any, status: int) -> EngineError:
    """From the error envelope {"error": {message, type, param, code}}, in whichever form a server gives it."""
    details = told if isinstance(told, dict) else {"message": str(told)}
    message = str(details.get("message") or details.get("detail") or details)[:600]
    kind = f"{details.get('type') or ''} {details.get('code') or ''}".lower()
    words = message.lower()
    if "context" in kind or ("context" in words and any(w in words for w in ("length", "exceed", "size", "window"))):
        return ContextError(f"the server says: {message}", hint="give fewer or shorter inputs")
    if status in (401, 403):
        return RefusedError(f"the server refuses the key (HTTP {status}): {message}", hint="check api_key")
    if status == 404:
        return RefusedError(f"the server knows no such model or address: {message}", hint="check the URL and model")
    if status in _RETRIED or status >= 500:
        return EngineError(f"the server failed (HTTP {status}): {message}", hint="try again later; its log may say why")
    return RefusedError(f"the server refused the request (HTTP {status}): {message}", hint="its log may say more")


def _pause(header: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or an HTTP date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        at = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)  # "-0000" is UTC of an unknown zone
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _sleep(seconds: float, cancel: Flag | None) -> None:
    if cancel is None:
        time.sleep(seconds)
    elif cancel.wait(seconds):
        raise CancelledError("the call was cancelled while it waited to try again")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
