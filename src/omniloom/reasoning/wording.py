"""How claims and sources are compared: words, numbers and names, normalised alike on both sides.

Numbers are compared by value ("1,024", "1024" and "1024.0" agree; "eighteen" and "18" do), words by a light stem.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"\d[\d.,\u00a0\u202f']*\d|\d|[^\W\d_]+(?:['’][^\W\d_]+)?", re.UNICODE)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_ABBREVIATED = re.compile(
    r"(?<!\w)(?:e\.g|i\.e|cf|vs|ca|approx|incl|Mr|Mrs|Ms|Dr|Prof|z|z\. ?B|d|d\. ?h|u|u\. ?a|bzw)\.\s+\Z", re.IGNORECASE
)
_ABBREVIATED_BEFORE_NUMBER = re.compile(r"(?<!\w)(?:No|Nos|Nr|Fig|Figs|Eq|Sec|Abb|Tab|pp?|vol)\.\s+\d\Z", re.IGNORECASE)
_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_UNITS += "seventeen eighteen nineteen".split()
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_NUMBER_WORDS = {word: value for value, word in enumerate(_UNITS)} | _TENS
_STOP = frozenset(
    "a an the of to in on at by for from with and or but is are was were be been it its this that these those as not "
    "no do does did has have had will would can could should may might than then so such there their they he she his "
    "her we our you your i my me who whom which what when where how why if into over under about also both each only "
    "source sources according states says said say stated document text passage passages report reports reported "
    "mentions mention indicates shows show per".split()
)


@dataclass(frozen=True)
class Word:
    """One word at `start`..`end` of its text. kind: "number", "name" or "word"."""

    start: int
    end: int
    key: str
    kind: str


def tokens(text: str, *, stop_words: bool = False) -> list[Word]:
    """The words of a text that carry content, in order; stop words are left out unless asked for."""
    found: list[Word] = []
    begins_sentence = True
    for match in _TOKEN.finditer(text):
        raw = match.group()
        lower = fold(raw)
        if raw[0].isdigit() and text[match.start() - 1 : match.start()] == "_":
            found.append(Word(match.start(), match.end(), raw, "word"))  # a part of a name such as top_5_percent
        elif raw[0].isdigit():
            found.extend(_numbers(match.start(), raw, _sign(text, match.start())))
        elif lower in _NUMBER_WORDS and lower != "one":
            found.append(Word(match.start(), match.end(), str(_NUMBER_WORDS[lower]), "number"))
        elif stop_words or lower not in _STOP:
            is_name = raw[0].isupper() and not begins_sentence
            found.append(Word(match.start(), match.end(), stem(lower), "name" if is_name else "word"))
        begins_sentence = text[match.end() : match.end() + 1] in (".", "!", "?", ":", "\n")
    return list(_joined_tens(text, found))


def _sign(text: str, start: int) -> int:
    """How many characters before the number that begins at `start` are its minus sign, a currency in between included.

    The dash of a range or of a date is none.
    """
    found = re.search(r"(?:^|[\s(\[:;,|=])([-−][$€£]?)$", text[max(0, start - 3) : start])
    return len(found.group(1)) if found else 0


def _numbers(start: int, raw: str, sign: int) -> Iterator[Word]:
    """One number, or several where the points are those of a date such as 16.03.2018."""
    if re.fullmatch(r"\d{1,4}(\.\d{1,4}){2}", raw) and not re.fullmatch(r"\d{1,3}(\.\d{3}){2}", raw):
        for match in re.finditer(r"\d+", raw):
            yield Word(start + match.start(), start + match.end(), number_key(match.group()), "number")
    else:
        yield Word(start - sign, start + len(raw), "-" * bool(sign) + number_key(raw), "number")


def _joined_tens(text: str, found: list[Word]) -> Iterator[Word]:
    """The words "twenty" and "five" next to each other are 25."""
    index = 0
    while index < len(found):
        word = found[index]
        following = found[index + 1] if index + 1 < len(found) else word
        tens, ones = (_NUMBER_WORDS.get(fold(text[each.start : each.end]), 0) for each in (word, following))
        if tens >= 20 and 0 < ones < 10 and following.start - word.end == 1:
            yield Word(word.start, following.end, str(tens + ones), "number")
            index += 1
        else:
            yield word
        index += 1


def number_key(raw: str) -> str:
    """One spelling for one value: separators of thousands go, a decimal comma becomes a point, zeros at the end go."""
    text = re.sub(r"[\u00a0\u202f']", "", raw).strip(".,")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"\d{1,3}(\.\d{3}){2,}(,\d+)?", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d+", text):
        text = text.replace(",", ".")
    if re.fullmatch(r"\d+\.\d+", text):
        text = text.rstrip("0").rstrip(".")
    return text.lstrip("0") or "0"


def fold(word: str) -> str:
    """Lower case without accents."""
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(each for each in plain if not unicodedata.combining(each)).replace("’", "'")


def stem(word: str) -> str:
    """A light stem: enough that "doubled" meets "doubling" and "jobs" meets "job"."""
    word = word.removesuffix("'s")
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            break
    return word.removesuffix("e") if len(word) > 4 else word


def _abbreviates(text: str, end: re.Match[str]) -> bool:
    """Whether the point before a supposed end of a sentence belongs to an abbreviation."""
    before = max(0, end.start() - 10)
    return "\n" not in end.group() and (
        _ABBREVIATED.search(text[before : end.end()]) is not None
        or _ABBREVIATED_BEFORE_NUMBER.search(text[before : end.end() + 1]) is not None
    )


def sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of a text, without the white space between them."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in [*(each for each in _SENTENCE_END.finditer(text) if not _abbreviates(text, each)), None]:
        end = match.start() if match else len(text)
        if match and text[match.start() : match.end()].strip():
            end = match.start() + len(text[match.start() : match.end()].rstrip())
        body = text[start:end]
        if body.strip():
            lead = len(body) - len(body.lstrip())
            spans.append((start + lead, start + len(body.rstrip())))
        start = match.end() if match else end
    return spans
