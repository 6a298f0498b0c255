"""Clusters of questions with like words: leaders and their neighbours, after Taylor (1995) and Butina (1999).

Two questions are neighbours if their words, weighed by how rare these are among the questions, make an angle whose
cosine is 0.3 or more. The question with most neighbours leads a cluster of those that are in none yet; then the next,
until none has a neighbour left; what is alone goes into one last cluster. Of equals the earlier leads, so the same
questions always give the same clusters.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

_ALIKE = 0.3
_WORD = re.compile(r"[^\W_]+")
_NAMING, _READ, _MOST_COMPARED = 3, 1000, 2000
# Words that stand in every question. What it asks for ("how many", "when") tells questions apart and stays.
_PLAIN = frozenset(
    "a an the of to in on at by for from with and or is are was were be did do does has have had".split()
)


class Group(NamedTuple):
    """words: what its questions share, most telling first; none for those that are alone. members: by number."""

    words: tuple[str, ...]
    members: tuple[int, ...]


def groups(questions: Sequence[str]) -> list[Group]:
    """The largest first. Of more than 2,000 questions the rest is one cluster of its own: all pairs are compared."""
    vectors = _vectors([_words(question) for question in questions[:_MOST_COMPARED]])
    near = _neighbours(vectors)
    order = sorted(range(len(vectors)), key=lambda at: (-len(near[at]), at))
    found: list[Group] = []
    taken: set[int] = set()
    for leader in order:
        members = [leader, *near[leader]]
        free = sorted(set(members) - taken)
        if leader not in taken and len(free) > 1:
            taken.update(free)
            found.append(Group(_name([vectors[at] for at in free]), tuple(free)))
    alone = [at for at in range(len(questions)) if at not in taken]
    found.sort(key=lambda group: (-len(group.members), group.members))
    return [*found, Group((), tuple(alone))] if alone else found


def _words(question: str) -> set[str]:
    return {word for word in _WORD.findall(question[:_READ].casefold()) if word not in _PLAIN}


def _vectors(questions: Sequence[set[str]]) -> list[dict[str, float]]:
    """Of length 1; a word weighs more the fewer questions have it."""
    having = Counter(word for words in questions for word in words)
    made: list[dict[str, float]] = []
    for words in questions:
        weights = {word: math.log((1 + len(questions)) / having[word]) for word in sorted(words)}
        length = math.sqrt(math.fsum(weight * weight for weight in weights.values())) or 1.0
        made.append({word: weight / length for word, weight in weights.items()})
    return made


def _neighbours(vectors: Sequence[dict[str, float]]) -> list[list[int]]:
    holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
    near: list[list[int]] = [[] for _ in vectors]
    for at, vector in enumerate(vectors):
        cosine: dict[int, float] = defaultdict(float)
        for word, weight in vector.items():
            for other, theirs in holders[word]:
                cosine[other] += weight * theirs
            holders[word].append((at, weight))
        for other, value in cosine.items():
            if value >= _ALIKE:
                near[at].append(other)
                near[other].append(at)
    return near


def _name(vectors: Sequence[dict[str, float]]) -> tuple[str, ...]:
    total: dict[str, float] = defaultdict(float)
    for vector in vectors:
        for word, weight in vector.items():
            total[word] += weight
    shared = Counter(word for vector in vectors for word in vector)
    telling = sorted((word for word in total if shared[word] > 1), key=lambda word: (-total[word], word))
    return tuple(telling[:_NAMING])
