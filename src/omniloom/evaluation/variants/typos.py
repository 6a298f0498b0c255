"""Slips of the keyboard in the question: one word of six; what stands in quotation marks is left alone."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from omniloom.evaluation.values import Sample

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_WORD = re.compile(r"“[^”]*”|\"[^\"]*\"|(?<!\w)[^\W\d_]{4,}(?!\w)")
_EVERY = 6


def vary(sample: Sample, seed: int, others: Sequence[Sample] = ()) -> Sample:
    chance = random.Random(f"{seed} {sample.id} typos")  # noqa: S311 - nothing secret
    words = [match for match in _WORD.finditer(sample.question) if match.group()[0] not in '“"']
    chosen = chance.sample(words, min(len(words), max(1, len(words) // _EVERY)))
    question = sample.question
    for match in sorted(chosen, key=lambda match: -match.start()):
        question = question[: match.start()] + _slip(match.group(), chance) + question[match.end() :]
    if question == sample.question:
        return sample
    inputs = tuple(each.replace(sample.question, question) if isinstance(each, str) else each for each in sample.inputs)
    return replace(sample, question=question, inputs=inputs)


def _slip(word: str, chance: random.Random) -> str:
    """The word with one slip behind its first letter; another word in any case."""
    at = chance.randrange(1, len(word) - 1)
    slips = [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + _beside(word[at], chance) + word[at + 1 :],
    ]
    chance.shuffle(slips)
    return next(slip for slip in slips if slip != word)


def _beside(letter: str, chance: random.Random) -> str:
    """A letter whose key lies beside; the letter twice where it has no key."""
    for row in _KEYS:
        if (at := row.find(letter.lower())) >= 0:
            return chance.choice(row[max(at - 1, 0) : at] + row[at + 1 : at + 2])
    return letter * 2
