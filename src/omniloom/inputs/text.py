"""Text: plain, Markdown, HTML, Word, PowerPoint, mail.

`chars` locators count code points in the extracted text. For plain text and Markdown that is the file itself, decoded,
with line ends as LF and without a byte order mark; for the others it is what `extracted_text` gives: the blocks that a
person would read (paragraphs, headings, list items, table rows with ` | ` between cells), one after the other.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from omniloom.core.errors import TooLargeError, UnreadableError, UnsupportedError
from omniloom.core.events import Progress
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs.documents.blocks import Extract, paragraphs, segments
from omniloom.inputs.documents.decode import decode
from omniloom.inputs.documents.mail import eml
from omniloom.inputs.documents.markup import html, markdown
from omniloom.inputs.documents.slides import pptx
from omniloom.inputs.documents.word import docx

_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCX, _PPTX = f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}presentationml.presentation"
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_RTF = frozenset({"application/rtf", "text/rtf"})
_PLAIN = frozenset(
    "text/plain text/markdown text/x-rst text/xml application/xml application/json application/yaml "
    "text/x-python text/x-log".split()
)
MEDIA_TYPES = _PLAIN | _HTML | _RTF | {_DOCX, _PPTX, "message/rfc822"}
VERSION = 2
WEIGHTS: tuple[str, ...] = ()
EXTRA = ""

_BYTES = 256 << 20
_BY_ENDING = {
    ".docx": _DOCX,
    ".pptx": _PPTX,
    ".html": "text/html",
    ".htm": "text/html",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".log": "text/plain",
    ".eml": "message/rfc822",
}


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Segments of at most 1500 characters, in the order of the text; mail attachments that are text follow."""
    extract = _extract(_bytes(source), source.name, source.media_type)
    found = 0
    for each in extract.tree():
        for segment in segments(each, source):
            found += 1
            yield segment
        for loss in each.losses:
            yield loss.model_copy(update={"part": source.id, "locator": Locator(member=each.member)})
    if not found:
        raise UnreadableError(
            f"{source.name!r} holds no text", hint="if it holds pictures of text, save it as PDF and pass that"
        )
    size = float(source.path.stat().st_size)
    yield Progress(step="read", done=size, total=size, unit="bytes")


def extracted_text(source: Source, member: str | None = None) -> str:
    """The text that `chars` locators of this source (or of this member of it) count in; the same for the same file."""
    for each in _extract(_bytes(source), source.name, source.media_type).tree():
        if each.member == member:
            return each.text
    raise UnreadableError(f"{source.name!r} has no member {member!r}")


def extract(payload: dict[str, Any]) -> Iterator[dict[str, str]]:
    """`extracted_text` as a target for `run_isolated`: {"source", "member"} → {"text"} pieces to be joined."""
    text = extracted_text(Source.model_validate(payload["source"]), payload.get("member"))
    for at in range(0, len(text), 1 << 20):
        yield {"text": text[at : at + (1 << 20)]}


def _bytes(source: Source) -> bytes:
    size = source.path.stat().st_size
    if size > _BYTES:
        raise TooLargeError(f"{source.name!r} has {size} bytes, text is read up to {_BYTES}", hint="split the file")
    if not size:
        raise UnreadableError(f"{source.name!r} is empty")
    return source.path.read_bytes()


def _extract(data: bytes, name: str, media_type: str) -> Extract:
    if media_type in _RTF or data.startswith(b"{\\rtf"):
        raise UnsupportedError(f"{name!r} is RTF, which is not read", hint="save it as .docx or .txt")
    if media_type == _DOCX:
        return docx(data, name)
    if media_type == _PPTX:
        return pptx(data, name)
    if media_type == "message/rfc822":
        return eml(data, name, _attached)
    if media_type in _HTML:
        return html(data, name)
    text, replaced = decode(data, name)
    marked = media_type == "text/markdown" or (
        media_type == "text/plain" and name.lower().endswith((".md", ".markdown"))
    )
    extract = markdown(text) if marked else Extract("text.plain/1", text, list(paragraphs(text)))
    if replaced:
        extract.losses.append(
            Loss(kind="encoding", severity="reduced", detail=f"characters that could not be decoded: {replaced}")
        )
    return extract


def _attached(data: bytes, name: str, media_type: str) -> Extract | None:
    """What an attachment holds if it is text; its ending decides where its media type says nothing."""
    kind = media_type.lower()
    if kind not in MEDIA_TYPES and not kind.startswith("text/"):
        kind = _BY_ENDING.get(PurePath(name).suffix.lower(), "")
    return _extract(data, name, kind) if kind and data else None
