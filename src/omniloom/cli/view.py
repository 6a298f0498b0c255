"""`omniloom view`: logs of evaluations as one HTML file, with the failures and their sources."""

from pathlib import Path
from typing import Annotated

import typer

from omniloom.cli.targets import checked


def view(
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="What `omniloom eval` wrote.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file; named like the first log without it.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Make a report of evaluations: tables, plots, and every failure with its sources. One file, no scripts.

    Logs of one task stand side by side, with paired differences from the first. Sources and traces come from the
    store in which a log was made; what is gone is said in its place.
    """
    from omniloom.evaluation.log import read
    from omniloom.evaluation.viewing import report
    from omniloom.rendering.report import Plots, page

    target = out or Path(Path(logs[0].name).with_suffix(".html").name)
    checked(target, "--out")
    _not_a_log(target, logs)
    drawing = Plots()
    text = page(report([read(path) for path in logs]), drawing)
    target.write_text(text, encoding="utf-8", newline="\n")
    if drawing.lacking:
        typer.echo(f"without plots: {drawing.lacking}", err=True)
    typer.echo(str(target))
    if open_it:
        import webbrowser

        webbrowser.open(target.absolute().as_uri())


def _not_a_log(target: Path, logs: list[Path]) -> None:
    """Raises UsageError for a report that would be written over one of its logs."""
    from omniloom.core.errors import UsageError

    if any(target.exists() and path.exists() and target.samefile(path) for path in logs):
        raise UsageError(f"--out {str(target)!r} is one of the logs", hint="name another file")
