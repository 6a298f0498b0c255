"""Evidence for the leaves of a JSON result: where a value stands in the sources.

A value is looked for as it is written, then by its number, then as the window of words that overlaps it most
(token F1); the words of its field's name near the place, and then those of the question, decide between several.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from omniloom.core.values import Segment
from omniloom.reasoning import identifiers
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.numerals import number_key
from omniloom.reasoning.scripts import edges
from omniloom.reasoning.wording import Word, keys, tokens

_MIN_F1 = 0.6
_COPIED_WORDS, _COPIED_F1 = 6, 0.9
_NUMBER = re.compile(r"[-−]?(?!0\d)[\d.,٫٬]*\d[\d.,٫٬]*")  # "007" is a name, and is found as it is written
_TRAILING = re.compile(r"[.,]\d*0\Z")  # "2.10" may be a version: it is not the same as 2.1
_MOST_PLACES = 500
_COLUMNS = "columns: "  # how the reader of tables begins the context of rows
_NEAR = 80
_SENTENCE = 150  # characters on both sides of a place
_LOOK_BACK = 2


@dataclass(frozen=True)
class Evidence:
    """The quotes that hold a value and how well they match it (token F1, 0..1).

    same: the quote is the value itself, but for small letters, white space, or how a number is spelled; or a long
    value that was copied with a slip. literal: it is spelled like the value, too. derived: how a number was computed
    from what the quotes say, "" if it stands there itself. open: the quotes are only what the question speaks of; the
    value does not follow from them by any rule. concluded: it follows from the question alone, so that nothing can be
    cited.
    """

    quotes: tuple[Quote, ...]
    score: float
    same: bool = False
    literal: bool = False
    derived: str = ""
    open: bool = False
    concluded: bool = False


def find_value(
    pointer: str, value: object, passages: Passages, question: str = "", within: frozenset[str] = frozenset()
) -> Evidence:
    """Where a leaf value stands; no quotes where it stands nowhere. Booleans and nulls have no evidence. within: the
    sources that are looked into; all without it."""
    text = _plain_number(value) if isinstance(value, (int, float)) else str(value)
    if value is None or isinstance(value, bool) or not text.strip():
        return Evidence((), 0.0)
    hints = {
        word.key
        for word in tokens(re.sub(r"([a-z])([A-Z])", r"\1 \2", pointer).replace("_", " "))
        if word.kind != "number"
    }
    found = (each for each in _verbatim(text, passages) if _is_within(each, within, passages))
    places = list(islice(found, _MOST_PLACES))
    if not places and text.strip().lower() != "no":
        places = [
            each
            for each in _windows(text, passages)
            if _is_within(each, within, passages) and _has_whole(text, each, passages)
        ]
    if not places:
        return Evidence((), 0.0)
    # "1.10" may not be 1.1, nor "IT" it: what is spelled like the value comes first, but for plain numbers.
    asked = frozenset(keys(question))
    odd = isinstance(value, str) and (text != number_key(text) or not text.isdecimal())
    return max(
        places,
        key=lambda place: (
            place.score,
            odd and place.literal,
            _nearness(place, hints, passages),
            _asked_near(place, asked, passages) if len(places) > 1 else 0,
            -place.quotes[0].index,
        ),
    )


def as_written(value: object, found: Evidence, passages: Passages) -> str | None:
    """How the source writes a text value that the model wrote otherwise: "four" for "4", "1,024" for "1024", or a
    long passage with a word of it changed. None where it needs no change, or where the source does not hold it.
    """
    if not isinstance(value, str) or not found.same:
        return None
    quote = found.quotes[0]
    written = " ".join(passages.segments[quote.index].text[quote.start : quote.end].split())
    return written if written != value else None


def _plain_number(value: int | float) -> str:
    return str(int(value)) if isinstance(value, int) or value.is_integer() else f"{Decimal(repr(value)):f}"


def _verbatim(text: str, passages: Passages) -> Iterator[Evidence]:
    """Every place where the value is written as it is, or, for a number, where its value is written."""
    before, after = edges(text.strip())
    numbered = r"(?!\W{0,3}\d)" if text.strip().lower() == "no" else ""  # "Invoice No. 17" denies nothing
    pattern = re.compile(before + r"\s+".join(map(re.escape, text.split())) + after + numbered, re.IGNORECASE)
    is_number = _NUMBER.fullmatch(text.strip()) is not None
    key = "-" * (text.strip()[:1] in "-−") + number_key(text.strip().lstrip("-−")) if is_number else ""
    for index, segment in enumerate(passages.segments):
        if is_number:
            for word in (each for each in passages.words[index] if each.kind == "number"):
                bracketed = _in_brackets(segment.text, word) == key
                if bracketed or key in word.keys:
                    quote = Quote(index, word.start, word.end, frozenset({key}))
                    literal = segment.text[word.start : word.end] == text.strip()
                    same = literal or (word.key == key and not word.also and not _TRAILING.search(text.strip()))
                    yield Evidence((quote,), 1.0, same=same, literal=literal)
        else:
            for match in pattern.finditer(segment.text):
                keys = frozenset(word.key for word in tokens(match.group(), stop_words=True))
                written = " ".join(match.group().split())
                lowered = sum(map(str.isupper, written)) < sum(map(str.isupper, text))  # "us" is not the US
                quote = Quote(index, match.start(), match.end(), keys)
                yield Evidence((quote,), 1.0, same=not lowered, literal=written == " ".join(text.split()))


def _in_brackets(text: str, word: Word) -> str:
    """The key of a number as accounts write a negative one: "(412)" is -412."""
    enclosed = text.endswith("(", 0, word.start) and text.startswith(")", word.end)
    return f"-{word.key}" if enclosed else ""


def _windows(text: str, passages: Passages) -> Iterator[Evidence]:
    """The best windows of words, over neighbouring passages of one source, each with its token F1."""
    wanted = Counter(word.key for word in tokens(text, stop_words=True))
    size = sum(wanted.values())
    if not size:
        return
    for stream in _streams(passages):
        for length in {size, size + max(1, size // 4), max(1, size - size // 4)}:
            yield from _best_window(stream, wanted, size, length)


def _streams(passages: Passages) -> Iterator[list[tuple[int, Word]]]:
    """All words of one source in order, each with the index of its passage."""
    by_source: dict[str, list[tuple[int, Word]]] = {}
    for index, segment in enumerate(passages.segments):
        words = tokens(segment.text, stop_words=True)
        by_source.setdefault(segment.source, []).extend((index, word) for word in words)
    yield from by_source.values()


def _best_window(
    stream: Sequence[tuple[int, Word]], wanted: Counter[str], size: int, length: int
) -> Iterator[Evidence]:
    best_score, best_start, inside = 0.0, -1, Counter[str]()
    matched = 0
    for position, (_, word) in enumerate(stream):
        inside[word.key] += 1
        matched += inside[word.key] <= wanted[word.key]
        if position >= length:
            old = stream[position - length][1].key
            matched -= inside[old] <= wanted[old]
            inside[old] -= 1
        score = 2 * matched / (size + min(length, position + 1))
        if score > best_score:
            best_score, best_start = score, max(0, position - length + 1)
    if best_score >= _MIN_F1:
        window = _shrunk(stream[best_start : best_start + length], wanted)
        quotes = tuple(_quotes(window))
        copied = size >= _COPIED_WORDS and best_score >= _COPIED_F1 and len(quotes) == 1
        yield Evidence(quotes, round(best_score, 4), same=copied)


def _shrunk(window: Sequence[tuple[int, Word]], wanted: Counter[str]) -> Sequence[tuple[int, Word]]:
    """Without the words at both ends that the value does not have."""
    inside = [position for position, (_, word) in enumerate(window) if word.key in wanted]
    return window[inside[0] : inside[-1] + 1] if inside else window


def _quotes(window: Sequence[tuple[int, Word]]) -> Iterator[Quote]:
    for index in dict.fromkeys(index for index, _ in window):
        words = [word for each, word in window if each == index]
        yield Quote(index, words[0].start, words[-1].end, frozenset(word.key for word in words))


def _nearness(place: Evidence, hints: set[str], passages: Passages) -> float:
    """How well the words of the field's name fit the place: 2 as the name of its column, up to 1 for those in that name
    or right before it, up to 0.5 for those around it, 0 for none."""
    if not hints:
        return 0.0
    quote = place.quotes[0]
    segment = passages.segments[quote.index]

    def share(found: Iterable[str]) -> float:
        return len(hints.intersection(found)) / len(hints)

    if (of_column := share(word.key for word in tokens(column(segment, quote)))) > 0:
        return 2.0 if of_column == 1 else of_column
    before = segment.text[max(0, quote.start - _NEAR) : quote.start]
    if (right_before := share(word.key for word in tokens(before))) > 0:
        return right_before
    around = frozenset[str]().union(*passages.keys[max(0, quote.index - _LOOK_BACK) : quote.index + 1])
    return share(around | passages.around[quote.index]) / 2


def _is_within(place: Evidence, within: frozenset[str], passages: Passages) -> bool:
    return not within or passages.segments[place.quotes[0].index].source in within


def _has_whole(text: str, place: Evidence, passages: Passages) -> bool:
    """Whether a place has the identifiers of a value, and not only parts of them."""
    named = frozenset(word.key for word in identifiers.words(text)) - frozenset(keys(text))
    return named <= frozenset[str]().union(
        *(passages.keys_in(each.index, each.start, each.end) for each in place.quotes)
    )


def is_said_of(found: Evidence, question: str, passages: Passages) -> bool:
    """Whether half of the question's words stand near a value: "GST included: yes" answers, "Invoice no" does not."""
    asked = frozenset(keys(question))
    return bool(found.quotes) and 2 * _asked_near(found, asked, passages) >= len(asked)


def _asked_near(place: Evidence, asked: frozenset[str], passages: Passages) -> int:
    """How many words of the question stand near a place: in its sentence or so, its column's name, its source's name,
    or, of short lines, in those before it."""
    quote = place.quotes[0]
    segment = passages.segments[quote.index]
    near = passages.words_in(quote.index, max(0, quote.start - _SENTENCE), quote.end + _SENTENCE)
    there = {key for word in near for key in word.keys} | set(keys(column(segment, quote)))
    if len(segment.text) < _SENTENCE:
        there |= passages.around[quote.index]
    return len(asked & (there | set(keys(passages.names.get(segment.source, "")))))


def column(segment: Segment, quote: Quote) -> str:
    """The name of the column in which a quote of a table's rows stands, "" for any other text."""
    cells = segment.locate(quote.start, quote.end).cells
    whole = segment.locator.cells
    if cells is None or whole is None or cells[1] != cells[3] or not segment.context.startswith(_COLUMNS):
        return ""
    names = segment.context.removeprefix(_COLUMNS).split("\n", 1)[0].split(" | ")
    position = cells[1] - whole[1]
    return names[position].replace("_", " ") if position < len(names) else ""
