"""Logs in, a report out. Logs of one task stand side by side, in the order they are given.

A log of a variant is compared with the plain one of the same task, model and options, sample by sample; other logs with
the first of their table.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from omniloom.core.values import Confidence
from omniloom.evaluation.log import Log, Record
from omniloom.evaluation.viewing.alike import groups
from omniloom.evaluation.viewing.measures import cost, curves, reliability, rows
from omniloom.evaluation.viewing.sources import Pictures, Sources
from omniloom.evaluation.viewing.wrong import ALL, Wrong, what_went_wrong
from omniloom.rendering.report import Cluster, Failure, Kind, Report, Run, TaskTable

Lettered = tuple[str, Log]
_DRAWN = 2  # failures of each cluster whose places are drawn as pictures; the others keep their words
_MOST = 4100  # characters kept of anything: the page cuts at fewer, and says so


def report(logs: Sequence[Log]) -> Report:
    """The values of the page."""
    lettered = [(_letter(at), log) for at, log in enumerate(logs)]
    found: dict[str, list[Lettered]] = {}
    for letter, log in lettered:
        found.setdefault(_name(log), []).append((letter, log))
    pictures = Pictures()
    plain = [(letter, log) for letter, log in lettered if not log.header.variant]
    return Report("Evaluation", tuple(_task(name, each, plain, pictures) for name, each in found.items()))


def _letter(at: int) -> str:
    return chr(ord("A") + at % 26) + (str(at // 26) if at >= 26 else "")


def _name(log: Log) -> str:
    return log.header.task + (f", {log.header.variant}" if log.header.variant else "")


def _against(at: int, logs: Sequence[Lettered], plain: Sequence[Lettered]) -> Lettered | None:
    """The log that this one is compared with; None for nothing."""
    header = logs[at][1].header
    if header.variant:
        own = (header.task, header.identity, header.options)
        for letter, log in plain:
            if (log.header.task, log.header.identity, log.header.options) == own:
                return letter, log
    return logs[0] if at else None


def _task(name: str, logs: Sequence[Lettered], plain: Sequence[Lettered], pictures: Pictures) -> TaskTable:
    against = [_against(at, logs, plain) for at in range(len(logs))]
    return TaskTable(
        name=name,
        runs=tuple(_run(letter, log) for letter, log in logs),
        rows=rows([log for _, log in logs], [each and each[1] for each in against]),
        against=tuple(each[0] if each else "" for each in against),
        reliability=tuple(each for letter, log in logs if (each := reliability(log, letter))),
        curves=tuple(each for letter, log in logs for each in curves(log, letter)),
        costs=tuple(each for letter, log in logs if (each := cost(log, letter))),
        atlas=tuple((letter, len(log.records), _kinds(log, pictures)) for letter, log in logs),
    )


def _run(letter: str, log: Log) -> Run:
    header = log.header
    facts = [("model", header.model), ("calibrator", header.calibrator or "none"), ("samples", str(len(log.records)))]
    facts.append(("errors", str(sum(record.error is not None for record in log.records))))
    facts.append(("seconds", f"{sum(record.seconds for record in log.records):.0f}"))
    if header.options:
        facts.append(("options", json.dumps(header.options, ensure_ascii=False, sort_keys=True)))
    return Run(letter, log.path.name, tuple(facts), tuple(_warnings(log)))


def _warnings(log: Log) -> Iterator[str]:
    result = log.result
    if result is None:
        yield "the run did not end: its metrics are the means of what is there"
        return
    if result.stopped:
        yield f"the run stopped at {result.n} of {result.wanted} samples: {result.stopped}"
    if result.own:
        yield (
            f"on its own data: the calibrator was made from {result.own} of these {result.n} samples; "
            "how well its confidence fits them says nothing of others"
        )
    if result.contaminated:
        shown = ", ".join(result.contaminated[:10])
        yield f"{len(result.contaminated)} samples may be known to the model: {shown}"


def _kinds(log: Log, pictures: Pictures) -> tuple[Kind, ...]:
    wrong = [(what, record) for record in log.records if (what := what_went_wrong(record, log.header)) is not None]
    wrong.sort(key=lambda each: ALL.index(each[0]))
    with Sources(log.header.store, pictures) as sources:
        return tuple(
            _kind(what, [record for _, record in members], sources) for what, members in groupby(wrong, lambda e: e[0])
        )


def _kind(what: Wrong, records: Sequence[Record], sources: Sources) -> Kind:
    clusters = []
    for group in groups([record.question for record in records]):
        failures = [_failure(records[at], sources, drawn=number < _DRAWN) for number, at in enumerate(group.members)]
        clusters.append(Cluster(group.words, tuple(failures)))
    return Kind(what.name, what.meaning, tuple(clusters))


def _failure(record: Record, sources: Sources, *, drawn: bool) -> Failure:
    return Failure(
        id=record.id,
        question=record.question[:_MOST],
        expected=" | ".join(each[:_MOST] for each in record.target[:20]),
        given=_given(record)[: 20 * _MOST],
        facts=tuple(_facts(record)),
        trace=sources.trace(record.trace_id),
        cited=tuple(sources.cited(record, drawn=drawn)),
        wanted=tuple(sources.wanted(record, drawn=drawn)),
    )


def _given(record: Record) -> str:
    if record.error is not None:
        return f"{record.error.code}: {record.error.message}" + (f" ({record.error.hint})" if record.error.hint else "")
    data = "" if record.data is None else json.dumps(record.data, ensure_ascii=False)
    given = "\n".join(filter(None, (record.text, data))) or record.answer
    return f"(abstained) {given}" if record.abstained else given


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    for score in record.scores:
        values = ", ".join(f"{name} {_number(value)}" for name, value in score.values.items())
        yield f"score {score.scorer}", f"{values}{'; ' if score.explanation else ''}{score.explanation[:_MOST]}"
    if record.confidence is not None:
        yield "confidence", _confidence(record.confidence)
    if record.signals:
        yield "signals", ", ".join(f"{name} {_number(value)}" for name, value in record.signals.items())
    unsupported = sum(not claim.supported for claim in record.claims)
    if unsupported:
        yield "claims", f"{unsupported} of {len(record.claims)} without support"
    for loss in record.losses[:5]:
        yield loss.severity, f"{loss.kind}: {loss.detail[:_MOST]}"
    if record.finish_reason != "stop":
        yield "ended by", record.finish_reason
    usage = record.usage
    yield (
        "took",
        f"{usage.input_tokens} tokens in ({usage.cached_tokens} cached), {usage.output_tokens} out, "
        + (f"{usage.reasoning_tokens} thinking, {record.seconds:.1f} s"),
    )


def _confidence(found: Confidence) -> str:
    kind = f"probability, by {found.calibrator}" if found.calibrator else "score, not a probability"
    return f"{found.method} {found.value:.3f} ({kind})"


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}".rstrip("0").rstrip(".")
