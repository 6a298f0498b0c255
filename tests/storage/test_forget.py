"""Forgetting a part leaves no trace of it: not as a file, not as a row, not as bytes in the journal's file."""

from pathlib import Path

from omniloom.core.events import Span
from omniloom.core.locators import Locator
from omniloom.core.values import Citation, Claim, Completion, Part, Response, Segment
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.journal import text_digest
from omniloom.storage.store import Store

SECRET = "the patient of room 17"


def _use(store: Store, part: Part, said: str) -> None:
    """Everything a run makes from a part."""
    journal = store.journal
    frame = store.put(f"frame of {said}".encode())
    picture = Segment(source=part.id, content=Part(kind="image", id=frame, path="x"), made_by="video.frame/1")
    segment = Segment(source=part.id, content=said, made_by="text/1")
    journal.keep_reading(part.id, "text", 1, {}, [segment, picture], {})
    journal.keep_completion(f"asked {part.id}", Completion(text=f"answer: {said}"), [part.id])
    journal.keep_vectors("m", {text_digest(said): [1.0]}, [part.id])
    journal.keep_vectors("m", {text_digest(f"chunk of {said}"): [1.0]})
    journal.begin(f"trace {part.id}", f"about {said}")
    journal.span(
        f"trace {part.id}",
        Span(id="1", parent=None, operation="read", name=said, start=1.0, attributes={"part": part.id}),
    )
    citation = Citation(source=part.id, locator=Locator(), quote=said, url="u", segment=0)
    claim = Claim(at=(0, 1), text=said, citations=(citation,))
    journal.keep_response(f"trace {part.id}", Response(text=said, claims=(claim,), sources=(part,)))
    journal.keep_conversation(f"talk {part.id}", f'["{said}"]', [part.id])
    store.kv.path_for(f"state {part.id}").write_bytes(said.encode())
    store.kv.commit(f"state {part.id}", [part.id])


def _left(store: Store, part: Part, said: str) -> list[object]:
    journal = store.journal
    traces = [each["id"] for each in journal.traces(100)]
    found = [
        store.has(part.id),
        journal.reading(part.id, "text", 1, {}),
        journal.completion(f"asked {part.id}"),
        journal.vectors("m", [text_digest(said)]),
        journal.response(f"trace {part.id}"),
        journal.conversation(f"talk {part.id}"),
        store.kv.lookup(f"state {part.id}"),
        f"trace {part.id}" in traces,
        part.id in [each.id for each in journal.parts()],
    ]
    return [each for each in found if each]


def test_everything_derived_goes_and_everything_else_stays(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SECRET)
    (tmp_path / "b.txt").write_text("harmless")
    secret = take_in(as_part(tmp_path / "a.txt"), store)
    other = take_in(as_part(tmp_path / "b.txt"), store)
    _use(store, secret, SECRET)
    _use(store, other, "harmless")
    assert len(_left(store, secret, SECRET)) == len(_left(store, other, "harmless")) == 9
    gone = store.forget(secret.id)
    assert _left(store, secret, SECRET) == []
    assert len(_left(store, other, "harmless")) == 9
    assert (gone["blobs"], gone["kv"], gone["completions"], gone["responses"], gone["traces"]) == (2, 1, 1, 1, 1)
    store.close()  # reading the journal's file while it is open in this process would drop its locks
    for file in store.root.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert SECRET.encode() not in content and secret.id.encode() not in content, file
    assert secret.id not in "".join(str(file) for file in store.root.rglob("*"))


def test_forgetting_what_is_not_there(store: Store) -> None:
    gone = store.forget("0" * 64)
    assert sum(gone.values()) == 0


def test_a_damaged_copy_goes_too(store: Store) -> None:
    copy = store.root / "journal.damaged-1.sqlite"
    copy.write_bytes(SECRET.encode())
    store.forget("0" * 64)
    assert not copy.exists()
