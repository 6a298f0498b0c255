"""How answers are compared with references."""

import re
import string
from collections import Counter


def normalized(text: str) -> str:
    """As SQuAD's evaluation does (Rajpurkar et al., 2016): lower case, no punctuation, no articles, single spaces."""
    plain = "".join(char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", plain).split())


def exact(answer: str, references: list[str]) -> float:
    return float(any(normalized(answer) == normalized(reference) for reference in references))


def token_f1(answer: str, references: list[str]) -> float:
    """The best token F1 over the references."""
    return max(
        (_f1(normalized(answer).split(), normalized(reference).split()) for reference in references), default=0.0
    )


def _f1(answer: list[str], reference: list[str]) -> float:
    if not answer or not reference:
        return float(answer == reference)
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference)) if shared else 0.0
