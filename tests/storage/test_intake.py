"""Taking in: kind from content, a snapshot that no later change reaches, clear errors that name what is wrong."""

import gzip
import io
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from omniloom.core.errors import InputError, PasswordError, TooLargeError, UnreadableError, UsageError
from omniloom.core.parts import PDF, Audio, Image, Table, Text, Video
from omniloom.core.values import Part
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store, digest_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
MP4 = b"\0\0\0\x18ftypisom\0\0\0\0" + bytes(300)


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_becomes_a_snapshot(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, "paper.txt", b"%PDF-1.7\n...")  # the extension is wrong, the content decides
    part = take_in(as_part(path), store)
    assert (part.kind, part.media_type, part.name) == ("pdf", "application/pdf", "paper.txt")
    assert part.id == digest_of(path) and part.path == str(store.path(part.id)) and part.is_source
    path.write_bytes(b"something else")
    assert store.get(part.id) == b"%PDF-1.7\n..."
    assert take_in(part, store) == part
    assert [each.name for each in store.journal.parts()] == ["paper.txt"]


def test_what_an_input_may_be(store: Store, tmp_path: Path) -> None:
    said = take_in(as_part("no file, just words: paper.pdf"), store)
    assert not said.is_source and said.text and said.id and not store.has(said.id)
    for value, kind in ((PNG, "image"), (bytearray(b"a,b\n1,2\n3,4\n"), "table"), (memoryview(b"words"), "text")):
        part = take_in(as_part(value), store)
        assert (part.kind, part.name, part.data) == (kind, kind, None) and part.is_source
    given = PDF(_file(tmp_path, "x", b"%PDF-1.4"), pages="1-3", password="p")
    assert as_part(given) is given
    assert take_in(given, store).options == {"pages": "1-3", "password": "p"}
    for wrong in (3, None, ["x"], object()):
        with pytest.raises(UsageError, match="DataFrame"):
            as_part(wrong)


def test_the_home_folder(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _file(tmp_path, "x.txt", b"words")
    assert take_in(as_part(Path("~/x.txt")), store).name == "x.txt"
    assert take_in(Text(Path("~/x.txt")), store).media_type == "text/plain"


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        (PDF("f"), PNG, r"'f' is a PNG image, not what PDF\(\) takes \(use Image\('f'\)\)"),
        (Image("f"), b"%PDF-1.4", r"is a PDF"),
        (Text(Path("f")), b"%PDF-1.4", r"is a PDF.*use PDF"),
        (Audio("f"), b"hello there", r"is a text, not what Audio"),
        (Video("f"), PNG, r"is a PNG"),
        (Table("f"), b"%PDF-1.4", r"is a PDF"),
        (Image("f"), bytes(range(1, 256)) * 3, r"no known format.*truncated or damaged"),
        (PDF("f"), b"\0\0\0\0", r"no known format"),
        (Image("f"), b"\0\0\0\x18ftypheic" + bytes(40), r"HEIC.*convert it to PNG"),
        (Table("f"), b"SQLite format 3\0" + bytes(90), r"SQLite.*export its tables"),
        (Text(Path("f")), b"PK\x05\x06" + bytes(18), r"a zip archive.*unpack"),
        (PDF("f"), b"", r"'f' is empty"),
    ],
)
def test_the_wrong_kind_is_named(store: Store, tmp_path: Path, part: Part, content: bytes, said: str) -> None:
    path = _file(tmp_path, "f", content)
    with pytest.raises(UnreadableError, match=said) as caught:
        take_in(part.model_copy(update={"path": str(path)}), store)
    assert caught.value.hint
    with pytest.raises(UnreadableError, match=said):
        take_in(part.model_copy(update={"path": None, "data": content}), store)
    assert store.footprint().blobs == 0, "what was refused is not kept"


def test_a_password_on_an_office_file(store: Store, tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    path = _file(tmp_path, "secret.docx", content)
    for value in (path, Text(path), Table(path), content):
        with pytest.raises(PasswordError, match="password"):
            take_in(as_part(value), store)


def test_a_container_is_what_the_user_says(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, "talk.mp4", MP4)
    assert take_in(as_part(path), store).media_type == "video/mp4"
    assert take_in(Audio(path), store).media_type == "audio/mp4"
    m4a = _file(tmp_path, "talk.m4a", MP4.replace(b"isom", b"M4A "))
    assert take_in(Video(m4a), store).media_type == "video/mp4"
    unknown = _file(tmp_path, "talk.xyz", bytes(range(256)))
    assert take_in(Audio(unknown), store).media_type == "audio/x-unknown"


def test_text_and_table_are_both_text(store: Store, tmp_path: Path) -> None:
    csv = _file(tmp_path, "a.csv", b"a,b\n1,2\n3,4\n")
    assert take_in(as_part(csv), store).media_type == "text/csv"
    assert take_in(Text(csv), store).media_type == "text/plain"
    assert take_in(Table(_file(tmp_path, "odd.txt", b"just\nwords\n")), store).media_type == "text/csv"
    assert take_in(Table(_file(tmp_path, "a.json", b'[{"a": 1}]')), store).media_type == "application/json"
    named = Table(_file(tmp_path, "b.csv", b"one\n1\n"), name="Numbers of May")
    assert take_in(named, store).media_type == "text/csv"
    packed = _file(tmp_path, "c.csv.gz", gzip.compress(b"a,b\n1,2\n3,4\n"))
    assert (as_part(packed).kind, take_in(Table(packed), store).media_type) == ("table", "application/gzip")


def test_unreadable_places(store: Store, tmp_path: Path) -> None:
    for path, said in (
        (tmp_path, r"folder.*batch"),
        (tmp_path / "none", "does not exist"),
        (tmp_path / "a.txt" / "b", "cannot be opened"),
    ):
        _file(tmp_path, "a.txt", b"x")
        for value in (path, PDF(path)):
            with pytest.raises(UnreadableError, match=said) as caught:
                take_in(as_part(value), store)
            assert str(path) in caught.value.message
    with pytest.raises(UnreadableError, match="empty"):
        as_part(b"")
    with pytest.raises(UnreadableError, match="empty"):
        as_part(_file(tmp_path, "e.pdf", b""))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.txt", b"x")
    path.chmod(0)
    with pytest.raises(UnreadableError, match="may not be read"):
        take_in(as_part(path), store)


def test_a_large_file_costs_no_memory(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        for number in range(60):
            file.write(b"%d,some words here\n" % number * 60_000)
    tracemalloc.start()
    part = take_in(as_part(path), store)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert part.kind == "table" and path.stat().st_size > 60e6
    assert peak < 16e6
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(3_000_000_000)
    for value in (huge, PDF(huge), Audio(huge)):
        with pytest.raises(TooLargeError, match=r"3\.00 GB"):
            take_in(as_part(value), store)


def test_frames_of_three_libraries(store: Store) -> None:
    pa, pd, pl = (pytest.importorskip(name) for name in ("pyarrow", "pandas", "polars"))
    rows = {"city": ["Köln", "Bonn", None], "people": [1, 2, 3]}
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows), pa.table(rows), pa.table(rows).to_batches()[0]):
        part = take_in(Table(frame), store)
        assert part == take_in(as_part(frame), store), "equal frames have equal ids"
        assert (part.kind, part.media_type) == ("table", "application/vnd.apache.arrow.stream")
        assert part.frame is None and part.path is not None
        kept = pa.ipc.open_stream(store.get(part.id)).read_all()
        assert kept.column_names == ["city", "people"] and kept["people"].to_pylist() == [1, 2, 3]
        assert kept["city"].to_pylist() == ["Köln", "Bonn", None]


def test_odd_pandas_frames(store: Store) -> None:
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    odd = pd.DataFrame(
        {"mixed": [1, "two", None], "x": [b"a", 2.5, (1, 2)]}, index=pd.Index(["r1", "r2", "r3"], name="row")
    )
    odd[3] = [1, 2, 3]
    odd.insert(0, "x", [7, 8, 9], allow_duplicates=True)
    kept = pa.ipc.open_stream(store.get(take_in(Table(odd), store).id)).read_all()
    assert kept.column_names == ["row", "x", "mixed", "x_2", "3"]
    assert kept["mixed"].to_pylist() == ["1", "two", None] and kept["row"].to_pylist() == ["r1", "r2", "r3"]
    pivot = pd.DataFrame({("a", 1): [1], ("b", 2): [2]})
    assert pa.ipc.open_stream(store.get(take_in(Table(pivot), store).id)).read_all().column_names == ["a 1", "b 2"]
    series = pd.Series([1, 2], name="n")
    assert pa.ipc.open_stream(store.get(take_in(as_part(series), store).id)).read_all().column_names == ["n"]
    no_rows = pd.DataFrame({"a": pd.Series([], dtype="int64")})
    assert take_in(Table(no_rows), store).id
    with pytest.raises(UnreadableError, match="no columns"):
        take_in(Table(pd.DataFrame()), store)


def test_frames_without_pyarrow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet instead, which DuckDB reads with nothing else installed."""
    import duckdb

    pl, pd = pytest.importorskip("polars"), pytest.importorskip("pandas")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    rows = {"city": ["Köln", "Bonn"], "people": [1, 2]}
    for frame in (pl.DataFrame(rows), pd.DataFrame(rows)):
        part = take_in(Table(frame), store)
        assert part.media_type == "application/vnd.apache.parquet" and part == take_in(Table(frame), store)
        assert duckdb.execute(f"SELECT * FROM read_parquet('{part.path}')").fetchall() == [("Köln", 1), ("Bonn", 2)]


def test_threads_take_in_the_same_file(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.txt", b"words " * 50_000)
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(take_in(as_part(path), store).id)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == [digest_of(path)] * 6 and store.footprint().blobs == 1


def test_every_development_file_is_taken_in(store: Store, data: Path) -> None:
    files = [path for path in sorted(data.rglob("*")) if path.is_file()][:150]
    for path in files:
        try:
            part = take_in(as_part(path), store)
        except InputError as error:
            pytest.fail(f"{path.name}: {error}")
        assert part.id == digest_of(path)


def test_bytes_and_file_are_the_same_part(store: Store, tmp_path: Path) -> None:
    path = _file(tmp_path, "p.png", PNG)
    assert take_in(as_part(PNG), store).id == take_in(Image(path), store).id
    assert take_in(Image(io.BytesIO(PNG).getvalue()), store).media_type == "image/png"
