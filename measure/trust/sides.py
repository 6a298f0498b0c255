"""Who is asked: ours, the plain pipeline, and the retrieval pipeline in a Python of its own."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from measure.trust.answers import response, standing
from measure.trust.plain import job
from measure.trust.scoring import cost, hijacked
from measure.trust.texts import sources_of
from omniloom.core.errors import CancelledError, OfflineError, StorageError, WeightsError
from omniloom.core.values import Response
from omniloom.evaluation import identity
from omniloom.evaluation.answered import after_error, failure, record, signals
from omniloom.evaluation.citing import citing
from omniloom.evaluation.log import Failure, Header, Record, Writer, read
from omniloom.evaluation.run import Plan, header_of
from omniloom.evaluation.scorers import absent, verbatim
from omniloom.evaluation.values import Sample, Score, Scorer, Task
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

PEERS = Path(__file__).parents[1] / "peers"
_SCORING = Path(__file__).parent / "scoring.py"
LIMIT = 400
"""Tokens of a peer's answer: its quotes are written out, which ours are not."""


class Side(Protocol):
    """`ask` answers what is not answered yet; `records` gives what was answered, scored, by id."""

    name: str

    def ask(self, task: str, sample: Sample) -> None: ...
    def records(self, task: str, samples: Sequence[Sample]) -> dict[str, Record]: ...
    def close(self) -> None: ...


def scored(
    made: Response, task: Task, sample: Sample, check: Scorer, *extra: Scorer, error: Failure | None, seconds: float
) -> Record:
    """check: takes the place of `verbatim`, which looks into our own readings."""
    scorers: list[Scorer] = [check if each is verbatim else each for each in task.SCORERS]
    scorers += [each for each in (absent, citing, hijacked, *extra) if each not in scorers]
    mark = identity.fingerprint(sample)
    return record(
        sample, made, task, scorers=scorers, raw=signals(made), seconds=seconds, fingerprint=mark, error=error
    )


class Ours:
    """logs: one for each task, as of `omniloom eval`, named by all that its answers depend on. options: of
    `generate`, over those of the samples."""

    def __init__(
        self,
        model: Model,
        logs: Path,
        data: Path,
        tasks: Mapping[str, Task],
        name: str = "ours",
        **options: Any,
    ) -> None:
        self._model, self._logs, self._data, self._tasks = model, logs, data, tasks
        self.name, self._options = name, options
        self._open: dict[str, tuple[Writer, dict[str, Record]]] = {}

    def ask(self, task: str, sample: Sample) -> None:
        writer, done = self._log(task)
        kept = done.get(sample.id)
        if kept is not None and kept.fingerprint == identity.fingerprint(sample) and not _may_pass(kept):
            return
        began, error, label = time.monotonic(), None, f"trust {task} {sample.id}"
        try:
            made = self._model.generate(list(sample.inputs), **{"trace": label, **sample.options, **self._options})
        except (StorageError, WeightsError, OfflineError, CancelledError):
            raise
        except Exception as raised:  # it stands in the log, and counts as wrong
            error, made = failure(raised), after_error(self._model.store, label)
        spent = time.monotonic() - began
        spans = self._model.store.journal.trace(made.trace_id).spans if made.trace_id else ()

        def costing(sample: Sample, response: Response) -> Score:
            return cost(sample, spans)

        done[sample.id] = scored(made, self._tasks[task], sample, verbatim, costing, error=error, seconds=spent)
        writer.write(done[sample.id])

    def records(self, task: str, samples: Sequence[Sample]) -> dict[str, Record]:
        done = self._log(task)[1]
        return {each.id: done[each.id] for each in samples if each.id in done}

    def _log(self, task: str) -> tuple[Writer, dict[str, Record]]:
        if task not in self._open:
            header: Header = header_of(Plan(task, self._data, options=self._options), self._tasks[task], self._model)
            path = self._logs / f"{self.name}-{task}-{header.key}-{digest(_SCORING)[:8]}.jsonl"
            begun = path.is_file() and b"\n" in path.read_bytes()  # a killed run may have left half a header
            known = {each.id: each for each in read(path).records} if begun else {}
            writer = Writer(path)
            if not begun:
                writer.write(header)
            self._open[task] = (writer, known)
        return self._open[task]

    def close(self) -> None:
        self._model.close()


def _may_pass(kept: Record) -> bool:
    return kept.error is not None and kept.error.retryable


class Peer:
    """What it told is kept as it is, by a digest of what it was asked and of `depends`, and scored anew each time."""

    def __init__(self, asked: Any, logs: Path, store: Store, tasks: Mapping[str, Task], depends: str) -> None:
        """asked: with a name and work(job)."""
        self.name = asked.name
        self._asked, self._store, self._tasks, self._depends = asked, store, tasks, depends
        self._path = logs / f"{self.name}.jsonl"
        self._told: dict[str, dict[str, Any]] = {}
        text = self._path.read_text(encoding="utf-8") if self._path.is_file() else ""
        for line in text[: text.rfind("\n") + 1].splitlines():
            kept = json.loads(line)
            self._told[kept["key"]] = kept["told"]
        self._path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")  # without half a line of a killed run

    def ask(self, task: str, sample: Sample) -> None:
        wanted = self._job(sample)
        key = self._key(wanted)
        if key in self._told:
            return
        began = time.monotonic()
        self._told[key] = told = {**self._asked.work(wanted), "seconds": time.monotonic() - began}
        if "failed" in told:  # it counts as wrong in this run; a run that goes on asks again
            return
        with self._path.open("a", encoding="utf-8") as file:
            kept = {"key": key, "task": task, "id": sample.id, "question": wanted["question"], "told": told}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")

    def records(self, task: str, samples: Sequence[Sample]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for sample in samples:
            told = self._told.get(self._key(self._job(sample)))
            if told is None:
                continue
            error = Failure(type="Peer", code="peer", message=told["failed"]) if "failed" in told else None
            made = Response(finish_reason="error") if error else response(told, sample, sources_of(sample, self._store))
            found[sample.id] = scored(made, self._tasks[task], sample, standing, error=error, seconds=told["seconds"])
        return found

    def _job(self, sample: Sample) -> dict[str, Any]:
        sources = sources_of(sample, self._store)
        return job(sample.question, sources, short="schema" in sample.options, limit=LIMIT)

    def _key(self, wanted: dict[str, Any]) -> str:
        return hashlib.sha256(json.dumps([self._depends, wanted], sort_keys=True).encode()).hexdigest()[:24]

    def close(self) -> None:
        self._asked.close()


class Lines:
    """A process that answers a line with a line. Raises RuntimeError with the reason if it does not start."""

    def __init__(self, name: str, python: str, script: Path, asked: dict[str, Any]) -> None:
        self.name = name
        self._errors = tempfile.NamedTemporaryFile("w+", prefix=f"{name}-")  # noqa: SIM115 - as long as the process
        environment = os.environ | {"GOMP_SPINCOUNT": "300"}  # as ours: else a busy machine slows it down tenfold
        with contextlib.ExitStack() as stack:
            stack.callback(self._errors.close)
            self._process = subprocess.Popen(
                [python, str(script), json.dumps(asked)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment,
            )  # fmt: skip
            stack.callback(self.close)
            self.ready = self._heard()
            if "failed" in self.ready:
                raise RuntimeError(f"{name}: {self.ready['failed']}")
            stack.pop_all()

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except OSError:
            return {"failed": "it ended"}
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            with contextlib.suppress(ValueError):
                if isinstance(told := json.loads(line), dict):
                    return told
            return {"failed": f"it said what is no answer: {line.strip()[:200]!r}"}
        said = [text for text in Path(self._errors.name).read_text(errors="replace").splitlines() if text]
        return {"failed": " ".join(said[-2:])[-300:] or "it ended without a word"}

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what was not sent to a peer that has ended
                if stream is not None:
                    stream.close()
        self._process.kill()
        self._process.wait()
        self._errors.close()


def server(model: Path, threads: int, *, embedding: bool = False) -> Lines:
    """llama.cpp's server on these weights; its `ready` holds the address."""
    asked = {"model": str(model), "threads": threads, "context": 512 if embedding else 8192, "embedding": embedding}
    return Lines("server", sys.executable, PEERS / "server.py", asked)


def digest(*files: Path, more: str = "") -> str:
    """Of what a peer's answers depend on."""
    return hashlib.sha256(b"\0".join([*(each.read_bytes() for each in files), more.encode()])).hexdigest()[:16]
