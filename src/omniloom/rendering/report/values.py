"""What a report is made of. All text in it is as it was written by users, sources and models: the page escapes it."""

from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """A metric of one run: its value, its standard error (None where there is none), over n samples."""

    value: float
    stderr: float | None
    n: int


class Difference(NamedTuple):
    """A run minus the first, over the n samples that both answered, with the 95 % interval of it."""

    value: float
    low: float
    high: float
    n: int


class Row(NamedTuple):
    """A metric; one cell and one difference a run of the table, in its order, None where there is none."""

    name: str
    cells: tuple[Cell | None, ...]
    differences: tuple[Difference | None, ...]


class Bin(NamedTuple):
    """Answers of about one confidence: the lowest, the mean and the highest; the share that is right, its interval."""

    low: float
    confidence: float
    high: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    n: int


class Reliability(NamedTuple):
    """Bins of equal mass of the run `letter`. calibrator: "" means that the confidence is a score, no probability."""

    letter: str
    calibrator: str
    bins: tuple[Bin, ...]


class Curve(NamedTuple):
    """Risk at coverage, for the answers of the run `letter` put in order by `signal`; area: under the curve."""

    letter: str
    signal: str
    points: tuple[tuple[float, float], ...]
    area: float
    n: int


class Cost(NamedTuple):
    """What an answer of a run took on average: tokens computed, tokens cached, seconds; and how often it was right."""

    letter: str
    computed: float
    cached: float
    seconds: float
    accuracy: Cell


@dataclass(frozen=True)
class Run:
    """A log. letter: its short name on the page. facts: what else there is to say of it, name and value."""

    letter: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class Piece(NamedTuple):
    """Characters of a source, marked where they are what is shown."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Shown:
    """A place in a source, one of: pieces of text, rows of a table (the first its header), a picture (WebP).

    place: the source and the place, in words. quote: what was quoted. missing: why nothing is shown.
    command: what opens the place on the command line.
    """

    place: str
    quote: str = ""
    pieces: tuple[Piece, ...] = ()
    rows: tuple[tuple[Piece, ...], ...] = ()
    picture: bytes = b""
    missing: str = ""
    command: str = ""


@dataclass(frozen=True)
class Failure:
    """One answer that is wrong. facts: scores, signals, losses and the like. trace: lines of its tree."""

    id: str
    question: str
    expected: str
    given: str
    facts: tuple[tuple[str, str], ...] = ()
    trace: str = ""
    cited: tuple[Shown, ...] = ()
    wanted: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Cluster:
    """Failures with questions of like words."""

    words: tuple[str, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Kind:
    """Failures in which the same went wrong."""

    name: str
    meaning: str
    clusters: tuple[Cluster, ...]

    @property
    def count(self) -> int:
        return sum(len(cluster.failures) for cluster in self.clusters)


@dataclass(frozen=True)
class TaskTable:
    """A task with the runs of it. against: the letter of the run that each is compared with, "" for none; it may be one
    of another table. atlas: by the letter of the run, its kinds of failures, and of how many answers."""

    name: str
    runs: tuple[Run, ...]
    rows: tuple[Row, ...]
    against: tuple[str, ...] = ()
    reliability: tuple[Reliability, ...] = ()
    curves: tuple[Curve, ...] = ()
    costs: tuple[Cost, ...] = ()
    atlas: tuple[tuple[str, int, tuple[Kind, ...]], ...] = ()


@dataclass(frozen=True)
class Report:
    title: str
    tasks: tuple[TaskTable, ...]
