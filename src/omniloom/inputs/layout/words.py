"""Words, lines and blocks of a page: what the text layer and OCR both give, and what reading order works on.

Coordinates are those of the page as its text stands upright: points (or pixels), x to the right, y down. Nothing here
knows about files.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from omniloom.core.locators import Box

_JUMP = 0.85  # a gap of this many line heights is no space between words
_NARROW = 0.3  # nor is one of this many, where the words do not follow each other in the file


@dataclass(slots=True)
class Word:
    """A run without spaces. size: font size or height of the line; order: its number in the file.

    box: where it stands in the page or picture as displayed, as fractions. covered: nothing of it can be seen there.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float
    order: int = 0
    score: float | None = None
    hidden: bool = False
    box: Box = (0.0, 0.0, 0.0, 0.0)
    bold: bool = False
    covered: bool = False

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(slots=True)
class Line:
    """Words on one baseline without a gap, in reading order."""

    words: list[Word]
    left: float = field(init=False)
    top: float = field(init=False)
    right: float = field(init=False)
    bottom: float = field(init=False)
    size: float = field(init=False)

    def __post_init__(self) -> None:
        self.measure()

    def measure(self) -> None:
        self.left, self.top = min(w.left for w in self.words), min(w.top for w in self.words)
        self.right, self.bottom = max(w.right for w in self.words), max(w.bottom for w in self.words)
        # Weighted by length, so that a superscript does not shrink the line.
        self.size = median([w.size for w in self.words for _ in w.text])

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def bold(self) -> bool:
        return all(word.bold for word in self.words)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def order(self) -> int:
        return self.words[0].order


@dataclass(slots=True)
class Block:
    """Lines that are read together: a paragraph, or a row of a table when `cells` says where its columns are.

    header: the table's header row as text, for the rows below it.
    """

    lines: list[Line]
    kind: str = "paragraph"
    header: str = ""
    cells: list[list[Word]] = field(default_factory=list)

    @property
    def left(self) -> float:
        return min(line.left for line in self.lines)

    @property
    def top(self) -> float:
        return min(line.top for line in self.lines)

    @property
    def right(self) -> float:
        return max(line.right for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bottom for line in self.lines)

    @property
    def words(self) -> list[Word]:
        return [word for line in self.lines for word in line.words]


def right_to_left(text: str) -> bool:
    """Whether most letters of the text are Hebrew, Arabic or of a script written like them."""
    marks = sum(1 for char in text if "\u0590" <= char <= "\u08ff" or "\ufb1d" <= char <= "\ufefc")
    return marks * 2 > sum(1 for char in text if char.isalpha())


def on_one_baseline(first: "Word | Line", second: "Word | Line") -> bool:
    shared = min(first.bottom, second.bottom) - max(first.top, second.top)
    return shared > 0.5 * min(first.bottom - first.top, second.bottom - second.top)


def gap(first: "Word | Line", second: "Word | Line") -> float:
    """Horizontal distance; negative where they overlap."""
    return max(first.left, second.left) - min(first.right, second.right)


def lines(words: Sequence[Word]) -> list[Line]:
    """Words in the order of the file → lines. Words that follow each other on one baseline stay in that order."""
    runs: list[Line] = []
    for word in words:
        if runs and _continues(runs[-1].words[-1], word):
            runs[-1].words.append(word)
        else:
            runs.append(Line([word]))
    for run in runs:
        run.measure()
    return _joined(runs)


def _continues(last: Word, word: Word) -> bool:
    em = max(min(last.size, word.size), 0.5 * max(last.size, word.size))
    return on_one_baseline(last, word) and -em < gap(last, word) < _JUMP * em


def _joined(runs: list[Line]) -> list[Line]:
    """Runs that touch on one baseline though the file does not name them one after the other."""
    done: list[Line] = []
    for run in sorted(runs, key=lambda r: (r.left, r.top)):
        near = [line for line in done if on_one_baseline(line, run) and _touch(line, run)]
        if not near:
            done.append(run)
            continue
        target = max(near, key=lambda line: line.right)
        both = [target, run] if not right_to_left(target.text + run.text) else [run, target]
        target.words = [word for line in both for word in line.words]
        target.measure()
    return sorted(done, key=lambda line: line.order)


def _touch(first: Line, second: Line) -> bool:
    em = min(first.size, second.size)
    return -em < gap(first, second) < _NARROW * em and max(first.size, second.size) < 2.5 * em
