"""Raw signals: numbers that say how sure an answer, a claim or a field of JSON is. None of them is a probability.

    logprob_mean, logprob_min   of the tokens of the answer (natural logarithm, as the model gave them before any mask)
    margin                      mean lead in probability of the likeliest token over the next, 0..1
    answer_tokens               how many tokens that were; the trivial baseline
    alignment                   share of its words that the quotes found cover (ground), or token F1 (evidence), 0..1
    asked                       share of the words of the question that stand around the passages it cites, 0..1
    retrieval                   how near the cited passages are to the question; runtime passes it in
    agreement                   how like it other samples are, 0..1; under "sample", the share that says the same
    judge                       the model's probability of yes to "do the passages state the answer?", 0..1

Higher is surer, but for `answer_tokens`. A signal that could not be had is not in the mapping.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from omniloom.core.values import TokenLogprob
from omniloom.reasoning.absence import NEGATED
from omniloom.reasoning.wording import keys, tokens

Span = tuple[int, int]
Signals = dict[str, float]
# Filling words without which "A was beaten by B" and "A beat B", or "over five" and "under five", would be the same.
_OPENING = frozenset("by from to von durch nach par vers por para".split())  # "by Anna" answers as "Anna" does
_ROLES = _OPENING | {"over", "under"}
_JSON_STEP = re.compile(r'\s*(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s{}\[\],:"]+)|(?P<mark>[{}\[\],:]))', re.DOTALL)


def of_tokens(logprobs: Sequence[TokenLogprob], spans: Iterable[Span] | None = None) -> Signals:
    """The signals of the tokens that stand in `spans` of the text they make together; of all without it.

    Tokens that a schema forced are certain, and say nothing; they are not counted where others are there.
    """
    inside = list(logprobs) if spans is None else _within(logprobs, list(spans))
    free = [each for each in inside if each.logprob < 0 or each.top] or inside
    if not free:
        return {}
    found = {
        "logprob_mean": sum(each.logprob for each in free) / len(free),
        "logprob_min": min(each.logprob for each in free),
        "answer_tokens": float(len(free)),
    }
    leads = [_lead(each) for each in free if len(each.top) > 1]
    if leads:
        found["margin"] = sum(leads) / len(leads)
    return rounded(found)


def _within(logprobs: Sequence[TokenLogprob], spans: Sequence[Span]) -> list[TokenLogprob]:
    inside: list[TokenLogprob] = []
    at = 0
    for each in logprobs:
        end = at + len(each.token)
        if any(at < last and end > first for first, last in spans):
            inside.append(each)
        at = end
    return inside


def _lead(token: TokenLogprob) -> float:
    first, second = sorted((logprob for _, logprob in token.top), reverse=True)[:2]
    return math.exp(first) - math.exp(second)


def rounded(found: Mapping[str, float]) -> Signals:
    """Six digits: more would only be noise of the arithmetic. What is no number is left out."""
    return {name: round(value, 6) for name, value in found.items() if math.isfinite(value)}


def agreement(answer: str, others: Sequence[str]) -> float | None:
    """The mean likeness of `others` to `answer`: 1 for one that means the same, 0 for one of the same words or with
    other numbers that does not, else the token F1 of their words. None without others."""
    if not others:
        return None
    return sum(_likeness(answer, other) for other in others) / len(others)


def _likeness(one: str, other: str) -> float:
    said, told = meaning(one), meaning(other)
    if said.agrees(told):
        return 1.0
    first, second = Counter(keys(one)), Counter(keys(other))
    figures = [sorted(word.key for word in tokens(text) if word.kind == "number") for text in (one, other)]
    other_unit = bool(said.units and told.units) and said.units != told.units
    if first == second or said.denials != told.denials or other_unit or figures[0] != figures[1]:
        return 0.0
    return 2 * (first & second).total() / max(1, first.total() + second.total())


@dataclass(frozen=True)
class Meaning:
    """What is left of an answer once spelling and filling words are gone.

    said: its words in order, with those that tell who does and who suffers it; only its numbers, if it has no others.
    units: of an answer that is all numbers; a unit that is left out contradicts none.
    """

    said: tuple[str, ...]
    denials: int
    units: tuple[str, ...] = ()

    def agrees(self, other: "Meaning") -> bool:
        units = self.units == other.units or not self.units or not other.units
        return self.said == other.said and self.denials == other.denials and units


def meaning(text: str) -> Meaning:
    text = re.sub(
        r"\bcan(?:not|['’]t)\b|n['’]t\b", lambda short: "can not" if short.group()[0] in "cC" else " not", text
    )
    denials = len(NEGATED.findall(text))
    words = tokens(text)
    figures = tuple(word.key for word in words if word.kind == "number")
    if figures and all(word.kind in ("number", "unit", "scale") for word in words):
        return Meaning(figures, denials, tuple(word.key for word in words if word.kind == "unit"))
    content = {word.start for word in words}
    kept = [w for w in tokens(text, stop_words=True) if w.start in content or w.key in _ROLES]
    if kept and kept[0].key in _OPENING:
        del kept[0]
    said = tuple(word.key for word in kept)
    return Meaning(said or (text.strip().lower(),), denials)


def leaf_spans(text: str) -> dict[str, Span]:
    """Where each scalar of a JSON text stands in it, by JSON Pointer, quotation marks not counted.

    `text` is valid JSON; of what is not, as much as was understood.
    """
    spans: dict[str, Span] = {}
    path: list[str | int] = []
    is_key = False
    for match in _JSON_STEP.finditer(text):
        mark = match["mark"]
        if mark in ("{", "["):
            path.append(0 if mark == "[" else "")
            is_key = mark == "{"
        elif mark in ("}", "]"):
            path = path[:-1]
        elif mark == ",":
            is_key = bool(path) and isinstance(path[-1], str)
            if path and isinstance(path[-1], int):
                path[-1] += 1
        elif mark is None and is_key and match["text"] is not None:
            path[-1:], is_key = [_step(match["text"])], False
        elif mark is None:
            spans["".join(f"/{step}" for step in path)] = match.span("text" if match["text"] is not None else "bare")
    return spans


def values(text: str, instead: Mapping[str, object] | None = None) -> str:
    """The scalars of a JSON text, as they are written; `instead` holds others for some of them, by their pointers."""
    other = instead or {}
    spans = leaf_spans(text).items()
    return "; ".join(str(other[at]) if at in other else text[start:end] for at, (start, end) in spans)


def _step(key: str) -> str:
    """A key of a JSON text, as JSON Pointers write it."""
    import json

    with suppress(ValueError):
        key = str(json.loads(f'"{key}"', strict=False))
    return pointer_step(key)


def pointer_step(key: str) -> str:
    """A key as JSON Pointers (RFC 6901) write it."""
    return key.replace("~", "~0").replace("/", "~1")
