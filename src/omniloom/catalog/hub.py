"""Weights from the model hub, over HTTP: resumed by Range, verified by sha256.

HF_ENDPOINT names another hub or a mirror, HF_TOKEN a token for gated models, HF_HUB_OFFLINE forbids its use, and what
lies in the hub's own cache (HF_HUB_CACHE, HF_HOME) is not downloaded again: as the hub's own client takes them.
A file whose hash the catalog does not pin must have the hash that the hub itself tells of it.
"""

import contextlib
import hashlib
import os
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from omniloom.catalog.entries import File, HubFile
from omniloom.catalog.progress import Tally
from omniloom.core.errors import WeightsError
from omniloom.storage.files import flush, flush_folder

_HUB = "https://huggingface.co"
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 60.0
_ATTEMPTS = 4
_SLACK = 1.2


class UnreachableError(WeightsError):
    """The hub does not answer: asking it for the next file is a waste of time."""


def from_hub(file: File, target: Path, tally: Tally) -> None:
    """Downloads the file to `target`; what an earlier attempt left in `target`.hub is gone on with.

    Raises UnreachableError within a few seconds where there is no hub; WeightsError if it has no such file, another
    one, or ends the connection again and again.
    """
    import httpx

    assert file.hub is not None
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise UnreachableError("the model hub is switched off by HF_HUB_OFFLINE")
    url = f"{os.environ.get('HF_ENDPOINT') or _HUB}".rstrip("/") + f"/{file.hub.repo}/resolve/main/{file.hub.file}"
    token = os.environ.get("HF_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    _check_name(url)
    try:
        with httpx.Client(follow_redirects=True, timeout=timeout, headers=headers) as client:
            digest, size = _told(client, url, file)
            _download(client, url, _partial(target), size, tally)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise UnreachableError(f"the model hub cannot be reached ({type(error).__name__})") from error
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        why = " (gated or private: set HF_TOKEN)" if status in (401, 403) else ""
        raise WeightsError(f"the model hub answers {status} for {file.hub.file!r}{why}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WeightsError(f"the model hub broke off {file.hub.file!r} ({type(error).__name__})") from error
    _accept(file.hub, digest, target)


def in_hub_cache(file: File) -> Path | None:
    """The file in the cache of the hub's own client, which names large files by their sha256."""
    if file.hub is None or not file.sha256:
        return None
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    blob = cache / f"models--{file.hub.repo.replace('/', '--')}" / "blobs" / file.sha256
    return blob if blob.is_file() else None


def _check_name(url: str) -> None:
    """Raises UnreachableError if the hub's name cannot be looked up in time: no timeout of a socket covers that."""
    host = urlsplit(url).hostname
    if host is None or getproxies():  # a proxy looks it up
        return
    looked_up = threading.Event()

    def look() -> None:
        with contextlib.suppress(OSError):
            socket.getaddrinfo(host, None)
        looked_up.set()

    threading.Thread(target=look, daemon=True).start()
    if not looked_up.wait(_CONNECT_SECONDS):
        raise UnreachableError(f"the model hub cannot be reached (no answer about the name {host!r})")


def _partial(target: Path) -> Path:
    return target.with_name(f"{target.name}.hub")


def _told(client: Any, url: str, file: File) -> tuple[str, int]:
    """(sha256 to demand, bytes at most) of the file, from what the hub tells before it redirects to the content."""
    assert file.hub is not None
    answer = client.head(url, follow_redirects=False)
    if answer.status_code >= 400:
        answer.raise_for_status()
    etag = answer.headers.get("x-linked-etag", answer.headers.get("etag", "")).strip('W/"')
    told = etag.lower() if len(etag) == 64 else ""
    if file.sha256:
        if told and told != file.sha256:
            raise WeightsError(f"the model hub has another {file.hub.file!r} than the catalog names")
        return file.sha256, file.bytes
    if not told:
        raise WeightsError(f"the model hub tells no sha256 of {file.hub.file!r}, so it cannot be verified")
    size = answer.headers.get("x-linked-size", "")
    return told, int(size) if size.isdigit() else int(file.bytes * _SLACK)


def _download(client: Any, url: str, partial: Path, size: int, tally: Tally) -> None:
    """Until all is here; a connection that breaks off is gone on with as long as each attempt brings something."""
    import httpx

    tally.on_the_way(0)
    for attempt in range(_ATTEMPTS):
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _get(client, url, partial, size, tally)
            return
        except httpx.TransportError:
            after = partial.stat().st_size if partial.exists() else 0
            if attempt == _ATTEMPTS - 1 or after <= before:
                raise


def _get(client: Any, url: str, partial: Path, size: int, tally: Tally) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    # Bytes packed for the way (gzip) would make Range and the sizes mean something else.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == 416:  # nothing is left to send: the hash will tell whether all is here
            return
        answer.raise_for_status()
        resumed = answer.status_code == 206 and answer.headers.get("content-range", "").startswith(f"bytes {done}-")
        done = done if resumed else 0
        with partial.open("ab" if resumed else "wb") as out:
            for block in answer.iter_raw():  # as they come: what has arrived when the connection breaks is kept
                done += len(block)
                if done > size:
                    raise WeightsError(f"the model hub sends more than the {size} bytes of {partial.stem!r}")
                out.write(block)
                tally.on_the_way(done)
            flush(out)


def _accept(hub: HubFile, digest: str, target: Path) -> None:
    partial = _partial(target)
    with partial.open("rb") as done:
        actual = hashlib.file_digest(done, "sha256").hexdigest()
    if actual != digest:
        partial.unlink()
        raise WeightsError(
            f"{hub.file!r} of the model hub has sha256 {actual[:16]}…, not {digest[:16]}…", hint="pull again"
        )
    partial.replace(target)
    flush_folder(target.parent)
