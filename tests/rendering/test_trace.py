"""A trace in the terminal: the steps, the queries that were tried, and nothing that steers it."""

from typing import Any

from rich.console import Console

from omniloom.core.events import Span, Trace
from omniloom.rendering.trace import trace_tree


def shown(*attributes: dict[str, Any]) -> str:
    spans = [
        Span(id=str(at), parent=None, operation="execute_tool", name="sql", start=0.0, end=1.0, attributes=each)
        for at, each in enumerate(attributes)
    ]
    console = Console(width=200)
    with console.capture() as capture:
        console.print(trace_tree(Trace(id="a", spans=tuple(spans))))
    return capture.get()


def test_the_queries_that_were_tried_stand_in_it_and_why_they_failed() -> None:
    query = 'SELECT sum("Budget") FROM "films" WHERE "Year" = 1988'
    text = shown({"arguments": {"query": query}, "failed": "no such column"}, {"query": query, "rows": 1})
    assert text.count(query) == 2 and "failed: no such column" in text


def test_what_a_model_writes_does_not_steer_the_terminal() -> None:
    text = shown({"query": "SELECT '\x1b]0;title\x07'", "error": "\x1b[2J"})
    assert "\x1b" not in text and "SELECT" in text
