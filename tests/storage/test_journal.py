"""What is kept in the journal comes back equal; a damaged journal never stops a run."""

import math
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from omniloom.core.errors import StorageError, UsageError
from omniloom.core.events import Span
from omniloom.core.locators import Locator
from omniloom.core.values import (
    Anchor,
    Citation,
    Claim,
    Completion,
    Loss,
    Message,
    Part,
    Response,
    Segment,
    TokenLogprob,
    ToolCall,
    Usage,
)
from omniloom.storage.journal import Journal, Reading, text_digest
from omniloom.storage.store import Store

_FEW = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def _segments(count: int) -> list[Segment]:
    return [
        Segment(
            source="a" * 64,
            locator=Locator(page=1 + number, box=(0.1, 0.2, 0.3, 0.4)),
            content=f"Übung {number} 🦊",
            made_by="pdf.text/1",
            confidence=0.5,
            anchors=(Anchor(start=0, end=5, locator=Locator(page=1 + number, time=(1.0, 2.5))),),
            context="head",
        )
        for number in range(count)
    ]


def test_readings(store: Store) -> None:
    journal, losses = store.journal, [Loss(kind="page", severity="lost", detail="page 3")]
    picture = Segment(source="a" * 64, content=Part(kind="image", data=b"\xff\xfe?>\x00"), made_by="frame/1")
    items = [*_segments(3), picture, *losses]
    journal.keep_reading("a" * 64, "pdf", 1, {"pages": "1-3"}, items, {"pages": 3.0})
    kept = journal.reading("a" * 64, "pdf", 1, {"pages": "1-3"})
    assert kept == Reading(segments=tuple(items[:4]), losses=tuple(losses), counts={"pages": 3.0}, cached=True)
    for other in (("b", "pdf", 1, {"pages": "1-3"}), ("a" * 64, "pdf", 2, {"pages": "1-3"}), ("a" * 64, "pdf", 1, {})):
        assert journal.reading(*other) is None


@_FEW
@given(text=st.text(), logprob=st.floats(), options=st.dictionaries(st.text(), st.one_of(st.text(), st.booleans())))
def test_anything_comes_back_equal(store: Store, text: str, logprob: float, options: dict[str, Any]) -> None:
    completion = Completion(
        text=text,
        reasoning=text[::-1],
        tool_calls=(ToolCall(id="1", name="f", arguments={"x": text, "n": [1, None, {"y": 2.5}]}),),
        logprobs=(TokenLogprob(token=text, logprob=logprob, top=((text, -math.inf),)),),
        usage=Usage(input_tokens=3, seconds=0.25, first_token_seconds=None),
    )
    store.journal.keep_completion("key", completion, [])
    kept = store.journal.completion("key")
    assert kept is not None
    same = completion == kept or math.isnan(logprob)
    assert same and kept.text == text and kept.tool_calls == completion.tool_calls
    store.journal.keep_reading("p", text, 1, options, [], {})
    assert store.journal.reading("p", text, 1, dict(reversed(options.items()))) is not None


def test_vectors(store: Store) -> None:
    vectors = {text_digest(str(number)): [number / 3, -1.0, math.pi] for number in range(3000)}
    store.journal.keep_vectors("minilm", vectors)
    kept = store.journal.vectors("minilm", [*vectors, "unknown"])
    assert kept.keys() == vectors.keys()
    assert all(kept[key] == pytest.approx(vectors[key], rel=1e-6) for key in vectors)
    assert store.journal.vectors("other", vectors) == {}


def test_traces(store: Store) -> None:
    journal = store.journal
    journal.begin("abc1", "first")
    journal.begin("abd2", "second")
    root = Span(id="r", parent=None, operation="generate", name="generate", start=5.0)
    journal.span("abd2", root)
    journal.span("abd2", Span(id="c", parent="r", operation="chat", name="direct", start=6.0, attributes={"n": [1]}))
    assert journal.trace("abd").spans[0].status == "running"
    ended = root.model_copy(
        update={"end": 9.0, "status": "ok", "attributes": {"logprob": -math.inf, "path": Path("x")}}
    )
    journal.span("abd2", ended)
    trace = journal.trace("abd2")
    assert [span.id for span in trace.spans] == ["r", "c"]
    assert trace.spans[0].attributes == {"logprob": -math.inf, "path": "x"} and trace.spans[0].end == 9.0
    newest, oldest = journal.traces(10)
    assert (newest["id"], newest["status"], newest["seconds"], newest["spans"]) == ("abd2", "ok", 4.0, 2)
    assert (oldest["id"], oldest["status"], oldest["seconds"]) == ("abc1", "running", None)
    assert journal.traces(1) == [newest]
    for wrong in ("zzz", "ab", ""):
        with pytest.raises(UsageError, match="trace"):
            journal.trace(wrong)


def test_responses_and_conversations(store: Store) -> None:
    class Report(BaseModel):
        when: date
        loss: float

    citation = Citation(source="p" * 64, locator=Locator(page=3), quote="q", url="a.pdf#page=3", segment=0)
    response = Response(
        text="so [1]",
        data=Report(when=date(2024, 5, 6), loss=1.5),
        outputs={"text": "so"},
        claims=(Claim(at=(0, 2), text="so", citations=(citation,)), Claim(at="/when", text="2024")),
        sources=(Part(kind="pdf", id="p" * 64, path="/x", name="a.pdf"),),
    )
    store.journal.begin("t1", "ask")
    store.journal.keep_response("t1", response)
    kept = store.journal.response("t")
    assert kept is not None and kept.data == {"when": "2024-05-06", "loss": 1.5}
    assert kept.model_copy(update={"data": response.data}) == response
    assert store.journal.response("other") is None and store.journal.conversation() is None
    store.journal.keep_conversation("c1", '{"turns": []}', ["p" * 64])
    store.journal.keep_conversation("c2", [Message(role="user", content=("hello",))])
    last, first = store.journal.conversation(), store.journal.conversation("c1")
    assert last is not None and last.id == "c2" and '"hello"' in last.messages
    assert first is not None and (first.messages, first.part_ids) == ('{"turns": []}', ("p" * 64,))


def test_threads_share_a_journal(store: Store) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for each in range(40):
                store.journal.keep_completion(f"{number}/{each}", Completion(text=str(each)), ["p"])
                assert store.journal.completion(f"{number}/{each}") == Completion(text=str(each))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def _filled(path: Path, rows: int = 300) -> None:
    journal = Journal(path)
    for number in range(rows):
        journal.keep_completion(f"k{number:04}", Completion(text=os.urandom(1500).hex()), [])
    journal.close()


def test_garbage_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    journal = Journal(path)
    journal.keep_completion("k", Completion(text="works"), [])
    assert journal.completion("k") is not None
    assert journal.moved_aside is not None and journal.moved_aside.read_bytes().startswith(b"this is no")
    journal.close()


@pytest.mark.parametrize("where", [0.02, 0.5, 0.97])
def test_a_damaged_page_costs_only_what_stood_there(tmp_path: Path, where: float) -> None:
    path = tmp_path / "journal.sqlite"
    _filled(path)
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * where) // 4096 * 4096 + 4096)
        file.write(b"\xa5" * 4096)
    journal = Journal(path)
    found = sum(journal.completion(f"k{number:04}") is not None for number in range(300))
    journal.keep_completion("new", Completion(text="works"), [])
    assert journal.completion("new") is not None
    journal.close()
    assert found >= 100, f"{found} of 300 rows were saved"


def test_a_journal_cut_short_or_emptied_or_removed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for size in (300_000, 5000, 10, 0):
        _filled(path, 100)
        os.truncate(path, size)
        journal = Journal(path)
        journal.keep_completion("k", Completion(text="works"), [])
        assert journal.completion("k") is not None
        if size == 0:
            for file in tmp_path.glob("journal.sqlite*"):
                file.unlink()
            journal.keep_completion("k2", Completion(text="works"), [])
            assert journal.completion("k2") is not None
        journal.close()


def test_damage_under_an_open_journal(tmp_path: Path) -> None:
    """Found at the next use, without a word to the caller; two journals on it do not move the new one aside."""
    path = tmp_path / "journal.sqlite"
    _filled(path)
    first, second = Journal(path), Journal(path)
    script = "import sys; f = open(sys.argv[1], 'r+b'); f.write(bytes(8192 * 20))"  # in a process of its own: locks
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    for each in (first, second, first):
        each.keep_completion("k", Completion(text="works"), [])
        assert each.completion("k") is not None
    assert second.reading("p", "r", 1, {}) is None
    first.close()
    second.close()
    assert len({file.name.split("-")[1][:19] for file in tmp_path.glob("*.damaged-*")}) <= 1


def test_processes_meet_the_same_damage(tmp_path: Path) -> None:
    """One of them replaces the journal; none loses what the others wrote into the new one."""
    path = tmp_path / "journal.sqlite"
    _filled(path)
    with path.open("r+b") as file:
        file.seek(0)
        file.write(b"\0" * 4096)
    script = (
        "import sys; from pathlib import Path; from omniloom.storage.journal import Journal\n"
        "from omniloom.core.values import Completion\n"
        "journal = Journal(Path(sys.argv[1])); journal.keep_completion(sys.argv[2], Completion(text='x'), [])"
    )
    command = [sys.executable, "-c", script, str(path)]
    processes = [subprocess.Popen([*command, f"new{number}"]) for number in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    journal = Journal(path)
    assert all(journal.completion(f"new{number}") is not None for number in range(4))
    assert len(list(tmp_path.glob("*.damaged-*.sqlite"))) == 1
    journal.close()


def test_damage_that_stays_is_said(store: Store) -> None:
    def always(_: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    store.journal.keep_completion("k", Completion(text="x"), [])
    with pytest.raises(StorageError, match="malformed"):
        store.journal.database.read(always)
    assert store.journal.moved_aside is not None
    assert store.journal.completion("k") == Completion(text="x"), "saved from the one moved aside"


def test_a_damaged_row_is_computed_again(store: Store) -> None:
    store.journal.keep_completion("k", Completion(text="x"), [])
    store.journal.database.write(lambda db: db.execute("UPDATE completions SET completion = x'00ff'"))
    assert store.journal.completion("k") is None
    store.journal.keep_completion("k", Completion(text="y"), [])
    assert store.journal.completion("k") == Completion(text="y")


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _filled(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match=r"newer Omniloom.*update"):
        Journal(path)
    assert not list(tmp_path.glob("*.damaged-*"))


def test_a_small_cap_drops_what_was_used_longest_ago(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _filled(path, 2000)
    journal = Journal(path)
    before = journal.size()
    journal.shrink(1_000_000)
    assert journal.size() <= 1_200_000 < before
    assert journal.completion("k0000") is None and journal.completion("k1999") is not None
    journal.close()


def test_a_killed_transaction_leaves_nothing_half(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)

    def fails(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO completions VALUES ('half', x'00', 0)")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.database.write(fails)
    assert journal.database.read(lambda db: db.execute("SELECT count(*) FROM completions").fetchone()) == (0,)
    journal.close()
