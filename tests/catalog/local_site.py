"""A small web server of the tests: a package index, an npm registry or a model hub, that counts what it is asked."""

import http.server
import time
from collections import Counter
from pathlib import Path
from typing import Any

_CHUNK = 16384


class Site(http.server.ThreadingHTTPServer):
    """Serves `pages` (path → bytes or a function of the handler). asked: (path, Range) of every GET, in order.

    pause: seconds after every 16 kB. answered: how often a path's content was sent whole.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pages: dict[str, Any] = {}
        self.asked: list[tuple[str, str]] = []
        self.answered: Counter[str] = Counter()
        self.pause = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def shelve(self, folder: Path) -> str:
        """Serves the wheels of a folder as a simple index (PEP 503); returns the index's address."""
        for path in folder.glob("*.whl"):
            package = path.name.split("-")[0].replace("_", "-")
            self.pages[f"/simple/{package}/"] = f'<a href="/wheels/{path.name}">{path.name}</a>'.encode()
            self.pages[f"/wheels/{path.name}"] = path.read_bytes()
        return f"{self.url}/simple"

    def downloads(self) -> Counter[str]:
        return Counter({path: n for path, n in self.answered.items() if path.startswith("/wheels/")})


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        page = self.server.pages.get(self.path)
        if callable(page):
            page(self, body)
            return
        self.send(404 if page is None else 200, page or b"", body)

    def send(self, status: int, content: bytes, body: bool, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if "simple" in self.path else "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if body:
            for start in range(0, len(content), _CHUNK):
                self.wfile.write(content[start : start + _CHUNK])
                time.sleep(self.server.pause)
            self.server.answered[self.path] += 1

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *_: object) -> None:
        pass
