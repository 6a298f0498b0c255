"""The numbers of a task: metrics of its runs side by side, confidence, and cost."""

import math
from collections.abc import Iterator, Sequence

from omniloom.evaluation.log import Log, Record, column, paired
from omniloom.evaluation.statistics import clustered, difference
from omniloom.evaluation.viewing.curves import bins, risk_coverage
from omniloom.rendering.report import Cell, Cost, Curve, Difference, Reliability, Row

LOGPROB = ("logprob_mean", "logprob", "answer_logprob", "mean_logprob")  # the baseline, by any name it has had


def rows(logs: Sequence[Log], against: Sequence[Log | None]) -> tuple[Row, ...]:
    """The metrics of the logs, the one that says what is right first. against: what each log is compared with."""
    found = [_cells(log) for log in logs]
    names = list(dict.fromkeys(name for cells in found for name in cells))
    names.sort(key=lambda name: name != logs[0].header.correct)
    return tuple(
        Row(
            name,
            tuple(cells.get(name) for cells in found),
            tuple(other and _difference(log, other, name) for log, other in zip(logs, against, strict=True)),
        )
        for name in names
    )


def _cells(log: Log) -> dict[str, Cell]:
    """As the run computed them; of a run that was killed, the means of what is there."""
    if log.result is not None:
        measured = log.result.metrics.items()
        return {name: Cell(each.value, each.stderr, each.n) for name, each in measured if each.value is not None}
    names = dict.fromkeys(name for record in log.records for name in record.values)
    return {name: cell for name in names if (cell := mean(*column(log.records, name))) is not None}


def mean(values: Sequence[float], names: Sequence[str]) -> Cell | None:
    """The mean with the standard error of grouped samples; None of nothing."""
    value = clustered(values, names)
    if not value.n or not math.isfinite(value.value):
        return None
    return Cell(value.value, value.stderr if math.isfinite(value.stderr) else None, value.n)


def _difference(log: Log, other: Log, name: str) -> Difference | None:
    ours, theirs, names = paired(log, other, name)
    if not ours:
        return None
    found = difference(ours, theirs, names)
    return Difference(found.value, found.low, found.high, found.n)


def reliability(log: Log, letter: str) -> Reliability | None:
    """Over the answers that were given, and have a confidence between 0 and 1."""
    given = [
        (record.confidence.value, record.is_correct(log.header))
        for record in _answered(log)
        if record.confidence is not None and 0 <= record.confidence.value <= 1
    ]
    if not given:
        return None
    return Reliability(letter, log.header.calibrator, bins([each for each, _ in given], [right for _, right in given]))


def curves(log: Log, letter: str) -> Iterator[Curve]:
    """In order of our confidence, and of the log-probability alone: over the answers that have both, if any has."""
    answered = _answered(log)
    ours = {at: record.confidence.value for at, record in enumerate(answered) if record.confidence is not None}
    names = {name for record in answered for name, value in record.signals.items() if value is not None}
    baseline = next((name for name in LOGPROB if name in names), "")
    theirs = {at: value for at, record in enumerate(answered) if (value := record.signals.get(baseline)) is not None}
    both = sorted(ours.keys() & theirs.keys()) if ours and theirs else sorted(ours or theirs)
    right = [answered[at].is_correct(log.header) for at in both]
    for signal, values in (("confidence", ours), ("log-probability alone", theirs)):
        if values and both:
            points, area = risk_coverage([values[at] for at in both], right)
            yield Curve(letter, signal, points, area, len(both))


def _answered(log: Log) -> list[Record]:
    return [record for record in log.records if record.error is None and not record.abstained]


def cost(log: Log, letter: str) -> Cost | None:
    """Of all samples: a call that failed took its tokens, too."""
    records, count = log.records, len(log.records)
    right = [float(record.is_correct(log.header)) for record in records]
    accuracy = mean(right, [record.group or record.id for record in records])
    if accuracy is None:
        return None
    usages = [record.usage for record in records]
    computed = sum(u.input_tokens - u.cached_tokens + u.output_tokens + u.reasoning_tokens for u in usages)
    cached = sum(usage.cached_tokens for usage in usages)
    return Cost(letter, computed / count, cached / count, math.fsum(r.seconds for r in records) / count, accuracy)
