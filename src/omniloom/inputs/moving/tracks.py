"""Lines followed from Sight to Sight, and Segments made of lines that come and go together."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from omniloom.core.locators import Box, Locator, union
from omniloom.core.values import Anchor, Segment

ALIKE = 0.75  # likeness from which two readings are of one line
_CLEAR, _SURE = 0.8, 0.9  # scores of lines read well, and very well
_BRIEF = 1.0  # seconds; a line read badly and once only, for less, is no text
_GAP = 1.1  # seconds a line may be missed for and still be the same
_TOGETHER = 0.3  # seconds by which lines of one block may come or go apart


@dataclass
class Sight:
    """The lines seen from `start` to `end` (seconds)."""

    start: float
    end: float
    lines: list[Any]


@dataclass
class Track:
    """One line of text while it is seen. `line` is its best reading, with `.text .box .score .words`."""

    start: float
    end: float
    line: Any
    weight: float  # seconds for which the best reading was seen, times its score
    sights: int = 1


def follow(sights: Iterable[Sight]) -> list[Track]:
    """Tracks in order of start, then from the top down."""
    open_tracks: list[Track] = []
    done: list[Track] = []
    for sight in sights:
        free = [track for track in open_tracks if sight.start - track.end <= _GAP]
        done.extend(track for track in open_tracks if track not in free)
        open_tracks = list(free)
        for line in sight.lines:
            track = max(free, key=lambda each: likeness(each.line, line), default=None)
            if track is None or likeness(track.line, line) < ALIKE:
                open_tracks.append(Track(sight.start, sight.end, line, _weight(sight, line)))
                continue
            free.remove(track)
            track.end, track.sights = sight.end, track.sights + 1
            if _weight(sight, line) > track.weight:
                track.line, track.weight = line, _weight(sight, line)
    found = [track for track in [*done, *open_tracks] if _seen(track)]
    return sorted(found, key=lambda each: (each.start, each.line.box[1], each.line.box[0]))


def blocks(tracks: Iterable[Track]) -> Iterator[list[Track]]:
    """Lines that stand under each other and come and go together, from the top down."""
    left = list(tracks)
    while left:
        block = [left.pop(0)]
        grown = True
        while grown:
            grown = False
            for track in left:
                if any(_belong(track, member) for member in block):
                    block.append(track)
                    left.remove(track)
                    grown = True
                    break
        yield sorted(block, key=lambda each: (each.line.box[1], each.line.box[0]))


def segment(block: list[Track], source: str, made_by: str) -> Segment:
    """One Segment; an Anchor per word with its box and time."""
    text, anchors = "", []
    whole = [round(min(track.start for track in block), 2), round(max(track.end for track in block), 2)]
    for track in block:
        text += "\n" if text else ""
        place = (round(track.start, 2), round(max(track.end, track.start), 2))
        at = len(text)
        text += track.line.text
        for word in track.line.words:
            found = text.find(word.text, at)
            if found >= 0:
                at = found + len(word.text)
                anchors.append(Anchor(start=found, end=at, locator=Locator(box=word.box, time=place)))
    box = union([Locator(box=track.line.box) for track in block]).box
    score = sum(track.line.score * len(track.line.text) for track in block) / max(
        sum(len(t.line.text) for t in block), 1
    )
    return Segment(
        source=source,
        locator=Locator(time=(whole[0], whole[1]), box=box),
        content=text,
        made_by=made_by,
        confidence=round(score, 3),
        anchors=tuple(anchors),
    )


def _seen(track: Track) -> bool:
    return track.sights > 1 or track.line.score >= _CLEAR or track.end - track.start >= _BRIEF


def _weight(sight: Sight, line: Any) -> float:
    return (sight.end - sight.start + 0.1) * line.score


def likeness(one: Any, other: Any) -> float:
    """0..1 and more: how likely two readings are of one line.

    Well read lines are one only if they say the same, or one is a part of the other: a caption that changes one
    digit is a new caption. Badly read ones may differ in some letters. Both must stand near each other.
    """
    first, second = _letters(one.text), _letters(other.text)
    if first == second:
        return 1.0 + _overlap(one.box, other.box)
    worst = min(one.score, other.score)
    if not _near(one.box, other.box) or (worst >= _CLEAR and _digits(first) != _digits(second)):
        return 0.0
    if min(len(first), len(second)) >= 3 and (first in second or second in first):
        return 0.9
    return SequenceMatcher(None, first, second, autojunk=False).ratio() if worst < _SURE else 0.0


def same(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether two readings of a picture say the same, up to what a recogniser wavers in."""
    first, second = ([line for line in lines if line.score >= _CLEAR] for lines in (one, other))
    return all(any(likeness(a, b) >= ALIKE for b in second) for a in first) and all(
        any(likeness(a, b) >= ALIKE for a in first) for b in second
    )


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _digits(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _near(one: Box, other: Box) -> bool:
    """Whether the boxes meet, or miss each other by no more than their height."""
    across = max(one[0], other[0]) - min(one[0] + one[2], other[0] + other[2])
    down = max(one[1], other[1]) - min(one[1] + one[3], other[1] + other[3])
    return max(across, down) <= max(one[3], other[3])


def _overlap(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)


def _belong(one: Track, other: Track) -> bool:
    if abs(one.start - other.start) > _TOGETHER or abs(one.end - other.end) > _TOGETHER:
        return False
    a, b = one.line.box, other.line.box
    gap = max(a[1], b[1]) - min(a[1] + a[3], b[1] + b[3])
    beside = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = max(min(a[3], b[3]), 1e-4)
    return gap < 1.2 * height and beside > 0 and 0.5 < a[3] / max(b[3], 1e-4) < 2
