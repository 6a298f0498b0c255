"""How far to believe the recogniser: it invents fluent words where it heard none, and repeats itself when lost.

`judge` gives each utterance a confidence in 0..1; below LEAST it is not kept.
"""

import re

from omniloom.inputs.sound.whisper import Utterance, Word, geometric_mean

LEAST = 0.2  # below this confidence words are not kept
MIN_VOICED = 0.15  # below this highest speech probability nobody spoke there
_LOOP = 2.4  # text that compresses better than this repeats itself
_STOCK = re.compile(
    r"^\W*(you|bye|bye bye|thank you( very much| so much)?|thanks( for watching| for listening)?|thank you for watching"
    r"|thanks for watching and see you.*|please subscribe.*|see you (in the )?next (time|video).*|i'm sorry"
    r"|subtitles by.*|subtitled by.*|sous-titr.*|untertitel.*|amara\.org.*|music|applause|the end)\W*$",
    re.IGNORECASE,
)


def is_loop(text: str) -> bool:
    """Whether the same few words come again and again: at least five times in a row."""
    words = re.findall(r"[^\W_]+", text.lower())
    for length in range(1, 9):
        run = 1
        for at in range(length, len(words) - length + 1, length):
            run = run + 1 if words[at : at + length] == words[at - length : at] else 1
            if run >= 5:
                return True
    return False


def judge(utterance: Utterance) -> float:
    """The confidence of an utterance, 0 where it is to be dropped."""
    words = utterance.words
    if not words or not re.search(r"\w", utterance.text):
        return 0.0
    if max(word.voiced for word in words) < MIN_VOICED:
        return 0.0
    if utterance.compression > _LOOP or is_loop(utterance.text):
        return 0.0
    if utterance.no_speech > 0.6 and utterance.logprob < -0.8:
        return 0.0
    confidence = geometric_mean(word.probability for word in words)
    weak = utterance.no_speech > 0.5 or geometric_mean(word.voiced for word in words) < 0.5
    if _STOCK.match(utterance.text) and (weak or confidence < 0.5):
        return 0.0
    if weak:
        confidence *= 0.6
    return min(confidence, 1.0)


def believed(words: list[Word]) -> list[Word]:
    """Without the words at the ends that stand where nobody spoke."""
    kept = list(words)
    while kept and kept[-1].voiced < MIN_VOICED:
        kept.pop()
    while kept and kept[0].voiced < MIN_VOICED:
        kept.pop(0)
    return kept
