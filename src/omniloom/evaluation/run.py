"""Run a task: every sample is answered, scored, and written to the log; what is done is not done again.

A run depends on the task and its file, the variant, the options, the model, the calibrator, the code with its prompts,
and the samples with their files. Where any of these is another, it is another run, with another log.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from omniloom.core.errors import (
    BudgetError,
    CancelledError,
    OfflineError,
    StorageError,
    UsageError,
    WeightsError,
)
from omniloom.core.events import Progress
from omniloom.core.values import Budget, Response, Usage
from omniloom.evaluation import identity, registry
from omniloom.evaluation.answered import after_error, failure, family_of, record, signals
from omniloom.evaluation.citations import open_once
from omniloom.evaluation.contamination import contaminated
from omniloom.evaluation.log import Header, Log, Measured, Record, Result, Tokens, Writer, column, read
from omniloom.evaluation.own import own_samples
from omniloom.evaluation.statistics import clustered
from omniloom.evaluation.values import Sample, Scorer, Task, Value
from omniloom.reasoning.calibrator import Calibrator, confidence, foreign
from omniloom.reasoning.calibrators import find, named_or_file
from omniloom.reasoning.sample import AUTO
from omniloom.runtime.call import checked
from omniloom.runtime.model import Model

_WORTH_SAYING = 2.0
_SAID_AFTER = (1, 10, 100)  # answers after which the time that is left is estimated
_LONGEST_ANSWER = 512  # of `generate` without max_output_tokens


@dataclass(frozen=True)
class Plan:
    """What is run. limit: the first so many samples; all without. variant: a file of `variants/` that changes each
    sample, by `seed`. options: of `generate`, over those of the samples. budget: of this run; what an earlier one did
    costs nothing. trained_on: files in which the samples are looked for."""

    task: str
    data: Path
    limit: int | None = None
    variant: str = ""
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    calibrator: str = ""
    budget: Budget = Budget()
    trained_on: tuple[Path, ...] = ()


def evaluate(plan: Plan, model: Model, logs: Path, on_progress: Callable[[Progress], None] | None = None) -> Log:
    """The log, with its result, in the folder `logs`. A run that was stopped goes on where it was.

    A sample that fails stands in the log with its error and counts as wrong; one whose error may pass is asked again
    when the run goes on. Raises UsageError for a task, variant or folder that is not there, and StorageError,
    WeightsError, OfflineError and CancelledError, which are not the sample's fault.
    """
    task = registry.task(plan.task)
    _checked(plan.options)
    samples = chosen(plan, task)
    marks = {sample.id: identity.fingerprint(sample) for sample in samples}
    if len(marks) < len(samples):
        raise UsageError(f"the task {plan.task!r} has two samples of one id", hint="an id names one sample")
    families = sorted({family_of(sample, task) for sample in samples}) or [task.FAMILY]
    sure = _calibrator(plan, families, model)
    header = header_of(plan, task, model, sure, families)
    name = "-".join(filter(None, (plan.task, plan.variant, header.key)))
    path = logs / f"{name}.jsonl"
    with _alone(path), open_once():
        done = _begun(path, header, marks)
        going = _Going(plan, task, model, Writer(path), done, marks, on_progress or _ignore, sure)
        stopped = going.over(samples)
        records = [going.done[sample.id] for sample in samples if sample.id in going.done]
        found = contaminated(samples, plan.trained_on)
        result = summary(task, records, wanted=len(samples), stopped=stopped, contaminated=found)
        own = len(own_samples(header, records, sure, model.store.root))
        going.writer.write(result.model_copy(update={"kept": len(records) - going.asked, "own": own}))
        return read(path)._replace(records=tuple(records))


def _checked(options: Mapping[str, Any]) -> None:
    """Raises UsageError for options that `generate` does not take: every sample would fail of them."""
    try:
        checked("", **{name: value for name, value in options.items() if name != "output_modes"})
    except TypeError as error:
        raise UsageError(f"options={dict(options)!r}: {error}", hint="give parameters of `generate`") from error


def chosen(plan: Plan, task: Task) -> list[Sample]:
    """The samples of the plan, in order, changed by its variant."""
    if not plan.variant:
        return list(islice(task.samples(plan.data), plan.limit))
    variant, every = registry.variant(plan.variant), list(task.samples(plan.data))
    # All of them, whatever the limit: a run that goes on with a higher one has the same samples.
    return [variant.vary(sample, plan.seed, every) for sample in every[: plan.limit]]


def _scorers(plan: Plan, task: Task) -> tuple[Scorer, ...]:
    """Those of the task, then those of the variant."""
    more = getattr(registry.variant(plan.variant), "SCORERS", ()) if plan.variant else ()
    return (*task.SCORERS, *(each for each in more if each not in task.SCORERS))


def _calibrator(plan: Plan, families: Sequence[str], model: Model) -> Calibrator | None:
    """The one that is named. Raises UsageError where there is none, or it is for other answers than all of these."""
    if not plan.calibrator:
        return None
    found = named_or_file(model.store.root, plan.calibrator)
    why = foreign(found, model.engine.name, found.family if found.family in families else " or ".join(families))
    if why is not None:
        raise UsageError(why, hint="make one from a log of this task: omniloom calibrate --from-log LOG")
    return found


def header_of(
    plan: Plan, task: Task, model: Model, sure: Calibrator | None = None, families: Sequence[str] = ()
) -> Header:
    who = getattr(model.engine, "identity", model.engine.name)
    vary = identity.file_of(registry.variant(plan.variant)) if plan.variant else ""
    files = [identity.file_of(task), vary]
    fields: dict[str, Any] = {
        "task": plan.task,
        "family": task.FAMILY,
        "correct": task.CORRECT,
        "variant": plan.variant,
        "seed": plan.seed,
        "model": model.engine.name,
        "identity": who,
        "code": hashlib.sha256("".join([identity.code(), *files]).encode()).hexdigest()[:16],
        "calibrator": plan.calibrator,
        "options": dict(plan.options),
        "data": str(plan.data.absolute()),
    }
    # Where none is named the store's own is taken.
    names = families or [task.FAMILY]
    used = [sure] if sure else [find(model.store.root, model.engine.name, each) for each in names]
    depends = [fields, *(None if each is None else each.model_dump(mode="json") for each in used)]
    key = hashlib.sha256(identity.plain_json(depends).encode()).hexdigest()[:12]
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return Header(**fields, key=key, store=str(model.store.root), created=now)


def summary(
    task: Task, records: Sequence[Record], *, wanted: int, stopped: str = "", contaminated: Sequence[str] = ()
) -> Result:
    """Metrics over these records, and what they cost."""
    usage = sum((each.usage for each in records), Usage())
    tokens = Tokens(
        input=usage.input_tokens,
        output=usage.output_tokens,
        reasoning=usage.reasoning_tokens,
        cached=usage.cached_tokens,
    )
    return Result(
        metrics={name: Measured.of(value) for name, value in metrics(task, records).items()},
        n=len(records),
        wanted=wanted,
        errors=sum(each.error is not None for each in records),
        tokens=tokens,
        seconds=round(sum(each.seconds for each in records), 1),
        stopped=stopped,
        contaminated=tuple(contaminated),
    )


def metrics(task: Task, records: Sequence[Record]) -> dict[str, Value]:
    """Of each score, over the samples for which it is defined: the task's own metric, or else the mean, with the
    standard error of samples in groups."""
    found: dict[str, Value] = {}
    for name in dict.fromkeys(name for each in records for name in each.values):
        values, groups = column(records, name)
        own = task.METRICS.get(name)
        found[name] = own(values) if own is not None else clustered(values, groups)
    return found


class _Going:
    """A run that is under way. done: the records by id, those of earlier runs among them."""

    def __init__(
        self,
        plan: Plan,
        task: Task,
        model: Model,
        writer: Writer,
        done: dict[str, Record],
        marks: Mapping[str, str],
        told: Callable[[Progress], None],
        sure: Calibrator | None,
    ) -> None:
        self.done, self.writer, self._sure = done, writer, sure
        self._plan, self._task, self._model, self._marks, self._told = plan, task, model, marks, told
        self._scorers = _scorers(plan, task)
        self._began, self._spent, self._new = time.monotonic(), 0, 0

    @property
    def asked(self) -> int:
        """How many samples this run has answered itself."""
        return self._new

    def over(self, samples: Sequence[Sample]) -> str:
        """Answers those that are not done. Returns why it stopped before the last, "" if it did not."""
        open_ones = [each for each in samples if each.id not in self.done or _may_pass(self.done[each.id])]
        for left, sample in zip(range(len(open_ones), 0, -1), open_ones, strict=True):
            self._tell(len(samples), left)
            try:
                self._keep(self._answered(sample))
            except _Spent as spent:
                return str(spent)
        self._tell(len(samples), 0)
        return ""

    def _keep(self, found: Record) -> None:
        self._new += 1
        self.done[found.id] = found
        self.writer.write(found)

    def _answered(self, sample: Sample) -> Record:
        left, began = self._left(), time.monotonic()
        options = {**sample.options, **self._plan.options}
        label = f"eval {self._plan.task} {sample.id}"
        error: Exception | None = None
        try:
            response = self._ask(sample, options, left, label)
        except (StorageError, WeightsError, OfflineError, CancelledError):
            raise
        except Exception as raised:  # hours of answers are not given up for one defect: it stands in the log
            if isinstance(raised, BudgetError) and left != Budget() and "budget" not in options:
                raise _Spent(f"the budget is used up: {raised.message}") from raised
            error, response = raised, after_error(self._model.store, label)
        self._account(response, options, left)
        raw = signals(response)
        return record(
            sample,
            self._calibrated(sample, response, raw),
            self._task,
            scorers=self._scorers,
            raw=raw,
            seconds=time.monotonic() - began,
            fingerprint=self._marks[sample.id],
            error=failure(error) if error is not None else None,
        )

    def _ask(self, sample: Sample, options: dict[str, Any], left: Budget, label: str) -> Response:
        own = getattr(self._task, "answer", None)
        if own is not None:
            return own(self._model, sample)
        capped = left.model_dump(exclude_none=True)
        if capped:
            options = {**options, "budget": _smaller(options.get("budget"), capped)}
        parameters: dict[str, Any] = {"trace": label, **options}
        return self._model.generate(list(sample.inputs), **parameters)

    def _calibrated(self, sample: Sample, response: Response, raw: Mapping[str, float | None]) -> Response:
        """With the probability that the named calibrator gives it, if it is one for such answers."""
        if self._sure is None:
            return response
        told = {name: value for name, value in raw.items() if value is not None}
        family = family_of(sample, self._task)
        return response.model_copy(update={"confidence": confidence(told, self._sure, family=family)})

    def _left(self) -> Budget:
        """What this run may still use. Raises _Spent where that is nothing."""
        budget = self._plan.budget
        tokens = None if budget.tokens is None else budget.tokens - self._spent
        seconds = None if budget.seconds is None else budget.seconds - (time.monotonic() - self._began)
        if (tokens is not None and tokens <= 0) or (seconds is not None and seconds <= 0):
            raise _Spent("the budget is used up")
        return Budget(tokens=tokens, seconds=seconds)

    def _account(self, response: Response, options: Mapping[str, Any], left: Budget) -> None:
        """Raises _Spent for an answer that the budget may have cut: it is not what the model would have said."""
        usage = response.usage
        used = usage.tokens
        self._spent += used
        thought = options.get("reasoning_budget", 0)
        longest = options.get("max_output_tokens", _LONGEST_ANSWER) + (AUTO if thought == "auto" else thought)
        if left.tokens is not None and used + longest > left.tokens:
            raise _Spent("the budget is used up: what is left of it could have cut the next answer")

    def _tell(self, total: int, left: int) -> None:
        self._told(Progress(step=self._plan.task, done=total - left, total=total, unit="samples"))
        if left and self._new in _SAID_AFTER:
            seconds = (time.monotonic() - self._began) / self._new * left
            if seconds >= _WORTH_SAYING:
                words = f"{self._plan.task}: {left} samples to go, about {_duration(seconds)}"
                self._told(Progress(step=words, done=0, unit="note"))


class _Spent(Exception):
    """The run's budget is used up."""


def _may_pass(done: Record) -> bool:
    return done.error is not None and done.error.retryable


def _smaller(given: Any, capped: dict[str, Any]) -> dict[str, Any]:
    own = Budget.model_validate(given or {}).model_dump(exclude_none=True)
    return {name: min(each[name] for each in (own, capped) if name in each) for name in {*own, *capped}}


def _begun(path: Path, header: Header, marks: Mapping[str, str]) -> dict[str, Record]:
    """The records of an earlier run. A log whose samples have changed since is put aside: nothing is mixed."""
    if path.is_file() and path.read_bytes().count(b"\n"):
        kept = {each.id: each for each in read(path).records}
        if all(kept[name].fingerprint == mark for name, mark in marks.items() if name in kept):
            return kept
        path.rename(_free(path))
    Writer(path).write(header)
    return {}


def _free(path: Path) -> Path:
    names = (path.with_suffix(f".{number}.old") for number in range(1, 10_000))
    return next(name for name in names if not name.exists())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Raises UsageError while another process writes this log."""
    from filelock import FileLock, Timeout

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"), timeout=0)
        lock.acquire()
    except Timeout as error:
        raise UsageError(f"another run is writing {str(path)!r}", hint="wait for it, or name another --log") from error
    except OSError as error:
        hint = "name another --log folder"
        raise StorageError(f"the log {str(path)!r} cannot be written: {error.strerror}", hint=hint) from error
    try:
        yield
    finally:
        lock.release()  # the file stays: another run may have locked it already


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _ignore(step: Progress) -> None:
    del step
