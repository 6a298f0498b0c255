"""`omniloom show`: open a citation: the page with the box, the waveform with the span, the frame, the rows."""

from pathlib import Path
from typing import Annotated, Any

import typer

from omniloom.core.errors import UsageError
from omniloom.core.locators import parse_fragment
from omniloom.core.values import Locator, Part


def show(
    citation: Annotated[str, typer.Argument(help="The number of a citation of the last answer, or FILE#fragment.")],
    trace: Annotated[str, typer.Option("--trace", "-t", help="The answer of this trace instead of the last.")] = "last",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the PNG goes.")] = None,
    password: Annotated[str, typer.Option("--password", help="Of an encrypted file.")] = "",
) -> None:
    """Draw the place a citation names as a PNG and say in words where it is."""
    from omniloom.rendering.place import in_words
    from omniloom.rendering.show import show as draw
    from omniloom.storage.store import Store

    store = Store()
    try:
        if citation.isdigit():
            part, locator, quote = _numbered(store, int(citation), trace)
        else:
            part, locator, quote = _addressed(store, citation)
        if password:
            part = part.model_copy(update={"options": {**part.options, "password": password}})
        target = output or Path(f"citation-{citation if citation.isdigit() else part.name}.png")
        target.write_bytes(draw(part, locator, quote=quote))
    finally:
        store.close()
    typer.echo(f"{part.name}, {in_words(locator)}" + (f": “{quote}”" if quote else ""))
    typer.echo(str(target))


def _numbered(store: Any, number: int, trace: str) -> tuple[Part, Locator, str]:
    from omniloom.rendering.terminal import distinct_citations

    trace_id = trace
    if trace == "last":
        known = [each["id"] for each in store.journal.traces(50)]
        trace_id = next((str(each) for each in known if store.journal.response(str(each)) is not None), "")
    response = store.journal.response(trace_id) if trace_id else None
    if response is None:
        raise UsageError("there is no answer to show a citation of", hint='omniloom ask "question" FILE...')
    citations = distinct_citations(response)
    if not 0 < number <= len(citations):
        raise UsageError(f"citation {number} is unknown", hint=f"the answer has {len(citations)}")
    chosen = citations[number - 1]
    part = next(part for part in response.sources if part.id == chosen.source)
    return part, chosen.locator, chosen.quote


def _addressed(store: Any, citation: str) -> tuple[Part, Locator, str]:
    from omniloom.storage.intake import as_part, take_in

    name, _, fragment = citation.partition("#")
    try:
        locator = parse_fragment(fragment)
    except ValueError as error:
        raise UsageError(f"{citation!r} is not a citation: {error}", hint="such as paper.pdf#page=2") from error
    return take_in(as_part(Path(name)), store), locator, ""
