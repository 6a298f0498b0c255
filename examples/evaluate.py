"""Measure a model on three questions of our own: metrics with standard errors, and a log that goes on."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol
from omniloom.core.events import Progress
from omniloom.evaluation.run import Plan, evaluate

MILL = "The mill stands at the river Aa. Its wheel was built in 1888 by Ida Holm."
FERRY = "The ferry carries forty cars across the sound. A ticket costs nine crowns."
QUESTIONS = [
    ("Mill", MILL, "When was the wheel built?", "1888"),
    ("Mill", MILL, "Who built the wheel?", "Ida Holm"),
    ("Ferry", FERRY, "What does a ticket cost?", "nine crowns"),
]


def told(step: Progress) -> None:
    if step.unit == "samples":
        print(f"{step.done:.0f} of {step.total:.0f} answered")


with TemporaryDirectory() as folder, ol.load() as model:
    data = Path(folder, "data", "text")
    data.mkdir(parents=True)
    fields = ("id", "title", "context", "question", "answers")
    lines = [dict(zip(fields, (str(n), *q[:3], [q[3]]), strict=True)) for n, q in enumerate(QUESTIONS)]
    (data / "xquad_en.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    for limit in (2, 3):  # the second run asks one question only
        log = evaluate(Plan("xquad", data.parent, limit=limit), model, Path(folder, "logs"), told)
    assert log.result is not None
    for name, metric in log.result.metrics.items():
        print(f"{name:<20} {metric.value} ± {metric.stderr}, n={metric.n}")
    for record in log.records:
        print(f"{record.question} {record.answer!r}, wanted {' or '.join(record.target)!r}")
    print(f"tokens computed: {log.result.tokens.computed}")
