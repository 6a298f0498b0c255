"""The zip of an Office Open XML file: opened once its headers are known to be bearable, its XML parsed inertly."""

import io
import posixpath
import zipfile
from typing import Any

from omniloom.core.errors import PasswordError, TooLargeError, UnreadableError, UnsupportedError

_ENTRIES, _TOTAL, _XML, _RATIO = 20_000, 1 << 30, 96 << 20, 250
_STRICT = b"http://purl.oclc.org/ooxml/"


def main_part(archive: zipfile.ZipFile, usual: str) -> str:
    known = archive.namelist()
    if usual in known:
        return usual
    for kind, target in related(archive, "", usual).values():
        if kind == "officeDocument" and target in known:
            return target
    raise UnreadableError(f"the file has no {usual!r}: it is a zip archive, but not this kind of document")


def related(archive: zipfile.ZipFile, part: str, name: str) -> dict[str, tuple[str, str]]:
    """Relationship id → (last word of its type, path in the archive)."""
    folder, file = posixpath.split(part)
    rels = posixpath.join(folder, "_rels", f"{file}.rels")
    if rels not in archive.namelist():
        return {}
    found: dict[str, tuple[str, str]] = {}
    for link in xml(archive, rels, name):
        if isinstance(link.tag, str) and link.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/")
            found[link.get("Id", "")] = (link.get("Type", "").rpartition("/")[2], target)
    return found


def opened(data: bytes, name: str) -> zipfile.ZipFile:
    """The archive, after its headers were looked at: nothing is unpacked before the sums are known to be bearable."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data[: 1 << 20] + data[-(1 << 20) :]:
            raise PasswordError(f"{name!r} is password-protected", hint="save a copy without the password")
        raise UnsupportedError(f"{name!r} is of the Office format before 2007", hint="save it as .docx or .pptx")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableError(f"{name!r} is truncated or corrupt: {error}") from error
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _ENTRIES or total > _TOTAL or (total > 16 << 20 and total > _RATIO * len(data)):
        text = f"{name!r} unpacks to {total} bytes in {len(entries)} files from {len(data)} bytes: it may be a bomb"
        raise TooLargeError(text)
    if any(entry.flag_bits & 1 for entry in entries):
        raise PasswordError(f"{name!r} is password-protected", hint="save a copy without the password")
    return archive


def xml(archive: zipfile.ZipFile, member: str, name: str) -> Any:
    """The root of a member. Entities are not resolved, nothing outside is loaded."""
    import lxml.etree as etree

    if archive.getinfo(member).file_size > _XML:
        raise TooLargeError(f"{name!r} holds {member!r} of more than {_XML >> 20} MiB")
    try:
        data = archive.read(member)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        if _STRICT in data:
            data = _transitional(data)
        return etree.fromstring(data, parser)
    except Exception as error:
        raise UnreadableError(f"{name!r} is corrupt in {member!r}: {type(error).__name__}: {error}") from error


def _transitional(data: bytes) -> bytes:
    """The strict flavour of the format has the same words in other namespaces."""
    for word in (b"wordprocessingml", b"drawingml", b"presentationml"):
        data = data.replace(_STRICT + word, b"http://schemas.openxmlformats.org/" + word + b"/2006")
    words = b"http://schemas.openxmlformats.org/officeDocument/2006"
    return data.replace(_STRICT + b"officeDocument", words)
