"""HTTP to our own child, over its Unix socket or a loopback port, with calls that any thread can end.

The standard library's client: the socket is ours from its first moment, so it can be shut down while another thread
reads from it, and it is closed also when the child is gone before the connection stands.
"""

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from omniloom.engines.wire import encoded, lines

GONE = (OSError, http.client.HTTPException)  # what a call raises when the child ends under it
_UNIX = "unix://"


class Endpoint(NamedTuple):
    """Where the child listens: "unix:///path" or "http://127.0.0.1:port", and the key it asks for."""

    address: str
    key: str


class LocalCall:
    """One request and its answer, on a connection of its own. patience: seconds of silence after which it is given up;
    without it there is no end, for a long computation says nothing."""

    def __init__(self, endpoint: Endpoint, method: str, path: str, body: Any, patience: float | None = None) -> None:
        self._endpoint, self._method, self._path = endpoint, method, path
        self._body, self._patience = encoded(body), patience
        self._socket: socket.socket | None = None
        self._gone = False
        self._lock = threading.Lock()

    def answer(self) -> tuple[int, bytes]:
        """Status and whole body. Raises one of GONE."""
        with self._asked() as response:
            return response.status, response.read()

    def lines(self) -> Iterator[str]:
        """The lines of a streamed answer. Raises Status if it is no 200, and one of GONE."""
        with self._asked() as response:
            if response.status != 200:
                raise Status(response.status, response.read())
            yield from lines(iter(lambda: response.read1(1 << 16), b""))

    def hang_up(self) -> None:
        """End the call from any thread: a blocked read then ends at once."""
        with self._lock:
            self._gone = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _asked(self) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("engine")
        connected = self._connect()
        connection.sock = connected
        headers = {"Content-Type": "application/json", "Connection": "close"}
        if self._endpoint.key:
            headers["Authorization"] = f"Bearer {self._endpoint.key}"
        try:
            connection.request(self._method, self._path, self._body or None, headers)
            with connection.getresponse() as response:
                yield response
        finally:
            connection.close()
            connected.close()

    def _connect(self) -> socket.socket:
        address = self._endpoint.address
        if address.startswith(_UNIX):
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            target: Any = address.removeprefix(_UNIX)
        else:
            opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            parts = urlsplit(address)
            target = (parts.hostname, parts.port)
        try:
            opened.settimeout(self._patience)
            opened.connect(target)
            with self._lock:
                self._socket = opened
                if self._gone:
                    raise ConnectionAbortedError("the call was ended before it began")
        except BaseException:
            opened.close()
            raise
        return opened


class Status(Exception):
    """An answer that is no 200."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.body = status, body
