"""Which frames to read, and what was read when: a still picture is read once, a moving one about once a second.

Cheap comparisons find when the picture changes; where two readings differ, the frames between are halved until the
moment of the change is known to a quarter of a second. So the cost follows the number of changes, not the length.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omniloom.inputs.moving.bands import reread
from omniloom.inputs.moving.frames import Frame, changed
from omniloom.inputs.moving.tracks import Sight, same

STILL = 0.0  # part of the tiles that may differ in a picture that counts as the same: one digit is one tile
CUT = 0.25  # part of the tiles that differ at least when the shot changes,
_LEAP = 3.0  # and how many times as many as have differed of late
SPACING = 1.0  # seconds between readings of a moving picture
_DENSE = 150  # readings after which the spacing doubles, so that a long film costs little more than a short one
MOST_READINGS = 600  # after which moments of change are no longer looked for
_HELD = 12  # frames kept between two readings

Lines = list[Any]
Recognise = Callable[[Any], Lines]


@dataclass
class _Key:
    frame: Frame
    lines: Lines


@dataclass
class Watcher:
    """Feeds on frames and gives Sights, one after the other without gaps. `shots` and `readings` are counted."""

    recognise: Recognise
    shots: int = 0
    readings: int = 0
    _held: list[Frame] = field(default_factory=list)

    def watch(self, frames: Iterable[Frame], end: Callable[[], float]) -> Iterator[Sight]:
        """`end` gives the length of the video once the frames are used up."""
        key: _Key | None = None
        before: Frame | None = None
        start, usual = 0.0, 0.0
        for frame in frames:
            if key is None or before is None:
                key, before, start, self.shots = self._read(frame), frame, frame.time, 1
                continue
            spacing = SPACING * 2 ** (self.readings // _DENSE)
            difference, before = changed(before, frame), frame
            self.shots += difference > max(CUT, _LEAP * usual)
            usual = 0.7 * usual + 0.3 * difference
            if changed(key.frame, frame) <= STILL:
                self._held.clear()
                continue
            self._hold(frame)
            if (difference <= STILL and len(self._held) > 1) or frame.time - self._held[0].time >= spacing:
                following = self._read(frame, key)
                for sight in self._between(key, following, start):
                    yield sight
                    start = sight.end
                key = following
                self._held.clear()
        if key is not None:
            yield from self._last(key, start, max(end(), key.frame.time))

    def _last(self, key: _Key, start: float, end: float) -> Iterator[Sight]:
        if self._held:
            following = self._read(self._held[-1], key)
            for sight in self._between(key, following, start):
                yield sight
                start = sight.end
            key = following
        yield Sight(start, end, key.lines)

    def _read(self, frame: Frame, *known: _Key) -> _Key:
        self.readings += 1
        if not known:
            return _Key(frame, self.recognise(frame.picture()))
        nearest = min(known, key=lambda key: changed(key.frame, frame))
        return _Key(frame, reread(frame, nearest.frame, nearest.lines, self.recognise))

    def _hold(self, frame: Frame) -> None:
        self._held.append(frame)
        if len(self._held) > _HELD:
            del self._held[1 : _HELD - 1 : 2]

    def _between(self, one: _Key, other: _Key, start: float) -> Iterator[Sight]:
        """The Sights from `start` up to the moment from which `other` holds."""
        frames = [frame for frame in self._held if frame is not other.frame]
        yield from self._halve(one, other, frames, start)

    def _halve(self, one: _Key, other: _Key, frames: list[Frame], start: float) -> Iterator[Sight]:
        # A frame that looks like either end needs no reading.
        while frames and changed(frames[0], one.frame) <= STILL:
            frames = frames[1:]
        while frames and changed(frames[-1], other.frame) <= STILL:
            other = _Key(frames[-1], other.lines)
            frames = frames[:-1]
        if same(one.lines, other.lines) and frames:
            other = _Key(frames[0], other.lines)
            frames = []
        if not frames or self.readings >= MOST_READINGS:
            yield Sight(start, max(other.frame.time, start), one.lines)
            return
        middle = len(frames) // 2
        between = self._read(frames[middle], one, other)
        for sight in self._halve(one, between, frames[:middle], start):
            yield sight
            start = sight.end
        yield from self._halve(between, other, frames[middle + 1 :], start)
