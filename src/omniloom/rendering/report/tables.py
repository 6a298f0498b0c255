"""The tables of a report: metrics of runs side by side, and the numbers behind the plots."""

from collections.abc import Callable, Iterable, Sequence

from omniloom.rendering.report.values import Cell, Cost, Curve, Difference, Reliability, Run, TaskTable
from omniloom.rendering.report.words import number, one_line, safe

_COVERAGES = (0.25, 0.5, 0.75, 1.0)
_MOST_ROWS = 200


def runs(task: TaskTable) -> str:
    """Which letter is which run, and what is known of it."""
    names = list(dict.fromkeys(name for run in task.runs for name, _ in run.facts))
    rows = [
        [
            f"<b>{safe(run.letter)}</b>",
            one_line(run.name),
            *(one_line(dict(run.facts).get(name, "–")) for name in names),
        ]
        for run in task.runs
    ]
    warned = "".join(
        f'<p class="bad">{safe(run.letter)}: {safe(each, 500)}</p>' for run in task.runs for each in run.warnings
    )
    return _table("The runs of this task", ["run", "log", *map(safe, names)], rows, words=len(names) + 2) + warned


def metrics(task: TaskTable) -> str:
    """A line a metric, two columns a run; one more with its paired difference from the run it is compared with."""
    against = task.against or ("", *[task.runs[0].letter] * (len(task.runs) - 1))
    heads = ["metric"]
    for run, other in zip(task.runs, against, strict=True):
        heads += [f"{safe(run.letter)} (95 % interval)", "n"]
        heads += [f"{safe(run.letter)} minus {safe(other)} (95 % interval)"] if other else []
    rows: list[list[str]] = []
    for row in task.rows[:_MOST_ROWS]:
        line = [one_line(row.name)]
        for at, cell in enumerate(row.cells):
            line += [_cell(cell), f"{cell.n:,}" if cell else "–"]
            line += [_difference(row.differences[at])] if against[at] else []
        rows.append(line)
    return _table(f"Metrics of {one_line(task.name)}", heads, rows)


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    if cell.stderr is None:
        return number(cell.value)
    return f"{number(cell.value)} ± {number(1.96 * cell.stderr)}"


def _difference(found: Difference | None) -> str:
    if found is None:
        return "–"
    sign = "+" if found.value > 0 else ""
    text = f"{sign}{number(found.value)} ({number(found.low)} to {number(found.high)}), n {found.n:,}"
    return f"<b>{text}</b>" if found.low > 0 or found.high < 0 else text


def reliability(found: Sequence[Reliability]) -> str:
    heads = ["run", "confidence", "mean", "share that is right (95 % interval)", "n"]
    rows = [
        [
            safe(run.letter),
            f"{number(each.low)} to {number(each.high)}",
            number(each.confidence),
            f"{number(each.accuracy)} ({number(each.accuracy_low)} to {number(each.accuracy_high)})",
            f"{each.n:,}",
        ]
        for run in found
        for each in run.bins
    ]
    return _table("Bins of equal mass", heads, rows)


def risk_coverage(found: Sequence[Curve]) -> str:
    heads = ["run", "in order of", *(f"wrong at {coverage:.0%}" for coverage in _COVERAGES), "area (AURC)", "n"]
    rows = [
        [
            safe(curve.letter),
            one_line(curve.signal),
            *(number(_risk(curve, coverage)) for coverage in _COVERAGES),
            number(curve.area),
            f"{curve.n:,}",
        ]
        for curve in found
    ]
    return _table("Share of wrong answers among the surest", heads, rows, words=2)


def _risk(curve: Curve, coverage: float) -> float:
    return next(risk for at, risk in curve.points if at >= coverage - 1e-9)


def costs(found: Sequence[Cost]) -> str:
    heads = ["run", "tokens computed", "tokens cached", "seconds", "share that is right (95 % interval)", "n"]
    rows = [
        [
            safe(run.letter),
            number(run.computed),
            number(run.cached),
            number(run.seconds),
            _cell(run.accuracy),
            f"{run.accuracy.n:,}",
        ]
        for run in found
    ]
    return _table("What one sample takes, on average", heads, rows)


def legend(task: TaskTable, more: Callable[[Run], str] = lambda run: "") -> str:
    """The letters of the plots in words."""
    return "; ".join(f"{safe(run.letter)}: {one_line(run.name, 60)}{more(run)}" for run in task.runs)


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """HTML in, HTML out. words: how many columns on the left hold words; the others hold numbers."""
    head = "".join(f'<th scope="col"{_kind(at, words)}>{each}</th>' for at, each in enumerate(heads))
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{each}</th>' if at == 0 else f"<td{_kind(at, words)}>{each}</td>"
            for at, each in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )


def _kind(at: int, words: int) -> str:
    return "" if at < words else ' class="n"'
