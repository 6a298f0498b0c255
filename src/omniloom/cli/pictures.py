"""The answer as one HTML file with a picture of every cited place inside."""

from typing import Any

from omniloom.core.errors import OmniloomError
from omniloom.core.values import Response


def answer_page(store: Any, response: Response, question: str = "") -> str:
    """One self-contained file; a place that cannot be drawn keeps its words and its quote."""
    from omniloom.rendering.answer import answer_html
    from omniloom.rendering.show import show
    from omniloom.rendering.terminal import distinct_citations

    parts = {part.id: part for part in response.sources}
    pictures: dict[tuple[str, str], bytes] = {}
    for citation in distinct_citations(response):
        try:
            picture = show(parts[citation.source], citation.locator, quote=citation.quote)
        except OmniloomError:
            continue
        pictures[citation.url, citation.quote] = picture
    return answer_html(response, pictures, question=question, trace=store.journal.trace(response.trace_id))
