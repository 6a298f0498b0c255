"""`omniloom forget`: remove a file and everything that was made from it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from omniloom.core.errors import UsageError


def forget(
    file: Annotated[Path, typer.Argument(help="The file, as it was asked about, or the sha256 of its content.")],
) -> None:
    """Remove a file's snapshot, its reading, the answers made from it and its stored state."""
    from omniloom.storage.store import Store, digest_of

    digest = str(file)
    if file.is_file():
        digest = digest_of(file)
    elif re.fullmatch(r"[0-9a-f]{64}", digest) is None:
        raise UsageError(
            f"{digest!r} is not here, so nothing was forgotten",
            hint="give the file itself, or the sha256 of its content: `omniloom trace export` shows it",
        )
    store = Store()
    try:
        gone = store.forget(digest)
        typer.echo(f"{file}: forgotten" if any(gone.values()) else f"{file}: nothing was kept of it")
    finally:
        store.close()
