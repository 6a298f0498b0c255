"""Whisper through CTranslate2: one window of speech in, words with times and their evidence out."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omniloom.core.errors import UnsupportedError, WeightsError
from omniloom.inputs.sound import brief
from omniloom.inputs.sound.voice import Window
from omniloom.isolation.limits import allowed_threads

FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
THREADS = 2
_SURE = 0.6  # a language is settled once it was found with this probability
_BRIEF = 3.0  # seconds of speech below which a doubtful language is not believed


@dataclass
class Word:
    """`text` keeps the space before it. start, end: seconds of the file. voiced: highest speech probability there."""

    text: str
    start: float
    end: float
    probability: float
    voiced: float


@dataclass
class Utterance:
    """What the recogniser wrote for one stretch, and how sure it was."""

    words: list[Word]
    logprob: float
    no_speech: float
    compression: float
    language: str
    speech_seconds: float
    text: str


class Recogniser:
    """Whisper with the weights in `folder`; `language` "" is detected from the first windows that tell it clearly.

    Raises WeightsError when a file is missing or the model does not load, UnsupportedError without the extra.
    """

    def __init__(self, folder: Path, language: str = "") -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing and not (missing == ["vocabulary.txt"] and (folder / "vocabulary.json").is_file()):
            raise WeightsError(
                f"the speech model at {folder.name!r} lacks {', '.join(missing)}", hint="omniloom pull whisper-base"
            )
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise UnsupportedError(
                "speech needs faster-whisper, which is not installed", hint='pip install "omniloom[media]"'
            ) from error
        try:
            self._model = WhisperModel(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=allowed_threads(THREADS),
                num_workers=1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsError(
                f"the speech model at {folder.name!r} does not load: {error}", hint="omniloom rm and pull it again"
            ) from error
        self._given = self._checked(language)
        self._found: Counter[str] = Counter()
        self._settled = ""

    def __call__(self, window: Window) -> list[Utterance]:
        samples = window.samples()
        if window.seconds < brief.MOST_SECONDS:
            heard = self._brief(samples, window)
            if heard is not None:
                return heard
        language = self._language(samples, window.seconds)
        found = self._transcribe(samples, language)
        if any(part.compression_ratio > 2.4 for part in found):
            # A loop: the same search with repetition forbidden, instead of sampling at random.
            found = self._transcribe(samples, language, no_repeat_ngram_size=3, repetition_penalty=1.1)
        return [self._utterance(part, window, language) for part in found if part.text.strip()]

    def _brief(self, samples: Any, window: Window) -> list[Utterance] | None:
        """A word or two; None when there are more, which the usual way reads better."""
        text, confidence, language = brief.hear(self._model, samples, self._given or self._settled)
        written = text.split()
        if len(written) > 2:
            return None
        start, end = window.span()
        step = (end - start) / max(len(written), 1)
        words = [
            Word(" " + word, start + step * at, start + step * (at + 1), confidence, window.voiced(0, window.seconds))
            for at, word in enumerate(written)
        ]
        return [Utterance(words, math.log(max(confidence, 1e-6)), 0.0, 1.0, language, window.seconds, text)]

    def _transcribe(self, samples: Any, language: str, **options: Any) -> list[Any]:
        parts, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            no_speech_threshold=None,
            log_prob_threshold=None,
            compression_ratio_threshold=None,
            vad_filter=False,
            **options,
        )
        return list(parts)

    def _utterance(self, part: Any, window: Window, language: str) -> Utterance:
        words: list[Word] = []
        for word in part.words or ():
            start, end = window.place(word.start, word.end)
            voiced = window.voiced(word.start, word.end)
            words.append(Word(word.word, start, end, float(word.probability), voiced))
        return Utterance(
            words=words,
            logprob=float(part.avg_logprob),
            no_speech=float(part.no_speech_prob),
            compression=float(part.compression_ratio),
            language=language,
            speech_seconds=window.seconds,
            text=part.text,
        )

    def _checked(self, language: str) -> str:
        """The two or three letters Whisper knows the language by; a region or script after them is dropped."""
        code = language.replace("_", "-").split("-")[0].lower()
        code = {"nb": "no", "fil": "tl", "iw": "he", "cmn": "zh", "jv": "jw"}.get(code, code)
        if code and code not in self._model.supported_languages:
            known = ", ".join(sorted(self._model.supported_languages))
            raise UnsupportedError(
                f"the speech model does not know the language {language!r}", hint=f"it knows {known}"
            )
        return code

    def _language(self, samples: Any, seconds: float) -> str:
        if self._given or self._settled:
            return self._given or self._settled
        if not self._model.model.is_multilingual:
            return "en"
        features = self._model.feature_extractor(samples)
        code, probability, _ = self._model.detect_language(features=features[..., : self._model.max_length * 8])
        if probability >= _SURE and seconds >= _BRIEF:
            self._settled = code
        self._found[code] += 1
        # A word or two do not tell a language: the recogniser's own commonest one is the better guess.
        return code if probability >= _SURE or seconds >= _BRIEF else "en"


def geometric_mean(values: Iterable[float]) -> float:
    """The geometric mean of probabilities; 0 for none."""
    logs = [math.log(max(value, 1e-6)) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else 0.0
