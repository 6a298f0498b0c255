"""The application: its verbs, and the way out of it (exit codes: see failures.py)."""

import io
import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from omniloom.cli import ask, cache, calibrate, doctor, eval, forget, info, listing, pull, rm, show, trace, view, warm
from omniloom.cli.failures import INTERRUPTED, told
from omniloom.core.errors import CancelledError

app = typer.Typer(
    name="omniloom",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ask")(ask.ask)
app.command("warm")(warm.warm)
app.command("eval")(eval.evaluate)
app.command("show")(show.show)
app.command("view")(view.view)
app.command("pull")(pull.pull)
app.command("list")(listing.list_models)
app.command("info")(info.info)
app.command("rm")(rm.rm)
app.add_typer(trace.app, name="trace")
app.add_typer(cache.app, name="cache")
app.command("calibrate")(calibrate.calibrate)
app.command("forget")(forget.forget)
app.command("doctor")(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from omniloom import __version__

        typer.echo(f"omniloom {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and exit.")]


@app.callback()
def _top(version: Version = False) -> None:
    """One call over text, PDF, images, audio, video and tables; every claim opens at the place it came from."""


def main() -> None:
    """Runs the application and exits; an error is one line, its hint another."""
    _open_closed_streams()
    console = Console(stderr=True)
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except typer.Exit as done:
        code = done.exit_code
    except (KeyboardInterrupt, CancelledError, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # whoever reads the answer has seen enough
        _drop(1)
        code = 1
    except Exception as error:
        code = told(console, error)
        _drop_unwritable()
    if code == INTERRUPTED:
        console.print("cancelled")
    sys.exit(code if isinstance(code, int) else 0)


def _open_closed_streams() -> None:
    """A standard stream that the caller closed is empty, so that no file of ours gets its number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
            setattr(sys, name, io.open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115, UP020


def _drop_unwritable() -> None:
    """What could not be written is not tried again while the interpreter ends, which would tell it in its own way."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop(1)


def _drop(number: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)
