"""Exports: Inspect's own reader loads ours where it is installed; its required fields are there in any case."""

import json
from pathlib import Path

import pytest

from omniloom.core.errors import UsageError
from omniloom.core.values import Usage
from omniloom.evaluation.export import export
from omniloom.evaluation.log import Failure, Header, Log, Measured, Record, Result, Scored

HEADER = Header(
    key="k1",
    task="mill",
    variant="typos",
    family="extract",
    correct="exact",
    model="small",
    identity="small 1",
    code="c",
    created="2026-11-28T17:00:00+00:00",
)


def log(folder: Path) -> Log:
    used = Usage(input_tokens=100, output_tokens=5, cached_tokens=80)
    right = Record(
        id="a",
        question="When?",
        target=("1888", "in 1888"),
        answer="1888",
        data={"answer": "1888"},
        scores=(
            Scored(scorer="words", values={"exact": 1.0, "f1": 1.0}),
            Scored(scorer="verbatim", values={"cited": None}),
        ),
        usage=used,
        seconds=2.0,
    )
    failed = Record(
        id="b",
        question="Who?",
        scores=(Scored(scorer="error", values={"exact": 0.0}),),
        finish_reason="error",
        error=Failure(type="EngineError", code="engine", message="it died"),
    )
    metrics = {"exact": Measured(value=0.5, stderr=0.5, n=2), "f1": Measured(value=1.0, stderr=None, n=1)}
    return Log(folder / "mill.jsonl", HEADER, (right, failed), Result(metrics=metrics, n=2, wanted=2, errors=1))


def test_inspect(tmp_path: Path) -> None:
    path = export(log(tmp_path), "inspect")
    told = json.loads(path.read_text())
    assert path.name == "mill.inspect.json"
    assert (told["version"], told["status"]) == (2, "success")
    assert {"created", "task", "dataset", "model", "config"} <= {*told["eval"]} and told["eval"][
        "model"
    ] == "omniloom/small"
    assert told["results"]["total_samples"] == 2 and told["results"]["completed_samples"] == 1
    [same, overlap] = told["results"]["scores"]
    assert (same["name"], same["metrics"]["mean"]["value"], same["metrics"]["stderr"]["value"]) == ("exact", 0.5, 0.5)
    assert "stderr" not in overlap["metrics"] and (overlap["scored_samples"], overlap["unscored_samples"]) == (1, 1)
    right, failed = told["samples"]
    assert (
        right["target"] == ["1888", "in 1888"]
        and right["scores"]["f1"]["value"] == 1.0
        and "cited" not in right["scores"]
    )
    assert right["output"]["choices"][0]["message"]["content"] == '{"answer": "1888"}'
    usage = {
        "input_tokens": 20,
        "input_tokens_cache_read": 80,
        "output_tokens": 5,
        "reasoning_tokens": 0,
        "total_tokens": 105,
    }
    assert right["output"]["usage"] == usage and failed["error"]["message"] == "engine: it died"


def test_inspects_own_reader_loads_it(tmp_path: Path) -> None:
    reader = pytest.importorskip("inspect_ai.log", reason="inspect_ai is not installed")
    found = reader.read_eval_log(str(export(log(tmp_path), "inspect")))
    assert found.results.scores[0].metrics["mean"].value == 0.5 and found.samples[0].scores["exact"].value == 1.0


def test_lm_eval(tmp_path: Path) -> None:
    told = json.loads(export(log(tmp_path), "lm-eval").read_text())
    name = "mill-typos"
    expected = {"alias": name, "exact,none": 0.5, "exact_stderr,none": 0.5, "f1,none": 1.0, "f1_stderr,none": "N/A"}
    assert told["results"] == {name: expected}
    for key in ("configs", "versions", "n-shot", "higher_is_better", "n-samples", "group_subtasks", "samples"):
        assert list(told[key]) == [name], key
    assert told["n-samples"][name] == {"original": 2, "effective": 2}
    sample = told["samples"][name][0]
    assert sample["target"] == "1888" and sample["filtered_resps"] == ["1888"] and sample["exact"] == 1.0
    assert told["samples"][name][1]["target"] == "" and len(sample["doc_hash"]) == 64


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="known are inspect, lm-eval"):
        export(log(tmp_path), "csv")
    with pytest.raises(UsageError, match="no result yet"):
        export(log(tmp_path)._replace(result=None), "inspect")
