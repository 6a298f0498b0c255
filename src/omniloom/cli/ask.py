"""`omniloom ask`: the one call, from the terminal."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.cli.failures import ABSTAINED, BUDGET
from omniloom.cli.targets import checked
from omniloom.core.errors import OutputError, PasswordError, UsageError
from omniloom.core.events import Completed, Progress, ReasoningDelta, TextDelta
from omniloom.core.values import Part, Response

Question = Annotated[str, typer.Argument(help="What you want to know; '-' reads it from standard input.")]
Files = Annotated[
    list[str] | None, typer.Argument(help="Files the answer shall come from; '-' is standard input as a source.")
]
Schema = Annotated[str | None, typer.Option("--schema", "-s", help='JSON Schema file, its text, or "name, age int".')]
AsJson = Annotated[bool, typer.Option("--json", help="Print the whole Response as one JSON object.")]
Html = Annotated[Path | None, typer.Option("--html", help="Write the answer with its places as one file.")]


def _tokens(given: str) -> int | str:
    """A number from 0 up, or "auto"."""
    if given == "auto" or given.isdecimal():
        return given if given == "auto" else int(given)
    raise typer.BadParameter(f"{given!r} is neither a number of tokens, from 0 up, nor 'auto'")


Thinking = Annotated[
    Any,
    typer.Option(
        "--budget", parser=_tokens, metavar="TOKENS|auto",
        help="Tokens for thoughts, further answers or queries: an exact cap; or auto, while more are expected to pay.",
    ),
]  # fmt: skip
Strategy = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        help="auto (without it; program, sample or direct), direct, weigh, verify, sample (what most answers say), "
        "program (tables by SQL, sums), decompose (several parts), solve (puzzles in words by a solver), cascade "
        "(--small first).",
    ),
]
Small = Annotated[
    str | None,
    typer.Option("--small", help="The smaller model that --strategy cascade asks first: a catalog name, .gguf."),
]
Name = Annotated[str | None, typer.Option("--model", "-m", help="Catalog name, .gguf, or openai:http://host/v1#name.")]
Adapter = Annotated[
    Path | None, typer.Option("--adapter", help="LoRA adapter (.gguf) of the model, which then answers with it.")
]
System = Annotated[str | None, typer.Option("--system", help="Instructions that hold for the answer.")]
GoOn = Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last conversation.")]
NoStream = Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is complete.")]
Longest = Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer, in tokens.")]
Unsupported = Annotated[str, typer.Option("--unsupported", help="Claims without support: mark, drop or abstain.")]
OnLoss = Annotated[str, typer.Option("--on-loss", help="'error' stops when anything would be lost, 'report' goes on.")]
Password = Annotated[str, typer.Option("--password", help="Of the encrypted PDFs among the files.")]
Pages = Annotated[str, typer.Option("--pages", help='Pages of the PDFs to read, such as "1-3,7"; all without it.')]
Language = Annotated[str, typer.Option("--language", help='Spoken in sound and video, such as "de"; told without it.')]
MaxRisk = Annotated[
    float | None,
    typer.Option("--max-risk", help="Give only answers of which at most this share is wrong, such as 0.1."),
]
Calibrated = Annotated[
    str,
    typer.Option(
        "--calibrator", help="The one that confidence (not that of a query) and --max-risk are of: its name or file."
    ),
]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0, help="Seconds after which to give up.")]

_WHY = "`omniloom trace` shows its signals, and why"


def ask(
    question: Question,
    files: Files = None,
    schema: Schema = None,
    as_json: AsJson = False,
    html: Html = None,
    budget: Thinking = "0",
    model: Name = None,
    system: System = None,
    go_on: GoOn = False,
    no_stream: NoStream = False,
    max_tokens: Longest = 512,
    unsupported: Unsupported = "mark",
    on_loss: OnLoss = "error",
    timeout: Timeout = None,
    max_risk: MaxRisk = None,
    calibrator: Calibrated = "",
    password: Password = "",
    pages: Pages = "",
    language: Language = "",
    adapter: Adapter = None,
    strategy: Strategy = None,
    small: Small = None,
) -> None:
    """Ask a question about files. Every claim of the answer links to the place it came from.

    Exit code 3: the sources do not answer, or the risk is above --max-risk. 4: the budget or the timeout was reached.
    """
    checked(html, "--html")
    parameters: dict[str, Any] = {"strategy": strategy, "reasoning_budget": budget, "timeout": timeout}
    parameters |= {"system": system, "max_output_tokens": max_tokens, "max_risk": max_risk}
    parameters |= {"unsupported": unsupported, "on_loss": on_loss}
    parameters |= _shaped(schema, words=max_risk is None and (not as_json or html is not None))
    inputs = _inputs(question, files or [])
    reading = {"pdf": {"password": password, "pages": pages}, "speech": {"language": language}}
    told = {"model": model, "go_on": go_on, "shown": not (no_stream or as_json), "calibrator": calibrator}
    response = _answered(
        question, inputs, parameters, reading, _options(adapter, small, strategy), (as_json, html), **told
    )
    _ended(response, max_risk)


def _ended(response: Response, max_risk: float | None) -> None:
    """Raises OutputError where nothing was written; exits with 3 where no answer is given, with 4 where not all of it
    is."""
    nothing = not response.text.strip() and response.data is None
    if nothing and not (response.abstained and "structured_json" in response.outputs):
        raise OutputError("the model wrote nothing", hint="ask in other words, or with a larger model: -m NAME")
    if response.abstained:
        if max_risk is not None and is_withheld(response):
            typer.echo(f"withheld: no answer was given under --max-risk {max_risk:g}; {_WHY}", err=True)
        raise typer.Exit(ABSTAINED)
    cut = [loss for loss in response.losses if loss.kind == "cut"]
    for loss in cut:
        typer.echo(f"budget: {loss.part}: {loss.detail}", err=True)
    if cut:
        raise typer.Exit(BUDGET)


def _options(adapter: Path | None, small: str | None, strategy: str | None) -> dict[str, Any]:
    """Those of `load`, beside the model's name."""
    if small is not None and strategy != "cascade":
        raise UsageError("--small names the model that a cascade asks first", hint="add --strategy cascade")
    return adapted(adapter) | {"small": small}


def _answered(
    question: str,
    inputs: list[Any],
    parameters: dict[str, Any],
    reading: dict[str, dict[str, str]],
    options: dict[str, Any],
    output: tuple[bool, Path | None],
    *,
    model: str | None,
    go_on: bool,
    shown: bool,
    calibrator: str,
) -> Response:
    """Loads the model, asks, keeps the turn, and prints the answer. output: (as JSON, HTML file)."""
    from omniloom.cli.conversation import follow_up, places, remember
    from omniloom.cli.progress import Board
    from omniloom.runtime.load import load

    as_json, html = output
    board = Board(quiet=as_json)
    with load(model, on_progress=board.show, say=board.say, **options) as loaded:
        if calibrator:
            _choose(loaded.store, calibrator)
        messages: tuple[Any, ...] = ()
        if go_on:
            messages, inputs = follow_up(loaded.store, inputs)
        inputs = [read_with(each, reading) for each in inputs]
        with _told_again(go_on):
            writer = _writer(board) if shown else None
            response = _run(loaded, inputs, parameters | {"messages": messages}, board, writer)
        remember(loaded.store, question, response, messages, inputs)
        _deliver(loaded, question, response, places(inputs, response), as_json=as_json, html=html, shown=shown)
    return response


def is_withheld(response: Response) -> bool:
    """Whether nothing is given, in words or as data, of an answer that was written. Where the model says itself that
    the sources do not say it, its words, or its nulls, are given."""
    from omniloom.reasoning import phrases

    in_place = phrases.is_withheld(response.text) or not response.text.strip()
    return response.abstained and response.data is None and in_place


def _choose(store: Any, calibrator: str) -> None:
    """Takes the calibrator of that name or file for the calls on this store."""
    from omniloom.reasoning.calibrators import named_or_file
    from omniloom.runtime.risk import choose

    choose(store, named_or_file(store.root, calibrator))


def adapted(adapter: Path | None) -> dict[str, Any]:
    """The options of `load` for one adapter."""
    return {} if adapter is None else {"adapters": {adapter.stem: adapter}, "adapter": adapter.stem}


@contextmanager
def _told_again(go_on: bool) -> Iterator[None]:
    """A conversation remembers how its files are read, but for their passwords."""
    try:
        yield
    except PasswordError as error:
        if go_on:
            hint = "a conversation does not keep passwords: give --password again"
            raise PasswordError(error.message, hint=hint) from error
        raise


def _names_file(question: str) -> bool:
    from omniloom.runtime.read import names_file

    return names_file(question)


def _inputs(question: str, files: list[str]) -> list[Any]:
    """The inputs in order: the question, then files and what is piped."""
    if question == "-":
        question = sys.stdin.read().strip()
        if not question:
            raise UsageError("standard input held no question", hint='omniloom ask "question" FILE...')
    elif not question.strip():
        raise UsageError("the question is empty", hint='omniloom ask "question" FILE...')
    elif not files and _names_file(question):
        raise UsageError(f"{question!r} is a file, and there is no question", hint='omniloom ask "question" FILE...')
    inputs: list[Any] = [question]
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
    return inputs


def read_with(given: Any, reading: dict[str, dict[str, str]]) -> Any:
    """The input, with those of the options that its kind of file takes."""
    from omniloom.storage.intake import as_part

    if not isinstance(given, (Path, Part)) or not any(value for each in reading.values() for value in each.values()):
        return given
    part = as_part(given)
    taken = reading.get("speech" if part.kind in ("audio", "video") else part.kind, {})
    return part.model_copy(update={"options": {**part.options, **{key: v for key, v in taken.items() if v}}})


def _shaped(schema: str | None, *, words: bool) -> dict[str, Any]:
    """The parameters of JSON, beside words or alone, as where a risk is promised: what holds of one field does not hold
    of words beside it. None without a schema."""
    modes = ["text", "structured_json"] if words else ["structured_json"]
    return {} if schema is None else {"schema": _schema(schema), "output_modes": modes}


def _schema(text: str) -> Any:
    path = Path(text)
    try:
        is_file = path.is_file()
    except OSError:
        is_file = False
    if is_file:
        return path
    if path.suffix == ".json":
        raise UsageError(f"the schema {text!r} does not exist", hint="check the path")
    try:
        return json.loads(text) if text.lstrip().startswith("{") else text
    except json.JSONDecodeError as error:
        raise UsageError(f"--schema is not valid JSON: {error}", hint='a file, JSON, or "name, age int"') from error


def _writer(board: Any) -> Callable[[str], None]:
    from omniloom.rendering.letters import printable

    def write(text: str) -> None:
        board.pause()
        sys.stdout.write(printable(text))
        sys.stdout.flush()

    return write


def _run(
    loaded: Any, inputs: list[Any], parameters: dict[str, Any], board: Any, write: Callable[[str], None] | None
) -> Response:
    response: Response | None = None
    written = 0
    with board:
        for event in loaded.stream(inputs, **parameters):
            if isinstance(event, Progress):
                board.show(event)
            elif isinstance(event, ReasoningDelta):
                board.thinking(event.text)
            elif isinstance(event, TextDelta):
                written += len(event.text)
                if write is not None:
                    write(event.text)
                else:
                    board.show(Progress(step="answer", done=written, unit="characters"))
            elif isinstance(event, Completed):
                response = event.response
    assert response is not None
    return response


def _deliver(
    loaded: Any,
    question: str,
    response: Response,
    origins: dict[str, str],
    *,
    as_json: bool,
    html: Path | None,
    shown: bool,
) -> None:
    from rich.console import Console

    from omniloom.rendering.terminal import print_answer

    if shown and response.text:
        sys.stdout.write("\n")
        sys.stdout.flush()
    if html is not None:
        from omniloom.cli.pictures import answer_page

        html.write_text(answer_page(loaded.store, response, question), encoding="utf-8")
        Console(stderr=True).print(f"wrote {html}", highlight=False)
    if as_json:
        sys.stdout.write(response.model_dump_json(indent=2, exclude={"sources"}) + "\n")
        return
    print_answer(response, Console(), origins=origins, with_text=not shown)
