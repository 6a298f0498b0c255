"""BM25 (Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009) over Segments."""

import math
from collections import Counter
from collections.abc import Sequence


def bm25(query: Sequence[str], texts: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75) -> list[float]:
    """One score a text, 0 where no word of the query stands in it; query and texts are given as their words."""
    counts = [Counter(text) for text in texts]
    lengths = [sum(count.values()) for count in counts]
    mean = (sum(lengths) / len(lengths) if lengths else 0) or 1.0
    scores = [0.0] * len(texts)
    for word in set(query):
        found = sum(1 for count in counts if word in count)
        if not found:
            continue
        weight = math.log(1 + (len(texts) - found + 0.5) / (found + 0.5))
        for index, count in enumerate(counts):
            if frequency := count.get(word, 0):
                norm = k1 * (1 - b + b * lengths[index] / mean)
                scores[index] += weight * frequency * (k1 + 1) / (frequency + norm)
    return scores
