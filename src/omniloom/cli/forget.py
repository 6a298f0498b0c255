"""`omniloom forget`: remove a file and everything that was made from it."""

from pathlib import Path
from typing import Annotated

import typer


def forget(
    file: Annotated[Path, typer.Argument(help="The file, as it was asked about, or the sha256 of its content.")],
) -> None:
    """Remove a file's snapshot, its reading, the answers made from it and its stored state."""
    from omniloom.storage.store import Store, digest_of

    store = Store()
    try:
        digest = str(file) if not file.exists() else digest_of(file)
        store.forget(digest)
        typer.echo(f"{file}: forgotten")
    finally:
        store.close()
