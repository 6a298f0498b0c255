"""From a Response, or from what was raised in its place, to the Record of the log."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.core.values import Claim, Part, Response
from omniloom.evaluation.log import Cited, Claimed, Expected, Failure, Origin, Record, Scored
from omniloom.evaluation.scorers import answer_text
from omniloom.evaluation.values import Sample, Score, Scorer, Task
from omniloom.storage.store import Store


def record(
    sample: Sample,
    response: Response,
    task: Task,
    *,
    scorers: Sequence[Scorer],
    raw: Mapping[str, float | None],
    seconds: float,
    fingerprint: str,
    error: Failure | None = None,
) -> Record:
    """All scorers see the response; after an error it is empty, and is never right. raw: its
    signals, as they were before any calibrator."""
    scored = [_scored(scorer, sample, response) for scorer in scorers]
    if error is not None:
        scored = _failed(scored, task, error)
    names = {part.id: part.name for part in response.sources}
    return Record(
        id=sample.id,
        question=sample.question,
        target=sample.target,
        group=sample.group,
        family=family_of(sample, task),
        answer=next((each.answer for each in scored if task.CORRECT in each.values), "") or answer_text(response),
        text=response.text,
        data=response.model_dump(mode="json", include={"data"})["data"],
        claims=tuple(_claimed(claim, names) for claim in response.claims),
        places=tuple(Expected(source=p.source, quote=p.quote, fragment=p.fragment) for p in sample.places),
        sources=tuple(_origin(part) for part in response.sources),
        scores=tuple(scored),
        signals=dict(raw),
        confidence=response.confidence,
        abstained=response.abstained,
        losses=response.losses,
        finish_reason=response.finish_reason,
        usage=response.usage,
        seconds=round(seconds, 3),
        trace_id=response.trace_id,
        error=error,
        fingerprint=fingerprint,
    )


def _failed(scored: Sequence[Scored], task: Task, error: Failure) -> list[Scored]:
    """With nothing right: neither what decides that, nor what is told beside it, such as exact and f1."""
    told = [name for each in scored if task.CORRECT in each.values for name in each.values]
    beside = [name for name in told if name.startswith(("exact", "f1", "right"))]  # of others 0 may be the best
    values: dict[str, float | None] = dict.fromkeys([task.CORRECT, *beside], 0.0)
    wrong = Scored(scorer="error", values=values, explanation=f"{error.code}: {error.message}")
    return [*(each for each in scored if task.CORRECT not in each.values), wrong]


def family_of(sample: Sample, task: Task) -> str:
    """Which answers its answer is calibrated with: those of the task, where the task does not tell for each sample."""
    own = getattr(task, "family", None)
    return task.FAMILY if own is None else own(sample)


def _origin(part: Part) -> Origin:
    return Origin(id=part.id, name=part.name, kind=part.kind, media_type=part.media_type)


def _scored(scorer: Any, sample: Sample, response: Response) -> Scored:
    score: Score = scorer(sample, response)
    values: dict[str, float | None] = {}
    for name, value in score.values.items():
        values[name] = float(value) if math.isfinite(value) else None
    name = getattr(scorer, "__name__", type(scorer).__name__)
    return Scored(scorer=name, values=values, answer=score.answer, explanation=score.explanation)


def _claimed(claim: Claim, names: dict[str, str]) -> Claimed:
    cited = tuple(
        Cited(source=names.get(c.source, ""), part=c.source, fragment=c.locator.fragment, quote=c.quote)
        for c in claim.citations
    )
    told = claim.model_dump(include={"at", "text", "supported", "derived"})
    return Claimed(**told, citations=cited, confidence=claim.confidence)


def signals(response: Response) -> dict[str, float | None]:
    """Those that the answer's confidence holds, and what can be told of any answer: its length, its log-probability,
    and how well its claims align with what they cite. None of one that a query or formula gave: length and likelihood
    would be those of the query."""
    sure = response.confidence
    found: dict[str, float | None] = dict(getattr(sure, "signals", None) or {})
    if found.keys() <= {"agreement"} and any(claim.derived for claim in response.claims):
        return {}
    if response.usage.output_tokens:
        found.setdefault("answer_tokens", float(response.usage.output_tokens))
    if sure is not None and sure.method == "mean_token_probability" and sure.value > 0:
        found.setdefault("logprob_mean", math.log(sure.value))
    aligned = [
        c.confidence.value for c in response.claims if c.confidence and c.confidence.method.endswith("alignment")
    ]
    if aligned:
        found.setdefault("alignment", math.fsum(aligned) / len(aligned))
    return found


def failure(error: Exception) -> Failure:
    """A defect, which is no OmniloomError, has the code "defect"."""
    if isinstance(error, OmniloomError):
        told = {"code": error.code, "message": error.message, "hint": error.hint, "retryable": error.retryable}
        return Failure(type=type(error).__name__, **told)
    return Failure(type=type(error).__name__, code="defect", message=str(error))


def after_error(store: Store, label: str) -> Response:
    """What is known of the call of this label that raised: its trace, and the tokens of the steps it did finish."""
    found = next((each for each in store.journal.traces(20) if each["name"] == label), None)
    if found is None:
        return Response(finish_reason="error")
    spans = [span.attributes for span in store.journal.trace(found["id"]).spans if span.operation == "chat"]
    usage = Response().usage.model_copy(
        update={name: _sum(spans, name) for name in ("input_tokens", "output_tokens", "reasoning_tokens")}
        | {"cached_tokens": _sum(spans, "cached_tokens")}
    )
    return Response(finish_reason="error", usage=usage, trace_id=found["id"])


def _sum(spans: Sequence[dict[str, Any]], name: str) -> int:
    return sum(int(attributes.get(name) or 0) for attributes in spans)
