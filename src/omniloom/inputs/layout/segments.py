"""Blocks of a page → Segments: text with a box for the whole and an anchor for each word.

A word broken at the end of a line is joined in the text; each of its halves keeps its own anchor.
"""

from statistics import fmean

from omniloom.core.locators import Box, Locator, union
from omniloom.core.values import Anchor, Segment
from omniloom.inputs.layout.words import Block, Line, Word


def segment(block: Block, base: Locator, *, source: str, made_by: str) -> Segment:
    """One block as one Segment. base: what all its places share, such as the page. Cells are set apart by ` | `."""
    pieces = _cells(block) if block.cells else _running(block.lines)
    content = ""
    anchors: list[Anchor] = []
    for before, word, text in pieces:
        content += before
        locator = base.model_copy(update={"box": inside(word.box)})
        anchors.append(Anchor(start=len(content), end=len(content) + len(text), locator=locator))
        content += text
    scores = [word.score for word in block.words if word.score is not None]
    return Segment(
        source=source,
        locator=union([anchor.locator for anchor in anchors]),
        content=content,
        made_by=made_by,
        confidence=round(fmean(scores), 4) if scores else None,
        anchors=tuple(anchors),
        context=block.header,
    )


def _cells(block: Block) -> list[tuple[str, Word, str]]:
    """(what comes before, word, its text) for a table row; an empty cell keeps its bars."""
    pieces: list[tuple[str, Word, str]] = []
    before = ""
    for number, cell in enumerate(block.cells):
        before += " | " if number else ""
        for word in cell:
            pieces.append((before, word, word.text))
            before = " "
        before = "" if cell else before.rstrip(" ") + " "
    return [(before if number else before.lstrip(), word, text) for number, (before, word, text) in enumerate(pieces)]


def _running(lines: list[Line]) -> list[tuple[str, Word, str]]:
    pieces: list[tuple[str, Word, str]] = []
    glued = False
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        for at, word in enumerate(line.words):
            text = word.text
            before = "" if glued or not pieces else " "
            glued = False
            if at == len(line.words) - 1 and following is not None and broken(word, following.words[0]):
                text, glued = text[:-1], True
            pieces.append((before, word, text))
    return pieces


def broken(word: Word, following: Word) -> bool:
    """Whether a hyphen at the end of a line only breaks the word: `tokeni-` and `zation`."""
    text = word.text
    return len(text) > 2 and text.endswith("-") and text[-2].islower() and following.text[:1].islower()


def inside(box: Box) -> Box:
    """The box as a Locator keeps it: within the page, four digits."""
    return Locator(box=box).box or box
