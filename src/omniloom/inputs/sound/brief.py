"""A word or two on their own, where Whisper is at its weakest: read twice, once as it is and once said three times.

Whisper learnt from half minutes of talk. On 60 spoken digits of half a second it wrote 20 of 30 rightly when asked
plainly, and its wrong words ("thanks", "bye") were as sure as its right ones. Said three times with pauses most of
these come out right, others wrong: where both readings put weight on the same words these are nearly always right.
So the answer is the text with the most weight over both n-best lists, and that weight is its confidence.
"""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from omniloom.inputs.sound.decode import RATE

MOST_SECONDS = 2.0  # a window shorter than this, padding included, is read this way
_BEAM = 5
_LEVEL = 0.5  # peak after making it louder
_LEAST = 0.2  # below this weight nothing is said to have been heard
_TIMES = 3

Hypotheses = Sequence[tuple[str, float]]


def variants(samples: Any) -> list[Any]:
    """The samples made louder and framed by silence: once, and three times in a row."""
    import numpy as np

    peak = float(abs(samples).max(initial=0.0))
    louder = samples * (_LEVEL / peak) if peak > 0 else samples
    half, quarter = np.zeros(RATE // 2, np.float32), np.zeros(RATE // 4, np.float32)
    return [
        np.concatenate([half, louder, half]),
        np.concatenate([quarter, *[louder, half] * _TIMES]),
    ]


def hear(model: Any, samples: Any, language: str) -> tuple[str, float, str]:
    """(text, confidence, language); text is "" when nothing can be said. `language` "" is detected."""
    import numpy as np
    from faster_whisper.audio import pad_or_trim
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import get_suppressed_tokens

    features = [pad_or_trim(model.feature_extractor(each)) for each in variants(samples)]
    encoded = model.encode(np.stack(features))
    language = language or likely_language(model, encoded)
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True)
    results = model.model.generate(
        encoded,
        [prompt] * len(features),
        beam_size=_BEAM,
        num_hypotheses=_BEAM,
        return_scores=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, (-1,)),
        max_length=60,
    )
    once, thrice = (
        [
            (tokenizer.decode(tokens).strip(), score * max(len(tokens), 1))
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        ]
        for result in results
    )
    return *agreed(once, thrice), language


def likely_language(model: Any, encoded: Any) -> str:
    """The likeliest language over all variants; English, the commonest in the model's training, where in doubt."""
    if not model.model.is_multilingual:
        return "en"
    chances: dict[str, float] = defaultdict(float)
    for found in model.model.detect_language(encoded):
        for token, chance in found:
            chances[token.strip("<|>")] += chance
    best = max(chances, key=lambda code: chances[code])
    return best if chances[best] > 2 * chances["en"] else "en"


def agreed(once: Hypotheses, thrice: Hypotheses) -> tuple[str, float]:
    """The text with the most weight over both lists of (text, natural-log probability), and that weight in 0..1.

    The weight of what was said three times is the probability of one of the three: its cube root.
    """
    single, triple = _weights(once), _weights(thrice)
    weights = {
        key: (single.get(key, 0.0) + triple.get(key, 0.0) ** (1 / _TIMES)) / 2 for key in {**single, **triple} if key
    }
    if not weights:
        return "", 0.0
    best = max(weights, key=lambda key: weights[key])
    if weights[best] < _LEAST:
        return "", weights[best]
    written = [(score, text) for text, score in [*once, *thrice] if _key(text) == best]
    text = max(written)[1]
    return " ".join(_unrepeated(text.split())), min(weights[best], 1.0)


def _weights(hypotheses: Hypotheses) -> dict[str, float]:
    weights: dict[str, float] = defaultdict(float)
    for text, logprob in hypotheses:
        weights[_key(text)] += math.exp(logprob)
    return weights


def _key(text: str) -> str:
    """What is the same however it is written: case, marks, repetition, and digits for number words."""
    words: list[str] = re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower())
    return " ".join(_unrepeated([_NUMBERS.get(word, word) for word in words]))


def _unrepeated(words: list[str]) -> list[str]:
    plain = [word.strip(".,!?…").lower() for word in words]
    for length in range(1, len(words) // 2 + 1):
        if plain == plain[:length] * (len(words) // length):
            return words[:length]
    return words


_NUMBERS = {word: str(n) for n, word in enumerate("zero one two three four five six seven eight nine ten".split())}
