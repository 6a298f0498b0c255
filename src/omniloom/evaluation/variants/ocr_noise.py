"""Letters misread in text sources, as an OCR does: one of forty, never in the words that answer.

A letter becomes one other, so every character keeps its place and every label stays true.
"""

import random
import re
from collections.abc import Sequence

from omniloom.core.values import Part
from omniloom.evaluation.parts import each_source, text_of, with_text
from omniloom.evaluation.values import Sample

_MISREAD = {
    pair[0]: pair[1:]
    for pair in (
        "l1I Il1 1lI O0Q 0Oo o0c eco ce ao s5 S5 5S B8 8B hb b6h uv vu nu tf ft il! g9q qg Z2 2Z DO G6C EF mw ., ,."
    ).split()
}
_RATE = 1 / 40


def vary(sample: Sample, seed: int, others: Sequence[Sample] = ()) -> Sample:
    chance = random.Random(f"{seed} {sample.id} ocr_noise")  # noqa: S311 - nothing secret
    quotes = [*sample.target, *(place.quote for place in sample.places)]

    def noisy(part: Part) -> Part:
        text = text_of(part)
        changed = _misread(text, quotes, chance) if text is not None and part.kind == "text" else text
        return part if text is None or changed is None or changed == text else with_text(part, changed)

    changed = each_source(sample, noisy)
    return sample if changed.inputs == sample.inputs else changed


def _misread(text: str, quotes: list[str], chance: random.Random) -> str:
    """At least one letter of a text is misread, if it has one that can be."""
    kept = {
        at for quote in filter(None, quotes) for m in re.finditer(re.escape(quote), text) for at in range(*m.span())
    }
    able = [at for at, letter in enumerate(text) if letter in _MISREAD and at not in kept]
    letters = list(text)
    for at in chance.sample(able, min(len(able), max(1, round(len(able) * _RATE)))):
        letters[at] = chance.choice(_MISREAD[letters[at]])
    return "".join(letters)
