"""Read sound: voice activity, then Whisper, into one Segment per sentence with the seconds of every word.

Any container and codec PyAV opens, decoded as a stream in bounded memory. What it does not do: say what other sounds
there are (a Loss says so). Words it is not sure of have a confidence below 0.5.

Speakers are told apart where the weights for it are here (`omniloom pull speaker-turns`); they are never pulled for
a call, and a recording read without them is read again with them.
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
        "audio/x-unknown",  # a container known for other things, or not at all: what opens it decides
        *("audio/x-ms-wma", "audio/x-caf", "audio/ac3", "audio/x-wavpack", "audio/x-ape", "audio/eac3"),
    }
)
VERSION = 3
WEIGHTS = ("whisper-base",)
OPTIONAL_WEIGHTS = ("wespeaker-resnet34",)
EXTRA = "media"


def read(source: Source) -> Iterator[Segment | Loss | Progress]:
    """Sentences in order of time, then losses; Progress counts seconds.

    Where several people speak and the weights are given, no Segment holds two voices, and its context names the one:
    "Speaker A", "Speaker B" in the order they are first heard.

    options["language"]: BCP 47, detected without it. Raises UnreadableError (no audio stream, no samples, not a
    sound file), UnsupportedError (extra missing, language unknown), WeightsError.
    """
    from omniloom.inputs.sound.listening import listen
    from omniloom.inputs.sound.turns import tell_apart

    yield from tell_apart(source, listen(source, "audio.asr/2"))
