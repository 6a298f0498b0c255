"""Where somebody speaks: Silero's voice activity model run as a stream, and the windows that go to the recogniser.

The model is the ONNX file faster-whisper ships. On generated silence, hum, noise, chords, drums, sweeps and bells
its highest probability was 0.24; on half-second spoken digits its highest was 0.29 in the worst case and above 0.6
in nearly all. So the voice decides first whether there is anything to transcribe: a recogniser asked about silence
writes fluent sentences.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omniloom.inputs.sound.decode import RATE

FRAME = 512  # samples per probability
_CONTEXT = 64
ON, OFF = 0.5, 0.3  # a voice begins above ON and ends below OFF
ON_SHORT = 0.27  # in a file shorter than SHORT seconds, where one weak word is all there is
SHORT = 2.0
_PAUSE = 16  # frames of silence (0.5 s) that end a piece
_PAD = 0.3  # seconds kept around a piece
LONGEST = 27.0  # seconds in one window; the recogniser takes 30
_SHORTEST = 0.06  # seconds a word lasts at least
_SIGN = 30  # blocks
_SEARCH = 9.0  # seconds before the end of a too long piece in which the quietest moment is looked for


class Voice:
    """Speech probability of each 32 ms frame; state is carried from block to block."""

    def __init__(self) -> None:
        import numpy as np
        from faster_whisper.vad import get_vad_model

        self._session = get_vad_model().session
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def __call__(self, samples: Any) -> Any:
        """`samples`: float32, a multiple of FRAME long."""
        import numpy as np

        frames = samples.reshape(-1, FRAME)
        before = np.vstack([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        feed = {"input": np.hstack([before, frames]).astype(np.float32), "h": self._h, "c": self._c}
        output, self._h, self._c = self._session.run(None, feed)
        return output.reshape(-1)


@dataclass
class Piece:
    """One stretch of speech: its samples with padding, the second it starts at, and the probability per frame."""

    start: float
    samples: Any
    voiced: list[float]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    def draw_in(self, first: float, last: float) -> tuple[float, float]:
        """The part of these seconds of the piece that has a voice; all of it where next to nothing would be left."""
        frames = range(int(first * RATE / FRAME), min(int(last * RATE / FRAME) + 1, len(self.voiced)))
        spoken = [number for number in frames if self.voiced[number] >= OFF]
        if not spoken or (spoken[-1] - spoken[0]) * FRAME / RATE < _SHORTEST:
            return first, last
        return max(first, spoken[0] * FRAME / RATE), min(last, (spoken[-1] + 1) * FRAME / RATE)


@dataclass
class Window:
    """Pieces joined to at most LONGEST seconds, with the way back to the clock of the file."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(piece.seconds for piece in self.pieces)

    def samples(self) -> Any:
        import numpy as np

        return np.concatenate([piece.samples for piece in self.pieces])

    def place(self, start: float, end: float) -> tuple[float, float]:
        """The seconds of the file for a word at `start`..`end` of the window, drawn in to where there is a voice.

        A word lies in one piece: the one that holds most of it.
        """
        begin, best, inside = 0.0, (-1.0, self.pieces[0], 0.0), 0.0
        for piece in self.pieces:
            inside = min(end, begin + piece.seconds) - max(start, begin)
            if inside > best[0]:
                best = (inside, piece, begin)
            begin += piece.seconds
        _, piece, begin = best
        first = min(max(start - begin, 0.0), piece.seconds)
        last = min(max(end - begin, first), piece.seconds)
        first, last = piece.draw_in(first, last)
        return piece.start + first, piece.start + last

    def span(self) -> tuple[float, float]:
        """The seconds of the file from the first to the last moment with a voice."""
        first, last = self.pieces[0], self.pieces[-1]
        begin = next((n for n, chance in enumerate(first.voiced) if chance >= ON_SHORT), 0)
        after = next((n for n, chance in enumerate(reversed(last.voiced)) if chance >= ON_SHORT), 0)
        return first.start + begin * FRAME / RATE, last.start + (len(last.voiced) - after) * FRAME / RATE

    def voiced(self, start: float, end: float) -> float:
        """The highest speech probability between two seconds of the window."""
        import numpy as np

        probabilities = np.concatenate([piece.voiced for piece in self.pieces])
        first = int(start * RATE / FRAME)
        part = probabilities[max(first - 3, 0) : max(int(end * RATE / FRAME) + 4, first + 1)]
        return float(part.max(initial=0.0))


def pieces(blocks: Iterable[Any], on: float = ON) -> Iterator[Piece | None]:
    """Cut a stream of samples into stretches of speech, none longer than LONGEST seconds.

    Every _SIGN blocks it yields None, so that hours without a voice are not taken for a standstill.
    """
    import numpy as np

    voice, cutter = Voice(), _Cutter(on)
    rest = np.zeros(0, np.float32)
    for number, block in enumerate(blocks, start=1):
        rest = np.concatenate([rest, block])
        whole = len(rest) // FRAME * FRAME
        if whole:
            yield from cutter.feed(rest[:whole], voice(rest[:whole]))
            rest = rest[whole:]
        if number % _SIGN == 0:
            yield None
    if len(rest):
        last = np.pad(rest, (0, FRAME - len(rest)))
        yield from cutter.feed(last, voice(last))
    yield from cutter.end()


def windows(found: Iterable[Piece | None]) -> Iterator[Window | None]:
    """Pack pieces into windows: every window costs the recogniser the same, however little is in it."""
    window = Window()
    for piece in found:
        if piece is None:
            yield None
            continue
        if window.pieces and window.seconds + piece.seconds > LONGEST:
            yield window
            window = Window()
        window.pieces.append(piece)
    if window.pieces:
        yield window


class _Cutter:
    """Keeps the samples of the open piece and little more, so that memory does not grow with the file."""

    def __init__(self, on: float) -> None:
        import numpy as np

        self._on, self._off = on, min(OFF, on * 0.6)
        self._kept = np.zeros(0, np.float32)
        self._chances: list[float] = []
        self._base = 0  # frame number of the first kept frame
        self._open: int | None = None  # frame at which speech began
        self._silent = 0
        self._floor = 0  # frames before this one belong to the piece before

    def feed(self, samples: Any, chances: Any) -> Iterator[Piece]:
        import numpy as np

        at = self._base + len(self._chances)
        self._kept = np.concatenate([self._kept, samples])
        self._chances.extend(float(value) for value in chances)
        for number, value in enumerate(chances, start=at):
            if self._open is None:
                if value >= self._on:
                    self._open, self._silent = number, 0
                continue
            self._silent = self._silent + 1 if value < self._off else 0
            if self._silent >= _PAUSE:
                yield self._close(number - self._silent + 1)
            elif (number - self._open) * FRAME / RATE > LONGEST - 2 * _PAD:
                yield self._split(number)
        self._forget()

    def end(self) -> Iterator[Piece]:
        if self._open is not None:
            yield self._close(self._base + len(self._chances) - self._silent)

    def _split(self, number: int) -> Piece:
        """Cut a piece that is too long at its quietest moment, and keep the rest open."""
        import numpy as np

        first = number - int(_SEARCH * RATE / FRAME)
        chances = np.convolve(self._chances[first - self._base : number - self._base], np.ones(5) / 5, "valid")
        cut = first + int(chances.argmin()) + 2
        piece = self._close(cut, pad=False)
        self._open, self._silent = cut, 0
        return piece

    def _close(self, last: int, *, pad: bool = True) -> Piece:
        assert self._open is not None
        margin = int(_PAD * RATE / FRAME)
        first = max(self._open - margin, self._floor, self._base)
        stop = min(last + (margin if pad else 0), self._base + len(self._chances))
        self._open, self._floor = None, stop
        inside = slice(first - self._base, stop - self._base)
        samples = self._kept[inside.start * FRAME : inside.stop * FRAME].copy()
        return Piece(first * FRAME / RATE, samples, self._chances[inside])

    def _forget(self) -> None:
        """Drop what no coming piece can need."""
        margin = int(_PAD * RATE / FRAME) + 1
        end = self._base + len(self._chances)
        keep_from = max(min(self._open if self._open is not None else end, end) - margin, self._base)
        drop = keep_from - self._base
        self._kept, self._chances = self._kept[drop * FRAME :], self._chances[drop:]
        self._base = keep_from
