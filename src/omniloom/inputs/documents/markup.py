"""Markdown and HTML: what they say, block by block."""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from omniloom.core.errors import UnreadableError
from omniloom.core.values import Loss
from omniloom.inputs.documents.blocks import HARD, Block, Extract, Span, joined, paragraphs
from omniloom.inputs.documents.decode import decode

_MARKDOWN_LIMIT = 2 << 20  # characters; above it the block structure is not worth its time
_LEAVES = frozenset("heading_open paragraph_open fence code_block html_block tr_open".split())
_CHARSET = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})|<\?xml[^>]{0,80}encoding=[\"']([\w.:-]{1,40})", re.I
)
_DROPPED = frozenset("script style noscript template iframe object embed applet link meta base svg math canvas".split())
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol option p pre search section "
    "summary table tbody td tfoot th thead title tr ul head".split()
)
_PICTURES = frozenset("img picture video audio canvas svg object embed".split())
_SPACE = re.compile(r"[ \t\n\r\f\v]+")
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0*\.?0+(?:px|pt|r?em|%)?\s*(?:;|!|$)", re.I
)


def markdown(text: str) -> Extract:
    """The text is the file itself; a span per heading, paragraph, list item, table row and code block."""
    from markdown_it import MarkdownIt

    if len(text) > _MARKDOWN_LIMIT:
        return Extract("text.markdown/1", text, list(paragraphs(text)))
    parser = MarkdownIt("commonmark").enable("table").disable("inline")
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    spans: list[Span] = []
    header = ""
    for token in parser.parse(text):
        if token.type == "thead_open" and token.map:
            header = text[starts[token.map[0]] : starts[token.map[0] + 1]].strip()
        if token.type in _LEAVES and token.map:
            start, end = starts[token.map[0]], min(starts[token.map[1]], len(text))
            row = token.type == "tr_open" and text[start:end].strip() != header
            if text[start:end].strip():
                spans.append(Span(start, end, context=header if row else ""))
    return Extract("text.markdown/1", text, list(_without_gaps(text, spans)))


def _without_gaps(text: str, spans: list[Span]) -> Iterator[Span]:
    """What the parser passed over (link definitions, what is nested too deeply) is kept as plain paragraphs."""
    at = 0
    for span in [*spans, Span(len(text), len(text))]:
        if re.search(r"\w", text[at : span.start]):
            yield from paragraphs(text, (at, span.start))
        if span.end > span.start:
            yield span
        at = max(at, span.end)


def html(data: bytes, name: str, declared: str = "") -> Extract:
    """The text is what a browser would show, one line per block; table rows have ` | ` between their cells."""
    import lxml.etree as etree

    found = _CHARSET.search(data[:4096])
    stated = (found[1] or found[2]).decode() if found else ""
    if stated.lower().startswith(("utf-16", "utf-32")):
        stated = "utf-8"  # whoever can read this in single bytes knows that it is wrong (WHATWG HTML, 13.2.3)
    text, replaced = decode(data, name, declared or stated)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise UnreadableError(f"{name!r} is not HTML: {error}") from error
    page = _Page()
    extract = joined("text.html/1", page.blocks(root) if root is not None else ())
    extract.losses += page.losses()
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        detail = "the page is nested too deeply; what follows that place was not read"
        extract.losses.append(Loss(kind="truncated", severity="lost", detail=detail))
    if replaced:
        extract.losses.append(
            Loss(kind="encoding", severity="reduced", detail=f"characters that could not be decoded: {replaced}")
        )
    return extract


class _Page:
    """One walk over a tree; counts what it leaves out. No recursion: trees may be deep."""

    def __init__(self) -> None:
        self.pictures = self.hidden = 0

    def losses(self) -> Iterator[Loss]:
        if self.pictures:
            yield Loss(kind="not_seen", severity="reduced", detail=f"pictures or media not read: {self.pictures}")
        if self.hidden:
            yield Loss(
                kind="hidden_text", severity="reduced", detail=f"characters that are not shown, left out: {self.hidden}"
            )

    def blocks(self, root: Any) -> Iterator[Block]:
        """Text between the edges of block elements, and whole rows of tables."""
        inline: list[str] = []
        headers: dict[Any, str] = {}
        preformatted = 0
        for step, element in self._walk(root):
            if step == "text":
                inline.append(element if preformatted else _SPACE.sub(" ", element))
                continue
            tag = element.tag
            if tag == "br":
                inline.append("\n")
            elif tag in _BLOCKS:
                if any(inline):
                    yield Block(_tidy("".join(inline)) if not preformatted else "".join(inline))
                inline = []
                preformatted += (tag == "pre") * (1 if step == "start" else -1)
            if step == "row":
                yield self._row(element, headers)
        if any(inline):
            yield Block(_tidy("".join(inline)))

    def _walk(self, root: Any) -> Iterator[tuple[str, Any]]:
        """("start" | "end" | "row", element) and ("text", str) in document order, without what is not shown."""
        stack: list[tuple[str, Any]] = [("start", root)]
        while stack:
            step, item = stack.pop()
            if step in ("end", "text"):
                yield step, item
                continue
            if step == "start" and item.tail and item is not root:
                stack.append(("text", item.tail))
            if not isinstance(item.tag, str) or self._left_out(item):
                continue
            if item.tag == "tr" and _is_row(item):
                yield "row", item
                continue
            stack.append(("end", item))
            stack += [("start", child) for child in reversed(item)]
            if item.text:
                stack.append(("text", item.text))
            yield "start", item

    def _left_out(self, element: Any) -> bool:
        self.pictures += element.tag in _PICTURES
        if element.tag in _DROPPED:
            return True
        if element.get("hidden") is not None or _UNSEEN.search(element.get("style", "")):
            self.hidden += len(_tidy("".join(element.itertext())))
            return True
        return False

    def _row(self, row: Any, headers: dict[Any, str]) -> Block:
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        text = " | ".join(_tidy(_SPACE.sub(" ", self._cell(cell))).replace("\n", " ") for cell in cells)
        table = next(row.iterancestors("table"), None)
        if cells and (row.getparent().tag == "thead" or all(cell.tag == "th" for cell in cells)):
            headers[table] = text
            return Block(text)
        return Block(text, context=headers.get(table, ""))

    def _cell(self, cell: Any) -> str:
        parts: list[str] = []
        for step, item in self._walk(cell):
            if step == "text":
                parts.append(item)
            elif item.tag in _BLOCKS or item.tag == "br":
                parts.append(" ")
        return "".join(parts)


def _is_row(row: Any) -> bool:
    """A row of a table of data; the row of a table that only lays out the page is walked into."""
    if next(row.iterdescendants("table"), None) is not None:
        return False
    return sum(len(text) for text in row.itertext()) <= HARD


def _tidy(text: str) -> str:
    return "\n".join(line for line in (_SPACE.sub(" ", part).strip() for part in text.split("\n")) if line)
