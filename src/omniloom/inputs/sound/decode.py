"""Any sound PyAV opens, as one stream of 16 kHz mono samples on the clock of the file, in bounded memory.

Headers are not believed: what was decoded counts. Gaps in the file's clock become silence, so that sample number
over `RATE` is always the second a player would show.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from omniloom.core.errors import UnreadableError, UnsupportedError
from omniloom.core.locators import Locator
from omniloom.core.values import Loss

RATE = 16_000
MAX_SECONDS = 6 * 3600.0
_GAP = 0.2  # seconds a clock may stray before silence is put in; resamplers and containers round by less
_MAX_GAP = 600.0  # a longer jump is a broken clock, not a pause
_CANCELLED = 0.02  # of the power of the louder channel; one silent channel leaves a quarter
_BLOCK = RATE  # samples in one yielded block


def open_media(path: Path) -> Any:
    """A PyAV container. Raises UnsupportedError without the extra, UnreadableError when nothing can be opened."""
    try:
        import av
        import av.logging as av_logging
        from av.error import FFmpegError
    except ImportError as error:
        raise UnsupportedError(
            "sound and video need PyAV, which is not installed", hint='pip install "omniloom[media]"'
        ) from error
    av_logging.set_level(None)
    if path.stat().st_size == 0:
        raise UnreadableError(f"{path.name!r} is empty")
    try:
        # A file on disk only: a playlist inside it cannot make FFmpeg open other files or addresses.
        return av.open(str(path), options={"protocol_whitelist": "file"}, metadata_errors="ignore")
    except (FFmpegError, ValueError, OSError) as error:
        raise UnreadableError(
            f"cannot open {path.name!r} as sound or video: {type(error).__name__}",
            hint="the file is corrupt, cut off, or of another kind",
        ) from error


def origin(container: Any) -> float:
    """The second at which the file's own clock starts; players show it as 0."""
    return container.start_time / 1_000_000 if container.start_time else 0.0


def declared_seconds(container: Any) -> float:
    """The length the header states, 0 when it states none. A hint for progress only."""
    return max(container.duration / 1_000_000, 0.0) if container.duration else 0.0


def stated_end(container: Any, stream: Any) -> float:
    """The second at which this stream ends by the header, 0 if that is not stated; others may end sooner or later."""
    if stream.duration and stream.time_base:
        return max(float(((stream.start_time or 0) + stream.duration) * stream.time_base) - origin(container), 0.0)
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska
    if tag:
        return max(int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) - origin(container), 0.0)
    return declared_seconds(container) if len(container.streams) == 1 else 0.0


class Pcm:
    """The samples of one file. `losses` and `seconds` are complete once `blocks` is used up."""

    def __init__(self, path: Path, part: str) -> None:
        self.path, self.part = path, part
        self.seconds = 0.0
        self.declared = 0.0
        self.losses: list[Loss] = []
        self.peak = self._stated = 0.0
        self._written = 0
        self._bad: list[float] = []
        self._gaps: list[tuple[float, float]] = []

    def blocks(self) -> Iterator[Any]:
        """float32 arrays of about one second. Raises UnreadableError: no audio stream, or no sample decodes."""
        import numpy as np

        with open_media(self.path) as container:
            if not container.streams.audio:
                raise UnreadableError(f"{self.path.name!r} has no audio stream")
            self.declared = declared_seconds(container)
            self._stated = stated_end(container, container.streams.audio[0])
            if (others := len(container.streams.audio) - 1) > 0:
                detail = f"the file has {others + 1} sound tracks, only the first is heard"
                self.losses.append(Loss(kind="tracks_not_heard", severity="reduced", part=self.part, detail=detail))
            pending: list[Any] = []
            held = 0
            for samples in self._frames(container):
                pending.append(samples)
                held += len(samples)
                self._written += len(samples)
                if held >= _BLOCK:
                    yield self._note(np.concatenate(pending))
                    pending, held = [], 0
                if self._written >= MAX_SECONDS * RATE:
                    limit = f"only the first {MAX_SECONDS / 3600:g} hours are read"
                    self._lose("too_long", limit, self._written / RATE, max(self.declared, self._written / RATE))
                    break
            if pending:
                yield self._note(np.concatenate(pending))
        self.seconds = self._written / RATE
        self._finish()

    def _note(self, block: Any) -> Any:
        self.peak = max(self.peak, float(abs(block).max(initial=0.0)))
        self.seconds = self._written / RATE
        return block

    def _frames(self, container: Any) -> Iterator[Any]:
        import numpy as np
        from av.error import FFmpegError

        stream = container.streams.audio[0]
        stream.thread_type = "NONE"
        resampler, channels = _resampler(0), 0
        start = origin(container)
        for frame in self._decoded(container, stream):
            silence = self._silence_before(frame, start)
            if silence:
                yield from (np.zeros(min(RATE, silence - at), np.float32) for at in range(0, silence, RATE))
            frame.pts = None  # the clock is kept here; the resampler must not invent its own gaps
            if not channels:
                channels = frame.layout.nb_channels
                resampler = _resampler(channels)
            try:
                for piece in resampler.resample(frame):
                    yield _mono(piece.to_ndarray())
            except (FFmpegError, ValueError):
                # Parameters changed in mid-stream: a new resampler takes the rest.
                resampler, channels = _resampler(0), 0
                self._bad.append(self._written / RATE)
        if self._written:
            for piece in resampler.resample(None):
                yield _mono(piece.to_ndarray())

    def _decoded(self, container: Any, stream: Any) -> Iterator[Any]:
        from av.error import FFmpegError

        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError):
                self._bad.append(self._written / RATE)
                return
            try:
                yield from packet.decode()
            except (FFmpegError, ValueError):
                self._bad.append(self._written / RATE)

    def _silence_before(self, frame: Any, start: float) -> int:
        """How many samples of silence belong before this frame."""
        if frame.pts is None or frame.time_base is None:
            return 0
        gap = float(frame.pts * frame.time_base) - start - self._written / RATE
        if not math.isfinite(gap) or gap < _GAP or gap > _MAX_GAP:
            return 0
        if self._written:
            self._gaps.append((self._written / RATE, self._written / RATE + gap))
        return int(gap * RATE)

    def _finish(self) -> None:
        if not self._written:
            raise UnreadableError(f"{self.path.name!r} holds no samples", hint="the file is cut off or has no sound")
        if self._bad:
            first, last = self._bad[0], self._bad[-1]
            detail = f"{len(self._bad)} stretches of sound could not be decoded, the first at {first:.1f} s"
            self._lose("undecodable", detail, first, last)
        if self._gaps:
            missing = sum(end - start for start, end in self._gaps)
            detail = f"the file has no sound for {missing:.1f} s in {len(self._gaps)} places between its first and last"
            # It may have been recorded so, or lost since: nothing in the file tells.
            self._lose("gap", detail, self._gaps[0][0], self._gaps[-1][1], "reduced")
        stated = max(self._stated, _stated_by_riff(self.path, self.seconds))
        if stated - self.seconds > max(1.0, 0.05 * stated) and "too_long" not in {each.kind for each in self.losses}:
            detail = f"the file states {stated:.1f} s, only {self.seconds:.1f} s could be read"
            self._lose("truncated", detail, self.seconds, stated)

    def _lose(
        self, kind: str, detail: str, start: float, end: float, severity: Literal["lost", "reduced"] = "lost"
    ) -> None:
        place = Locator(time=(round(start, 2), round(max(end, start), 2)))
        self.losses.append(Loss(kind=kind, severity=severity, part=self.part, detail=detail, locator=place))


def _resampler(channels: int) -> Any:
    """Two channels are kept apart, for `_mono` to mix; any others are mixed as FFmpeg does."""
    import av

    return av.AudioResampler(format="fltp", layout="stereo" if channels == 2 else "mono", rate=RATE)


def _mono(samples: Any) -> Any:
    """The mean of the channels; the louder one where they cancel each other, as with one wired the wrong way round."""
    import numpy as np

    samples = np.nan_to_num(samples).clip(-1.0, 1.0)
    mixed = samples.mean(axis=0)
    if len(samples) == 1:
        return mixed
    powers = (samples**2).mean(axis=1)
    return mixed if (mixed**2).mean() > _CANCELLED * powers.max() else samples[int(powers.argmax())]


def _stated_by_riff(path: Path, seconds: float) -> float:
    """The length a RIFF file states in bytes, in seconds; 0 for other files. FFmpeg goes by the bytes there are."""
    with path.open("rb") as file:
        head = file.read(12)
    size = path.stat().st_size
    stated = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or stated >= 0xFFFFFF00 or stated <= size + 1:
        return 0.0
    return seconds * stated / size
