"""The application: its verbs, and how errors become words and exit codes.

Exit codes: 0 ok, 1 error, 2 usage, 3 abstained, 4 budget, 5 blocked, 130 interrupted.
"""

import sys

import typer
from rich.console import Console

from omniloom.cli import ask, cache, doctor, forget, info, listing, pull, rm, show, trace
from omniloom.core.errors import BudgetError, CancelledError, LossError, OmniloomError, UsageError

ERROR, USAGE, ABSTAINED, BUDGET, BLOCKED, INTERRUPTED = 1, 2, 3, 4, 5, 130

app = typer.Typer(
    name="omniloom",
    help="One call over text, PDF, images, audio, video and tables; every claim opens at the place it came from.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ask")(ask.ask)
app.command("show")(show.show)
app.command("pull")(pull.pull)
app.command("list")(listing.list_models)
app.command("info")(info.info)
app.command("rm")(rm.rm)
app.add_typer(trace.app, name="trace")
app.add_typer(cache.app, name="cache")
app.command("forget")(forget.forget)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Runs the application and exits; an error is one line, its hint another."""
    console = Console(stderr=True)
    try:
        code = app(standalone_mode=False)
    except typer.Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, CancelledError, typer.Abort):
        code = INTERRUPTED
    except OmniloomError as error:
        _tell(console, error)
        code = _code(error)
    except Exception as error:
        code = _usage(console, error)
    if code == INTERRUPTED:
        console.print("cancelled")
    sys.exit(code if isinstance(code, int) else 0)


def _code(error: OmniloomError) -> int:
    if isinstance(error, UsageError):
        return USAGE
    return BUDGET if isinstance(error, BudgetError) else ERROR


def _tell(console: Console, error: OmniloomError) -> None:
    console.print(f"[red]{error.code}[/red]: ", end="", highlight=False)
    console.print(error.message, markup=False, highlight=False)
    if isinstance(error, LossError):
        for loss in error.losses:
            console.print(f"  {loss.part}: {loss.kind}: {loss.detail}", markup=False, highlight=False)
    if error.hint:
        console.print(f"hint: {error.hint}", style="dim", markup=False, highlight=False)


def _usage(console: Console, error: Exception) -> int:
    """A wrong command line is shown as such; anything else is a defect of ours and keeps its traceback."""
    words = getattr(error, "format_message", None)
    if words is not None and hasattr(error, "exit_code"):
        console.print(f"[red]usage[/red]: {words()}", highlight=False)
        return USAGE
    raise error
