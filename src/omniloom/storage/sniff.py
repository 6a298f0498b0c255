"""What a file is, from its content: magic numbers and container structure. Names never decide, except among texts.

Signatures are those of the formats' own specifications (PNG, JFIF, TIFF 6, RIFF, ISO BMFF, EBML, Ogg, PKWARE
APPNOTE, MS-CFB, Apache Parquet and Arrow). Only the first 64 KiB and the last MiB are looked at, and nothing is
decoded: an untrusted file is parsed in a child process, later.
"""

import re
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from omniloom.core.base import Value
from omniloom.core.values import Kind

HEAD_BYTES = 1 << 16
TAIL_BYTES = 1 << 20
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."


class Sniffed(Value):
    """kind None: known, but not something that is read; `label` names it for people, `hint` says what to do."""

    kind: Kind | None
    media_type: str
    label: str
    hint: str = ""


def sniff(file: BinaryIO, name: str = "") -> Sniffed | None:
    """What the open file is; None for bytes that are no format known here. The file must not be empty."""
    head = file.read(HEAD_BYTES)
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read(TAIL_BYTES)
    return sniff_bytes(head, tail, size, name)


def sniff_path(path: Path, name: str = "") -> Sniffed | None:
    with path.open("rb") as file:
        return sniff(file, name or path.name)


def sniff_bytes(head: bytes, tail: bytes, size: int, name: str = "") -> Sniffed | None:
    """`head` and `tail` are the first and last bytes of a content of `size` bytes; they may overlap."""
    from omniloom.storage.sniff_text import sniff_text

    for pattern, found in _SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return found
    for look in (_riff, _iso_media, _ogg, _matroska, _mpeg_audio, _transport_stream, _bitmap):
        if found := look(head, tail):
            return found
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(head, tail)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound(head + tail)
    if head.startswith(b"\x1f\x8b"):
        return _gzip(head, name)
    if re.search(rb"\A\s*%PDF-|\A.{0,1019}[\r\n\x00]%PDF-\d", head[:1024], re.DOTALL):
        return _PDF
    return sniff_text(head, size > len(head), name)


def _is(kind: Kind | None, media_type: str, label: str, hint: str = "") -> Sniffed:
    return Sniffed(kind=kind, media_type=media_type, label=label, hint=hint)


_PDF = _is("pdf", "application/pdf", "a PDF")
_AS_PNG = "convert it to PNG or JPEG"
_UNPACK = "unpack it and give its files"
_SIGNATURES: tuple[tuple[bytes, Sniffed], ...] = (
    (rb"%PDF-", _PDF),
    (rb"\x89PNG\r\n\x1a\n", _is("image", "image/png", "a PNG image")),
    (rb"\xff\xd8\xff", _is("image", "image/jpeg", "a JPEG image")),
    (rb"GIF8[79]a", _is("image", "image/gif", "a GIF image")),
    (rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", _is("image", "image/tiff", "a TIFF image")),
    (rb"RIFF....WEBP", _is("image", "image/webp", "a WebP image")),
    (rb"\x00\x00\x00\x0cJXL |\xff\x0a", _is(None, "image/jxl", "a JPEG XL image", _AS_PNG)),
    (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", _is(None, "image/jp2", "a JPEG 2000 image", _AS_PNG)),
    (rb"8BPS\x00[\x01\x02]", _is(None, "image/vnd.adobe.photoshop", "a Photoshop image", _AS_PNG)),
    (rb"\x00\x00[\x01\x02]\x00[\x01-\x40]\x00", _is(None, "image/x-icon", "an icon", _AS_PNG)),
    (rb"fLaC", _is("audio", "audio/flac", "a FLAC recording")),
    (rb"ID3[\x02-\x04]", _is("audio", "audio/mpeg", "an MP3 recording")),
    (rb"FORM....AIF[FC]", _is("audio", "audio/aiff", "an AIFF recording")),
    (rb"caff\x00", _is("audio", "audio/x-caf", "a CAF recording")),
    (rb"\.snd\x00", _is("audio", "audio/basic", "an AU recording")),
    (rb"#!AMR", _is("audio", "audio/amr", "an AMR recording")),
    (rb"wvpk", _is("audio", "audio/x-wavpack", "a WavPack recording")),
    (rb"MAC \x00?", _is("audio", "audio/x-ape", "a Monkey's Audio recording")),
    (rb"MThd", _is(None, "audio/midi", "a MIDI file", "it holds notes, no sound; render it to WAV")),
    (rb"FLV\x01", _is("video", "video/x-flv", "an FLV video")),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _is("video", "video/x-ms-asf", "a Windows Media file")),
    (rb"\x00\x00\x01[\xba\xb3]", _is("video", "video/mpeg", "an MPEG video")),
    (rb"PAR1", _is("table", "application/vnd.apache.parquet", "a Parquet table")),
    (rb"PARE", _is(None, "application/vnd.apache.parquet", "an encrypted Parquet table", "save it unencrypted")),
    (rb"ARROW1\x00\x00", _is("table", "application/vnd.apache.arrow.file", "an Arrow table")),
    (
        rb"\xff\xff\xff\xff..[\x00-\x0f]\x00[\x08-\x40]\x00\x00\x00",
        _is("table", "application/vnd.apache.arrow.stream", "an Arrow table"),
    ),
    (rb"SQLite format 3\x00", _is(None, "application/vnd.sqlite3", "an SQLite database", "export its tables as CSV")),
    (rb"\{\\rtf", _is("text", "application/rtf", "an RTF document")),
    (rb"%!PS", _is(None, "application/postscript", "a PostScript file", "convert it to PDF")),
    (rb"7z\xbc\xaf\x27\x1c", _is(None, "application/x-7z-compressed", "a 7z archive", _UNPACK)),
    (rb"Rar!\x1a\x07", _is(None, "application/vnd.rar", "a RAR archive", _UNPACK)),
    (rb"BZh[1-9]1AY&SY", _is(None, "application/x-bzip2", "a bzip2 file", _UNPACK)),
    (rb"\xfd7zXZ\x00", _is(None, "application/x-xz", "an xz file", _UNPACK)),
    (rb"\x28\xb5\x2f\xfd", _is(None, "application/zstd", "a Zstandard file", _UNPACK)),
    (rb".{257}ustar", _is(None, "application/x-tar", "a tar archive", _UNPACK)),
    (rb"\x7fELF|MZ.{62}|\xcf\xfa\xed\xfe", _is(None, "application/x-executable", "a program")),
)
_MP4_LABEL = "an MP4 video"


def _riff(head: bytes, _: bytes) -> Sniffed | None:
    if head[:4] not in (b"RIFF", b"RF64", b"RIFX"):
        return None
    if head[8:12] == b"WAVE":
        return _is("audio", "audio/wav", "a WAV recording")
    return _is("video", "video/x-msvideo", "an AVI video") if head[8:12] == b"AVI " else None


def _iso_media(head: bytes, tail: bytes) -> Sniffed | None:
    """MP4 and its family (ISO 14496-12): the brand, then the tracks' media types as far as they stand in reach."""
    box, brand = head[4:8], head[8:12]
    if box in (b"moov", b"mdat", b"wide", b"pnot") and head[:2] in (b"\x00\x00", b"\x00\x01"):
        return _is("video", "video/quicktime", "a QuickTime video")
    if box != b"ftyp":
        return None
    if brand[:3] in (b"hei", b"hev", b"mif", b"msf", b"avi", b"heim"):
        return _is(None, "image/heif", "a HEIC or AVIF image", _AS_PNG)
    if brand in (b"M4A ", b"M4B ", b"M4P ", b"F4A "):
        return _is("audio", "audio/mp4", "an M4A recording")
    handlers = set(re.findall(rb"hdlr.{8}(vide|soun)", head + tail, re.DOTALL))
    if handlers == {b"soun"}:
        return _is("audio", "audio/mp4", "an MP4 recording")
    if brand == b"qt  ":
        return _is("video", "video/quicktime", "a QuickTime video")
    if brand[:2] == b"3g":
        return _is("video", "video/3gpp", "a 3GP video")
    return _is("video", "video/mp4", _MP4_LABEL)


def _ogg(head: bytes, _: bytes) -> Sniffed | None:
    if not head.startswith(b"OggS"):
        return None
    if b"\x80theora" in head[:4096] or b"BBCD\x00" in head[:512]:
        return _is("video", "video/ogg", "an Ogg video")
    return _is("audio", "audio/ogg", "an Ogg recording")


def _matroska(head: bytes, _: bytes) -> Sniffed | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    webm = b"webm" in head[:64]
    if re.search(rb"\x86.A_[A-Z]", head, re.DOTALL) and not re.search(rb"\x86.V_[A-Z]", head, re.DOTALL):
        return _is("audio", "audio/webm" if webm else "audio/x-matroska", "a WebM or Matroska recording")
    return _is("video", "video/webm" if webm else "video/x-matroska", "a WebM or Matroska video")


def _mpeg_audio(head: bytes, _: bytes) -> Sniffed | None:
    """A bare MPEG audio or ADTS frame: sync word and fields that are all legal (ISO 11172-3, 13818-7)."""
    if (
        len(head) < 4
        or head[0] != 0xFF
        or head[1] & 0xE0 != 0xE0
        or head.startswith((b"\xff\xfe\x00\x00", b"\xff\xfe"))
    ):
        return None
    if head[1] & 0xF6 == 0xF0:
        return _is("audio", "audio/aac", "an AAC recording")
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    legal = version != 1 and layer in (1, 2) and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return _is("audio", "audio/mpeg", "an MP3 recording") if legal else None


def _transport_stream(head: bytes, _: bytes) -> Sniffed | None:
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47 and b"\x00" in head[:188]:
        return _is("video", "video/mp2t", "an MPEG transport stream")
    return None


def _bitmap(head: bytes, _: bytes) -> Sniffed | None:
    if head.startswith(b"BM") and len(head) >= 18 and head[14:18] in _BITMAP_HEADERS:
        return _is("image", "image/bmp", "a BMP image")
    return None


_BITMAP_HEADERS = {struct.pack("<I", size) for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def _zip(head: bytes, tail: bytes) -> Sniffed:
    """Office files are archives: their members say which. Names come from the directory, bounded, or what is left."""
    names = _member_names(head, tail)
    for member, found in (
        (b"word/document.xml", _is("text", _OFFICE + "wordprocessingml.document", "a Word document")),
        (b"ppt/presentation.xml", _is("text", _OFFICE + "presentationml.presentation", "a PowerPoint presentation")),
        (b"xl/workbook.xml", _is("table", _OFFICE + "spreadsheetml.sheet", "an Excel workbook")),
        (b"xl/workbook.bin", _is("table", "application/vnd.ms-excel.sheet.binary.macroenabled.12", "an XLSB workbook")),
    ):
        if member in names:
            return found
    stated = re.match(rb"PK\x03\x04.{26}mimetype(application/[a-z.+-]+)", head, re.DOTALL)
    if stated and stated[1].startswith(_OPEN.encode() + b"spreadsheet"):
        return _is("table", _OPEN + "spreadsheet", "an OpenDocument spreadsheet")
    if stated:
        return _is(None, stated[1].decode(), "an OpenDocument or EPUB file", "save it as docx, pptx or PDF")
    folders = {name.split(b"/")[0] for name in names}
    for folder, found in ((b"word", "document"), (b"ppt", "presentation"), (b"xl", "sheet")):
        # Truncated: the member that decides is gone, its neighbours are not.
        if folder in folders and b"[Content_Types].xml" in names:
            kind: Kind = "table" if folder == b"xl" else "text"
            part = {"document": "wordprocessingml.", "presentation": "presentationml.", "sheet": "spreadsheetml."}
            return _is(kind, _OFFICE + part[found] + found, "an Office file")
    return _is(None, "application/zip", "a zip archive", _UNPACK)


def _member_names(head: bytes, tail: bytes) -> set[bytes]:
    """Names in the central directory, where the end of the file is whole, and in local headers of the first 64 KiB."""
    names: set[bytes] = set()
    end = tail.rfind(b"PK\x05\x06")
    directory = b""
    if end >= 0 and len(tail) >= end + 22:
        size = struct.unpack_from("<I", tail, end + 12)[0]
        directory = tail[max(0, end - size) : end]
    for block, mark, fixed, field in ((directory, b"PK\x01\x02", 46, 28), (head, b"PK\x03\x04", 30, 26)):
        at = block.find(mark)
        while 0 <= at <= len(block) - fixed:
            length = struct.unpack_from("<H", block, at + field)[0]
            names.add(block[at + fixed : at + fixed + length])
            at = block.find(mark, at + fixed + length)
    return names


def _compound(content: bytes) -> Sniffed:
    """Office files before 2007, and encrypted ones, are compound files: stream names in UTF-16 (MS-CFB 2.6)."""
    for stream, found in (
        ("EncryptedPackage", _is(None, "application/x-encrypted-office", "an Office file with a password")),
        ("Workbook", _is("table", "application/vnd.ms-excel", "an Excel workbook (xls)")),
        ("WordDocument", _is(None, "application/msword", "an old Word document (doc)", "save it as docx or PDF")),
        (
            "PowerPoint Document",
            _is(None, "application/vnd.ms-powerpoint", "an old presentation (ppt)", "save as pptx"),
        ),
        ("__properties_version1.0", _is(None, "application/vnd.ms-outlook", "an Outlook message", "save it as eml")),
    ):
        if stream.encode("utf-16-le") in content:
            return found
    return _is(None, "application/x-ole-storage", "an old Office file", "save it in a current format")


def _gzip(head: bytes, name: str) -> Sniffed:
    """A gzip of a table in text is a table; at most 64 KiB of it are unpacked here."""
    from omniloom.storage.sniff_text import sniff_text

    try:
        inside = zlib.decompressobj(31).decompress(head, HEAD_BYTES)
    except zlib.error:
        inside = b""
    found = sniff_text(inside, len(inside) == HEAD_BYTES, name.removesuffix(".gz")) if inside else None
    if found is not None and found.kind == "table":
        return _is("table", "application/gzip", "a gzip-compressed table")
    return _is(None, "application/gzip", "a gzip file", _UNPACK)
