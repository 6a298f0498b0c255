"""Output modes beside text and JSON: those that installed packages add."""

from collections.abc import Iterable
from typing import Any

from omniloom.core.errors import BudgetError, OutputError, UnsupportedError
from omniloom.core.protocols import Engine
from omniloom.core.values import Completion, Loss
from omniloom.outputs import mode
from omniloom.reasoning.direct import shaped
from omniloom.reasoning.prompts import Task
from omniloom.runtime import cut
from omniloom.runtime.run import EngineRun

OURS = ("text", "structured_json")


def written(
    run: EngineRun, engine: Engine, task: Task, names: Iterable[str], cuts: list[Loss]
) -> tuple[dict[str, Any], Completion | None]:
    """(what each mode that is not ours makes of the answer, the first of their Completions). One that a budget leaves
    no room for is None, and told to `cuts`, where there is another answer to give."""
    outputs, first = dict[str, Any](), None
    for name in (each for each in names if each not in OURS):
        try:
            outputs[name], done = _written(run, engine, task, name)
        except BudgetError as error:
            if not run.deadline.holds:
                raise
            outputs[name], done = None, None
            cuts.append(cut.loss(error, name, "it is not written"))
        first = first or done
    return outputs, first


def _written(run: EngineRun, engine: Engine, task: Task, name: str) -> tuple[Any, Completion]:
    """(what the mode makes of the answer, the Completion it came from).

    The mode is a module with `constrain(schema)`, which gives a Constraint or None, and `write(text)`, which gives
    the value or raises OutputError; then the model is told why and asked once more.
    """
    module = mode(name)
    constraint = module.constrain(None)
    if constraint is not None and (why := engine.supports(constraint)) is not None:
        raise UnsupportedError(f"{engine.name} cannot write {name!r}: {why}", hint="take another engine")
    done = shaped(run, task, name, constraint)
    try:
        return module.write(done.text), done
    except OutputError as error:
        run.note("repair", why=str(error))
        done = shaped(run, task, name, constraint, broken=done.text, why=str(error))
        return module.write(done.text), done
