"""`omniloom rm`: remove the weights of a model."""

from typing import Annotated

import typer


def rm(name: Annotated[str, typer.Argument(help="A catalog name.")]) -> None:
    """Remove the weights of one model from this machine; it can be pulled again."""
    from omniloom.catalog import remove

    remove(name)
    typer.echo(f"{name}: removed")
