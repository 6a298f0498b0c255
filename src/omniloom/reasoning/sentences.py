"""Where sentences end, for texts that are whole and for those that are still being written."""

import re

_CLOSE = r"[\"'”’»)\]*_」』）】]*"
_POINTERS = r"(?:[^\S\n]*\[[\d,;\s–-]+\])*"
_NEXT = r"(?=[^\s\[]|\[[^\d\]])"  # what follows is no pointer, which would belong to the sentence before
# Every alternative sees the first character of what follows: so pieces and whole texts are cut alike.
_END = re.compile(
    rf"(?P<point>(?>[.!?؟।…]+{_CLOSE}{_POINTERS})[^\S\n]+{_NEXT})"
    rf"|(?>[。！？]+{_CLOSE}{_POINTERS})[^\S\n]*{_NEXT}"
    rf"|(?>[.!?؟।…。！？]+{_CLOSE}{_POINTERS})?[^\S\n]*\n\s*(?=\S)"
)
_ABBREVIATED = re.compile(
    r"(?<!\w)(?:e\.g|i\.e|cf|vs|ca|approx|incl|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|z|z\. ?B|d|d\. ?h|u|u\. ?a|bzw|usw)\.\Z"
    r"|(?<!\w)(?:Inc|Ltd|Co|Corp|Gen|Sen|Rep|Gov|Univ|Dept|Jan|Feb|Sept|Oct|Nov|Dec)\.\Z|(?-i:(?<!\w)[A-Z]\.\Z)"
    r"|(?<!\w)(?:am|vom|zum|bis|ab) \d{1,2}\.\Z",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"(?<!\w)(?:No|Nos|Nr|Fig|Figs|Eq|Sec|Abb|Tab|pp?|vol)\.\Z", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:[-*•]\s+)?(?:\d{1,3}|[A-Za-z])\.\Z")  # the number of a list item begins a sentence
_LONGEST = 12


def boundary(text: str, start: int = 0) -> int | None:
    """Where the sentence that begins at `start` ends, white space after it included; None if it goes on."""
    for match in _END.finditer(text, start):
        if match.group("point") is None or not _goes_on(text, start, match):
            return match.end()
    return None


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether the point belongs to an abbreviation, to a list's number, or stands before a small letter."""
    point, following = end.start() + 1, text[end.end()]
    if following.islower():
        return True
    if not text.startswith(".", end.start()) or text.startswith("..", end.start()):
        return False
    before = text[max(start, point - _LONGEST) : point]
    return (
        _ABBREVIATED.search(before) is not None
        or (following.isdecimal() and _BEFORE_NUMBER.search(before) is not None)
        or (point - start <= _LONGEST and _ITEM.match(text[start:point]) is not None)
    )


def sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of a text, without the white space between them."""
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(text):
        end = boundary(text, start) or len(text)
        body = text[start:end]
        if body.strip():
            spans.append((start + len(body) - len(body.lstrip()), start + len(body.rstrip())))
        start = end
    return spans
