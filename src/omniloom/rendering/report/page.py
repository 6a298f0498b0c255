"""The page: one file without scripts, whatever it is given; nothing in it is loaded from elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any

from omniloom.core.errors import UnsupportedError
from omniloom.rendering.report import plots, tables
from omniloom.rendering.report.atlas import Room, atlas
from omniloom.rendering.report.style import STYLE
from omniloom.rendering.report.values import Report, TaskTable
from omniloom.rendering.report.words import identity, one_line, safe

# Should anything ever slip through the escaping, the browser runs no script and loads nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


class Plots:
    """Makes plots, or says once why there are none. lacking: what is to be said, "" while all is well."""

    def __init__(self) -> None:
        self.lacking = ""

    def figure(self, draw: Callable[[Any, str], str], values: Any, name: str, caption: str) -> str:
        """The plot with its caption, in HTML; a sentence in its place without matplotlib. caption: HTML."""
        try:
            drawn = draw(values, name)
        except UnsupportedError as error:
            self.lacking = str(error)
            return f'<p class="soft">No plot is drawn here: {safe(str(error))}. Its numbers are in the table.</p>'
        told = drawn.replace("<svg ", f'<svg role="img" aria-label="{caption}" ', 1)
        return f"<figure>{told}<figcaption>{caption}</figcaption></figure>"


def page(report: Report, drawing: Plots | None = None) -> str:
    """The file. drawing: given to learn whether plots could be drawn."""
    drawing, room = drawing or Plots(), Room()
    title = one_line(report.title)
    sections = "".join(piece for at, task in enumerate(report.tasks) for piece in _task(task, at, drawing, room))
    links = "".join(f'<li><a href="#task-{at}">{one_line(task.name)}</a></li>' for at, task in enumerate(report.tasks))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f'<body><a class="skip" href="#tasks">To the tasks</a><h1>{title}</h1>\n'
        f'<nav aria-label="Tasks"><ul>{links}</ul></nav>\n<main id="tasks">{sections}</main></body></html>\n'
    )


def _task(task: TaskTable, at: int, drawing: Plots, room: Room) -> Iterator[str]:
    yield f'<section aria-labelledby="task-{at}"><h2 id="task-{at}">{one_line(task.name)}</h2>\n'
    yield tables.runs(task)
    yield tables.metrics(task)
    yield from _confidence(task, at, drawing)
    if task.costs:
        yield "<h3>Accuracy against cost</h3>\n"
        caption = f"Right answers over tokens computed. {tables.legend(task)}"
        if len(task.costs) > 1:
            yield drawing.figure(plots.costs, task.costs, identity("cost", str(at)), caption)
        yield tables.costs(task.costs)
    for letter, answers, kinds in task.atlas:
        wrong = sum(kind.count for kind in kinds)
        yield f"<h3>What went wrong in run {safe(letter)}: {wrong:,} of {answers:,}</h3>\n"
        yield from atlas(kinds, room)
    yield "</section>\n"


def _confidence(task: TaskTable, at: int, drawing: Plots) -> Iterator[str]:
    if task.reliability:
        uncalibrated = [run.letter for run in task.reliability if not run.calibrator]
        yield "<h3>Does the confidence mean what it says?</h3>\n"
        if uncalibrated:
            yield f"<p>The confidence of {safe(', '.join(uncalibrated))} is a score, not a probability: nothing is "
            yield "calibrated there, and no diagonal is promised.</p>\n"
        caption = f"Reliability; points are bins of equal mass, whose counts are in the table. {tables.legend(task)}"
        yield drawing.figure(plots.reliability, task.reliability, identity("reliability", str(at)), caption)
        yield _numbers(tables.reliability(task.reliability))
    if task.curves:
        yield "<h3>Is it sure of what is right?</h3>\n"
        signals = list(dict.fromkeys(curve.signal for curve in task.curves))
        dashes = "; ".join(f"{how}: {one_line(name)}" for how, name in zip(("solid", "dashed"), signals, strict=False))
        caption = f"Risk and coverage; lower is better. {dashes}. {tables.legend(task)}"
        yield drawing.figure(plots.risk_coverage, task.curves, identity("risk", str(at)), caption)
        yield tables.risk_coverage(task.curves)


def _numbers(table: str) -> str:
    return f'<details class="plain"><summary>The numbers</summary>{table}</details>\n'
