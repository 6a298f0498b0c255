"""Taking a part in: its content is copied, hashed while it is copied, and looked at; what was copied is what counts."""

import os
from pathlib import Path, PurePath
from typing import Any

from omniloom.core.errors import InputError, PasswordError, UnreadableError, UsageError
from omniloom.core.parts import Table, Text
from omniloom.core.values import Kind, Part
from omniloom.storage.computed import text_digest
from omniloom.storage.frames import frame_bytes, is_frame
from omniloom.storage.packed import sayable
from omniloom.storage.sniff import HEAD_BYTES, TAIL_BYTES, Sniffed, sniff, sniff_bytes, sniff_path
from omniloom.storage.store import Store, open_plain

_NAMES: dict[Kind, str] = {
    "text": "Text",
    "pdf": "PDF",
    "image": "Image",
    "audio": "Audio",
    "video": "Video",
    "table": "Table",
}
_EITHER = {"mp4", "webm", "ogg", "x-matroska", "3gpp", "mpeg"}  # containers of sound alone as well as of pictures
_READ = (
    "text (txt, md, html, docx, pptx, eml), PDF, images, audio, video and tables (csv, xlsx, parquet, jsonl) are read"
)


def as_part(value: Any) -> Part:
    """A Part of anything `inputs=[…]` takes: a str is text said, a Path a file whose content decides its kind.

    Raises UnreadableError (missing, empty, a folder, unknown content), UsageError (not an input).
    """
    if isinstance(value, Part):
        return value
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _part_of_bytes(bytes(value))
    if isinstance(value, (PurePath, os.PathLike)):
        return _part_of_file(_expanded(os.fsdecode(value)))
    if is_frame(value):
        return Table(value)
    raise UsageError(
        f"an input is a Part, a str, a pathlib.Path, bytes or a DataFrame, not a {type(value).__name__}",
        hint="such as Text('…'), PDF('paper.pdf') or Path('paper.pdf')",
    )


def take_in(part: Part, store: Store) -> Part:
    """The part with `id`, `media_type` and the `path` of its snapshot in the store; text said only gets its id.

    Raises UnreadableError, PasswordError, TooLargeError, StorageError.
    """
    if not part.is_source:
        return part.model_copy(update={"id": text_digest(part.text or "")})
    if part.id and part.media_type and part.path and store.has(part.id) and part.path == str(store.path(part.id)):
        return part  # it was taken in before
    named = part.model_copy(update={"name": sayable(part.name or _name_of(part))})
    if part.path is not None:
        content: bytes | Path = _expanded(part.path)
    elif part.frame is not None:
        content, media_type = frame_bytes(part.frame, named.name)
        named = named.model_copy(update={"media_type": media_type})
    else:
        content = part.data or b""
    digest, size, new = store.put_counted(content)
    if size == 0:
        store.discard(digest)
        raise UnreadableError(f"{named.name!r} is empty", hint="give a file with content")
    return _finish(named, digest, store.path(digest), store, new=new)


def _finish(part: Part, digest: str, place: Path, store: Store, *, new: bool) -> Part:
    try:
        media_type = _media_type(part, sniff_path(place, _name_of(part)))
    except InputError:
        if new:
            store.discard(digest)
        raise
    taken = part.model_copy(
        update={"id": digest, "path": str(place), "media_type": media_type, "data": None, "frame": None}
    )
    store.journal.keep_part(taken, place.stat().st_size)
    return taken


def _media_type(part: Part, found: Sniffed | None) -> str:
    """The media type of the content if it is of the part's kind. Raises UnreadableError, PasswordError."""
    if found is not None and found.kind == part.kind:
        return found.media_type
    if found is not None and {part.kind, found.kind} == {"audio", "video"}:
        # One container holds either: the user says which of the two is meant.
        family = found.media_type.partition("/")[2]
        return f"{part.kind}/{family if family in _EITHER else 'x-unknown'}"
    if found is not None and part.kind == "text" and found.kind == "table" and _is_plain(found):
        return "text/plain"
    if found is not None and part.kind == "table" and found.kind == "text" and _is_plain(found):
        return "application/json" if part.name.lower().endswith(".json") else "text/csv"
    if found is None and part.kind in ("audio", "video"):
        return f"{part.kind}/x-unknown"  # what opens it decides, in its child: there are more containers than these
    raise _wrong_kind(part, found)


def _is_plain(found: Sniffed) -> bool:
    """Text that may be meant as a text or as a table."""
    return found.media_type in (
        *("text/plain", "text/markdown", "text/csv", "text/tab-separated-values", "application/x-ndjson"),
    )


def _wrong_kind(part: Part, found: Sniffed | None) -> InputError:
    stated = _NAMES[part.kind]
    if found is None:
        return UnreadableError(
            f"{part.name!r} is not readable as {stated}: its content is of no known format",
            hint="it may be truncated or damaged; " + _READ,
        )
    if found.kind is None:
        return _not_read(part.name, found)
    return UnreadableError(
        f"{part.name!r} is {found.label}, not what {stated}() takes", hint=f"use {_NAMES[found.kind]}({part.name!r})"
    )


def _not_read(name: str, found: Sniffed) -> InputError:
    if found.media_type == "application/x-encrypted-office":
        return PasswordError(f"{name!r} is {found.label}", hint="save it without the password")
    return UnreadableError(f"{name!r} is {found.label}, which is not read", hint=found.hint or _READ)


def _part_of_file(path: Path) -> Part:
    with open_plain(path) as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise UnreadableError(f"{path.name!r} is empty", hint="give a file with content")
        found = sniff(file, path.name)
    kind = _kind(found, path.name)
    return Part(kind=kind, path=str(path), name=path.name)


def _part_of_bytes(content: bytes) -> Part:
    if not content:
        raise UnreadableError("the bytes given are empty", hint="give content")
    found = sniff_bytes(content[:HEAD_BYTES], content[-TAIL_BYTES:], len(content))
    kind = _kind(found, "these bytes")
    return Part(kind=kind, data=content, name=kind)


def _kind(found: Sniffed | None, name: str) -> Kind:
    if found is None:
        raise UnreadableError(f"{name!r} is of no known format", hint="it may be truncated or damaged; " + _READ)
    if found.kind is None:
        raise _not_read(name, found)
    return found.kind


def _name_of(part: Part) -> str:
    return PurePath(part.path).name if part.path else part.kind


def _expanded(text: str) -> Path:
    """`~` is the user's home, unless a file is really called so."""
    path = Path(text)
    if text.startswith("~") and not os.path.lexists(text):
        try:
            return path.expanduser()
        except RuntimeError:
            return path
    return path
