"""The nouns of evaluation, as Inspect AI uses them: a task has samples, scorers look at answers, metrics at scores.

A task is a file in `tasks/`, which is a Task: no class, no registration. The name of the file is the name of the task.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from omniloom.core.values import Part, Response


class Place(NamedTuple):
    """Where an answer stands. source: the name of the part; quote: words that stand there and answer; fragment: the
    part of the locator that is known, as Locator.fragment writes it, or ""."""

    source: str
    quote: str = ""
    fragment: str = ""


@dataclass(frozen=True)
class Sample:
    """A question with what is known of its answer.

    inputs: as `generate` takes them, the question first. question: its text. target: answers that are right; empty if
    the sources do not answer. places: where the answer stands, all of which are needed. group: samples of one group
    share a source, and are never split between calibration and test. options: more arguments of `generate` (schema,
    max_output_tokens, ...). metadata: anything that scorers need.
    """

    id: str
    question: str
    inputs: tuple[Part | str, ...]
    target: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    group: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Score:
    """What a scorer says of one answer: numbers by name, all of which enter metrics of that name.

    answer: what was scored, as text. explanation: for people who look at a failure.
    """

    values: Mapping[str, float]
    answer: str = ""
    explanation: str = ""


class Value(NamedTuple):
    """A metric's value, its standard error (NaN where there is none), and the number of samples it is made of."""

    value: float
    stderr: float
    n: int


Scorer = Callable[[Sample, Response], Score]
Metric = Callable[[Sequence[float]], Value]


class Task(Protocol):
    """What a file of `tasks/` holds. FAMILY: tasks whose answers are calibrated together ("extract", "compute",
    "fields", "speech"). CORRECT: the name of the score whose value of 0.5 or more means that the answer is right.
    METRICS: by the name of a score; the mean with its standard error for those that are not named.

    A file may also hold `answer(model, sample) -> Response`, for samples that are not asked by `model.generate(
    list(sample.inputs), **sample.options)`: where only the reading is measured, or a refusal is an answer. And
    `family(sample) -> str`, where its answers are of several families."""

    FAMILY: str
    CORRECT: str
    SCORERS: Sequence[Scorer]
    METRICS: Mapping[str, Metric]

    @staticmethod
    def samples(data: Path) -> Iterator[Sample]:
        """In a fixed order. Raises UsageError, with what is missing, for a folder without the files of this task."""
        ...


class Variant(Protocol):
    """What a file of `variants/` holds. A file may have SCORERS, too: they look at answers beside those of the task."""

    @staticmethod
    def vary(sample: Sample, seed: int, others: Sequence[Sample]) -> Sample:
        """The sample changed, or itself where nothing can be. others: all of the task, to take from."""
        ...
