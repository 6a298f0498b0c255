"""`omniloom ask`: the one call, from the terminal."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.core.errors import UsageError
from omniloom.core.events import Completed, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Response

ABSTAINED = 3


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know; '-' reads it from standard input.")],
    files: Annotated[
        list[str] | None, typer.Argument(help="Files the answer shall come from; '-' is standard input as a source.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", "-s", help='JSON Schema file, its text, or "name, age int".')
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole Response as one JSON object.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write the answer with its places as one file.")] = None,
    budget: Annotated[int, typer.Option("--budget", help="Thinking tokens: an exact cap.")] = 0,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Catalog name, .gguf, or openai:http://host/v1#name.")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="Instructions that hold for the answer.")] = None,
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last conversation.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is complete.")] = False,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Longest answer, in tokens.")] = 512,
    unsupported: Annotated[
        str, typer.Option("--unsupported", help="What happens to claims without support: mark, drop or abstain.")
    ] = "mark",
    on_loss: Annotated[
        str, typer.Option("--on-loss", help="'error' stops when anything would be lost, 'report' goes on.")
    ] = "error",
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds after which to give up.")] = None,
) -> None:
    """Ask a question about files. Every claim of the answer links to the place it came from.

    Exit code 3: the sources do not answer. 4: the budget or the timeout was reached.
    """
    from omniloom.cli.conversation import follow_up, remember
    from omniloom.cli.progress import Board
    from omniloom.runtime.load import load

    inputs, origins = _inputs(question, files or [])
    board = Board(quiet=as_json)
    with load(model, on_progress=board.show, say=board.say) as loaded:
        messages: tuple[Any, ...] = ()
        if go_on:
            messages, inputs, origins = follow_up(loaded.store, inputs, origins)
        parameters: dict[str, Any] = {
            "reasoning_budget": budget,
            "system": system,
            "messages": messages,
            "timeout": timeout,
            "max_output_tokens": max_tokens,
            "unsupported": unsupported,
            "on_loss": on_loss,
        }
        if schema is not None:
            modes = ["text", "structured_json"] if html or not as_json else ["structured_json"]
            parameters.update(schema=_schema(schema), output_modes=modes)
        stream_to = None if no_stream or as_json else _writer(board)
        response = _run(loaded, inputs, parameters, board, stream_to)
        remember(loaded.store, question, response, messages, origins)
        _deliver(loaded, response, origins, as_json=as_json, html=html, shown=stream_to is not None)
    if response.abstained:
        raise typer.Exit(ABSTAINED)


def _inputs(question: str, files: list[str]) -> tuple[list[Any], dict[str, str]]:
    """The inputs in order, and where each named file lies (name → absolute path), for links."""
    if question == "-":
        question = sys.stdin.read().strip()
        if not question:
            raise UsageError("standard input held no question", hint='omniloom ask "question" FILE...')
    inputs: list[Any] = [question]
    origins: dict[str, str] = {}
    piped = not files and question and not sys.stdin.isatty()
    for name in files or (["-"] if piped else []):
        if name == "-":
            content = sys.stdin.buffer.read()
            if content.strip():
                inputs.append(content)
            elif files:
                raise UsageError("standard input is empty", hint="pipe a file into it, or leave '-' out")
        else:
            inputs.append(Path(name))
            origins[Path(name).name] = str(Path(name).resolve())
    return inputs, origins


def _schema(text: str) -> Any:
    path = Path(text)
    try:
        is_file = path.is_file()
    except OSError:
        is_file = False
    if is_file:
        return path
    return json.loads(text) if text.lstrip().startswith("{") else text


def _writer(board: Any) -> Callable[[str], None]:
    def write(text: str) -> None:
        board.pause()
        sys.stdout.write(text)
        sys.stdout.flush()

    return write


def _run(
    loaded: Any, inputs: list[Any], parameters: dict[str, Any], board: Any, write: Callable[[str], None] | None
) -> Response:
    response: Response | None = None
    with board:
        for event in loaded.stream(inputs, **parameters):
            if isinstance(event, Progress):
                board.show(event)
            elif isinstance(event, ReasoningDelta):
                board.thinking(event.text)
            elif isinstance(event, TextDelta) and write is not None:
                write(event.text)
            elif isinstance(event, Completed):
                response = event.response
    assert response is not None
    return response


def _deliver(
    loaded: Any, response: Response, origins: dict[str, str], *, as_json: bool, html: Path | None, shown: bool
) -> None:
    from rich.console import Console

    from omniloom.rendering.terminal import print_answer

    if html is not None:
        from omniloom.cli.pictures import answer_page

        html.write_text(answer_page(loaded.store, response), encoding="utf-8")
        Console(stderr=True).print(f"wrote {html}", highlight=False)
    if as_json:
        sys.stdout.write(response.model_dump_json(indent=2, exclude={"sources"}) + "\n")
        return
    if shown and response.text:
        sys.stdout.write("\n")
    print_answer(response, Console(), origins=origins, with_text=not shown)
