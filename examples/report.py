"""Measure a model over a folder of one's own, and make a report in which every failure shows its sources."""

import json
import tempfile
from pathlib import Path

import omniloom as ol
from omniloom.evaluation.run import Plan, evaluate
from omniloom.evaluation.viewing import report
from omniloom.rendering.report import page

TEXT = "The Loom Bridge was opened in 1907. It is 412 metres long. Clara Venn drew its arches."
QUESTIONS = {"When was the Loom Bridge opened?": "1907", "Who drew its arches?": "Clara Venn"}

with tempfile.TemporaryDirectory() as name, ol.load() as model:
    folder = Path(name)
    (folder / "text").mkdir()
    lines = [
        {"id": f"bridge-{at}", "title": "Bridge", "context": TEXT, "question": question, "answers": [answer]}
        for at, (question, answer) in enumerate(QUESTIONS.items())
    ]
    (folder / "text" / "xquad_en.jsonl").write_text("\n".join(map(json.dumps, lines)))
    log = evaluate(Plan("xquad", folder), model, folder)

    values = report([log])
    for task in values.tasks:
        print(task.name, *(f"{row.name}={row.cells[0].value:.2f}" for row in task.rows if row.cells[0]))
        for letter, answers, kinds in task.atlas:
            print(f"run {letter}: {sum(kind.count for kind in kinds)} of {answers} went wrong")
    made = folder / "report.html"
    made.write_text(page(values), encoding="utf-8")
    print(f"report.html: {made.stat().st_size // 1000} kB, without scripts: {'<script' not in made.read_text()}")
