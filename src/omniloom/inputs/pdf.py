"""Read a PDF: its text layer page by page, and OCR where a page has none that can be used.

One Segment per paragraph or table row, with the page, the box and an anchor for each word. Cropped, turned and
right-to-left pages are read as they are displayed.
"""

from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import PasswordError, TooLargeError, UnreadableError, UnsupportedError, UsageError
from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

MEDIA_TYPES = frozenset({"application/pdf", "application/x-pdf"})
VERSION = 3
WEIGHTS: tuple[str, ...] = ()
EXTRA = ""
MOST_PAGES = 2_000


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Outline and metadata, then the pages in order; Progress counts pages.

    options: "pages" such as "1-3,7" (1-based), "password". Raises PasswordError, TooLargeError (more than 2,000
    pages asked for), UnreadableError (not a PDF, or damaged), UsageError (pages the file does not have).
    """
    from omniloom.inputs.layout.beside import attachments, metadata, outline

    document = _open(source)
    try:
        numbers = wanted(str(source.options.get("pages", "")), len(document), source.name)
        yield Progress(step="read", done=0, total=len(numbers), unit="pages")
        yield from _tolerant(metadata(document, source.id, numbers[0]))
        yield from _tolerant(outline(document, source.id, set(numbers)))
        for done, number in enumerate(numbers):
            yield from _page(document, number, source.id)
            yield Progress(step="read", done=done + 1, total=len(numbers), unit="pages")
        yield from _tolerant(attachments(document, source.id))
    finally:
        document.close()


def _tolerant(items: Iterator[Any]) -> Iterator[Any]:
    """A broken outline or information dictionary does not keep the pages from being read."""
    try:
        yield from items
    except (RuntimeError, ValueError, OSError):
        return


def wanted(pages: str, count: int, name: str) -> list[int]:
    """Page numbers of a range such as "1-3,7" or "5-", in the order of the file, each once."""
    chosen: set[int] = set()
    for piece in filter(None, (each.strip() for each in pages.split(","))):
        first, dash, last = (part.strip() for part in piece.partition("-"))
        if not all(part == "" or (part.isascii() and part.isdecimal()) for part in (first, last)) or not (
            first or last
        ):
            raise UsageError(f"{pages!r} is no page range", hint='write pages="1-3,7"')
        start = int(first or 1)
        end = int(last or count) if dash else start
        if start < 1 or end < start or start > count:
            raise UsageError(f"{name!r} has no pages {piece!r}", hint=f"it has {count} pages")
        chosen.update(range(start, min(end, count) + 1))
    numbers = sorted(chosen) if chosen else list(range(1, count + 1))
    if len(numbers) > MOST_PAGES:
        raise TooLargeError(
            f"{name!r} has {len(numbers)} pages to read, more than {MOST_PAGES}",
            hint=f'choose some with pages="1-{MOST_PAGES}"',
        )
    return numbers


def _open(source: Source) -> Any:
    import pypdfium2
    from pypdfium2 import PdfiumError

    try:
        document = pypdfium2.PdfDocument(source.path, password=str(source.options.get("password", "")) or None)
        if len(document) == 0:
            raise UnreadableError(f"{source.name!r} has no pages")
        if document.get_formtype() != 0:
            document.init_forms()
    except PdfiumError as error:
        if "password" in str(error).lower():
            given = bool(source.options.get("password"))
            raise PasswordError(
                f"{source.name!r} is encrypted and " + ("the password is wrong" if given else "needs a password"),
                hint='give it with PDF(..., password="...") or --password',
            ) from error
        raise UnreadableError(
            f"{source.name!r} is not a readable PDF: {str(error)[:200]}",
            hint="it may be truncated; open it with a viewer and save it again",
        ) from error
    return document


def _page(document: Any, number: int, source: str) -> Iterator[Segment | Loss]:
    from omniloom.inputs.layout.beside import fields
    from omniloom.inputs.layout.pages import read_page, unreadable

    page: Any = None
    try:
        page = document[number - 1]
        yield from read_page(page, number, source)
        yield from _tolerant(fields(document, page, number, source))
    except (RuntimeError, ValueError, OSError, UnsupportedError) as error:
        yield unreadable(number, source, error)
    finally:
        if page is not None:
            page.close()
