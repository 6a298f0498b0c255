"""`omniloom eval`: run tasks over a folder, and say what the answers are worth."""

import json
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.cli.failures import BUDGET
from omniloom.core.errors import UsageError

Tasks = Annotated[list[str] | None, typer.Argument(metavar="TASK...", help="Names of tasks; --list shows them.")]
Data = Annotated[Path | None, typer.Option("--data", help="A folder of the form that the tasks expect.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="The first so many samples of each task.")]
Name = Annotated[str | None, typer.Option("--model", "-m", help="Catalog name, .gguf, or openai:http://host/v1#name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
LogFolder = Annotated[Path | None, typer.Option("--log", help="Folder of the logs; `logs` in the home without it.")]
Export = Annotated[str | None, typer.Option("--export", help="Also write the log as 'inspect' or 'lm-eval' has it.")]
Variant = Annotated[str, typer.Option("--variant", help="Change the samples: typos, reordered, …; --list shows them.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of what the variant does by chance.")]
MostTokens = Annotated[int | None, typer.Option("--budget-tokens", min=1, help="End each task before it uses more.")]
MostSeconds = Annotated[float | None, typer.Option("--budget-seconds", min=0.001, help="End each task after so long.")]
Calibrator = Annotated[
    str, typer.Option("--calibrator", help="Its name, or its file: of it the answers have their probabilities.")
]
Strategy = Annotated[str, typer.Option("--strategy", help="How each sample is answered; auto is what `ask` takes.")]
Recorded = Annotated[Path | None, typer.Option("--recorded", help="Answer from this record: no weights, no cost.")]
Record = Annotated[Path | None, typer.Option("--record", help="Write what the model answers to this record.")]
TrainedOn = Annotated[list[Path] | None, typer.Option("--trained-on", help="Look for the samples in this file, too.")]
List = Annotated[bool, typer.Option("--list", help="List tasks and variants.")]


def evaluate(
    tasks: Tasks = None,
    data: Data = None,
    limit: Limit = None,
    model: Name = None,
    as_json: AsJson = False,
    log: LogFolder = None,
    export: Export = None,
    variant: Variant = "",
    seed: Seed = 0,
    budget_tokens: MostTokens = None,
    budget_seconds: MostSeconds = None,
    calibrator: Calibrator = "",
    strategy: Strategy = "direct",
    recorded: Recorded = None,
    record: Record = None,
    trained_on: TrainedOn = None,
    listed: List = False,
) -> None:
    """Run tasks and print their metrics with standard errors. A run that was stopped goes on where it was.

    Exit code 4: the budget ended the run early; what was done is in the table and in the log.
    """
    from omniloom.core.values import Budget
    from omniloom.evaluation.export import export as write
    from omniloom.evaluation.run import Plan

    if listed:
        _list(as_json)
        return
    folder = _checked(tasks, data, export, recorded, record, model)
    budget = Budget(tokens=budget_tokens, seconds=budget_seconds)
    plans = [
        Plan(name, folder, limit, variant, seed, {"strategy": strategy}, calibrator, budget, tuple(trained_on or ()))
        for name in dict.fromkeys(tasks or [])
    ]
    logs = _run(plans, f"recorded:{recorded}" if recorded else model, record, log, quiet=as_json)
    exported = [write(each, export) for each in logs] if export else []
    if as_json:
        told = [as_object(*each) for each in zip_longest(logs, exported)]
        typer.echo(json.dumps(told[0] if len(told) == 1 else {"tasks": told}, ensure_ascii=False, indent=2))
    else:
        _table(logs, exported)
    if any(each.result.stopped for each in logs):
        raise typer.Exit(BUDGET)


def _checked(
    tasks: list[str] | None,
    data: Path | None,
    export: str | None,
    recorded: Path | None,
    record: Path | None,
    model: str | None,
) -> Path:
    """The data folder. Everything that can be wrong about the words is said before weights are loaded."""
    from omniloom.evaluation import registry
    from omniloom.evaluation.export import FORMS

    if not tasks:
        raise UsageError("no task was named", hint="omniloom eval xquad --data DIR; --list shows the tasks")
    for name in tasks:
        registry.task(name)
    if data is None or not data.is_dir():
        what = "--data was not given" if data is None else f"--data {str(data)!r} is no folder"
        raise UsageError(what, hint="name the folder with the files of the task")
    if export is not None and export not in FORMS:
        raise UsageError(f"--export {export!r} is unknown", hint=f"known are {', '.join(FORMS)}")
    if recorded is not None and (record is not None or model is not None):
        raise UsageError("--recorded answers by itself", hint="leave --record and --model out")
    return data


def _run(plans: list[Any], model: str | None, record: Path | None, log: Path | None, *, quiet: bool) -> list[Any]:
    from omniloom.cli.progress import Board
    from omniloom.evaluation.recording import recording
    from omniloom.evaluation.run import evaluate as run
    from omniloom.runtime.load import load

    board = Board(quiet=quiet)
    with board, load(model, on_progress=board.show, say=board.say) as loaded:
        used = recording(loaded, record) if record is not None else loaded
        return [run(plan, used, log or loaded.store.root / "logs", board.show) for plan in plans]


def _list(as_json: bool) -> None:
    from omniloom.evaluation import registry

    found = {kind: registry.names(kind) for kind in ("tasks", "variants")}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for kind, names in found.items():
        typer.echo(f"{kind}:" + ("" if names else " none"))
        for name in names:
            typer.echo(f"  {name:<20} {registry.described(kind, name)}".rstrip())


def as_object(log: Any, exported: Path | None = None) -> dict[str, Any]:
    """What `--json` prints of one task."""
    result, header = log.result, log.header
    return {
        "task": header.task,
        "variant": header.variant,
        "metrics": {name: each.model_dump() for name, each in result.metrics.items()},
        "n": result.n,
        "of": result.wanted,
        "kept": result.kept,
        "own_data": result.own,
        "errors": result.errors,
        "stopped": result.stopped,
        "contaminated": list(result.contaminated),
        "model": header.model,
        "calibrator": header.calibrator or None,
        "tokens": result.tokens.model_dump() | {"computed": result.tokens.computed},
        "seconds": result.seconds,
        "log": str(log.path),
        **({"exported": str(exported)} if exported is not None else {}),
    }


def _table(logs: list[Any], exported: list[Path]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for log, written in zip_longest(logs, exported):
        result, header = log.result, log.header
        name = " + ".join(filter(None, (header.task, header.variant)))
        title = f"{name}, {header.model}, {result.n} of {result.wanted} samples"
        table = Table(title=title + (", on its own data" if result.own else ""), title_justify="left")
        table.add_column("metric")
        for column in ("value", "stderr", "n"):
            table.add_column(column, justify="right")
        for metric, each in result.metrics.items():
            table.add_row(metric, _number(each.value), _stderr(each), str(each.n))
        console.print(table, highlight=False)
        for line in _lines(result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        for path in filter(None, (log.path, written)):
            console.print(f"log: {path}", highlight=False, markup=False, soft_wrap=True)


def _lines(result: Any) -> list[str]:
    tokens = result.tokens
    found = [
        f"tokens: {tokens.input} in ({tokens.cached} kept), {tokens.output} out, {tokens.reasoning} thinking; "
        f"{result.seconds:.0f} s"
    ]
    if result.kept:
        found.append(f"{result.kept} of {result.n} samples were taken from the log of an earlier run")
    if result.own:
        found.append(
            f"on its own data: the calibrator was made from {result.own} of these {result.n} samples, so that "
            "confidences on them are no test of it"
        )
    if result.errors:
        found.append(f"errors: {result.errors} samples failed and count as wrong; the log says why")
    if result.contaminated:
        found.append(f"contaminated: {len(result.contaminated)} samples stand in prompts or in what was trained on")
    if result.stopped:
        found.append(f"stopped: {result.stopped}; the same command goes on")
    return found


def _stderr(each: Any) -> str:
    """A number; or why there is none: the samples are of one group, or there is nothing to measure."""
    return "n=1 group" if each.stderr is None and each.value is not None else _number(each.stderr)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
