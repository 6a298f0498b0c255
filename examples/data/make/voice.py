"""Speech with the Kokoro-82M voices of the catalog.

Phonemes come from espeak-ng, started as a separate program (`apt-get install espeak-ng`); it is needed to make the
example data, never to use them. Reference: Kokoro-82M model card and the misaki phoneme set (both Apache-2.0).
"""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

RATE = 24_000
_IDS: dict[str, int] = json.loads(Path(__file__).with_name("phonemes.json").read_text(encoding="utf-8"))
# espeak's phonemes (diphthongs tied by ^) → the set Kokoro was trained on, in this order.
_REWRITES = (
    *(("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"), ("ʲ", "")),
    *(("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("^", "")),
)
_AMERICAN = (("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ː", ""))
_BRITISH = (("ə^ʊ", "Q"), ("e^ə", "ɛː"), ("iə", "ɪə"))


def speak(words: str, voice: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Mono float32 samples in -1..1 at 24 kHz, without the silence at both ends."""
    session, styles = _model(), _style(voice)
    ids = [_IDS[sound] for sound in _phonemes(words, british=voice.startswith("b")) if sound in _IDS]
    inputs = {
        "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
        "style": styles[len(ids)][None, :],
        "speed": np.array([0.95], dtype=np.float32),
    }
    return _trimmed(session.run(None, inputs)[0].reshape(-1))


def silence(seconds: float) -> "np.ndarray[Any, np.dtype[np.float32]]":
    return np.zeros(round(seconds * RATE), dtype=np.float32)


def _phonemes(words: str, *, british: bool) -> str:
    """One clause at a time, because espeak drops the punctuation that gives speech its melody."""
    pieces: list[str] = []
    for clause, mark in re.findall(r"([^,.?!;:]+)([,.?!;:]?)", words):
        language = "en-gb" if british else "en-us"
        command = ["espeak-ng", "-q", "--ipa", "--tie=^", "-v", language, clause.strip()]
        sound = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        for old, new in (*(_BRITISH if british else _AMERICAN), *_REWRITES):
            sound = sound.replace(old, new)
        pieces.append(sound + mark)
    return " ".join(pieces)


@cache
def _weights() -> Any:
    from omniloom.catalog import ensure

    return ensure("kokoro-82m", say=print)


@cache
def _model() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one thread: the same sums, the same bytes
    return onnxruntime.InferenceSession(
        str(_weights().paths["model"]), sess_options=options, providers=["CPUExecutionProvider"]
    )


@cache
def _style(voice: str) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """510 x 256: one style for each number of phonemes."""
    return np.fromfile(_weights().paths[voice], dtype=np.float32).reshape(510, 256)


def _trimmed(samples: "np.ndarray[Any, np.dtype[np.float32]]") -> "np.ndarray[Any, np.dtype[np.float32]]":
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    edge = RATE // 50
    return samples[max(0, loud[0] - edge) : loud[-1] + 2 * edge].astype(np.float32)
