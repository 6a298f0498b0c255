"""Mail (RFC 5322): headers, body, and the attachments that are text."""

import posixpath
import re
from collections.abc import Callable, Iterator
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser

from omniloom.core.errors import InputError, UnreadableError
from omniloom.core.values import Loss
from omniloom.inputs.documents.blocks import Block, Extract, joined, paragraphs
from omniloom.inputs.documents.decode import codec, decode
from omniloom.inputs.documents.markup import html

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_DEPTH, _PARTS = 8, 2000
_WORD = re.compile(r"\w+")
_VERSIONS = frozenset("plain html enriched richtext x-amp-html x-watch-html".split())
Attached = Callable[[bytes, str, str], Extract | None]  # data, name, media type → what it holds, None if not text


def eml(data: bytes, name: str, attached: Attached, depth: int = 0) -> Extract:
    """The text is the headers that people read and the body; each attachment that is text is a member of its own."""
    message = BytesParser(policy=policy.default).parsebytes(data)
    if not any(message.get(key) for key in (*_HEADERS, "Message-ID", "Received", "Content-Type")):
        raise UnreadableError(f"{name!r} has no mail headers")
    blocks = [Block(f"{key}: {value}") for key in _HEADERS if (value := _header(message, key))]
    body = _body(message)
    losses: list[Loss] = []
    if body is not None:
        body, content = _fuller(message, body, _content(body, name), name)
        blocks += [Block(content.text[span.start : span.end], context=span.context) for span in content.spans]
        losses += content.losses
    extract = joined("text.eml/1", blocks)
    extract.losses += losses
    taken: set[str] = set()
    for number, part in enumerate(_attachments(message, body)):
        if number >= _PARTS or depth >= _DEPTH:
            detail = f"attachments beyond {_PARTS}, or nested more than {_DEPTH} deep, were not read"
            extract.losses.append(Loss(kind="attachment", severity="lost", detail=detail))
            break
        _attach(extract, part, _free_name(part, taken), attached, depth)
    return extract


def _attach(extract: Extract, part: MIMEPart, name: str, attached: Attached, depth: int) -> None:
    media_type = part.get_content_type()
    reason = f"is {media_type}"
    try:
        if media_type == "message/rfc822":
            inner = part.get_content()
            member = eml(inner.as_bytes(), name, attached, depth + 1)
        else:
            member = attached(_decoded(part), name, media_type)
    except InputError as error:
        member, reason = None, error.message
    if member is not None:
        extract.members.append(_renamed(member, name))
        return
    inline = part.get_content_maintype() == "image" and part.get_content_disposition() != "attachment"
    detail = f"the attachment {name!r} was not read: it {reason}" if reason.startswith("is ") else reason
    extract.losses.append(
        Loss(kind="not_seen", severity="reduced", detail=f"the picture {name!r} in the mail was not read")
        if inline
        else Loss(kind="attachment", severity="lost", detail=detail)
    )


def _renamed(member: Extract, name: str) -> Extract:
    """Nested members have the path of their mail before their name."""
    for each in member.tree():
        each.member = name if each.member is None else f"{name}/{each.member}"
    return member


def _body(message: EmailMessage) -> MIMEPart | None:
    try:
        return message.get_body(preferencelist=("plain", "html"))
    except (AttributeError, KeyError, ValueError):  # the library trips over some malformed mails
        return None


def _fuller(message: EmailMessage, body: MIMEPart, content: Extract, name: str) -> tuple[MIMEPart, Extract]:
    """The HTML version and what it says, where the plain one lacks most of its words: it is empty, or but a note."""
    if body.get_content_type() != "text/plain":
        return body, content
    try:
        page = message.get_body(preferencelist=("html",))
        other = _content(page, name) if page is not None else content
    except (AttributeError, KeyError, ValueError, InputError):
        return body, content
    words, said = (set(_WORD.findall(each.text.lower())) for each in (other, content))
    return (page, other) if page is not None and len(words - said) * 2 > len(words) else (body, content)


def _attachments(message: EmailMessage, body: MIMEPart | None) -> Iterator[MIMEPart]:
    """Every leaf but the body and its other versions; an attached mail is one leaf."""
    stack: list[tuple[MIMEPart, bool]] = [(message, False)]
    while stack:
        part, alternative = stack.pop()
        if part is body:
            continue
        if part.get_content_type() == "message/rfc822":
            yield part
        elif part.is_multipart():
            kind, parts = part.get_content_subtype(), list(part.iter_parts())
            # The first of what is related is the version, the others are its pictures.
            others = [
                kind == "alternative" or (kind == "related" and alternative and not at) for at in range(len(parts))
            ]
            stack += reversed(list(zip(parts, others, strict=True)))
        elif not (alternative and _is_version(part)) and part is not message:
            yield part


def _is_version(part: MIMEPart) -> bool:
    return part.get_content_maintype() == "text" and part.get_content_subtype() in _VERSIONS


def _content(body: MIMEPart, name: str) -> Extract:
    charset = body.get_content_charset() or ""
    if body.get_content_type() == "text/html":
        return html(_payload(body), name, charset)
    text, replaced = decode(_payload(body), name, charset) if _payload(body) else ("", 0)
    extract = Extract("text.eml/1", text, list(paragraphs(text)))
    if replaced:
        extract.losses.append(
            Loss(kind="encoding", severity="reduced", detail=f"characters that could not be decoded: {replaced}")
        )
    return extract


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: MIMEPart) -> bytes:
    """The payload, as UTF-8 where the part states its charset; a page states its own."""
    payload, charset = _payload(part), codec(part.get_content_charset() or "")
    if part.get_content_maintype() != "text" or part.get_content_subtype() == "html" or not charset:
        return payload
    try:
        return payload.decode(charset).encode()
    except UnicodeError:
        return payload


def _header(message: EmailMessage, key: str) -> str:
    try:
        return " ".join(str(message.get(key, "")).split())
    except (MessageError, ValueError, IndexError, AttributeError):  # malformed headers raise what they like
        return ""


def _free_name(part: MIMEPart, taken: set[str]) -> str:
    name = posixpath.basename((part.get_filename() or "").replace("\\", "/")) or _default_name(part)
    stem, dot, ending = name.rpartition(".")
    count, free = 1, name
    while free in taken:
        count += 1
        free = f"{stem} ({count}){dot}{ending}" if stem else f"{name} ({count})"
    taken.add(free)
    return free


def _default_name(part: MIMEPart) -> str:
    if part.get_content_type() == "message/rfc822":
        return "message.eml"
    return f"attachment.{part.get_content_subtype()}"
