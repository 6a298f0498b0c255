"""`omniloom trace`: what a run did, step by step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.cli.targets import checked

app = typer.Typer(help="What a run did: steps, times, tokens, decisions.", no_args_is_help=True)


@app.command("list")
def list_traces(limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 20) -> None:
    """The last runs, newest first."""
    from omniloom.storage.store import Store

    store = Store()
    try:
        for summary in store.journal.traces(limit):
            typer.echo(_row(summary))
    finally:
        store.close()


@app.command("show")
def show(trace_id: Annotated[str, typer.Argument(help="A trace id; 'last' is the newest.")] = "last") -> None:
    """The tree of one run with times and tokens."""
    from rich.console import Console

    from omniloom.rendering.trace import trace_tree
    from omniloom.storage.store import Store

    store = Store()
    try:
        Console().print(trace_tree(store.journal.trace(_resolved(store, trace_id))))
    finally:
        store.close()


@app.command("export")
def export(
    trace_id: Annotated[str, typer.Argument(help="A trace id; 'last' is the newest.")] = "last",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; standard output without it.")] = None,
) -> None:
    """One run as JSON: every span with its attributes."""
    from omniloom.storage.store import Store

    checked(output, "--output")
    store = Store()
    try:
        text = store.journal.trace(_resolved(store, trace_id)).model_dump_json(indent=2)
    finally:
        store.close()
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text, encoding="utf-8")


def _resolved(store: object, trace_id: str) -> str:
    from omniloom.core.errors import UsageError

    if trace_id != "last":
        return trace_id
    newest = store.journal.traces(1)  # type: ignore[attr-defined]
    if not newest:
        raise UsageError("there is no trace yet", hint='omniloom ask "question" FILE...')
    return str(newest[0]["id"])


def _row(summary: Mapping[str, Any]) -> str:
    seconds = "" if summary["seconds"] is None else f"{summary['seconds']:.2f} s"
    row = f"{summary['id']}  {summary['start']}  {seconds:>9}  {summary['spans']:>3} steps  {summary['status']:<9}"
    return f"{row}  {summary['name']}"
