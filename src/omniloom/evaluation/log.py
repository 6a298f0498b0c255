"""The log of a run: JSON lines; a header, one line a sample as soon as it is done, and a result at every end.

{"kind": "header", …}   what the answers depend on: a run with another header has another file
{"kind": "sample", …}   a Record; of several with one id the last holds (a sample whose error may pass is asked again)
{"kind": "result", …}   the metrics of a run that ended; the last holds
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omniloom.core.errors import StorageError, UnreadableError
from omniloom.core.values import Confidence, FinishReason, Loss, Usage
from omniloom.evaluation.values import Value

FORM = 1


class _Line(BaseModel):
    """Frozen; a field that a later version added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Header(_Line):
    """What a run depends on. key: a digest of all of it, so that no log mixes two runs.

    correct: the name of the score of which 0.5 or more means a right answer. variant: how the samples were changed, "".
    model: its name; identity: what decides its answers. code: a digest of Omniloom's sources. options: of `generate`,
    for every sample. calibrator: "" for none. data: the folder; store: where the sources and traces are kept.
    """

    form: int = FORM
    key: str
    task: str
    family: str
    correct: str
    variant: str = ""
    seed: int = 0
    model: str
    identity: str
    code: str
    calibrator: str = ""
    options: dict[str, Any] = Field(default_factory=dict)
    data: str = ""
    store: str = ""
    created: str = ""


class Cited(_Line):
    """A citation. source: the name of the part; part: its id, by which the store knows it."""

    source: str
    part: str
    fragment: str
    quote: str


class Claimed(_Line):
    """A claim. at: a span of the answer's text, or a JSON Pointer into its data. derived: how it was computed."""

    at: tuple[int, int] | str
    text: str
    citations: tuple[Cited, ...] = ()
    supported: bool = False
    confidence: Confidence | None = None
    derived: str = ""


class Expected(_Line):
    """A Place of the sample."""

    source: str
    quote: str = ""
    fragment: str = ""


class Origin(_Line):
    """A source that was given."""

    id: str
    name: str
    kind: str
    media_type: str = ""


class Scored(_Line):
    """What one scorer said."""

    scorer: str
    values: dict[str, float | None]
    answer: str = ""
    explanation: str = ""


class Failure(_Line):
    """The error that stands in the place of an answer. retryable: asked again when the run goes on."""

    type: str
    code: str
    message: str
    hint: str = ""
    retryable: bool = False


class Record(_Line):
    """One sample and what became of it.

    answer: what was scored, as text. text, data: the response's own. signals: raw confidence signals by name, higher is
    surer (answer_tokens apart). family: of its answer; "" in older logs. seconds: on the clock, reading
    included. fingerprint: a digest of the sample.
    """

    id: str
    question: str
    target: tuple[str, ...] = ()
    group: str = ""
    family: str = ""
    answer: str = ""
    text: str = ""
    data: Any = None
    claims: tuple[Claimed, ...] = ()
    places: tuple[Expected, ...] = ()
    sources: tuple[Origin, ...] = ()
    scores: tuple[Scored, ...] = ()
    signals: dict[str, float | None] = Field(default_factory=dict)
    confidence: Confidence | None = None
    abstained: bool = False
    losses: tuple[Loss, ...] = ()
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    seconds: float = 0.0
    trace_id: str = ""
    error: Failure | None = None
    fingerprint: str = ""

    @property
    def values(self) -> dict[str, float]:
        """All scores by name; what is not defined for this sample is not among them."""
        return {name: value for score in self.scores for name, value in score.values.items() if value is not None}

    def is_correct(self, header: Header) -> bool:
        return self.values.get(header.correct, 0.0) >= 0.5


class Measured(_Line):
    """A metric's value; None where there is none."""

    value: float | None
    stderr: float | None = None
    n: int = 0

    @classmethod
    def of(cls, value: Value) -> "Measured":
        found = [float(each) if math.isfinite(each) else None for each in value[:2]]
        return cls(value=found[0], stderr=found[1], n=value.n)


class Tokens(_Line):
    """Of all samples. computed: input that was not cached, reasoning, and output; cached stands apart."""

    input: int = 0
    output: int = 0
    reasoning: int = 0
    cached: int = 0

    @property
    def computed(self) -> int:
        return self.input - self.cached + self.output + self.reasoning


class Result(_Line):
    """The metrics of a run over `n` of `wanted` samples. stopped: why it ended before all were done, "" if it did not.

    kept: samples that were taken from the log as it was. own: samples from which the calibrator of their probabilities
    was made: how good these look says nothing of others.
    contaminated: ids of samples whose text stands in a prompt of Omniloom's or in what the model was trained on."""

    metrics: dict[str, Measured]
    n: int
    wanted: int
    kept: int = 0
    own: int = 0
    errors: int = 0
    tokens: Tokens = Tokens()
    seconds: float = 0.0
    stopped: str = ""
    contaminated: tuple[str, ...] = ()


class Log(NamedTuple):
    """A log that was read. records: in the order of the file, each sample once. result: None of a run that was killed
    before its first end."""

    path: Path
    header: Header
    records: tuple[Record, ...]
    result: Result | None


def read(path: Path) -> Log:
    """Raises UnreadableError for a file that is missing, no log, damaged, or of a later form.

    A last line without its end is what a killed run left: it is passed over.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "omniloom eval writes such a file and says where"
        raise UnreadableError(f"the log {str(path)!r} cannot be read: {error}", hint=hint) from error
    header: Header | None = None
    records: dict[str, Record] = {}
    result: Result | None = None
    for number, line in enumerate(text[: text.rfind("\n") + 1].split("\n")[:-1], 1):
        try:
            found = _parsed(line)
        except (ValueError, ValidationError) as error:
            what = f"line {number} of the log {str(path)!r} is damaged: {str(error).splitlines()[0]}"
            raise UnreadableError(what, hint="take the line out, or run it anew") from error
        if isinstance(found, Header):
            header = _of_this_form(found, path)
        elif isinstance(found, Record):
            records[found.id] = found
        elif isinstance(found, Result):
            result = found
    if header is None:
        raise UnreadableError(f"{str(path)!r} is no log of an evaluation: it has no header", hint="omniloom eval TASK")
    return Log(Path(path), header, tuple(records.values()), result)


def _parsed(line: str) -> Header | Record | Result | None:
    """None for a kind of line that a later version added."""
    fields = json.loads(line)
    if not isinstance(fields, Mapping):
        raise ValueError("not a JSON object")
    kind = {"header": Header, "sample": Record, "result": Result}.get(str(fields.get("kind")))
    return None if kind is None else kind.model_validate_json(line)


def _of_this_form(header: Header, path: Path) -> Header:
    if header.form > FORM:
        raise UnreadableError(f"the log {str(path)!r} is of form {header.form}", hint="a newer Omniloom reads it")
    return header


class Writer:
    """Appends lines to a log. What a killed run left of a line is taken out first: what is appended would continue it.

    Raises StorageError where the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # It holds questions about private files, and quotes of them.
            with open(self._path, "ab+", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def write(self, line: Header | Record | Result) -> None:
        kind = {Header: "header", Record: "sample", Result: "result"}[type(line)]
        fields = {"kind": kind, **_finite(line.model_dump(mode="json"))}
        text = json.dumps(fields, ensure_ascii=False, allow_nan=False)
        try:
            with self._path.open("ab") as file:
                file.write(text.encode("utf-8", "replace") + b"\n")
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _finite(value: Any) -> Any:
    """With null for the numbers that JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"the log {str(path)!r} cannot be written: {error.strerror}", hint="name another --log folder")


def sample_name(header: Header, record: Record) -> str:
    """One name for what was asked, in whatever log it stands: by it a calibrator knows what it was made from."""
    return "/".join(filter(None, (header.task, header.variant, record.id, record.fingerprint)))


def column(records: Sequence[Record], name: str) -> tuple[list[float], list[str]]:
    """The scores of that name and the groups of their samples, in order, of those records for which it is defined."""
    found = [(record.values[name], record.group or record.id) for record in records if name in record.values]
    return [value for value, _ in found], [group for _, group in found]


def paired(one: Log, other: Log, name: str) -> tuple[list[float], list[float], list[str]]:
    """The scores of that name of the samples that both logs have, in one order, with their groups."""
    theirs = {record.id: record.values[name] for record in other.records if name in record.values}
    found = [
        (record.values[name], theirs[record.id], record.group or record.id)
        for record in one.records
        if name in record.values and record.id in theirs
    ]
    return [a for a, _, _ in found], [b for _, b, _ in found], [group for _, _, group in found]
