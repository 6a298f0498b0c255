"""`omniloom list`: what can be pulled and what is here."""

from typing import Annotated

import typer


def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The models of the catalog: purpose, size, licence, and whether they are installed."""
    from rich.console import Console
    from rich.table import Table

    from omniloom.catalog import entries, installed

    if as_json:
        for entry in entries():
            typer.echo(entry.model_dump_json())
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "for", "MB", "licence", "here"):
        table.add_column(column, justify="right" if column == "MB" else "left")
    for entry in entries():
        here = "yes" if installed(entry.name) else ""
        table.add_row(entry.name, entry.purpose, f"{entry.size_bytes / 1e6:.0f}", entry.licence, here)
    Console().print(table)
