"""`omniloom cache`: what is kept, how large it is, and clearing it."""

from typing import Annotated

import typer

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
        if not yes:
            typer.confirm(f"Remove {store.size() / 1e6:.1f} MB in {store.root}?", abort=True)
        store.clear()
    finally:
        store.close()
