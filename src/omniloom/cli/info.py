"""`omniloom info`: everything the catalog knows about one model."""

from typing import Annotated

import typer


def info(name: Annotated[str, typer.Argument(help="A catalog name.")]) -> None:
    """Licence, size, what it can do, where it comes from, and the hashes it must have."""
    from omniloom.catalog import entry, installed

    found = entry(name)
    here = installed(name)
    typer.echo(found.model_dump_json(indent=2))
    for role, path in here.paths.items() if here else ():
        typer.echo(f"{role}: {path}")
