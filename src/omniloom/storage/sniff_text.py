"""Which kind of text: HTML, e-mail, JSON lines, delimited table, Markdown, or plain.

Here, and only here, the name helps: a two-line CSV and a two-line note can be the same bytes.
"""

import codecs
import csv
import io
import json
import re
from collections import Counter
from itertools import islice
from pathlib import PurePath

from omniloom.core.values import Kind
from omniloom.storage.sniff import Sniffed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_MAIL_FIELDS = {
    "from",
    "to",
    "subject",
    "date",
    "received",
    "message-id",
    "mime-version",
    "return-path",
    "content-type",
}
_TABLE_SUFFIXES = {".csv", ".tsv", ".tab", ".psv"}
_LOOSE_SUFFIXES = {"", ".txt", ".dat", ".data", ".log", ".asc"}  # names that say nothing about the form
_DELIMITERS = ",\t;|"
_ROWS = 100


def sniff_text(head: bytes, cut: bool, name: str = "") -> Sniffed | None:
    """`head` is the start of the content, `cut` if more follows. None if it is not text."""
    text = decode(head)
    if text is None:
        return None
    suffix = PurePath(name).suffix.lower()
    if _is_html(text):
        return _text("text/html", "an HTML page")
    if _is_mail(text):
        return _text("message/rfc822", "an e-mail")
    lines = text.splitlines()
    if cut and len(lines) > 1:
        lines.pop()  # the last one may be half
    if _is_json_lines(lines, suffix):
        return _table("application/x-ndjson", "a JSON lines table")
    if delimiter := _delimiter(lines, suffix):
        tabs = delimiter == "\t"
        return _table("text/tab-separated-values" if tabs else "text/csv", "a TSV table" if tabs else "a CSV table")
    if suffix in (".md", ".markdown") or (suffix in _LOOSE_SUFFIXES and _is_markdown(lines)):
        return _text("text/markdown", "a Markdown text")
    return _text("text/plain", "a text")


def decode(head: bytes) -> str | None:
    """The text as far as its structure goes (letters beyond ASCII may come out wrong); None if it is not text."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore")
    if b"\x00" in head and (wide := _decode_wide(head)) is not None:
        return wide
    if head.count(0) <= 0.01 * len(head):
        head = head.replace(b"\x00", b"")  # a few strays, as in logs, make no binary of a text
    if len(head.translate(None, _CONTROLS)) < 0.99 * len(head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _decode_wide(head: bytes) -> str | None:
    """UTF-16 without a mark: in text, nearly all zero bytes stand on one side of the pairs, and the rest is clean."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < 0.4 * len(head) / 2 or min(even, odd) > 0.02 * len(head) / 2:
        return None
    text = head[: len(head) // 2 * 2].decode("utf-16-le" if odd > even else "utf-16-be", "ignore")
    controls = sum(1 for letter in text if ord(letter) < 32 and letter not in "\t\n\r\f")
    return text if controls <= 0.01 * len(text) else None


def _text(media_type: str, label: str) -> Sniffed:
    return _sniffed("text", media_type, label)


def _table(media_type: str, label: str) -> Sniffed:
    return _sniffed("table", media_type, label)


def _sniffed(kind: Kind, media_type: str, label: str) -> Sniffed:
    return Sniffed(kind=kind, media_type=media_type, label=label)


def _is_html(text: str) -> bool:
    start = text[:4096].lstrip("\ufeff \t\r\n").lower()
    while start.startswith(("<?xml", "<!--")):
        start = start.partition("-->" if start.startswith("<!--") else ">")[2].lstrip()
    return bool(re.match(r"<(!doctype\s+html|html|head|body|title)\b", start))


def _is_mail(text: str) -> bool:
    """A block of `Name: value` header fields with at least three that mail has, one of them the sender (RFC 5322)."""
    block = re.split(r"\r?\n\r?\n", text.lstrip("\ufeff"), maxsplit=1)[0].splitlines()
    if block and block[0].startswith("From "):
        block.pop(0)  # mbox
    fields: set[str] = set()
    for line in block:
        if line[:1] in (" ", "\t"):
            continue
        found = re.match(r"([!-9;-~]+):", line)
        if not found:
            return False
        fields.add(found[1].lower())
    return len(fields & _MAIL_FIELDS) >= 3 and bool(fields & {"from", "received", "return-path"})


def _is_json_lines(lines: list[str], suffix: str) -> bool:
    full = [line for line in lines[:_ROWS] if line.strip()]
    least = 1 if suffix in (".jsonl", ".ndjson") else 2
    if len(full) < least or not full[0].lstrip("\ufeff ").startswith("{"):
        return False
    try:
        return all(isinstance(json.loads(line.lstrip("\ufeff")), dict) for line in full)
    except (ValueError, RecursionError):
        # A damaged line in a file that says what it is: the reader reports the line.
        return suffix in (".jsonl", ".ndjson")


def _delimiter(lines: list[str], suffix: str) -> str | None:
    """The delimiter with which the first lines form a table, or None."""
    if suffix not in _TABLE_SUFFIXES | _LOOSE_SUFFIXES:
        return None
    found = max(((_share(lines, each), each) for each in _DELIMITERS), key=lambda pair: pair[0])
    if suffix in _TABLE_SUFFIXES:
        # The name says table: ragged rows and a single column are taken, the reader reports what does not fit.
        return found[1] if found[0] > 0 else ("\t" if suffix in (".tsv", ".tab") else ",")
    return found[1] if found[0] >= 0.95 else None


def _share(lines: list[str], delimiter: str) -> float:
    """How much of the lines is one table with this delimiter: share of rows as wide as most; 0 if it reads as prose."""
    try:
        rows = list(islice(csv.reader(io.StringIO("\n".join(lines[:_ROWS])), delimiter=delimiter), _ROWS))
    except csv.Error:
        return 0.0
    rows = [row for row in rows if row]
    if len(rows) < 2:
        return 0.0
    width, count = Counter(len(row) for row in rows).most_common(1)[0]
    if width < 2 or (len(rows) < 3 and width < 3):
        return 0.0
    cells = [cell.strip() for row in rows for cell in row]
    filled = [cell for cell in cells if cell]
    if (
        len(filled) < 0.4 * len(cells)
        or all(not row[-1].strip() for row in rows)
        or all(row == rows[0] for row in rows)
    ):
        return 0.0
    words = sum(cell.count(" ") + 1 for cell in filled) / len(filled)
    numbers = sum(1 for cell in filled if re.fullmatch(r"[-+(]?[\d.,:%$€£/-]+\)?", cell)) / len(filled)
    sentences = sum(row[-1].rstrip().endswith((".", "!", "?")) for row in rows) / len(rows)
    if (words > 4 or sentences > 0.5) and numbers < 0.2 and delimiter != "\t":
        return 0.0
    return count / len(rows)


def _is_markdown(lines: list[str]) -> bool:
    """At least two of: headings, fences, links, list items with emphasis, tables."""
    joined = "\n".join(lines[:400])[:20_000]
    patterns = (
        r"^#{1,6} \S",
        r"^(```|~~~)",
        r"\[[^\[\]\n]{1,200}\]\([^()\s]{1,500}\)",
        r"(\*\*|__)[^*_\s][^*_\n]{0,200}\1",
        r"^\|[^\n]{1,500}\|[ \t]{0,9}\n\|[ :|-]{1,200}\|",
        r"^[-*+] \S",
    )
    return sum(1 for pattern in patterns if re.search(pattern, joined, re.MULTILINE)) >= 2
