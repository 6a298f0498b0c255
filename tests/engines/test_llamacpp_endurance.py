"""What must not matter to an answer: a dead child, full memory, a clock that is set, and ten thousand others before."""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from omniloom.core.errors import BudgetError, ContextError, EngineError, WeightsError
from omniloom.core.events import Finished, TextDelta
from omniloom.core.values import Completion, Message, Request, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.line import Line
from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.sequence import Sequence
from omniloom.engines.llamacpp.native.context import Context, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.weights import Weights
from omniloom.isolation import Limits
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

CONTEXT = 512
MANY = 10_000 if os.environ.get("OMNILOOM_EXHAUSTIVE", "") == "1" else 3_000
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")


def question(text: str, *sources: str, **fields: object) -> Request:
    segments = [Segment(source=f"s{each}", content=each, made_by="t/1") for each in sources]
    messages = (Message(role="user", content=(*segments, text)),)
    return Request.model_validate({"messages": messages, "max_output_tokens": 100, **fields})


def finish(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


@pytest.fixture
def engine(model: Path, tmp_path: Path) -> Iterator[LlamaCpp]:
    with LlamaCpp(model, context_tokens=CONTEXT, threads=1, kv_home=tmp_path / "kv", loop=True) as opened:
        yield opened


def all_at_once(engine: LlamaCpp, requests: list[Request], seen: Callable[[int], None]) -> list[str]:
    """The texts of all streams. seen is told the number of a stream at each of its deltas."""
    texts = [""] * len(requests)

    def one(number: int) -> None:
        for event in engine.stream(requests[number]):
            if isinstance(event, TextDelta):
                texts[number] += event.text
                seen(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return texts


def test_sixteen_streams_go_on_within_a_second(model: Path, tmp_path: Path) -> None:
    """Each of them, and all of them were computed when the child was killed."""
    with LlamaCpp(model, context_tokens=CONTEXT, threads=1, kv_home=tmp_path / "kv", loop=True, at_once=16) as engine:
        back, once_more = gone_on(engine)
    assert len(back) == 16 and max(back) < max(1.0, 4 * once_more)


def gone_on(engine: LlamaCpp) -> tuple[list[float], float]:
    """After how many seconds each stream said what it had not said before; and how long one alone takes to begin after
    a kill, on a machine as busy as this one."""
    requests = [question(f"Tale {number}.") for number in range(16)]
    alone = [finish(engine, request).text for request in requests]
    assert len(set(alone)) == 16
    lock, first, deltas = threading.Lock(), engine._host.pid, 0
    killed, back = 0.0, dict[int, float]()
    assert first is not None

    def seen(number: int) -> None:
        nonlocal deltas, killed
        with lock:
            deltas += 1
            if deltas == 300:
                os.kill(first, signal.SIGKILL)
                killed = time.monotonic()
            elif killed and engine._host.pid not in (None, first):
                back.setdefault(number, time.monotonic() - killed)

    assert all_at_once(engine, requests, seen) == alone
    os.kill(engine._host.pid or 0, signal.SIGKILL)
    began = time.monotonic()
    finish(engine, requests[0].model_copy(update={"max_output_tokens": 1}))
    return list(back.values()), time.monotonic() - began


def test_no_more_cells(engine: LlamaCpp) -> None:
    """The longest request that fits gives the same text beside five others as alone; one token more is an error."""
    room = CONTEXT - engine.count_tokens(question("Fill it."))
    full = question("Fill it.", max_output_tokens=room)
    with pytest.raises(ContextError, match="513 tokens"):
        finish(engine, question("Fill it.", max_output_tokens=room + 1))
    alone = finish(engine, full)
    assert alone.usage.output_tokens == room or alone.finish_reason == "stop"
    assert all_at_once(engine, [full] * 6, lambda _: None) == [alone.text] * 6


def test_cells_that_run_out_fail_one_sequence_only(weights: Weights) -> None:
    """The library has less room than it said, which no request can bring about by itself."""
    context = Context(weights, Sizes(cells=256, batch=64, sequences=2, threads=1), Stop())
    loop = Loop(context)
    context.sizes = replace(context.sizes, cells=10_000)
    loop.add(Sequence("long", [100 + at % 50 for at in range(400)], limit=4))
    loop.add(Sequence("short", [100, 101, 102], limit=4))
    told: list[Told] = []
    while loop.busy:
        told += loop.step()
    [failed] = [each for each in told if each.kind == "failed"]
    assert failed.key == "long" and isinstance(failed.problem, EngineError) and "KV cells" in failed.problem.message
    assert [each.reason for each in told if each.kind == "end"] == ["length"]
    context.close()


def limited(megabytes: int) -> Callable[[Line], Limits]:
    return lambda line: Limits(
        memory_bytes=megabytes << 20, cpu_seconds=None, wall_seconds=None, file_bytes=None, output_bytes=None, threads=1
    )


@linux
def test_a_child_without_memory_to_load(engine: LlamaCpp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Line, "_limits", limited(8))
    with pytest.raises(WeightsError, match="8 MiB of memory"):
        finish(engine, question("Tale 1."))
    monkeypatch.undo()
    assert finish(engine, question("Tale 1.")).text


@linux
def test_a_child_that_runs_out_of_memory(engine: LlamaCpp, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = finish(engine, question("Tale 1.")).text
    engine._host.kill()
    monkeypatch.setattr(Line, "_limits", limited(160))
    assert finish(engine, question("Tale 1.")).text == wanted
    with pytest.raises(EngineError, match="died"):
        engine.count_tokens("a loom " * 2_000_000)
    assert finish(engine, question("Tale 1.")).text == wanted


@pytest.mark.parametrize("jump", [-1e9, 1e9, None])
def test_a_clock_that_is_set_meanwhile(
    model: Path, engine: LlamaCpp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float | None
) -> None:
    """Once far back, once far ahead, or to and fro at every look."""
    story = "A loom weaves threads. " * 6
    wanted = finish(engine, question("Tale 1.", story)).text
    looks, real = 0, time.time

    def clock() -> float:
        nonlocal looks
        looks += 1
        return real() + (jump * (looks > 3) if jump is not None else (-1) ** looks * 1e8)

    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(time, "time_ns", lambda: int(clock() * 1e9))
    for _ in range(2):
        again = finish(engine, question("Tale 1.", story))
        assert again.text == wanted and 0 < again.usage.seconds < 30
        assert again.usage.first_token_seconds is not None and 0 < again.usage.first_token_seconds < 30
    with LlamaCpp(model, context_tokens=CONTEXT, threads=1, kv_home=tmp_path / "kv", loop=True) as fresh:
        restored = finish(fresh, question("Tale 1.", story))
    assert restored.text == wanted and restored.usage.cached_tokens > 100


def test_a_trace_and_a_deadline_do_not_ask_that_clock(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, real = 0, time.time

    def clock() -> float:
        nonlocal looks
        looks += 1
        return real() - looks * 1e6

    monkeypatch.setattr(time, "time", clock)
    store = Store(tmp_path / "store")
    opened = LlamaCpp(model, context_tokens=CONTEXT, threads=1, kv_home=store.kv.root, loop=True)
    with Model(opened, store) as asked:
        response = asked.generate(["Tale 1."], max_output_tokens=4, timeout=30)
        for span in store.journal.trace(response.trace_id).spans:
            assert span.end is not None and 0 <= span.end - span.start < 30
        with pytest.raises(BudgetError):
            asked.generate(["Tale 2."], max_output_tokens=64, timeout=1e-4)


def _resident(pid: int) -> float:
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@linux
def test_thousands_of_requests_take_no_memory(engine: LlamaCpp) -> None:
    """Different ones, every tenth with a source whose state is kept."""
    found: list[tuple[float, float]] = []
    for number in range(MANY + 1):
        if number % 500 == 0 and number:
            gc.collect()
            assert engine._host.pid is not None
            found.append((_resident(os.getpid()), _resident(engine._host.pid)))
        sources = [f"source {number} " * 8] if number % 10 == 0 else []
        finish(engine, question(f"Tale {number}.", *sources, max_output_tokens=1, seed=number))
    settled = found[1:]  # the first thousand fills caches that have a size
    for before, after in zip(settled[0], settled[-1], strict=True):
        assert after - before <= 1.0 * (len(settled) - 1) / 2
