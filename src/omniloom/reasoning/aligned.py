"""The sentences of sources in a form in which near-copies can be laid side by side, and what differs in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from omniloom.reasoning import profiles, wording
from omniloom.reasoning.ground import Passages, Quote
from omniloom.reasoning.numerals import NUMBER_WORDS, number_key
from omniloom.reasoning.scripts import fold
from omniloom.reasoning.sentences import sentences

_LONGEST = 120
_MISREAD = ("ocr", "audio", "speech", "whisper", "video")  # readers that may misread a word themselves
ABOUT = (profiles.MADE_BY, "pdf.meta")  # what a reader says of a source is not said by it
_NOT = re.compile(r"\b(can|could|do|does|did|is|are|was|were|has|have|had|will|would)n['’]t\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+(?:[.,:][^\W_]+)*|[%$€£¥]")
MONTHS = frozenset((*wording.MONTHS, *"januar februar marz mai juni juli oktober dezember".split()))


@dataclass(frozen=True)
class Sentence:
    quote: Quote
    source: str
    plain: str
    words: tuple[str, ...]
    raw: tuple[str, ...]
    text: str
    row: bool
    misread: bool


def sentences_of(passages: Passages, index: int) -> Iterator[Sentence]:
    segment = passages.segments[index]
    for start, end in sentences(segment.text):
        text = segment.text[start:end]
        raw = tuple(_spelled(text))
        if 0 < len(raw) <= _LONGEST:
            words = tuple(_key(word) for word in raw)
            row = segment.locator.cells is not None and text.startswith("row ")
            quote = Quote(index, start, end, frozenset(words))
            misread = any(reader in segment.made_by for reader in _MISREAD)
            yield Sentence(quote, segment.source, " ".join(words), words, raw, text, row, misread)


def _spelled(text: str) -> list[str]:
    return _WORDS.findall(_NOT.sub(r"\1 not", text))


def _key(word: str) -> str:
    if word[0].isdecimal():
        return number_key(word) or word
    lower = fold(word)
    return str(NUMBER_WORDS[lower]) if lower in NUMBER_WORDS else lower


def likeness(left: Sentence, right: Sentence) -> float:
    return SequenceMatcher(None, left.words, right.words, autojunk=False).ratio()


def changes(left: Sentence, right: Sentence) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """What was put for what: two things at once are no change of one sentence ("the blue mill was built in 1902").

    A single word between two changes belongs to them: "a shortage of timber", "the fear of floods".
    """
    spans: list[list[int]] = []
    for tag, a, b, c, d in SequenceMatcher(None, left.words, right.words, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if spans and a - spans[-1][1] <= 1 and c - spans[-1][3] <= 1:
            spans[-1][1], spans[-1][3] = b, d
        else:
            spans.append([a, b, c, d])
    return {(left.words[a:b], right.words[c:d]) for a, b, c, d in spans}


def is_number(word: str) -> bool:
    return word[0].isdecimal() or word in MONTHS
