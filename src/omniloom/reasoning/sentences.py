"""Where sentences end, for texts that are whole and for those that are still being written."""

import re

_POINTS, _WIDE = ".!?؟।…。！？", "。！？"
_CLOSERS = "\"'”’»)]*_」』）】"
_NEXT = r"(?=[^\s\[]|\[[^\d\]])"  # what follows is no pointer, which would belong to the sentence before
# Every alternative sees the first character of what follows: so pieces and whole texts are cut alike. Each begins where
# a run of its characters begins: so a text of nothing but points takes no longer than another.
_END = re.compile(
    rf"(?<![{_POINTS}])(?>(?P<points>[{_POINTS}]+)[{re.escape(_CLOSERS)}]*(?P<noted>(?:[^\S\n]*\[[0-9,;\s–-]+\])*))"
    rf"(?P<gap>(?>[^\S\n]*)\n\s*(?=\S)|[^\S\n]*{_NEXT})"
    r"|(?<!\s)(?>[^\S\n]*)\n\s*(?=\S)"
)
# The characters that the end of a sentence is made of: what may still become one lies within them.
_OPEN = _POINTS + "[,;–-0123456789" + _CLOSERS + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_ABBREVIATED = re.compile(
    r"(?<!\w)(?:e\.g|i\.e|cf|vs|ca|approx|incl|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|z|z\. ?B|d|d\. ?h|u|u\. ?a|bzw|usw)\.\Z"
    r"|(?<!\w)(?:Mio|Mrd|Tsd|Tel|Str|inkl|ggf|evtl|vgl|bspw|Hr|Fr|Sra|Mme|Inc|Ltd|Co|Corp|Gen|Sen|Rep|Gov|Univ|Dept)\.\Z"
    r"|(?<!\w)(?:Jan|Feb|Sept|Oct|Nov|Dec)\.\Z|(?-i:(?<!\w)[A-Z]\.\Z)"
    r"|(?<!\w)(?:am|vom|zum|bis|ab) \d{1,2}\.\Z",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"(?<!\w)(?:No|Nos|Nr|Fig|Figs|Eq|Sec|Abb|Tab|pp?|vol)\.\Z", re.IGNORECASE)
_ITEM = re.compile(r"\s*(?:[-*•]\s+)?(?:\d{1,3}|[A-Za-z])\.\Z")  # the number of a list item begins a sentence
_LONGEST = 12


def undecided(text: str) -> int:
    """Where the end of a text that is still being written begins of which it is not clear what it will be."""
    return len(text.rstrip(_OPEN))


def boundary(text: str, start: int = 0, decided: int = 0) -> int | None:
    """Where the sentence that begins at `start` ends, white space after it included; None if it goes on.

    No sentence ends before `decided`.
    """
    for match in _END.finditer(text, max(start, decided)):
        if match["points"] is None or "\n" in match["gap"] or _ends(text, start, match):
            return match.end()
    return None


def _ends(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether points with no new line after them end a sentence: not those of an abbreviation or of a list's number,
    nor those before a small letter. Wide points need no space after them.
    """
    points, following = end["points"], text[end.end()]
    if any(point in _WIDE for point in points):
        return True
    if following.islower() or not (end["gap"] or (end["noted"] and following.isupper())):
        return False
    point = end.start() + 1
    before = text[max(start, point - _LONGEST) : point]
    return points != "." or not (
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


def whole(text: str) -> int:
    """Where the last sentence of a text ends that is followed by another: of the last one nobody knows."""
    spans = sentences(text)
    return spans[-2][1] if len(spans) > 1 else 0
