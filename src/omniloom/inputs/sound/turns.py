"""Who speaks when: the voices of a recording told apart, and its Segments cut where the voice changes.

Every stretch of spoken words is looked at in windows of WINDOW seconds, each becomes a vector of its voice, vectors
of one voice are put together, and each word gets the voice that fits the windows around it, with a reluctance to
change in the middle of a sentence. Nothing is known of who the voices are: they are called "Speaker A", "Speaker B"
in the order they are first heard. What it does not do: tell apart people who speak at the same time, or know a voice
that is heard for less than LEAST seconds in all (its words go to the voice most like it).

The features are log mel energies as Kaldi computes them (80 bands, frames of 25 ms every 10 ms, Hamming, mean
removed), which the network was trained on (Wang et al., 2022, "Wespeaker", arXiv 2210.17016). The network and the
clustering by average linkage of cosines are the usual ones of that toolkit.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from omniloom.core.errors import UnsupportedError, WeightsError
from omniloom.core.events import Progress
from omniloom.core.locators import union
from omniloom.core.protocols import Source
from omniloom.core.values import Anchor, Loss, Segment
from omniloom.inputs.sound.decode import RATE, Pcm
from omniloom.isolation.limits import allowed_threads

Item = Segment | Loss | Progress

ROLE = "voices"
WINDOW, STEP = 1.5, 0.75  # seconds
ALIKE = 0.34  # mean cosine above which two groups of windows are one voice
LEAST = 2.0  # seconds a voice is heard at least
_JOIN = 0.5  # seconds between words of one stretch
_FRAME, _HOP, _FFT, _BANDS = 400, 160, 512, 80
_BATCH = 16
_SIGN = 64  # looks
_CHUNK = 400  # windows put together at once; the groups of the chunks are put together after
_INSIDE, _BETWEEN = 1.0, 0.15  # cost of a change of voice inside a sentence, and after its end or a pause
_PAUSE = 0.35  # seconds between words where a change is as likely as after a sentence
_ENDS = tuple(".!?…。！？؟।")


@dataclass
class Spoken:
    """One word: the Segment and Anchor it stands at, its seconds, and the cost of a change of voice before it."""

    segment: int
    anchor: int
    start: float
    end: float
    change: float


@dataclass
class Look:
    """The vector of the voice, of length one, between two seconds."""

    start: float
    end: float
    vector: Any


def tell_apart(source: Source, items: Iterable[Item]) -> Iterator[Item]:
    """The items; where several voices speak, with the Segments cut at changes of voice and the voice as `context`.

    Without the weights of the voices (role ROLE) nothing is done. With them Segments are kept back until the end of
    the sound. Raises WeightsError for weights that do not load, and what `Pcm.blocks` raises.
    """
    model = source.weights.get(ROLE)
    if model is None:
        yield from items
        return
    segments: list[Segment] = []
    losses: list[Loss] = []
    alive = Progress(step="read", done=0.0, unit="seconds")
    for item in items:
        if isinstance(item, Segment):
            segments.append(item)
        elif isinstance(item, Loss):
            losses.append(item)
        else:
            alive = item
            yield item
    looks: list[Look] = []
    for look in Voices(model).looks(Pcm(source.path, source.id).blocks(), spans(spoken(segments))):
        looks.append(look)
        if len(looks) % _SIGN == 0:
            yield alive  # hours of looking are not to be taken for a standstill
    yield from named(segments, looks)
    yield from losses


def named(segments: Sequence[Segment], looks: Sequence[Look]) -> Iterator[Segment]:
    """The Segments cut at changes of voice, with the voice as context; as they are where only one is heard."""
    words, centres = spoken(segments), voice_centres(looks)
    chosen = follow(words, looks, centres) if len(centres) > 1 else []
    if len(set(chosen)) < 2:
        yield from segments
        return
    names = {voice: name(order) for order, voice in enumerate(dict.fromkeys(chosen))}
    who = {(word.segment, word.anchor): names[voice] for word, voice in zip(words, chosen, strict=True)}
    for number, segment in enumerate(segments):
        yield from cut(segment, [who[number, each] for each in range(len(segment.anchors))])


def name(order: int) -> str:
    """0 is "Speaker A". Letters, because a number beside a passage would count as a number of the passage."""
    letters = ""
    while order >= 0:
        letters = chr(ord("A") + order % 26) + letters
        order = order // 26 - 1
    return f"Speaker {letters}"


def spoken(segments: Sequence[Segment]) -> list[Spoken]:
    """The words of all Segments in order of time."""
    words: list[Spoken] = []
    after = 0.0
    for number, segment in enumerate(segments):
        for place, anchor in enumerate(segment.anchors):
            start, end = anchor.locator.time or (after, after)
            ended = place == 0 or segment.text[: segment.anchors[place - 1].end].endswith(_ENDS)
            words.append(Spoken(number, place, start, end, _BETWEEN if ended or start - after > _PAUSE else _INSIDE))
            after = end
    return words


def spans(words: Sequence[Spoken]) -> list[tuple[float, float]]:
    """The windows to look at: stretches of words without a pause, cut into steps."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(_stretches(words)):
        count = max(round((end - start - WINDOW) / STEP), 0) + 1
        if count == 1:
            found.append((start, end if end - start < 1.5 * WINDOW else start + WINDOW))
            continue
        step = (end - start - WINDOW) / (count - 1)
        found.extend((start + step * at, start + step * at + WINDOW) for at in range(count))
    return found


def _stretches(words: Sequence[Spoken]) -> Iterator[tuple[float, float]]:
    held: tuple[float, float] | None = None
    for word in words:
        if held is not None and word.start - held[1] <= _JOIN:
            held = (held[0], max(held[1], word.end))
            continue
        if held is not None:
            yield held
        held = (word.start, max(word.end, word.start))
    if held is not None:
        yield held


class Voices:
    """The network that makes a vector of a voice. Raises WeightsError when it does not load."""

    def __init__(self, model: Path, threads: int = 2) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise UnsupportedError(
                "telling voices apart needs onnxruntime", hint='pip install "omniloom[media]"'
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = allowed_threads(threads), 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's own classes are many and not public
            raise WeightsError(f"the voice model {model.name!r} does not load: {str(error)[:200]}") from error
        self._input = self._session.get_inputs()[0].name
        self._bank = mel_bank()

    def looks(self, blocks: Iterable[Any], wanted: Sequence[tuple[float, float]]) -> Iterator[Look]:
        """One Look per span, in order. Only the samples of the present span are kept."""
        batch: list[tuple[float, float, Any]] = []
        for start, end, samples in _samples(blocks, wanted):
            features = log_mel(samples, self._bank)
            if batch and (len(batch) == _BATCH or features.shape != batch[0][2].shape):
                yield from self._run(batch)
                batch = []
            batch.append((start, end, features))
        yield from self._run(batch)

    def _run(self, batch: Sequence[tuple[float, float, Any]]) -> Iterator[Look]:
        import numpy as np

        if not batch:
            return
        features = np.stack([each for _, _, each in batch])
        vectors: Any = self._session.run(None, {self._input: features})[0]
        for (start, end, _), vector in zip(batch, vectors, strict=True):
            yield Look(start, end, vector / max(float(np.linalg.norm(vector)), 1e-9))


def _samples(blocks: Iterable[Any], wanted: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float, Any]]:
    """The samples of each span; spans are in order of their start."""
    import numpy as np

    stream, kept, base = iter(blocks), np.zeros(0, np.float32), 0
    for start, end in wanted:
        first = int(start * RATE)
        # At least ten frames, and the same number of them for spans of the same length.
        last = first + max(round((end - start) * RATE), _FRAME + 10 * _HOP)
        while base + len(kept) < last and (block := next(stream, None)) is not None:
            kept = np.concatenate([kept, block])
            drop = min(max(first - base, 0), len(kept))
            kept, base = kept[drop:], base + drop
        inside = kept[max(first - base, 0) : max(last - base, 0)]
        yield start, end, np.pad(inside, (0, max(last - first - len(inside), 0)))


def mel_bank() -> Any:
    """_BANDS triangles over the FFT's frequencies from 20 Hz to half the rate, equally wide in mel; bands x bins."""
    import numpy as np

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    at = mel(np.arange(_FFT // 2 + 1) * RATE / _FFT)
    edges = np.linspace(mel(20.0), mel(RATE / 2), _BANDS + 2)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def log_mel(samples: Any, bank: Any) -> Any:
    """Frames x bands, float32, the mean of each band removed. samples: in -1..1, at least one frame."""
    import numpy as np

    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32) * 32768.0, _FRAME)[::_HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.abs(np.fft.rfft((frames - 0.97 * before) * np.hamming(_FRAME), _FFT)) ** 2
    features = np.log(np.maximum(spectrum @ bank.T, 1.1920929e-07))
    return (features - features.mean(axis=0)).astype(np.float32)


def voice_centres(looks: Sequence[Look]) -> list[Any]:
    """One vector of length one per voice; voices heard for less than LEAST seconds are left out, if any is longer."""
    import numpy as np

    groups: list[tuple[Any, float]] = []
    for first in range(0, len(looks), _CHUNK):
        chunk = looks[first : first + _CHUNK]
        # A short look says less of a voice: it counts with its length.
        lengths = [min(look.end - look.start, WINDOW) / WINDOW for look in chunk]
        groups += together([(look.vector * length, length) for look, length in zip(chunk, lengths, strict=True)])
    if len(looks) > _CHUNK:
        groups = together(groups)
    least = LEAST / WINDOW
    kept = [group for group in groups if group[1] >= least] or sorted(groups, key=lambda group: -group[1])[:1]
    return [total / max(float(np.linalg.norm(total)), 1e-9) for total, _ in kept]


def together(groups: Sequence[tuple[Any, float]]) -> list[tuple[Any, float]]:
    """Join the two most alike groups (sum of vectors, weight) until none are ALIKE: average linkage of cosines.

    The mean cosine between the members of two groups is the product of their mean vectors.
    """
    import numpy as np

    if not groups:
        return []
    sums = np.stack([total for total, _ in groups])
    weights = np.array([weight for _, weight in groups])
    alike = (sums @ sums.T) / np.outer(weights, weights)
    np.fill_diagonal(alike, -2.0)
    while True:
        one, other = divmod(int(alike.argmax()), len(weights))
        if alike[one, other] < ALIKE:
            break
        sums[one] += sums[other]
        weights[one] += weights[other]
        alike[other, :] = alike[:, other] = -2.0
        weights[other] = 0.0
        there = weights > 0
        row = np.where(there, (sums @ sums[one]) / np.maximum(weights * weights[one], 1e-9), -2.0)
        row[one] = -2.0
        alike[one, :] = alike[:, one] = row
    return [(sums[at], float(weights[at])) for at in np.flatnonzero(weights > 0)]


def follow(words: Sequence[Spoken], looks: Sequence[Look], centres: Sequence[Any]) -> list[int]:
    """The voice of each word: the cheapest way through, with a cost for every change (Viterbi)."""
    import numpy as np

    fit = _fit(words, looks, np.stack(centres))
    best, back = fit[0].copy(), np.zeros(fit.shape, int)
    everyone = np.arange(len(centres))
    for at in range(1, len(words)):
        leader = int(best.argmax())
        back[at] = np.where(best >= best[leader] - words[at].change, everyone, leader)
        best = np.maximum(best, best[leader] - words[at].change) + fit[at]
    way = [int(best.argmax())]
    for at in range(len(words) - 1, 0, -1):
        way.append(int(back[at, way[-1]]))
    return way[::-1]


def _fit(words: Sequence[Spoken], looks: Sequence[Look], centres: Any) -> Any:
    """How well each voice fits each word, times its seconds: words x voices."""
    import numpy as np

    alike = np.stack([look.vector for look in looks]) @ centres.T
    middles = np.array([(look.start + look.end) / 2 for look in looks])
    fit = np.zeros((len(words), len(centres)))
    for at, word in enumerate(words):
        middle = (word.start + word.end) / 2
        nearness = np.maximum(0.0, 1.0 - np.abs(middles - middle) / STEP)
        if not nearness.any():
            nearness[np.abs(middles - middle).argmin()] = 1.0
        fit[at] = nearness @ alike / nearness.sum() * max(word.end - word.start, 0.1)
    return fit


def cut(segment: Segment, voices: Sequence[str]) -> Iterator[Segment]:
    """The Segment in runs of words of one voice, each with its own words, seconds and anchors; text is unchanged."""
    if not voices:
        yield segment
        return
    runs = [[at for at, _ in run] for _, run in groupby(enumerate(voices), key=lambda each: each[1])]
    if len(runs) == 1:
        yield segment.model_copy(update={"context": voices[0]})
        return
    for number, run in enumerate(runs):
        first = segment.anchors[run[0]].start if number else 0
        stop = segment.anchors[runs[number + 1][0]].start if number + 1 < len(runs) else len(segment.text)
        anchors = tuple(
            Anchor(start=each.start - first, end=each.end - first, locator=each.locator)
            for each in (segment.anchors[at] for at in run)
        )
        yield segment.model_copy(
            update={
                "content": segment.text[first:stop].rstrip(),
                "anchors": anchors,
                "locator": union([each.locator for each in anchors]),
                "context": voices[run[0]],
            }
        )
