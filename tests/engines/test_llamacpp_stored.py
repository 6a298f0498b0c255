"""Stored states that are wrong in any way cost time and nothing else; through the loop, and through the server."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import asker
import pytest

from omniloom.core.events import Finished
from omniloom.core.values import Completion, Message, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp, host, line
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.states import shown_to_child
from omniloom.isolation import Child, level
from omniloom.storage import kv

Opened = Callable[..., LlamaCpp]
posix = pytest.mark.skipif(os.name != "posix", reason="owners of files")
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two of one shape with other weights."""
    folder = tmp_path_factory.mktemp("tiny")
    for seed in (1, 2):
        build_tiny(folder / f"{seed}.gguf", seed)
    return [folder / "1.gguf", folder / "2.gguf"]


@pytest.fixture(params=["loop", "server"])
def open_engine(models: list[Path], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    opened: list[LlamaCpp] = []

    def one(model: int = 0, **options: object) -> LlamaCpp:
        settings = {"context_tokens": 512, "threads": 1, "kv_home": tmp_path / "kv", "loop": request.param == "loop"}
        opened.append(LlamaCpp(models[model], **(settings | options)))  # type: ignore[arg-type]
        return opened[-1]

    yield one
    for each in opened:
        each.close()


def asked(engine: LlamaCpp, story: int = 0) -> Completion:
    segment = Segment(source=f"s{story}", content=asker.STORIES[story], made_by="t/1")
    messages = (Message(role="user", content=(segment, "What is it?")),)
    request = Request(messages=messages, max_output_tokens=12, sampling=Sampling(top_logprobs=2))
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def same(one: Completion, other: Completion) -> bool:
    return (one.text, one.logprobs) == (other.text, other.logprobs)


def states(home: Path) -> list[Path]:
    return sorted((home / "kv").glob("*.kv"), key=lambda path: path.stat().st_mtime_ns)


def recomputed(open_engine: Opened, wanted: Completion) -> None:
    """The first story is computed, kept, and found by the next process; the second one never was in question."""
    with open_engine() as engine:
        found = asked(engine)
        assert same(found, wanted) and found.usage.cached_tokens == 0
        assert asked(engine, 1).usage.cached_tokens > 100
    with open_engine() as engine:
        assert same(asked(engine), wanted) and asked(engine).usage.cached_tokens > 100


def kept(open_engine: Opened, home: Path) -> tuple[Completion, Path]:
    """The answer about the first story, and its state; that of the second lies beside it."""
    with open_engine() as engine:
        wanted = asked(engine)
        [first] = states(home)
        asked(engine, 1)
    return wanted, first


def test_bits_flipped_and_bytes_cut(open_engine: Opened, tmp_path: Path) -> None:
    wanted, state = kept(open_engine, tmp_path)
    whole, chance = state.read_bytes(), random.Random(5)
    places = [0, 60, *(chance.randrange(len(whole)) for _ in range(2)), len(whole) - 300]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        state.write_bytes(damaged)
        recomputed(open_engine, wanted)
    state.write_bytes(whole[: chance.randrange(len(whole))])
    recomputed(open_engine, wanted)


@posix
@pytest.mark.parametrize("how", ["unsealed", "other state", "link", "key", pytest.param("owner", marks=root_only)])
def test_a_state_of_somebody_else(open_engine: Opened, tmp_path: Path, how: str) -> None:
    wanted, state = kept(open_engine, tmp_path)
    [other] = [path for path in states(tmp_path) if path != state]
    if how == "unsealed":
        state.write_bytes(other.read_bytes()[:-400])
    elif how == "other state":
        state.write_bytes(other.read_bytes())
    elif how == "link":
        state.rename(tmp_path / "moved")
        state.symlink_to(tmp_path / "moved")
    elif how == "owner":
        os.chown(state, 12345, 12345)
    else:
        (tmp_path / "kv.key").write_bytes(bytes(32))
        with open_engine() as engine:
            asked(engine, 1)  # sealed with that key as well
    recomputed(open_engine, wanted)


def test_another_model_and_other_parameters(open_engine: Opened, tmp_path: Path) -> None:
    wanted, _ = kept(open_engine, tmp_path)
    for options in ({"model": 1}, {"batch_tokens": 64}, {"context_tokens": 400}, {"threads": 2}):
        with open_engine(**options) as engine:
            assert asked(engine).usage.cached_tokens == 0
    with open_engine() as engine:
        again = asked(engine)
        assert same(again, wanted) and again.usage.cached_tokens > 100


def test_a_full_disk_when_the_state_is_taken_in(
    open_engine: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, _ = kept(open_engine, tmp_path)

    class Full:
        """A disk that takes ten thousand bytes."""

        def __init__(self, path: Path) -> None:
            self._file: BinaryIO = path.open("xb")

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def write(self, data: bytes) -> None:
            if self._file.tell() + len(data) > 10_000:
                raise OSError(28, "No space left on device")
            self._file.write(data)

    monkeypatch.setattr(kv, "create", Full)
    shutil.rmtree(tmp_path / "kv")
    with open_engine() as engine:
        assert same(asked(engine), wanted) and not states(tmp_path)
        assert [path.name for path in (tmp_path / "kv").iterdir()] == [engine._slots.name]


def test_a_disk_that_takes_nothing_from_the_child(open_engine: Opened, tmp_path: Path) -> None:
    """The folder it writes in is gone: to it that is the same as a full one."""
    with open_engine() as engine:
        engine.count_tokens("it runs")
        shutil.rmtree(engine._slots)
        wanted = asked(engine)
        assert wanted.text and not states(tmp_path)
    with open_engine() as engine:
        assert same(asked(engine), wanted)


@pytest.mark.skipif(not level().landlock_abi, reason="this system does not confine what a process may write")
def test_a_child_changes_no_stored_state_and_sees_no_key(
    open_engine: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is confined as the engine's is."""
    _, state = kept(open_engine, tmp_path)
    before, confined = state.read_bytes(), dict[str, Any]()

    def noting(target: str, payload: dict[str, Any], **places: Any) -> Child:
        confined.update(places)
        return Child(target, payload, **places)

    for module in (line, host):
        monkeypatch.setattr(module, "Child", noting)
    with open_engine() as engine:
        engine.count_tokens("it runs")
        slots = engine._slots
        link = slots / shown_to_child(state, slots)
        payload = {"link": str(link), "state": str(state), "key": str(tmp_path / "kv.key"), "slots": str(slots)}
        with Child("state_spoiler:run", payload, **confined) as child:
            told = child.receive()
    assert told is not None and [what for what, works in told.items() if works] == ["read the state"]
    assert state.read_bytes() == before


@posix
def test_engines_killed_at_random_moments(models: list[Path], tmp_path: Path) -> None:
    """Two at a time, in one store."""
    home, chance = tmp_path / "kv", random.Random(11)
    with LlamaCpp(models[0], context_tokens=512, threads=1, kv_home=tmp_path / "other" / "kv", loop=True) as engine:
        wanted = {str(story): asker.answer(engine, story)[0] for story in (0, 1)}
    running: list[subprocess.Popen[str]] = []
    said: list[str] = []
    for _ in range(7):
        command = [sys.executable, asker.__file__, str(models[0]), str(home)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        if len(running) == 2:
            oldest = running.pop(0)
            assert oldest.stdout is not None
            said.append(oldest.stdout.readline())
            time.sleep(chance.uniform(0.0, 0.5))  # a random moment of its next start, load, answer or end
            oldest.kill()
            said += oldest.communicate()[0].splitlines()
    running[0].kill()
    running[0].communicate()
    for heard in said:
        story, _, text = heard.strip().partition(" ")
        assert text == repr(wanted[story])
    with LlamaCpp(models[0], context_tokens=512, threads=1, kv_home=home, loop=True) as engine:
        for story, text in wanted.items():
            assert asker.answer(engine, int(story))[0] == text
            again, cached = asker.answer(engine, int(story))
            assert again == text and cached > 100
        assert [path.name for path in home.iterdir() if path.suffix != ".kv"] == [engine._slots.name]
