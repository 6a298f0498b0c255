"""What a file is, told from its content: real files of every kind, and texts that look like one another."""

import gzip
import io
import json
import random
import struct
import time
import wave
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniloom.storage.sniff import HEAD_BYTES, TAIL_BYTES, Sniffed, sniff_bytes, sniff_path


def look(content: bytes, name: str = "") -> Sniffed | None:
    return sniff_bytes(content[:HEAD_BYTES], content[-TAIL_BYTES:], len(content), name)


def media_type(content: bytes, name: str = "") -> str:
    found = look(content, name)
    return "unknown" if found is None else found.media_type


def _office(*members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, random.Random(1).randbytes(3000))
    return target.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_images(form: str) -> None:
    from PIL import Image

    target = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(target, form)
    found = look(target.getvalue())
    assert found is not None and (found.kind, found.media_type) == ("image", f"image/{form.lower()}")


def _wav() -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return target.getvalue()


_FTYP = struct.pack(">I", 24) + b"ftyp"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_wav(), "audio/wav"),
        (b"fLaC\0\0\0\x22" + bytes(40), "audio/flac"),
        (b"ID3\x04\0\0\0\0\0\0" + bytes(40), "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
        (b"\xff\xf3\x40\xc0" + bytes(400), "audio/mpeg"),
        (b"\xff\xf1\x50\x80" + bytes(400), "audio/aac"),
        (b"OggS\0\2" + bytes(22) + b"OpusHead" + bytes(20), "audio/ogg"),
        (b"OggS\0\2" + bytes(22) + b"\x80theora" + bytes(20), "video/ogg"),
        (_FTYP + b"M4A \0\0\0\0" + bytes(40), "audio/mp4"),
        (_FTYP + b"isom\0\0\0\0" + b"hdlr\0\0\0\0\0\0\0\0soun", "audio/mp4"),
        (_FTYP + b"isom\0\0\0\0" + b"hdlr\0\0\0\0\0\0\0\0sounhdlr\0\0\0\0\0\0\0\0vide", "video/mp4"),
        (_FTYP + b"isom\0\0\0\0" + bytes(200_000), "video/mp4"),
        (_FTYP + b"qt  \0\0\0\0" + bytes(40), "video/quicktime"),
        (_FTYP + b"heic\0\0\0\0" + bytes(40), "image/heif"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm" + bytes(40), "video/webm"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x82\x84webm" + b"\x86\x86A_OPUS", "audio/webm"),
        (b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska" + b"\x86\x8fV_MPEG4/ISO/AVC\x86\x86A_OPUS", "video/x-matroska"),
        (b"RIFF\x24\0\0\0AVI LIST" + bytes(40), "video/x-msvideo"),
        ((b"\x47\x40\x11\x10" + bytes(184)) * 4, "video/mp2t"),
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4\n", "application/pdf"),
        (b"\0\0junk before the file\n%PDF-1.4\n" + bytes(40), "application/pdf"),
        (b"PAR1" + bytes(40) + b"PAR1", "application/vnd.apache.parquet"),
        (b"SQLite format 3\0" + bytes(84), "application/vnd.sqlite3"),
        (b"\x7fELF\2\1\1" + bytes(60), "application/x-executable"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(60), "application/x-7z-compressed"),
        (b"{\\rtf1\\ansi hello}", "application/rtf"),
    ],
)
def test_signatures(content: bytes, expected: str) -> None:
    assert media_type(content, "wrong.xyz") == expected


def test_real_recordings_and_videos(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    from PIL import Image

    for ending, codecs, expected in (
        ("mp3", ["libmp3lame"], "audio/mpeg"),
        ("flac", ["flac"], "audio/flac"),
        ("opus", ["libopus"], "audio/ogg"),
        ("m4a", ["aac"], "audio/mp4"),
        ("webm", ["libopus"], "audio/webm"),
        ("mp4", ["mpeg4"], "video/mp4"),
        ("mov", ["mpeg4"], "video/quicktime"),
        ("avi", ["mpeg4"], "video/x-msvideo"),
        ("mkv", ["mpeg4"], "video/x-matroska"),
        ("mpg", ["mpeg2video"], "video/mpeg"),
        ("ts", ["mpeg2video"], "video/mp2t"),
    ):
        path = tmp_path / f"x.{ending}"
        with av.open(str(path), "w", format="ipod" if ending == "m4a" else None) as container:
            for codec in codecs:
                sound = expected.startswith("audio")
                stream = container.add_stream(codec, rate=48000 if sound else 25)
                if sound:
                    frame = av.AudioFrame(format="s16", layout="mono", samples=48000)
                    frame.sample_rate = 48000
                    frame.planes[0].update(bytes(96000))
                else:
                    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
                    frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48)))
                for packet in [*_encoded(av, stream, frame), *stream.encode(None)]:
                    container.mux(packet)
        found = sniff_path(path, "x.txt")
        assert found is not None and found.media_type == expected, (ending, found)


def _encoded(av: Any, stream: Any, frame: Any) -> list[Any]:
    if "Audio" not in type(frame).__name__:
        return list(stream.encode(frame))
    context = stream.codec_context
    resampler = av.AudioResampler(
        format=context.format, layout="mono", rate=48000, frame_size=context.frame_size or 960
    )
    return [packet for piece in resampler.resample(frame) for packet in stream.encode(piece)]


def test_office_files_and_archives() -> None:
    types = "[Content_Types].xml"
    office = "application/vnd.openxmlformats-officedocument."
    for member, kind, expected in (
        ("word/document.xml", "text", office + "wordprocessingml.document"),
        ("ppt/presentation.xml", "text", office + "presentationml.presentation"),
        ("xl/workbook.xml", "table", office + "spreadsheetml.sheet"),
    ):
        folder = member.split("/")[0]
        content = _office(types, "_rels/.rels", *(f"{folder}/media/{each}.png" for each in range(30)), member)
        found = look(content)
        assert found is not None and (found.kind, found.media_type) == (kind, expected)
        cut = look(content[: len(content) // 2])
        assert cut is not None and (cut.kind, cut.media_type) == (kind, expected), "cut in half"
    other = look(_office("a.txt", "b/word/document.txt"))
    assert other is not None and other.kind is None and other.hint
    assert media_type(b"PK\x05\x06" + bytes(18)) == "application/zip"
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert media_type(old + "EncryptedPackage".encode("utf-16-le")) == "application/x-encrypted-office"
    assert media_type(old + "Workbook".encode("utf-16-le")) == "application/vnd.ms-excel"


def test_tables_of_libraries(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "t.bin"
    duckdb.execute(f"COPY (SELECT range AS n FROM range(10)) TO '{path}' (FORMAT parquet)")
    found = sniff_path(path)
    assert found is not None and found.media_type == "application/vnd.apache.parquet"
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [1, 2]})
    for opening, expected in ((pa.ipc.new_stream, "stream"), (pa.ipc.new_file, "file")):
        sink = pa.BufferOutputStream()
        with opening(sink, table.schema) as writer:
            writer.write_table(table)
        assert media_type(sink.getvalue().to_pybytes()) == f"application/vnd.apache.arrow.{expected}"


_MAIL = "From: a@example.org\nTo: b@example.org\nSubject: Hello\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nBody, text\n"
_PROSE = (
    "It was late, and the rain had not stopped since noon.\n"
    "She closed the book, put it on the table, and waited.\n"
    "Nobody came, as she had known all along.\n"
)
_POEM = "Two roads diverged in a yellow wood,\nAnd sorry I could not travel both,\nAnd be one traveler, long I stood,\n"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("name,age\nAnn,3\nBob,4\n", "", "text/csv"),
        ("name;age\nAnn;3,5\nBob;4,5\n", "", "text/csv"),
        ("name\tage\nAnn\t3\nBob\t4\n", "", "text/tab-separated-values"),
        ("a|b|c\n1|2|3\n4|5|6\n", "x.txt", "text/csv"),
        ('"a","b"\n"x, y","two\nlines"\n"p","q"\n', "", "text/csv"),
        ("only one column\n1\n2\n", "x.csv", "text/csv"),
        ("a,b\n1,2,3\n\n4\n", "ragged.CSV", "text/csv"),
        ("a,b\n1,2\n3,4\n", "notes.md", "text/markdown"),
        ("import os, sys\nprint(os, sys)\nfoo(1, 2)\n", "x.py", "text/plain"),
        ('{"a": 1}\n{"a": 2}\n', "", "application/x-ndjson"),
        ('{"a": 1}\n', "x.jsonl", "application/x-ndjson"),
        ('{"a": 1}\n', "", "text/plain"),
        (json.dumps({"a": [1, {"b": 2}]}, indent=2), "", "text/plain"),
        ("[" * 60_000 + "\n" + "[" * 100, "", "text/plain"),
        ("<!DOCTYPE html>\n<html><body>x</body></html>", "x.txt", "text/html"),
        ('<?xml version="1.0"?>\n<!-- c -->\n<html xmlns="x">', "", "text/html"),
        ("<svg xmlns='x'/>", "x.svg", "text/plain"),
        ("I write about <html> and %PDF-1.7 here.\n", "", "text/plain"),
        (_MAIL, "", "message/rfc822"),
        (_MAIL, "mail.txt", "message/rfc822"),
        ("From: the desk of Ann\nthings to do\n", "", "text/plain"),
        (_PROSE, "", "text/plain"),
        (_PROSE, "x.txt", "text/plain"),
        (_POEM, "", "text/plain"),
        ("Dear Bob,\nthanks for it, bye\n", "", "text/plain"),
        ("# Title\n\nSee [this](http://x.org).\n", "", "text/markdown"),
        ("x", "", "text/plain"),
        ("BM is a company\n" * 3, "", "text/plain"),
        ("ID3 tags and RIFF files", "", "text/plain"),
        ("Grüße aus Köln, où, ça\n", "", "text/plain"),
        ("a log line of a program\n" * 20 + "\0\0", "", "text/plain"),
    ],
)
def test_texts(text: str, name: str, expected: str) -> None:
    assert media_type(text.encode(), name) == expected
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        if len(text) > 4 or "-" not in encoding[3:]:
            assert media_type(text.encode(encoding), name) == expected, encoding


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859-15", "cp437"])
def test_tables_in_old_encodings(encoding: str) -> None:
    assert media_type("Stadt;Fläche\nKöln;405\nMünchen;310\n".encode(encoding)) == "text/csv"


@pytest.mark.parametrize("encoding", ["shift_jis", "gb18030", "big5", "euc_kr", "cp1251", "utf-16-le"])
def test_scripts_of_the_world_are_text(encoding: str) -> None:
    text = "Привет, мир. Это текст.\n" if encoding == "cp1251" else "一二三四五六七八九十、文字。\n"
    if encoding == "euc_kr":
        text = "안녕하세요. 글자입니다.\n"
    if encoding in ("big5", "utf-16-le"):
        text = "一二三四五六七八九十\n" * 4
    found = look((text * 20).encode(encoding))
    if encoding == "utf-16-le":
        return  # without a mark and without letters below 256 nothing tells it from noise
    assert found is not None and found.kind == "text"


def test_compressed_tables() -> None:
    rows = "name,age\n" + "Ann,3\nBob,4\n" * 50_000
    assert look(gzip.compress(rows.encode()), "x.csv.gz") == look(gzip.compress(rows.encode()))
    found = look(gzip.compress(rows.encode()))
    assert found is not None and (found.kind, found.media_type) == ("table", "application/gzip")
    for other in (b"prose, only prose.\n", bytes(100)):
        found = look(gzip.compress(other), "x.gz")
        assert found is not None and found.kind is None and "unpack" in found.hint
    assert media_type(b"\x1f\x8b") == "application/gzip"


@settings(max_examples=200, deadline=None)
@given(content=st.binary(min_size=1, max_size=300), name=st.sampled_from(["", "x.csv", "x.pdf", "x.jsonl", "a.csv.gz"]))
def test_any_bytes_get_an_answer(content: bytes, name: str) -> None:
    """Signatures in front of noise, too: never an exception, never a wrong type of result."""
    for start in (
        b"",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"\xff\xfb",
        b"OggS",
        b"\0\0\0\x18ftyp",
        b"RIFF",
        b"{",
        b"\xff\xfe",
    ):
        found = look(start + content, name)
        assert found is None or (found.media_type and found.label)


@pytest.mark.parametrize(
    "piece",
    [
        *("[", "[a](", "**", "__a", "<!---->", "<!-- -->", "<!--", "<?xml ", "|", "|  ", "# ", " ", "\n", '"', "a:b\n"),
        *("From: ", "\r\n", "\r", '{"a":', "{}\n", "x,", "x,\n", ',"', "hdlr", "PK\x01\x02", "\x0b,\n", "a;b,c|d\te\n"),
    ],
)
def test_no_content_makes_looking_slow(piece: str) -> None:
    """Looking happens in the caller's process: whatever the bytes, it ends at once."""
    for start in ("", "<", "PK\x03\x04", "| "):
        content = start + piece * (TAIL_BYTES // len(piece))
        started = time.perf_counter()
        look(content.encode(), "")
        assert time.perf_counter() - started < 1.0


def test_noise_is_unknown() -> None:
    chance = random.Random(5)
    unknown = sum(look(chance.randbytes(2000)) is None for _ in range(200))
    assert unknown >= 197


def test_development_files(data: Path) -> None:
    kinds = {".pdf": "pdf", ".jpg": "image", ".wav": "audio", ".flac": "audio", ".mkv": "video", ".csv": "table"}
    kinds |= {".md": "text", ".txt": "text", ".jsonl": "table"}
    wrong: list[str] = []
    for path in sorted(data.rglob("*")):
        expected = kinds.get(path.suffix)
        if path.is_file() and expected:
            for name in (path.name, "renamed"):
                found = sniff_path(path, name)
                if (found.kind if found else None) != expected and (name != "renamed" or expected != "table"):
                    wrong.append(f"{path.name} as {name}: {found}")
    assert not wrong
