"""Read sound: voice activity, then Whisper, into one Segment per sentence with the seconds of every word.

Any container and codec PyAV opens, decoded as a stream in bounded memory. What it does not do: tell speakers apart,
or say what other sounds there are (a Loss says so). Words it is not sure of have a confidence below 0.5.
"""

from collections.abc import Iterator

from omniloom.core.events import Progress
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment

MEDIA_TYPES = frozenset(
    {
        *("audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/vnd.wave", "audio/flac", "audio/x-flac"),
        *("audio/ogg", "audio/opus", "audio/vorbis", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/aac"),
        *("audio/webm", "audio/x-matroska", "audio/amr", "audio/aiff", "audio/x-aiff", "audio/basic", "audio/3gpp"),
        *("audio/x-ms-wma", "audio/x-caf", "audio/ac3", "audio/x-wavpack", "audio/x-ape", "audio/eac3"),
    }
)
VERSION = 1
WEIGHTS = ("whisper-base",)
EXTRA = "media"


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Sentences in order of time, then losses; Progress counts seconds.

    options["language"]: BCP 47, detected without it. Raises UnreadableError (no audio stream, no samples, not a
    sound file), UnsupportedError (extra missing, language unknown), WeightsError.
    """
    from omniloom.inputs.sound.listening import listen

    yield from listen(source, "audio.asr/1")
