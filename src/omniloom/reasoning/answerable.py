"""Whether a source speaks of what was asked at all: told by words, without a model.

A small model answers any question from any text, and says yes when asked whether it may (docs/lab-log.md). But a text
that answers a question in its language nearly always uses its words. So an answer is in doubt where few words of the
question stand around the place that it cites, and the judge is asked (runtime/trust.py): only for prose, in the
language of the question, for questions with several words of their own; of all else this knows nothing, and says so.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable
from functools import cache

from omniloom.reasoning.ground import Passages
from omniloom.reasoning.scripts import fold
from omniloom.reasoning.wording import Word, tokens

LEAST_ASKED, MOST_DOUBTED = 0.3, 0.6
"""Of 619 XQuAD questions 1 % have less than the first in the paragraph that answers, 98 % in one of another article;
without a judge, what is below it is withheld. Below the second is doubt: 10 %, and all (docs/lab-log.md)."""
_LEAST_WORDS = 2
_FEW = 20  # of what is asked for: other numbers are years and names
_AROUND = 2  # passages before and after the cited one
_PROSE, _SAME = 0.16, 0.2  # share of function words in prose; in a question of the language
_SAMPLE = 300  # words by which a language is told
_FAMILY, _SHARED = 5, 0.7  # letters, and share of them, that words of one family begin with
_WEIGHTS = {"number": 2.0, "name": 2.0, "unit": 1.0, "scale": 1.0, "word": 1.0}
_LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "pl", "cs", "ro", "tr", "id", "vi", "ru", "el")
# Words that speak of the source itself, or of the answer wanted, and need not stand in it.
_ABOUT = frozenset(
    "paper articl author title topic summary summariz summaris main point idea speak speaker speech talk record "
    "recording imag pictur figur page table column row file video audio interview transcript word digit number nam "
    "name kind type answer question given show tell list describ explain discuss mention according call many much "
    "long often far old read out right befor after next first second third last spoken "
    "hear heard welch wievi quel quell combien cual cuant".split()
)  # fmt: skip


def asked(question: str, cited: Iterable[int], passages: Passages) -> float | None:
    """The share of the question's own words that stand around the passages `cited` (0-based; the best one without any),
    in their context, or in the names of their sources. None where it has no words of its own."""
    needed = _needed(question)
    total = sum(_WEIGHTS[word.kind] for word in needed)
    if not total or not passages.segments:
        return None

    def share(indices: Iterable[int]) -> float:
        there = frozenset[str]().union(*(passages.keys[at] | passages.around[at] for at in indices))
        return sum(_WEIGHTS[word.kind] for word in needed if _stands(word, there)) / total

    places = sorted(set(cited))
    if places:
        return share({at for place in places for at in _near(place, passages)})
    return max(share(_near(at, passages)) for at in range(len(passages.segments)))


def _is_few(word: Word) -> bool:
    return word.kind == "number" and word.key.isdecimal() and int(word.key) < _FEW


def _stands(word: Word, there: frozenset[str]) -> bool:
    """Whether it stands there, or another word of its family: "delivered" where a delivery is spoken of."""
    if there.intersection(word.keys):
        return True
    if word.kind not in ("word", "name") or len(word.key) < _FAMILY:
        return False
    beginning = word.key[: max(_FAMILY, int(_SHARED * len(word.key)))]
    return any(key.startswith(beginning) for key in there)


def can_tell(question: str, cited: Iterable[int], passages: Passages) -> bool:
    """Whether `asked` means something here: words of a question, in the language of the prose that an answer cites."""
    if not re.search(r"[?？؟]", question) or len(_needed(question)) < _LEAST_WORDS or not passages.segments:
        return False  # "Summarize the method" need not find its words
    near = {at for place in set(cited) for at in _near(place, passages)} or set(range(len(passages.segments)))
    language = _language(" ".join(passages.segments[at].text for at in sorted(near)))
    return bool(language) and _share_of(question, language) >= _SAME


def nowhere(question: str, cited: Iterable[int], passages: Passages) -> float | None:
    """The share of a question's words around the best passage of all, if that is so little that no source speaks of it:
    of a question in the language of the prose of some source. None where it is more, or cannot be told, or where prose
    of another language is cited."""
    share = asked(question, (), passages)
    near = {at for place in set(cited) for at in _near(place, passages)}
    foreign = _language(" ".join(passages.segments[at].text for at in sorted(near)))
    if share is None or share >= LEAST_ASKED or foreign:
        return None
    first = {segment.source: at for at, segment in reversed(list(enumerate(passages.segments)))}
    return share if any(can_tell(question, [at], passages) for at in first.values()) else None


def _needed(question: str) -> list[Word]:
    words = tokens(question)
    after = [*(word.key in _ABOUT for word in words), False][1:]
    own = [
        word
        for word, about in zip(words, after, strict=True)
        if word.key not in _ABOUT and not (about and _is_few(word))  # "which two words"
    ]
    return list({word.key: word for word in own}.values())


def _near(place: int, passages: Passages) -> list[int]:
    """The passage, those before and after it, and the first, of its source."""
    source = passages.segments[place].source
    if ("passages", source) not in passages.kept:  # every passage of a source is looked at in turn
        passages.kept["passages", source] = [at for at, each in enumerate(passages.segments) if each.source == source]
    own: list[int] = passages.kept["passages", source]
    at = bisect_left(own, place)
    return [*own[:1], *own[max(0, at - _AROUND) : at + _AROUND + 1]]


def _language(text: str) -> str:
    """The language of a text of whole sentences; "" for a list, a table, a receipt, or a language not known here."""
    best = max(_LANGUAGES, key=lambda name: _share_of(text, name))
    return best if _share_of(text, best) >= _PROSE else ""


def _share_of(text: str, language: str) -> float:
    """The share of a text's words that are function words of a language."""
    words = [fold(word.strip(".,;:!?\"'()“”«»")) for word in text.split()[:_SAMPLE]]
    words = [word for word in words if word]
    return sum(word in _function_words(language) for word in words) / max(len(words), 1)


@cache
def _function_words(language: str) -> frozenset[str]:
    import stopwordsiso

    return frozenset(fold(word) for word in stopwordsiso.stopwords(language))
