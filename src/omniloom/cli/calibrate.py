"""`omniloom calibrate`: learn, from questions whose answers are known, how sure the model's answers are."""

import json
import re
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.core.errors import UsageError

Data = Annotated[Path | None, typer.Argument(help="A folder with questions.jsonl: question, sources, answers.")]
TaskName = Annotated[str, typer.Option("--task", help="What the folder is for; `omniloom eval --list` shows them.")]
ModelName = Annotated[
    str | None, typer.Option("--model", "-m", help="Catalog name, .gguf, or openai:http://host/v1#name.")
]
Name = Annotated[str | None, typer.Option("--name", help="Of the calibrator; made of family and model without it.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="The first so many samples.")]
FromLog = Annotated[
    list[Path] | None, typer.Option("--from-log", help="Answers of `omniloom eval`; nothing is asked again.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write NAME.json into this folder, not into the store.")]
Family = Annotated[
    str,
    typer.Option(
        "--family", help="Only of these answers: extract, words, compute, fields or speech; of each without it."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the calibrator as one JSON object.")]


def calibrate(
    data: Data = None,
    task: TaskName = "folder",
    model: ModelName = None,
    name: Name = None,
    limit: Limit = None,
    from_log: FromLog = None,
    out: Out = None,
    family: Family = "",
    as_json: AsJson = False,
) -> None:
    """Make a calibrator for each family of answers: confidences of this model in it are then probabilities.

    Half of the sources are learnt from, the other half says how good it is and what risk can be promised.
    """
    from omniloom.evaluation.calibration.logs import families
    from omniloom.evaluation.log import read
    from omniloom.storage.named import checked_name

    if name is not None:
        checked_name(name)
    _check_family(family)
    if (data is None) == (not from_log):
        hint = "omniloom calibrate DATA, or: omniloom calibrate --from-log LOG --from-log LOG"
        raise UsageError("name a folder, or logs with --from-log before each, not both", hint=hint)
    if data is not None and not data.is_dir():
        raise UsageError(f"{str(data)!r} is no folder", hint="a folder with questions.jsonl; docs/calibration.md")
    if out is not None and not out.is_dir():
        raise UsageError(f"--out {str(out)!r} is no folder", hint="make it first")
    logs = [read(path) for path in from_log or ()]
    if data is not None:
        logs = [_asked(data, task, model, limit, family, quiet=as_json)]
    found = _wanted(families(logs), family, name)
    fitted, few = _fitted(found, name)
    if as_json:
        for each, _ in fitted:
            _kept(each.calibrator, out)
        told = [json.loads(each.calibrator.model_dump_json()) for each, _ in fitted]
        typer.echo(json.dumps(told[0] if len(told) == 1 else told, ensure_ascii=False, indent=1))
    else:
        for each, answers in fitted:
            _tell(each, answers, _kept(each.calibrator, out))
    for line in few:
        typer.echo(line, err=as_json)


def _check_family(family: str) -> None:
    from omniloom.runtime.risk import FAMILIES

    if family and family not in FAMILIES:
        raise UsageError(f"--family {family!r} is unknown", hint=f"known are {', '.join(FAMILIES)}")


def _wanted(found: list[Any], family: str, name: str | None) -> list[Any]:
    """Those of the family that is named. Answers of one are never taken for another: it would promise what they do not
    show. Raises UsageError where there are none, and for one name of several."""
    names = ", ".join(each.family for each in found)
    if family:
        found = [each for each in found if each.family == family]
        if not found:
            raise _none(family, names)
    if name is not None and len(found) > 1:
        raise UsageError(f"--name {name!r} names one calibrator, and these answers are of {names}", hint="--family")
    return found


def _expected(data: Path, task: Any, limit: int | None, family: str) -> None:
    """Before hours of asking: raises UsageError where a family is named and no question of the folder is of it."""
    from omniloom.evaluation.answered import family_of

    names = sorted({family_of(each, task) for each in islice(task.samples(data), limit)}) if family else []
    if names and family not in names:
        raise _none(family, ", ".join(names))


def _none(family: str, names: str) -> UsageError:
    return UsageError(f"there are no answers of the family {family!r} here", hint=f"they are of: {names}")


def _fitted(found: list[Any], name: str | None) -> tuple[list[tuple[Any, Any]], list[str]]:
    """A calibrator with its answers for each family that has enough of them, and what is said of the others.

    Raises the UsageError of the first where none has."""
    from omniloom.evaluation.calibration.fit import fit

    made: list[tuple[Any, Any]] = []
    errors: list[tuple[str, UsageError]] = []
    for each in found:
        named = name or _name(each.family, each.model)
        try:
            fitted = fit(each.samples, name=named, model=each.model, family=each.family, tasks=each.tasks)
        except UsageError as error:
            errors.append((each.family, error))
        else:
            made.append((fitted, each))
    if not made:
        raise errors[0][1]
    return made, [f"no calibrator of the family {family!r}: {error.message}" for family, error in errors]


def _asked(data: Path, task: str, model: str | None, limit: int | None, family: str, *, quiet: bool) -> Any:
    """The log of the task over the folder: a run that was stopped goes on where it was."""
    from omniloom.cli.progress import Board
    from omniloom.evaluation import registry
    from omniloom.evaluation.run import Plan, evaluate
    from omniloom.runtime.load import load

    _expected(data, registry.task(task), limit, family)
    board = Board(quiet=quiet)
    with board, load(model, on_progress=board.show, say=board.say) as loaded:
        return evaluate(
            Plan(task, data, limit, options={"strategy": "weigh"}), loaded, loaded.store.root / "logs", board.show
        )


def _kept(calibrator: Any, out: Path | None) -> Path:
    from omniloom.reasoning.calibrators import as_text, keep
    from omniloom.storage.home import home

    if out is None:
        return keep(home(), calibrator)
    place = out / f"{calibrator.name}.json"
    place.write_text(as_text(calibrator), encoding="utf-8")
    return place


def _name(family: str, model: str) -> str:
    """Such as extract-qwen2.5-coder-1.5b; what a name cannot hold becomes a hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{family}-{model}").strip("-.")[:80]


def _tell(fitted: Any, found: Any, place: Path) -> None:
    from rich.console import Console

    from omniloom.evaluation.calibration.report import lines
    from omniloom.runtime.risk import FAMILIES

    console = Console()
    for line in lines(fitted, abstained=found.abstained, failed=found.failed, computed=found.computed):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    used = FAMILIES.get(found.family, f"in tasks of the family {found.family!r}")
    console.print(f"used by `ask` for answers {used}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"kept: {place}", highlight=False, markup=False, soft_wrap=True)
