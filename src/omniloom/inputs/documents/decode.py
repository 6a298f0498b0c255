"""Bytes to text: byte order marks, declared and detected encodings, and the refusal of what is no text."""

import codecs
import re

from omniloom.core.errors import UnreadableError
from omniloom.inputs.documents.guess import guess

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a browser takes these names for (WHATWG Encoding Standard), by Python's names.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
}
_DECLARABLE = re.compile(
    r"utf-(8|16|16-le|16-be|32|32-le|32-be)|cp\d+|iso8859-\d+|koi8-[ru]|gb18030|big5(hkscs)?|"
    r"euc_(jp|kr)|iso2022_(jp|kr)|shift_jis\w*|mac-\w+|johab|hz|tis-620"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_SAMPLE = 1 << 16


def decode(data: bytes, name: str, declared: str = "") -> tuple[str, int]:
    """The text with all line ends as LF and no byte order mark, and how many characters had to be replaced.

    Raises UnreadableError for what is no text.
    """
    text = _decoded(data, name, declared)
    probe = text[:_SAMPLE]
    if len(_CONTROL.findall(probe)) > len(probe) // 50:
        raise _no_text(name)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    return text, text.count("\ufffd")


def codec(declared: str) -> str:
    """The Python codec for a declared charset, "" if unknown or no plain character encoding."""
    try:
        name = codecs.lookup(declared.strip()).name
    except (LookupError, ValueError):
        return ""
    name = _WIDER.get(name, name)
    return name if _DECLARABLE.fullmatch(name) else ""


def _decoded(data: bytes, name: str, declared: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    escaped = "iso2022_jp" if b"\x1b$" in data[:_SAMPLE] else ""
    for encoding in (codec(declared) if declared else "", escaped, "utf-8"):
        try:
            if encoding and not (encoding == "utf-8" and b"\0" in data[:_SAMPLE]):
                return data.decode(encoding)
        except UnicodeError:
            continue
    if b"\0" in data[:_SAMPLE]:
        return data.decode(_wide(data[:_SAMPLE], name), "replace")
    lenient = data.decode("utf-8", "replace")
    bad = lenient.count("\ufffd")
    good = len(lenient) - bad - len(lenient.encode("ascii", "ignore"))
    if bad * 10 <= good:  # UTF-8 with a few bytes gone wrong
        return lenient
    encoding = guess(data)
    if not encoding:
        raise _no_text(name)
    return data.decode(_WIDER.get(codecs.lookup(encoding).name, encoding), "replace")


def _wide(sample: bytes, name: str) -> str:
    """UTF-16 without a mark: the zeros of its ASCII characters stand at every other byte."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 4 * even and odd * 4 > len(sample) // 2:
        return "utf-16-le"
    if even > 4 * odd and even * 4 > len(sample) // 2:
        return "utf-16-be"
    raise _no_text(name)


def _no_text(name: str) -> UnreadableError:
    return UnreadableError(
        f"{name!r} is not text in any known encoding",
        hint="if it is text, save it as UTF-8; if it is another kind of file, pass it as that kind",
    )
