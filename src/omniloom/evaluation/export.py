"""A log in the forms of others: that of Inspect AI (JSON, version 2), and the results of lm-eval."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import omniloom
from omniloom.core.errors import UsageError
from omniloom.core.values import Usage
from omniloom.evaluation.log import Log, Measured, Record, Result

FORMS = ("inspect", "lm-eval")


def export(log: Log, form: str) -> Path:
    """Writes the log, which has ended once, beside its file; returns where. Raises UsageError for an unknown form."""
    if form not in FORMS:
        raise UsageError(f"there is no form {form!r} to export to", hint=f"known are {', '.join(FORMS)}")
    if log.result is None:
        raise UsageError(f"the log {str(log.path)!r} has no result yet", hint="let the run end first")
    told = inspect_ai(log, log.result) if form == "inspect" else lm_eval(log, log.result)
    path = log.path.with_suffix(f".{form}.json")
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")
    return path


# -- Inspect AI --------------------------------------------------------------------------------------------------------


def inspect_ai(log: Log, result: Result) -> dict[str, Any]:
    """An EvalLog. Each score stands as a scorer of its own; what Inspect has no field for is metadata."""
    header, model = log.header, f"omniloom/{log.header.model}"
    created = header.created or datetime.now().astimezone().isoformat(timespec="seconds")
    spec = {
        "run_id": header.key,
        "eval_id": header.key,
        "created": created,
        "task": header.task,
        "task_id": header.key,
        "task_args": {"variant": header.variant, "seed": header.seed},
        "dataset": {
            "name": header.task,
            "location": header.data,
            "samples": result.wanted,
            "sample_ids": [record.id for record in log.records],
            "shuffled": False,
        },
        "model": model,
        "config": {"limit": result.wanted, "epochs": 1},
        "packages": {"omniloom": omniloom.__version__},
        "metadata": {"identity": header.identity, "code": header.code, "calibrator": header.calibrator},
        "scorers": [{"name": name} for name in result.metrics],
    }
    return {
        "version": 2,
        "status": "success" if not result.stopped else "cancelled",
        "eval": spec,
        "plan": {"name": "plan", "steps": [{"solver": "omniloom.generate", "params": dict(header.options)}]},
        "results": {
            "total_samples": result.wanted,
            "completed_samples": result.n - result.errors,
            "scores": [_inspect_score(name, each, result.n) for name, each in result.metrics.items()],
        },
        "stats": {
            "started_at": created,
            "completed_at": created,
            "model_usage": {model: _inspect_usage(sum((record.usage for record in log.records), Usage()))},
        },
        "samples": [_inspect_sample(record, model) for record in log.records],
    }


def _inspect_score(name: str, measured: Measured, total: int) -> dict[str, Any]:
    numbers = {"mean": measured.value, "stderr": measured.stderr}
    return {
        "name": name,
        "scorer": name,
        "scored_samples": measured.n,
        "unscored_samples": max(total - measured.n, 0),
        "metrics": {key: {"name": key, "value": value} for key, value in numbers.items() if value is not None},
    }


def _inspect_sample(record: Record, model: str) -> dict[str, Any]:
    written = record.text or json.dumps(record.data, ensure_ascii=False)
    stop = {"stop": "stop", "length": "max_tokens"}.get(record.finish_reason, "unknown")
    said = {"role": "assistant", "content": written, "source": "generate", "model": model}
    told = record.model_dump(mode="json", include={"claims", "places", "sources", "signals", "losses", "abstained"})
    usage = _inspect_usage(record.usage)
    sample: dict[str, Any] = {
        "id": record.id,
        "epoch": 1,
        "input": record.question,
        "target": list(record.target),
        "messages": [{"role": "user", "content": record.question, "source": "input"}, said],
        "output": {
            "model": model,
            "choices": [{"message": said, "stop_reason": stop}],
            "usage": usage,
            "time": record.seconds,
        },
        "scores": _inspect_scores(record),
        "metadata": {**told, "group": record.group, "trace_id": record.trace_id, "data": record.data},
        "model_usage": {model: usage},
        "total_time": record.seconds,
    }
    if record.error is not None:
        words = f"{record.error.code}: {record.error.message}"
        sample["error"] = {"message": words, "traceback": words, "traceback_ansi": words}
    return sample


def _inspect_scores(record: Record) -> dict[str, Any]:
    return {
        name: {"value": value, "answer": each.answer, "explanation": each.explanation}
        for each in record.scores
        for name, value in each.values.items()
        if value is not None
    }


def _inspect_usage(usage: Usage) -> dict[str, int]:
    """Inspect counts the input that was read from a cache apart from the rest of it."""
    total = usage.tokens
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens,
        "input_tokens_cache_read": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "total_tokens": total,
    }


# -- lm-eval -----------------------------------------------------------------------------------------------------------


def lm_eval(log: Log, result: Result) -> dict[str, Any]:
    """What lm-eval writes as results_….json, with its samples in the same file; no filter, no shots."""
    header = log.header
    task = "-".join(filter(None, (header.task, header.variant)))
    found: dict[str, Any] = {"alias": task}
    for name, measured in result.metrics.items():
        found[f"{name},none"] = "N/A" if measured.value is None else measured.value
        found[f"{name}_stderr,none"] = "N/A" if measured.stderr is None else measured.stderr
    config = {
        "task": task,
        "dataset_path": header.data,
        "output_type": "generate_until",
        "metric_list": [{"metric": name} for name in result.metrics],
        "repeats": 1,
        "num_fewshot": 0,
        "metadata": {"version": header.form, "code": header.code},
    }
    return {
        "results": {task: found},
        "group_subtasks": {task: []},
        "configs": {task: config},
        "versions": {task: header.form},
        "n-shot": {task: 0},
        "higher_is_better": {task: dict.fromkeys(result.metrics)},
        "n-samples": {task: {"original": result.wanted, "effective": result.n}},
        "config": {
            "model": "omniloom",
            "model_args": {"model": header.model, "identity": header.identity, "calibrator": header.calibrator},
            "limit": result.wanted,
            "random_seed": header.seed,
        },
        "date": _seconds(header.created),
        "model_source": "omniloom",
        "model_name": header.model,
        "model_name_sanitized": header.model.replace("/", "__"),
        "total_evaluation_time_seconds": str(result.seconds),
        "samples": {task: [_lm_sample(at, record) for at, record in enumerate(log.records)]},
    }


def _lm_sample(at: int, record: Record) -> dict[str, Any]:
    doc = {"id": record.id, "question": record.question, "answers": list(record.target)}
    written = record.text or json.dumps(record.data, ensure_ascii=False)
    return {
        "doc_id": at,
        "doc": doc,
        "target": _one(record.target),
        "arguments": {"gen_args_0": {"arg_0": record.question, "arg_1": {}}},
        "resps": [[written]],
        "filtered_resps": [record.answer],
        "filter": "none",
        "metrics": list(record.values),
        "doc_hash": _hash(doc),
        "prompt_hash": _hash(record.question),
        "target_hash": _hash(_one(record.target)),
        **record.values,
    }


def _one(target: Sequence[str]) -> str:
    return target[0] if target else ""


def _hash(value: str | Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _seconds(created: str) -> float:
    return datetime.fromisoformat(created).timestamp() if created else 0.0
