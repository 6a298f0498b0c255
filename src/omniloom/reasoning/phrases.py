"""Sentences of our own inside answers, in the language of the question.

phrases.json holds them by language, with the words that questions and sentences of that language have; languages that
have a script of their own are known by it. What is in none of them is told in English.
"""

import json
import re
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Literal

_LOOKED_AT = 2000  # characters of what was said
_ASKING = 3.0  # how much more a word that asks weighs than one that may be part of a name or a title
_SCRIPTS = {
    "ja": "\u3041-\u30ff",  # before Chinese: Japanese has both
    "ko": "\uac00-\ud7a3",
    "zh": "\u3400-\u9fff",
    "th": "\u0e01-\u0e5b",
    "hi": "\u0900-\u097f",
    "ar": "\u0600-\u06ff",
    "el": "\u0370-\u03ff",
    "ru": "\u0400-\u04ff",
}
_QUOTED = re.compile(r"[“„«\"][^”“»\"]{0,300}[”“»\"]")
Name = Literal["not_answered", "failed", "withdrawn", "too_uncertain", "instead", "disagree", "more_rows"]


def phrase(name: Name, said: str, **values: object) -> str:
    """The sentence in the language of what was said, with the values in their places."""
    return _known()[language(said)][name].format(**values)


def every(name: Name) -> tuple[str, ...]:
    """The sentence in all languages, with its places open."""
    return tuple(told[name] for told in _known().values())


def is_withheld(text: str) -> bool:
    """Whether a text says, in any language, that it does not give the answer."""
    return any(words in text for words in (*every("not_answered"), *every("too_uncertain")))


def says_disagreement(text: str) -> bool:
    """Whether our sentence stands in a text, in any language, that says that two sources differ."""
    return any(told.split("{first}")[0].strip() in text for told in every("disagree"))


def language(said: str) -> str:
    """The code of the language of a question (ISO 639-1); "en" where it cannot be told.

    Titles in quotation marks are not looked at, nor are a few names in another script than the rest.
    """
    text = _QUOTED.sub(" ", said[:_LOOKED_AT].lower())
    letters = Counter({code: len(re.findall(f"[{signs}]", text)) for code, signs in _SCRIPTS.items()})
    if 2 * letters.total() > sum(map(str.isalpha, text)):
        # A sentence in Chinese signs alone is Chinese; one with kana among them is not.
        return "ja" if letters["ja"] else letters.most_common(1)[0][0]
    found = dict[str, float]()
    for word in re.findall(r"[^\W\d_]+", text):
        for code, weight in _weights().get(word, {}).items():
            found[code] = found.get(code, 0.0) + weight
    return max(found, key=lambda code: (found[code], code == "en")) if found else "en"


@cache
def _known() -> dict[str, dict[str, str]]:
    return json.loads((files("omniloom.reasoning") / "phrases.json").read_text(encoding="utf-8"))


@cache
def _weights() -> dict[str, dict[str, float]]:
    """Of each word by language; one that several languages have weighs less."""
    found: dict[str, dict[str, float]] = {}
    for code, told in _known().items():
        for word in told["words"].split():
            found.setdefault(word, {})[code] = 1.0
        for word in told["asks"].split():
            found.setdefault(word, {})[code] = _ASKING
    return {word: {code: weight / len(by) for code, weight in by.items()} for word, by in found.items()}
