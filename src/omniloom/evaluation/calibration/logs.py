"""From the logs of runs to answers whose truth is known."""

from collections.abc import Sequence
from typing import NamedTuple

from omniloom.core.errors import UsageError
from omniloom.evaluation.calibration.design import Answered
from omniloom.evaluation.log import Log


class Collected(NamedTuple):
    """Answers of one model in one family of tasks. abstained, failed: samples that gave none, which are left out: what
    is promised is of the answers that are given."""

    model: str
    family: str
    tasks: tuple[str, ...]
    samples: list[Answered]
    abstained: int
    failed: int


def collected(logs: Sequence[Log]) -> Collected:
    """Raises UsageError for no log, and for logs of several models or families: what is sure in one is not in another.

    A sample that is in several logs of one task and variant counts once, as the last has it.
    """
    for what in ("model", "family"):
        found = sorted({getattr(log.header, what) for log in logs})
        if len(found) != 1:
            hint = f"one calibrator for each {what}"
            raise UsageError(f"the logs are of {len(found)} {what}s: {', '.join(found) or 'none'}", hint=hint)
    samples: dict[str, Answered] = {}
    abstained = failed = 0
    for log in logs:
        header = log.header
        for each in log.records:
            name = "/".join(filter(None, (header.task, header.variant, each.id, each.fingerprint)))
            if each.error is not None or each.abstained:
                failed += each.error is not None
                abstained += each.error is None
                samples.pop(name, None)
                continue
            signals = {name: value for name, value in each.signals.items() if value is not None}
            samples[name] = Answered(name, each.group, signals, each.is_correct(header))
    tasks = tuple(sorted({log.header.task for log in logs}))
    return Collected(logs[0].header.model, logs[0].header.family, tasks, list(samples.values()), abstained, failed)
