"""From the logs of runs to answers whose truth is known."""

from collections.abc import Sequence
from typing import NamedTuple

from omniloom.core.errors import UsageError
from omniloom.evaluation.calibration.design import Answered
from omniloom.evaluation.log import Log, Record, sample_name


class Collected(NamedTuple):
    """Answers of one model in one family of tasks. abstained, failed: samples that gave none, which are left out: what
    is promised is of the answers that are given. computed: those without a signal, which a query or formula gave."""

    model: str
    family: str
    tasks: tuple[str, ...]
    samples: list[Answered]
    abstained: int
    failed: int
    computed: int


def families(logs: Sequence[Log]) -> list[Collected]:
    """Those of each family by itself, in the order of their names. Raises UsageError as `collected` does."""
    _one("model", logs)
    names = sorted({_family(log, each) for log in logs for each in log.records})
    found: list[Collected] = []
    for name in names:
        own = [
            log._replace(
                header=log.header.model_copy(update={"family": name}),
                records=tuple(each for each in log.records if _family(log, each) == name),
            )
            for log in logs
        ]
        found.append(collected([log for log in own if log.records]))
    return found or [collected(logs)]


def _one(what: str, logs: Sequence[Log]) -> None:
    found = sorted({getattr(log.header, what) for log in logs})
    if len(found) != 1:
        hint = f"one calibrator for each {what}"
        raise UsageError(f"the logs are of {len(found)} {what}s: {', '.join(found) or 'none'}", hint=hint)


def _family(log: Log, record: Record) -> str:
    return record.family or log.header.family


def collected(logs: Sequence[Log]) -> Collected:
    """Raises UsageError for no log, and for logs of several models or families: what is sure in one is not in another.

    A sample that is in several logs of one task and variant counts once, as the last has it.
    """
    for what in ("model", "family"):
        _one(what, logs)
    samples: dict[str, Answered] = {}
    abstained = failed = computed = 0
    for log in logs:
        header = log.header
        for each in log.records:
            name = sample_name(header, each)
            signals = {name: value for name, value in each.signals.items() if value is not None}
            lacking = each.error is not None or each.finish_reason == "cancelled"  # a part is no answer to learn from
            if lacking or each.abstained or not signals:
                failed += lacking
                abstained += not lacking and each.abstained
                computed += not (lacking or each.abstained)
                samples.pop(name, None)
                continue
            samples[name] = Answered(name, each.group, signals, each.is_correct(header))
    tasks = tuple(sorted({log.header.task for log in logs}))
    left = {"abstained": abstained, "failed": failed, "computed": computed}
    return Collected(logs[0].header.model, logs[0].header.family, tasks, list(samples.values()), **left)
