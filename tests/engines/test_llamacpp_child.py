"""The engine's process: killed, cancelled, crowded, abandoned; and nothing of it left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from omniloom.core.errors import CancelledError, EngineError, OmniloomError, UsageError, WeightsError
from omniloom.core.events import Finished, Progress, TextDelta
from omniloom.core.values import Completion, Request, Sampling
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.host import Host, Settings
from omniloom.engines.llamacpp.local import LocalCall

pytestmark = pytest.mark.weights
Ask = Callable[..., Request]
Fresh = Callable[..., LlamaCpp]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def finish(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def pid_of(engine: LlamaCpp) -> int:
    pid = engine._host.pid
    assert pid is not None
    return pid


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_killed_child_changes_no_answer(quick: Fresh, ask: Ask, story: str) -> None:
    """Ten answers, the child killed in the middle of each: the text is what it would have been, and nothing twice."""
    engine = quick()
    request = ask("Tell me about the keeper.", story, max_output_tokens=12)
    alone = finish(engine, request)
    for at in range(10):
        texts: list[str] = []
        completion = None
        for event in engine.stream(request):
            if isinstance(event, TextDelta):
                texts.append(event.text)
                if len(texts) == at + 1:
                    os.kill(pid_of(engine), signal.SIGKILL)
            elif isinstance(event, Finished):
                completion = event.completion
        assert "".join(texts) == alone.text
        assert completion is not None
        assert (completion.text, completion.logprobs) == (alone.text, alone.logprobs)


def test_a_child_killed_during_prefill_is_started_again(fresh: Fresh, ask: Ask, story: str) -> None:
    engine = fresh()
    killed = False
    for event in engine.stream(ask("Who?", story * 3)):
        if isinstance(event, Progress) and event.step == "prefill" and event.done and not killed:
            os.kill(pid_of(engine), signal.SIGKILL)
            killed = True
    assert killed
    assert isinstance(event, Finished)


def test_a_child_that_dies_again_and_again_is_an_error(fresh: Fresh, ask: Ask, story: str) -> None:
    engine = fresh()
    request = ask("Who?", story, max_output_tokens=30)
    with pytest.raises(EngineError, match="died 3 times") as caught:
        for event in engine.stream(request):
            if isinstance(event, Progress) and engine._host.pid:
                os.kill(pid_of(engine), signal.SIGKILL)
    assert caught.value.retryable
    assert finish(engine, request).text  # and the next call works


@pytest.mark.parametrize("moment", ["prefill", "decode", "start"])
def test_cancelling_takes_effect_at_once(fresh: Fresh, ask: Ask, story: str, moment: str, record_property) -> None:
    engine = fresh(batch_tokens=256)
    if moment != "start":
        finish(engine, ask("x", max_output_tokens=1))
    request = ask("Tell a long story.", story * (8 if moment == "prefill" else 1), max_output_tokens=300)
    cancel, at = threading.Event(), 0.0

    def set_it() -> None:
        nonlocal at
        at = time.monotonic()
        cancel.set()

    timer = threading.Timer(0.3, set_it)
    with pytest.raises(CancelledError):
        if moment != "decode":
            timer.start()
        for event in engine.stream(request, cancel):
            if isinstance(event, TextDelta) and not cancel.is_set():
                set_it()
    seconds = time.monotonic() - at
    record_property(f"cancel_seconds_{moment}", round(seconds, 3))
    assert seconds < 1.0
    assert finish(engine, ask("And now?", max_output_tokens=3)).text


def test_a_cancelled_call_computes_no_further(fresh: Fresh, ask: Ask, story: str) -> None:
    engine = fresh(batch_tokens=64)
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        for event in engine.stream(ask("Who?", "Long. " + story * 14), cancel):
            if isinstance(event, Progress) and event.done:
                cancel.set()
    deadline = time.monotonic() + 8
    while engine._host.busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not engine._host.busy()


def test_waiting_callers_come_in_order_and_can_leave(fresh: Fresh, ask: Ask) -> None:
    engine = fresh(at_once=1)
    finish(engine, ask("x", max_output_tokens=1))
    order: list[str] = []
    leave = threading.Event()

    def call(name: str, cancel: threading.Event | None) -> None:
        try:
            for event in engine.stream(ask(f"Say {name}.", max_output_tokens=6), cancel):
                if isinstance(event, Finished):
                    order.append(name)
        except CancelledError:
            order.append(f"{name} left")

    first = engine.stream(ask("Tell a long story.", max_output_tokens=200))
    next(first)
    threads = []
    for name, cancel in (("one", None), ("two", leave), ("three", None)):
        threads.append(threading.Thread(target=call, args=(name, cancel)))
        threads[-1].start()
        time.sleep(0.1)
    leave.set()
    threads[1].join(2)
    assert order == ["two left"]
    first.close()  # type: ignore[attr-defined]
    for thread in threads:
        thread.join()
    assert order == ["two left", "one", "three"]


def test_three_threads_get_what_they_would_get_alone(quick: Fresh, ask: Ask, story: str) -> None:
    engine = quick()
    probes = Sampling(top_logprobs=2)
    requests = [ask(q, story, sampling=probes) for q in ("Who built it?", "How high is it?", "Who is Nils Berg?")]
    alone = [finish(engine, request) for request in requests]
    together: dict[int, Completion] = {}

    def one(number: int) -> None:
        together[number] = finish(engine, requests[number])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, completion in enumerate(alone):
        assert (completion.text, completion.logprobs) == (together[number].text, together[number].logprobs)


@linux
def test_closing_leaves_nothing(quick: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    engine = quick()
    finish(engine, ask("Who?", story))
    pid, folder = pid_of(engine), engine._slots
    engine.close()
    assert gone(pid)
    assert not folder.exists()
    assert not list((tmp_path / "kv").glob("live.*"))
    with pytest.raises(UsageError, match="closed"):
        finish(engine, ask("x"))


@linux
def test_the_child_dies_with_its_parent(small_model: Path, tmp_path: Path) -> None:
    program = """
        import sys, time
        from pathlib import Path
        from omniloom.engines.llamacpp import LlamaCpp
        engine = LlamaCpp(Path(sys.argv[1]), context_tokens=512, threads=1, kv_home=Path(sys.argv[2]), digest="small")
        engine.count_tokens("x")
        print(engine._host.pid, flush=True)
        time.sleep(60)
    """
    arguments = [sys.executable, "-c", textwrap.dedent(program), str(small_model), str(tmp_path / "kv")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert not gone(pid)
        parent.kill()
    deadline = time.monotonic() + 5
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(pid)


def test_what_was_left_by_a_killed_process_is_swept(fresh: Fresh, ask: Ask, tmp_path: Path) -> None:
    left = tmp_path / "kv" / "live.999999999-1-x.y"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"x")
    fresh()
    assert not left.exists()


def test_a_loopback_port_asks_for_the_key(small_model: Path, tmp_path: Path) -> None:
    """The way of systems without Unix sockets."""
    settings = Settings(context=512, batch=128, threads=1)
    (tmp_path / "slots").mkdir()
    host = Host(small_model, settings, tmp_path / "slots", unix=False)
    try:
        host.ensure()
        assert host.post("/tokenize", {"content": "red roses"})["tokens"]
        assert host._endpoint is not None
        stranger = LocalCall(host._endpoint._replace(key="wrong"), "POST", "/tokenize", {"content": "x"})
        assert stranger.answer()[0] == 401
    finally:
        host.close()


def test_a_model_the_engine_cannot_load_is_named(tmp_path: Path) -> None:
    import gguf
    import numpy

    path = tmp_path / "odd.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor("token_embd.weight", numpy.zeros((4, 8), dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with LlamaCpp(path, threads=1, kv_home=tmp_path / "kv") as engine, pytest.raises(OmniloomError) as caught:
        engine.count_tokens("x")
    assert isinstance(caught.value, WeightsError)
    assert "odd.gguf" in str(caught.value)


def test_a_hung_child_is_ended_and_started_again(
    quick: Fresh, ask: Ask, story: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omniloom.engines.llamacpp.host._SILENT_SECONDS", 0.5)
    engine, request = quick(), ask("Tell me about the keeper.", story)
    before = finish(engine, request)
    for event in engine.stream(request):
        if isinstance(event, TextDelta):
            break
    hung = pid_of(engine)
    os.kill(hung, signal.SIGSTOP)
    assert finish(engine, request).text == before.text
    assert pid_of(engine) != hung
    assert gone(hung)


def test_deaths_between_embeddings_are_not_deaths_in_a_row(quick: Fresh) -> None:
    engine = quick(embedding=True)
    first = engine.embed(["a lighthouse"])
    for _ in range(4):
        os.kill(pid_of(engine), signal.SIGKILL)
        assert engine.embed(["a lighthouse"]) == first


def test_an_empty_stop_string_stops_nothing(engine: LlamaCpp, ask: Ask, story: str) -> None:
    request = ask("Who built it?", story)
    assert finish(engine, request.model_copy(update={"stop": ("",)})).text == finish(engine, request).text != ""
