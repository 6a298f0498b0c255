"""`omniloom warm`: read files ahead, so that the first question about them answers at once."""

from pathlib import Path
from typing import Annotated

import typer

from omniloom.cli.ask import Adapter, Language, Name, OnLoss, Pages, Password, System, adapted, read_with

Files = Annotated[list[Path], typer.Argument(help="Those that will be asked about together.")]


def warm(
    files: Files,
    model: Name = None,
    system: System = None,
    on_loss: OnLoss = "error",
    password: Password = "",
    pages: Pages = "",
    language: Language = "",
    adapter: Adapter = None,
) -> None:
    """Read files and keep what the model makes of them: a later `ask` about them computes its question only,
    where it is answered directly: a query on tables has a prompt of its own.

    It holds for the same files in any order, the same model, --adapter and --system; of fewer files for those that were
    read first.
    """
    from omniloom.cli.progress import Board
    from omniloom.core.events import Progress
    from omniloom.runtime.load import load

    reading = {"pdf": {"password": password, "pages": pages}, "speech": {"language": language}}
    inputs = [read_with(each, reading) for each in files]
    board = Board()
    with load(model, on_progress=board.show, say=board.say, **adapted(adapter)) as loaded, board:
        usage = loaded.warm(
            inputs,
            system=system,
            on_loss=on_loss,  # type: ignore[arg-type]
            on_progress=lambda event: board.show(event) if isinstance(event, Progress) else None,
        )
        local = loaded.engine.capabilities.local
    typer.echo(_told(usage.input_tokens, usage.cached_tokens, usage.seconds, local))


def _told(tokens: int, kept: int, seconds: float, local: bool) -> str:
    if not local:
        return "the files are read; the model's server keeps what it keeps"
    if not tokens:
        return "the files are read; they are so short that there is nothing to compute ahead"
    if kept >= tokens:
        return f"{tokens} tokens were ready already"
    return f"{tokens} tokens are ready, {kept} were before ({seconds:.0f} s)"
