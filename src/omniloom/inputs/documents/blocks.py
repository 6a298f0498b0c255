"""The text of a source as one string, the spans of it that become Segments, and the cutting of long spans."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

SOFT, HARD = 1200, 1500  # characters: what a Segment is filled up to, and what none exceeds
_MANY = 20_000  # blocks of a document: above it small neighbours share a Segment
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
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
    for span in extract.spans if len(extract.spans) <= _MANY else _fewer(extract.spans):
        for start, end in pieces(extract.text, span.start, span.end):
            yield Segment(
                source=source.id,
                locator=Locator(member=extract.member, page=span.page, chars=(start, end)),
                content=extract.text[start:end],
                made_by=extract.made_by,
                context=span.context,
            )


def _fewer(spans: list[Span]) -> Iterator[Span]:
    """Neighbours of one page and context joined up to SOFT characters."""
    held = spans[0]
    for span in spans[1:]:
        if (span.page, span.context) == (held.page, held.context) and span.end - held.start <= SOFT:
            held = Span(held.start, span.end, held.page, held.context)
        else:
            yield held
            held = span
    yield held


def paragraphs(text: str, within: tuple[int, int] | None = None) -> Iterator[Span]:
    """Spans of plain text: paragraphs (what blank lines part), small ones joined up to SOFT characters."""
    start = end = 0
    for first, last in _between_blank_lines(text, *(within or (0, len(text)))):
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
    best = _last_sentence(window, SOFT * 3 // 4) or _last_sentence(window, SOFT // 4)
    if not best:
        best = 1 + max(window.rfind(" "), window.rfind("\t"))
    return start + (best if best > SOFT // 4 else SOFT)


def _last_sentence(window: str, start: int) -> int:
    best = 0
    for match in _SENTENCE.finditer(window, start):
        if window[match.start()] != "." or not _ABBREVIATION.search(window[max(0, match.start() - 8) : match.start()]):
            best = match.end()
    return best


def _between_blank_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for blank in _BLANK_LINES.finditer(text, start, end):
        if (edges := _trimmed(text, start, blank.start()))[0] < edges[1]:
            yield edges
        start = blank.end()
    if (edges := _trimmed(text, start, end))[0] < edges[1]:
        yield edges


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
