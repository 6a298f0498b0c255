"""Recordings: read sentences joined to a passage, and digits read out one after the other, with their words."""

import io
import random
import re
import wave
from dataclasses import dataclass, field
from pathlib import Path

from omniloom.core.locators import Locator
from omniloom.evaluation.hearing import SENTENCES, transcripts
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.values import Place

DIGITS = tuple("zero one two three four five six seven eight nine".split())
# Of these the transcripts of the data set are not what is said ("drop the tue when you add the figures").
_MISWRITTEN = {"spk1_snt2", "spk2_snt1", "spk2_snt3", "spk2_snt5"}
_PAUSE = 0.6  # seconds between two pieces
_FEWEST, _MOST = 4, 6  # digits of a recording


@dataclass(frozen=True)
class Piece:
    """Words and when they are spoken; `end` is 0 where that is not known."""

    words: tuple[str, ...]
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class Passage:
    """A recording. `digits`: each piece is a digit."""

    name: str
    data: bytes = field(repr=False)
    pieces: tuple[Piece, ...]
    digits: bool = False

    @property
    def text(self) -> str:
        return " ".join(word for piece in self.pieces for word in piece.words)

    def place(self, first: int, last: int, quote: str) -> Place:
        """From the beginning of one piece to the end of another."""
        start, end = self.pieces[first].start, self.pieces[last].end
        return Place(self.name, quote, Locator(time=(round(start, 2), round(end, 2))).fragment if end else "")


class Voices:
    """The recordings of a folder, from which passages are drawn."""

    def __init__(self, data: Path) -> None:
        audio = data / "audio"
        said = SENTENCES | _transcripts(audio / "asr")
        self._sentences = [(audio / name, tuple(words.split())) for name, words in said.items()]
        self._sentences = [(path, words) for path, words in self._sentences if path.is_file()]
        self._speakers: dict[str, list[tuple[Path, int]]] = {}
        for each in json_lines(audio / "digits.jsonl"):
            if (audio / each["audio"]).is_file():
                self._speakers.setdefault(each["speaker"], []).append((audio / each["audio"], each["digit"]))
        self._speakers = {name: clips for name, clips in self._speakers.items() if len(clips) >= _FEWEST}

    def draw(self, number: int, chance: random.Random) -> Passage | None:
        """A passage of sentences for an odd number, of digits for an even one; None where the folder has none."""
        if self._speakers and (number % 2 == 0 or not self._sentences):
            clips = self._speakers[chance.choice(sorted(self._speakers))]
            count = min(chance.randint(_FEWEST, _MOST), len(clips))
            drawn = [(path, (DIGITS[digit],)) for path, digit in chance.sample(clips, count)]
            return _joined(f"recording-{number}.wav", drawn, digits=True)
        if not self._sentences:
            return None
        first, words = chance.choice(self._sentences)
        if first.suffix != ".wav":
            return Passage(f"recording-{number}{first.suffix}", first.read_bytes(), (Piece(words),))
        alike = [each for each in self._sentences if each[0] != first and _form(each[0]) == _form(first)]
        more = chance.sample(alike, min(len(alike), chance.randint(0, 1)))
        return _joined(f"recording-{number}.wav", [(first, words), *more])


def _transcripts(folder: Path) -> dict[str, str]:
    said = transcripts(folder)
    return {name: re.sub(r"[^\w' ]", " ", text) for name, text in said.items() if Path(name).stem not in _MISWRITTEN}


def _form(path: Path) -> tuple[int, int, int] | None:
    """Channels, bytes a sample, samples a second; None for what is no WAV."""
    if path.suffix != ".wav":
        return None
    with wave.open(str(path)) as file:
        return file.getnchannels(), file.getsampwidth(), file.getframerate()


def _joined(name: str, clips: list[tuple[Path, tuple[str, ...]]], *, digits: bool = False) -> Passage:
    """One WAV, with silence before, between and after the clips, which are of one form."""
    form = _form(clips[0][0])
    assert form is not None, f"{clips[0][0].name} is a WAV"
    channels, width, rate = form
    silence = (b"\x80" if width == 1 else bytes(width)) * channels * int(_PAUSE * rate)
    samples, pieces = silence, list[Piece]()
    for path, words in clips:
        with wave.open(str(path)) as file:
            content = file.readframes(file.getnframes())
        start = len(samples) / (rate * channels * width)
        samples += content
        pieces.append(Piece(words, start, len(samples) / (rate * channels * width)))
        samples += silence
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples)
    return Passage(name, out.getvalue(), tuple(pieces), digits)
