"""`omniloom show`: open a citation: the page with the box, the waveform with the span, the frame, the rows."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote

import typer

from omniloom.cli.targets import checked
from omniloom.core.errors import UsageError
from omniloom.core.locators import parse_fragment
from omniloom.core.values import Locator, Part

_FORMS = "FILE#page=2, #t=1.5,3, #xywh=percent:10,10,50,20, #char=0,20 or #cell=2,1-4,3; pages, rows, columns from 1"


def show(
    citation: Annotated[str, typer.Argument(help="The number of a citation of the last answer, or FILE#fragment.")],
    trace: Annotated[str, typer.Option("--trace", "-t", help="The answer of this trace instead of the last.")] = "last",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the PNG goes.")] = None,
    password: Annotated[str, typer.Option("--password", help="Of an encrypted file.")] = "",
) -> None:
    """Draw the place a citation names as a PNG and say in words where it is."""
    from omniloom.rendering.letters import printable
    from omniloom.rendering.place import in_words
    from omniloom.rendering.show import show as draw
    from omniloom.storage.store import Store

    checked(output, "--output")
    store = Store()
    try:
        numbered = re.fullmatch(r"[0-9]{1,8}", citation) is not None
        part, locator, quote = _numbered(store, int(citation), trace) if numbered else _addressed(store, citation)
        if password:
            part = part.model_copy(update={"options": {**part.options, "password": password}})
        target = output or Path(f"citation-{citation if numbered else _short(part.name)}.png")
        target.write_bytes(draw(part, locator, quote=quote))
    finally:
        store.close()
    words = " ".join(quote.split())
    typer.echo(printable(f"{part.name}, {in_words(locator)}" + (f": “{words}”" if words else "")))
    typer.echo(str(target))


def _short(name: str) -> str:
    """Of a file's name what may stand in the name of another, which must not be longer than 255 bytes."""
    return "".join("_" if each in '/\\:*?"<>|' else each for each in name.encode()[:200].decode(errors="ignore"))


def _numbered(store: Any, number: int, trace: str) -> tuple[Part, Locator, str]:
    from omniloom.rendering.terminal import distinct_citations

    trace_id = trace
    if trace == "last":
        known = [each["id"] for each in store.journal.traces(50)]
        trace_id = next((str(each) for each in known if store.journal.response(str(each)) is not None), "")
    response = store.journal.response(trace_id) if trace_id else None
    if response is None and trace != "last":
        raise UsageError(f"there is no answer of trace {trace!r}", hint="`omniloom trace list` shows the traces")
    if response is None:
        raise UsageError("there is no answer to show a citation of", hint='omniloom ask "question" FILE...')
    citations = distinct_citations(response)
    if not 0 < number <= len(citations):
        raise UsageError(f"citation {number} is unknown", hint=f"the answer has {len(citations)}, counted from 1")
    chosen = citations[number - 1]
    part = next(part for part in response.sources if part.id == chosen.source)
    return part, chosen.locator, chosen.quote


def _addressed(store: Any, citation: str) -> tuple[Part, Locator, str]:
    from omniloom.storage.intake import as_part, take_in

    name, mark, fragment = citation.rpartition("#")
    if not mark or Path(citation).is_file():
        name, fragment = citation, ""
    path = Path(name)
    if not path.exists() and Path(unquote(name)).exists():  # as `ask --json` writes the address
        path = Path(unquote(name))
    if not name:
        raise UsageError(f"{citation!r} names no file", hint="such as paper.pdf#page=2, or the number of a citation")
    try:
        locator = parse_fragment(fragment)
    except ValueError as error:
        reason = "" if "\n" in str(error) else f": {error}"
        raise UsageError(f"{citation!r} is not a citation{reason}", hint=_FORMS) from error
    return take_in(as_part(path), store), locator, ""
