"""A trace as a tree with times and tokens."""

from typing import Any

from rich.text import Text
from rich.tree import Tree

from omniloom.core.events import Span, Trace
from omniloom.rendering.letters import printable

_SHOWN = ("cached", "replayed", "segments", "pages", "seconds_read", "shown", "input_tokens", "cached_tokens")
_SHOWN += ("output_tokens", "reasoning_tokens", "computed", "chosen", "of", "drawn", "agree", "error")
# What was asked and tried, and why it was not taken.
_WHOLE = ("query", "formula", "problem", "questions", "status", "values", "failed", "skipped", "why")


def trace_tree(trace: Trace) -> Tree:
    """One line a span: operation, name, seconds, and what was counted or decided."""
    root = Tree(f"trace {trace.id}")
    nodes: dict[str | None, Tree] = {}
    for span in trace.spans:
        parent = nodes.get(span.parent, root)
        nodes[span.id] = parent.add(_line(span))
    return root


def _line(span: Span) -> Text:
    seconds = f"{span.end - span.start:.2f} s" if span.end is not None else span.status
    line = Text(f"{span.operation} ", style="dim")
    line.append(_short(span.name), style="bold" if span.status == "ok" else "bold red")
    line.append(f"  {seconds}", style="cyan")
    for key in _SHOWN:
        if (value := span.attributes.get(key)) not in (None, "", 0, False):
            line.append(f"  {key}={_short(value)}", style="dim")
    arguments = span.attributes.get("arguments") or {}
    tried = {"query": arguments.get("query")} | dict(span.attributes)
    for key in (each for each in _WHOLE if tried.get(each)):
        line.append(f"\n{key}: {_short(tried[key], 600)}", style="dim")
    return line


def _short(value: Any, most: int = 60) -> str:
    text = " ".join(printable(str(value)).split())
    return text if len(text) <= most else text[: most - 1] + "…"
