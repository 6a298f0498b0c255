"""Who is measured: our engine as a user opens it, and peers as processes of their own, all asked the same tokens."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from omniloom.core.errors import OmniloomError
from omniloom.core.events import Finished, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, Constraint, Message, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp

Ask = dict[str, Any]
Answer = dict[str, Any]
PEERS = Path(__file__).parent / "peers"
OWN, OTHERS = ("llama_server",), ("llama_cpp_python", "openvino_genai_pipeline")


class Side(Protocol):
    """`work` gives {"answers": [{text, tokens, read, first, seconds}], "seconds", "processor"}, or "failed"."""

    name: str

    def work(self, job: dict[str, Any]) -> dict[str, Any]: ...
    def close(self) -> None: ...


class Ours:
    """kv_home: where states are kept, a folder of its own without one."""

    name = "omniloom"

    def __init__(self, asked: argparse.Namespace, kv_home: Path | None = None, **options: Any) -> None:
        settings: dict[str, Any] = {"context_tokens": asked.context, "at_once": asked.slots} | options
        self.engine = LlamaCpp(
            asked.path, name=asked.model, digest=asked.model, threads=asked.threads, kv_home=kv_home, **settings
        )
        self.engine.count_tokens("x")  # the process runs and the weights are mapped

    def ask(self, question: str, source: str = "", **options: Any) -> Ask:
        """The same for all sides: as messages for us, as tokens and as text for peers. Options: limit, temperature,
        seed, n, json_schema, after (seconds to wait before it is sent)."""
        sampling = Sampling(temperature=options.get("temperature", 0.0))
        schema = options.get("json_schema")
        content = (*((Segment(source="s0", content=source, made_by="text/1"), "\n") if source else ()), question)
        request = Request(
            messages=(Message(role="user", content=content),),
            max_output_tokens=options.get("limit", 64),
            sampling=sampling,
            seed=options.get("seed", 1),
            constraint=Constraint(kind="json_schema", value=schema) if schema is not None else None,
        )
        tokens = self.engine._prompt(request).tokens
        text = self.engine._ask("/detokenize", {"tokens": tokens})["content"]
        known = {"tokens": tokens, "text": text, "request": request, "limit": 64, "temperature": 0.0, "seed": 1}
        return known | options

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        asks = [(ask, seed) for ask in job["asks"] for seed in range(ask.get("n", 1))]
        answers: list[Answer] = [{} for _ in asks]
        failed: list[OmniloomError] = []
        started, spent = time.perf_counter(), processor(self.engine._host.pid)

        def one(place: int) -> None:
            ask, seed = asks[place]
            time.sleep(ask.get("after", 0.0))
            request = ask["request"]
            try:
                answers[place] = _streamed(self.engine, request.model_copy(update={"seed": request.seed + seed}))
            except OmniloomError as error:
                failed.append(error)

        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(asks))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]  # a peer that fails is left out; ours may not
        worked = processor(self.engine._host.pid) - spent
        return {"answers": answers, "seconds": time.perf_counter() - started, "processor": worked}

    def settle(self) -> None:
        """Wait until it has measured what steps cost, which it does once, when nobody waits: not while peers work."""
        deadline = time.monotonic() + 60
        while self.engine._way._costs.known() is None and time.monotonic() < deadline:  # type: ignore[union-attr]
            time.sleep(0.1)

    def close(self) -> None:
        self.engine.close()


def _streamed(engine: LlamaCpp, request: Request) -> Answer:
    """first: of its tokens, the first behind the prompt; what a schema forces is told before the prompt is read."""
    began, first = time.perf_counter(), 0.0
    completion: Completion | None = None
    for event in engine.stream(request):
        if isinstance(event, (TextDelta, ReasoningDelta)):
            first = first or time.perf_counter() - began
        if isinstance(event, Progress) and event.step == "prefill" and event.done == event.total:
            first = 0.0
        if isinstance(event, Finished):
            completion = event.completion
    assert completion is not None
    usage = completion.usage
    return {"text": completion.text, "tokens": usage.output_tokens, "read": usage.input_tokens - usage.cached_tokens,
            "first": first, "seconds": time.perf_counter() - began}  # fmt: skip


_PATIENCE = 1800


class Peer:
    """A script of peers/ in a Python that has its library. Raises RuntimeError with the reason if it does not start."""

    def __init__(
        self, script: str, asked: argparse.Namespace, tuned: bool, ram: int | None = None, folder: Path | None = None
    ) -> None:
        """ram: MiB of kept prompts. folder: where saved slots are kept, one of its own without it."""
        self.name = f"{script} {'tuned' if tuned else 'as shipped'}"
        self._folder = tempfile.TemporaryDirectory(prefix="peer-")
        told = {"model": str(asked.path), "threads": asked.threads, "context": asked.context, "slots": asked.slots}
        told |= {"tuned": tuned, "ram": ram, "folder": str(folder or self._folder.name)}
        python = sys.executable if script in OWN else asked.peer_python
        errors = Path(self._folder.name, "errors")
        environment = os.environ | {"GOMP_SPINCOUNT": "300"}  # else a busy machine slows it down tenfold; we set it too
        self._process = subprocess.Popen(
            [python, str(PEERS / f"{script}.py"), json.dumps(told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors.open("w"), text=True, env=environment,
        )  # fmt: skip
        said = self._heard()
        if "peer" not in said:
            self.close()
            raise RuntimeError(said["failed"])

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        """job["patience"]: seconds after which it is ended, and has failed."""
        patience = job.get("patience", _PATIENCE)
        said = job | {"asks": [{**ask, "request": None} for ask in job.get("asks", [])]}
        assert self._process.stdin is not None
        end = threading.Timer(patience, self._process.kill)
        end.start()
        try:
            self._process.stdin.write(json.dumps(said) + "\n")
            self._process.stdin.flush()
            return self._heard()
        except OSError as error:
            return {"failed": str(error)}
        finally:
            if not end.is_alive():
                print(f"{self.name} has not answered within {patience} s", flush=True)
            end.cancel()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        said = [text for text in Path(self._folder.name, "errors").read_text(errors="replace").splitlines() if text]
        return {"failed": " ".join(said[-2:])[-300:] or "it ended without a word"}

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # it may have ended in the middle of a word
                if pipe is not None:
                    pipe.close()
        self._process.wait()
        self._folder.cleanup()


def peers(asked: argparse.Namespace, only: tuple[str, ...] = OWN + OTHERS, ram: int | None = None) -> list[Peer]:
    """Those that start: llama.cpp's server as shipped and tuned, the others tuned. The rest are named, with why."""
    wanted = [(script, tuned) for script in only if script in OWN for tuned in (False, True)]
    wanted += [(script, True) for script in only if script in OTHERS and asked.peer_python]
    started: list[Peer] = []
    for script, tuned in wanted:
        try:
            started.append(Peer(script, asked, tuned, ram))
        except (OSError, RuntimeError) as error:
            print(f"left out: {script}: {error}", flush=True)
    return started


def processor(pid: int | None) -> float:
    """Seconds of processor time of a process; 0 where nothing tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
