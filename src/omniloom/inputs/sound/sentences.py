"""Words with times into Segments: one per sentence, or per stretch between pauses."""

from collections.abc import Iterable, Iterator

from omniloom.core.locators import Locator
from omniloom.core.values import Anchor, Segment
from omniloom.inputs.sound.whisper import Word, geometric_mean

_END = tuple(".!?…。！？؟।")
_SHORTENED = frozenset(
    "mr. mrs. ms. dr. prof. st. vs. etc. e.g. i.e. no. nr. inc. ltd. co. jr. sr. approx. z.b. usw. bzw. p. pp.".split()
)
_PAUSE = 1.2  # seconds
_MOST_WORDS = 60
_MOST_SECONDS = 30.0

Judged = tuple[Word, float]


def sentences(words: Iterable[Judged]) -> Iterator[list[Judged]]:
    """Group words (each with the confidence of its utterance) at sentence ends, pauses and great lengths."""
    group: list[Judged] = []
    for word, confidence in words:
        if group and _apart(group, word, confidence):
            yield group
            group = []
        group.append((word, confidence))
        if _ends(word.text):
            yield group
            group = []
    if group:
        yield group


def segment(group: list[Judged], source: str, made_by: str) -> Segment:
    """One Segment with an Anchor per word; times in seconds of the file, to the hundredth."""
    text, anchors = "", []
    for word, _ in group:
        piece = word.text if text else word.text.lstrip()
        start = len(text) + len(piece) - len(piece.lstrip())
        text += piece
        if len(text.rstrip()) > start:
            place = Locator(time=(round(word.start, 2), round(max(word.end, word.start), 2)))
            anchors.append(Anchor(start=start, end=len(text.rstrip()), locator=place))
    first, last = group[0][0], max((word for word, _ in group), key=lambda word: word.end)
    own = geometric_mean(word.probability for word, _ in group)
    return Segment(
        source=source,
        locator=Locator(time=(round(first.start, 2), round(max(last.end, first.start), 2))),
        content=text.strip(),
        made_by=made_by,
        confidence=round(min(own, max(confidence for _, confidence in group)), 3),
        anchors=tuple(anchors),
    )


def _apart(group: list[Judged], word: Word, confidence: float) -> bool:
    before, sure = group[-1]
    return (
        word.start - before.end > _PAUSE
        or len(group) >= _MOST_WORDS
        or word.end - group[0][0].start > _MOST_SECONDS
        or (sure < 0.5) != (confidence < 0.5)
    )


def _ends(text: str) -> bool:
    word = text.strip().rstrip("\"'”’)]»").lower()
    if not word.endswith(_END):
        return False
    return word not in _SHORTENED and not (len(word) == 2 and word[0].isalpha() and word[1] == ".")
