"""The text of a source as one string, the spans of it that become Segments, and the cutting of long spans."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

SOFT, HARD = 1200, 1500  # characters: what a Segment is filled up to, and what none exceeds
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]{0,3}\s|[。！？][」』”]?|\n")
_ABBREVIATION = re.compile(
    r"(?:\b[A-Za-z]|\b(?:[Dd]r|Mrs?|Ms|[Pp]rof|St|Nr?|[Nn]o|[Ff]igs?|Eqs?|[Cc]f|vs|ca|al|bzw|usw|etc))$"
)


@dataclass(frozen=True)
class Block:
    """A paragraph, heading, list item or table row of a document. context: the header of the row's table."""

    text: str
    page: int | None = None
    context: str = ""


@dataclass(frozen=True)
class Span:
    """Characters `start`..`end` (half-open) of the extracted text."""

    start: int
    end: int
    page: int | None = None
    context: str = ""


@dataclass
class Extract:
    """What one document, or one member of it, holds. `text` is what `chars` locators count in."""

    made_by: str
    text: str
    spans: list[Span]
    losses: list[Loss] = field(default_factory=list)
    member: str | None = None
    members: "list[Extract]" = field(default_factory=list)

    def tree(self) -> "Iterator[Extract]":
        yield self
        for each in self.members:
            yield from each.tree()


def joined(made_by: str, blocks: Iterable[Block]) -> Extract:
    """The extracted text of a document that is not text itself: its blocks, one after the other, a line apart."""
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    for block in blocks:
        text = block.text.strip()
        if text:
            spans.append(Span(at, at + len(text), block.page, block.context))
            parts.append(text)
            at += len(text) + 1
    return Extract(made_by, "\n".join(parts), spans)


def segments(extract: Extract, source: Source) -> Iterator[Segment]:
    """One Segment per span, more where it is longer than HARD; its content is verbatim the text at its `chars`."""
    for span in extract.spans:
        for start, end in pieces(extract.text, span.start, span.end):
            yield Segment(
                source=source.id,
                locator=Locator(member=extract.member, page=span.page, chars=(start, end)),
                content=extract.text[start:end],
                made_by=extract.made_by,
                context=span.context,
            )


def paragraphs(text: str) -> Iterator[Span]:
    """Spans of plain text: paragraphs (what blank lines part), small ones joined up to SOFT characters."""
    start = end = 0
    for first, last in _between_blank_lines(text):
        if end > start and last - start > SOFT:
            yield Span(start, end)
            start = first
        elif end == start:
            start = first
        end = last
    if end > start:
        yield Span(start, end)


def pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Ranges of at most HARD characters that cover start..end, cut at the end of a sentence, or else of a word."""
    while start < end:
        cut = end if end - start <= HARD else _cut(text, start)
        first, last = _trimmed(text, start, cut)
        if last > first:
            yield first, last
        start = cut


def _cut(text: str, start: int) -> int:
    window = text[start : start + SOFT]
    best = 0
    for match in _SENTENCE.finditer(window, SOFT // 4):
        if window[match.start()] != "." or not _ABBREVIATION.search(window[max(0, match.start() - 8) : match.start()]):
            best = match.end()
    if not best:
        best = 1 + max(window.rfind(" "), window.rfind("\t"))
    return start + (best if best > SOFT // 4 else SOFT)


def _between_blank_lines(text: str) -> Iterator[tuple[int, int]]:
    at, start = 0, -1
    last = 0
    for line in _lines(text):
        if line.strip():
            start = at if start < 0 else start
            last = at + len(line.rstrip())
        elif start >= 0:
            yield start, last
            start = -1
        at += len(line)
    if start >= 0:
        yield start, last


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, without a copy of the whole."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
