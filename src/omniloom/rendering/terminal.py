"""An answer on the terminal: its text, its data, and its citations as clickable links."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from omniloom.core.values import Citation, Response
from omniloom.rendering.letters import printable
from omniloom.rendering.place import in_words

_QUOTE = 100
_COMPUTED = 8


def distinct_citations(response: Response) -> list[Citation]:
    """The citations of a Response in the order of their markers: those of the text, then those of the data."""
    found: dict[tuple[str, str], Citation] = {}
    for claim in response.claims:
        for citation in claim.citations:
            found.setdefault((citation.url, citation.quote), citation)
    return list(found.values())


def computations(response: Response) -> list[str]:
    """The queries and sums that numbers of the answer came from, each once."""
    return list(dict.fromkeys(claim.derived for claim in response.claims if claim.derived))[:_COMPUTED]


def unsupported_fields(response: Response) -> list[tuple[str, str]]:
    """(JSON Pointer, value) of the data that stand in no source; a boolean stands nowhere as a word."""
    return [
        (claim.at, claim.text)
        for claim in response.claims
        if isinstance(claim.at, str) and not claim.supported and claim.text not in ("True", "False")
    ]


def lost(response: Response) -> list[str]:
    return [f"{loss.severity}: {loss.part}: {loss.detail or loss.kind}" for loss in response.losses]


def print_answer(response: Response, console: Console, *, origins: Mapping[str, str], with_text: bool) -> None:
    """Prints text, data, what of them stands in no source, citations, computations, losses and usage; links open the
    files at `origins` (name → path)."""
    import json

    piped = not console.is_terminal
    if with_text and response.text:
        console.print(printable(response.text), markup=False, highlight=False, emoji=False, soft_wrap=piped)
    if response.data is not None:
        data = response.model_dump(mode="json")["data"]
        console.print_json(json.dumps(data, ensure_ascii=False))
    notes = [f"[?] {at}: {value[:_QUOTE]!r} stands in no source" for at, value in unsupported_fields(response)]
    names = {part.id: part.name for part in response.sources}
    for number, citation in enumerate(distinct_citations(response), 1):
        line = Text(f"[{number}] ", style="bold")
        place = printable(f"{names.get(citation.source, '?')}, {in_words(citation.locator)}")
        origin = origins.get(names.get(citation.source, ""))
        link = Path(origin).as_uri() + "#" + citation.locator.fragment if origin else ""
        line.append(place, style=f"link {link}" if link else "")
        words = printable(" ".join(citation.quote.split()))
        line.append(f"  “{words[:_QUOTE]}{'…' if len(words) > _QUOTE else ''}”", style="dim")
        console.print(line, soft_wrap=True, highlight=False)
    notes += [f"computed: {each}" for each in computations(response)]
    notes += lost(response)
    for note in notes:
        words = printable(note)
        console.print(words, style="dim", markup=False, highlight=False, emoji=False, soft_wrap=piped)
    usage = response.usage
    each = ", ".join(f"{purpose} {tokens}" for purpose, tokens in usage.written.items())
    parts = f" ({each})" if len(usage.written) > 1 else ""
    console.print(
        f"tokens: {usage.input_tokens} in ({usage.cached_tokens} kept), {usage.output_tokens} out, "
        f"{usage.reasoning_tokens} thinking{parts}; trace {response.trace_id}",
        style="dim",
        highlight=False,
        soft_wrap=piped,
    )
