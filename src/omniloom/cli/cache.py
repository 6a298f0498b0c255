"""`omniloom cache`: what is kept, how large it is, and clearing it."""

import sys
from typing import Annotated

import typer

from omniloom.core.errors import UsageError

app = typer.Typer(help="What Omniloom keeps: readings, completions, document states, traces.", no_args_is_help=True)


@app.command("show")
def show() -> None:
    """Where the store lies and how large it is."""
    from omniloom.storage.store import Store

    store = Store()
    try:
        typer.echo(f"{store.root}\n{store.size() / 1e6:.1f} MB")
    finally:
        store.close()


@app.command("clear")
def clear(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove everything that was kept. Weights stay; `omniloom rm` removes those."""
    from omniloom.storage.store import Store

    store = Store()
    try:
        size = f"{store.size() / 1e6:.1f} MB in {store.root}"
        if not yes and not _confirmed(f"Remove {size}?"):
            raise typer.Abort
        store.clear()
        typer.echo(f"removed {size}")
    finally:
        store.close()


def _confirmed(question: str) -> bool:
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    said = sys.stdin.readline()
    if not said:
        typer.echo(err=True)
        raise UsageError("nobody confirmed it", hint="`omniloom cache clear --yes` does not ask")
    return said.strip().lower() in ("y", "yes")
