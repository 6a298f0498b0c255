"""Run the command-line client of a package registry, watch it work, and end it with whatever ends us."""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omniloom.core.errors import WeightsError

_LOOK_SECONDS = 0.1
_STALL_SECONDS = 600.0
_ERROR_CHARACTERS = 300


@contextmanager
def scratch(staging: Path) -> Iterator[Path]:
    """A folder of one run of a client: what an orphan of a killed process still writes disturbs nobody."""
    folder = staging / f"run-{uuid.uuid4().hex[:12]}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: Sequence[str], folder: Path, arriving: Callable[[int], None], what: str) -> str:
    """Runs the client in `folder`, which is its temporary folder too; returns what it wrote to standard output.

    arriving: told the bytes that lie in `folder` so far. Raises WeightsError with the client's own words if it fails,
    or if nothing arrives for ten minutes. The client has its own time limits and retries.
    """
    # Downloads of hundreds of MB must not land in a small /tmp; and the last step is then a rename on one disk.
    environment = os.environ | {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    out, err = folder / "client.out", folder / "client.err"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err
        )
        try:
            _wait(process, folder, arriving, what)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise _failure(err.read_text("utf-8", "replace"), process.returncode, what)
    return out.read_text("utf-8", "replace")


def _wait(process: subprocess.Popen[bytes], folder: Path, arriving: Callable[[int], None], what: str) -> None:
    size, grown = -1, time.monotonic()
    while True:
        try:
            process.wait(_LOOK_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass
        now = _size(folder)
        if now != size:
            size, grown = now, time.monotonic()
            arriving(size)
        elif time.monotonic() - grown > _STALL_SECONDS:
            raise WeightsError(f"nothing of {what} arrived for ten minutes", hint="check the network and try again")


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _failure(words: str, code: int, what: str) -> WeightsError:
    if "No space left" in words or "ENOSPC" in words or "File too large" in words:
        return no_room(f"{what} could not be stored: the disk is full")
    lines = [line.strip() for line in words.splitlines() if "error" in line.lower()] or words.strip().splitlines()[-1:]
    # The hash a registry's client found wrong stands in several lines; the first says it.
    said = (lines[0] if lines else f"exit code {code}")[:_ERROR_CHARACTERS]
    return WeightsError(
        f"{what} could not be got: {said}",
        hint="check the network and the client's configuration; what is here already is kept",
    )


def no_room(message: str) -> WeightsError:
    return WeightsError(message, hint="make room and pull again, or set OMNILOOM_WEIGHTS to a folder on another disk")
