"""Weights from the model hub, over HTTP: resumed by Range, verified by sha256.

HF_ENDPOINT names another hub or a mirror, HF_TOKEN a token for gated models, as the hub's own client takes them.
A file whose hash the catalog does not pin must have the hash that the hub itself tells (its LFS etag).
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omniloom.catalog.entries import File
from omniloom.core.errors import WeightsError
from omniloom.core.events import Progress

_HUB = "https://huggingface.co"
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 60.0
_CHUNK = 1 << 20


def from_hub(name: str, file: File, target: Path, on_progress: Callable[[Progress], None]) -> None:
    """Downloads the file to `target`. Raises WeightsError: the hub cannot be reached, or has another file."""
    import httpx

    assert file.hub is not None
    endpoint = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")
    url = f"{endpoint}/{file.hub.repo}/resolve/main/{file.hub.file}"
    partial = target.with_name(target.name + ".hub")
    token = os.environ.get("HF_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    try:
        with httpx.Client(follow_redirects=True, timeout=timeout) as client:
            told = _etag(client, url, headers)
            if file.sha256 and told and told != file.sha256:
                raise WeightsError(f"the model hub has another {file.hub.file!r} than the catalog names")
            _download(client, url, headers, partial, file, lambda step: on_progress(step), name)
    except httpx.HTTPError as error:
        raise WeightsError(f"the model hub cannot be used for {name!r}: {type(error).__name__}") from error
    wanted = file.sha256 or told
    with partial.open("rb") as done:
        digest = hashlib.file_digest(done, "sha256").hexdigest()
    if not wanted or digest != wanted:
        partial.unlink(missing_ok=True)
        raise WeightsError(f"the file {file.hub.file!r} of the model hub has sha256 {digest[:16]}…, not the one named")
    partial.replace(target)


def _etag(client: Any, url: str, headers: dict[str, str]) -> str:
    """The sha256 the hub tells of a large file, before it redirects to where it lies; "" if it tells none."""
    answer = client.head(url, headers=headers, follow_redirects=False)
    if answer.status_code >= 400:
        answer.raise_for_status()
    told = answer.headers.get("x-linked-etag", "").strip('"')
    return told if len(told) == 64 else ""


def _download(
    client: Any,
    url: str,
    headers: dict[str, str],
    partial: Path,
    file: File,
    on_progress: Callable[[Progress], None],
    name: str,
) -> None:
    start = partial.stat().st_size if partial.exists() else 0
    if start:
        headers = headers | {"Range": f"bytes={start}-"}
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == 416:
            return
        answer.raise_for_status()
        resumed = answer.status_code == 206
        done = start if resumed else 0
        with partial.open("ab" if resumed else "wb") as out:
            for block in answer.iter_bytes(_CHUNK):
                done += len(block)
                if done > file.bytes:
                    raise WeightsError(f"the model hub sends more than the {file.bytes} bytes of {file.name!r}")
                out.write(block)
                on_progress(Progress(step=f"pull {name}", done=done, total=file.bytes, unit="bytes"))
            out.flush()
            os.fsync(out.fileno())
