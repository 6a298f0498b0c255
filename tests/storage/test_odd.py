"""What hardly ever happens: names that are no text, disks that fail, links that outlive what they link."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from omniloom.core.errors import UnreadableError
from omniloom.core.events import Span
from omniloom.core.parts import PDF, Table
from omniloom.core.values import Completion, Message, Response
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.journal import Journal
from omniloom.storage.store import Store

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="file names of bytes, /proc")
ODD = "caf\udce9"  # what Python makes of a Latin-1 name


@linux
def test_a_name_that_is_no_utf8(store: Store, tmp_path: Path) -> None:
    path = tmp_path / f"{ODD}.txt"
    path.write_text("a note of some length")
    part = take_in(as_part(path), store)
    assert part.name == "caf?.txt" and store.journal.parts()[0].name == "caf?.txt"
    with pytest.raises(UnreadableError, match=r"caf\?"):
        take_in(PDF(path), store)


def test_text_that_is_no_utf8_is_written_down(store: Store) -> None:
    journal = store.journal
    journal.begin("t", f"ask {ODD}")
    said = {"question": ODD, "ratio": float("nan"), "path": Path("x"), ODD: [ODD, 1]}
    journal.span("t", Span(id="1", parent=None, operation="ask", name=ODD, start=1.0, attributes=said))
    journal.keep_conversation("c", [Message(role="user", content=(ODD,))])
    journal.keep_completion("k", Completion(text=ODD), [])
    journal.keep_response("t", Response(text=ODD, data={"a": ODD}))
    journal.keep_reading("p", "table", 1, {"sheet": ODD}, [], {})
    span = journal.trace("t").spans[0]
    assert (span.name, span.attributes["question"], span.attributes["path"]) == ("caf?", "caf?", "x")
    assert span.attributes["caf?"] == ["caf?", 1] and span.attributes["ratio"] != span.attributes["ratio"]
    response, completion, conversation = journal.response("t"), journal.completion("k"), journal.conversation()
    assert response is not None and (response.text, response.data) == ("caf?", {"a": "caf?"})
    assert completion is not None and completion.text == "caf?"
    assert conversation is not None and "caf?" in conversation.messages
    assert journal.reading("p", "table", 1, {"sheet": ODD}) is not None


@linux
def test_a_disk_that_fails_while_it_is_read(store: Store) -> None:
    with pytest.raises(UnreadableError, match="cannot be read: Input/output error"):
        take_in(PDF("/proc/self/mem"), store)  # a plain file to look at, whose first byte cannot be read
    assert not list((store.root / "incoming").iterdir())


def test_a_response_of_an_id_cut_too_short(store: Store) -> None:
    for name in ("ab1", "ab2", "ab"):
        store.journal.begin(name, "x")
    store.journal.keep_response("ab1", Response(text="one"))
    store.journal.keep_response("ab2", Response(text="two"))
    assert store.journal.response("ab") is None and store.journal.response("") is None
    found = store.journal.response("ab2")
    assert found is not None and found.text == "two"
    store.journal.keep_response("ab", Response(text="exact"))
    found = store.journal.response("ab")
    assert found is not None and found.text == "exact"


def test_links_go_with_what_they_link(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    for number in range(300):
        journal.keep_completion(f"{number:064}", Completion(text="x"), [f"{part:064}" for part in range(8)])
    journal.keep_vectors("m", {f"{number:064}": [1.0] for number in range(300)}, ["p"])
    journal.shrink(64_000)
    links = journal.database.read(lambda db: db.execute("SELECT DISTINCT what, key FROM made_from").fetchall())
    assert {key for what, key in links if what == "completion"} == {
        f"{number:064}" for number in range(300) if journal.completion(f"{number:064}")
    }
    assert journal.size() <= 128_000
    journal.close()


def test_a_known_file_keeps_the_cap_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILOOM_CACHE_BYTES", "400kB")
    with Store(tmp_path / "store") as store:
        store.put(b"the file of every question")
        for number in range(40):
            store.journal.keep_completion(str(number), Completion(text=os.urandom(10_000).hex()), ["p"])
        assert store.journal.size() > 200_000
    with Store(tmp_path / "store") as again:
        again.put(b"the file of every question")
        assert again.journal.size() <= 100_000


def test_a_temporary_folder_with_a_quote(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "o'brien").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "o'brien"))
    part = take_in(Table(pandas.DataFrame({"a": [1, 2]})), store)
    assert store.get(part.id).startswith(b"PAR1")
