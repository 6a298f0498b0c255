"""The log as it is read: what is passed over, what is refused, and how two logs are paired."""

import json
import math
from pathlib import Path

import pytest

from omniloom.core.errors import StorageError, UnreadableError
from omniloom.evaluation.log import Failure, Header, Log, Measured, Record, Result, Scored, Writer, column, paired, read
from omniloom.evaluation.values import Value

HEADER = Header(key="k", task="t", family="extract", correct="exact", model="m", identity="i", code="c")


def record(key: str, value: float | None = 1.0, group: str = "", **more: object) -> Record:
    scores = (Scored(scorer="words", values={"exact": value}),)
    return Record(id=key, question="?", group=group, scores=scores, **more)  # type: ignore[arg-type]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.jsonl"
    failed = Failure(type="EngineError", code="engine", message="\ud800 half a letter", retryable=True)
    lines = [record("a", data={"x": [1, None]}), record("b", math.nan, error=failed)]
    result = Result(metrics={"exact": Measured.of(Value(0.5, math.nan, 2))}, n=2, wanted=2)
    for line in (HEADER, *lines, result):
        Writer(path).write(line)
    log = read(path)
    assert log.header == HEADER and log.records[0] == lines[0] and log.result == result
    assert log.records[1].values == {} and not log.records[1].is_correct(HEADER) and log.records[0].is_correct(HEADER)
    assert log.records[1].error is not None and log.records[1].error.message == "? half a letter"
    assert result.metrics["exact"] == Measured(value=0.5, stderr=None, n=2)
    assert "NaN" not in path.read_text()


def test_the_last_line_of_an_id_holds(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for line in (HEADER, record("a", 0.0), record("b"), record("a", 1.0)):
        Writer(path).write(line)
    assert [(each.id, each.values["exact"]) for each in read(path).records] == [("a", 1.0), ("b", 1.0)]


def test_a_half_line_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    Writer(path).write(HEADER)
    with path.open("a") as file:
        file.write('{"kind": "sample", "id"')
    assert read(path).records == ()
    Writer(path).write(record("a"))
    assert [each.id for each in read(path).records] == ["a"]


def test_what_a_later_version_added_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    Writer(path).write(HEADER)
    line = {"kind": "sample", **json.loads(record("a").model_dump_json()), "new": 1}
    path.write_text(path.read_text() + json.dumps(line) + "\n" + json.dumps({"kind": "weather"}) + "\n")
    assert [each.id for each in read(path).records] == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no header"),
        (b"{}\n", "has no header"),
        (b"not json\n", "line 1 of the log"),
        (b"[1]\n", "line 1 of the log"),
        (b'{"kind": "header"}\n', "line 1 of the log"),
        (b"\xff\xfe\n", "cannot be read"),
    ],
)
def test_what_is_no_log(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=said):
        read(path)


def test_missing_and_later(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be read"):
        read(tmp_path / "none.jsonl")
    Writer(tmp_path / "log.jsonl").write(HEADER.model_copy(update={"form": 2}))
    with pytest.raises(UnreadableError, match="of form 2"):
        read(tmp_path / "log.jsonl")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        Writer(tmp_path / "file" / "log.jsonl")


def test_columns_and_pairs() -> None:
    one = Log(Path(), HEADER, (record("a", 1.0, "g"), record("b", None), record("c", 0.0)), None)
    other = Log(Path(), HEADER, (record("c", 1.0), record("a", 0.0), record("d", 1.0)), None)
    assert column(one.records, "exact") == ([1.0, 0.0], ["g", "c"])
    assert paired(one, other, "exact") == ([1.0, 0.0], [0.0, 1.0], ["g", "c"])
    assert paired(one, other, "f1") == ([], [], [])
