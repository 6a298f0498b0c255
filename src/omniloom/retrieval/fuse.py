"""Reciprocal rank fusion (Cormack, Clarke & Buettcher, 2009) and the choice of what fits."""

from collections.abc import Callable, Mapping, Sequence

from omniloom.core.protocols import Run
from omniloom.core.values import Segment
from omniloom.retrieval.dense import similarities
from omniloom.retrieval.lexical import bm25


def fused(rankings: Sequence[Sequence[float]], *, k: int = 60) -> list[float]:
    """One score an item from several score lists of the same length; only the ranks count, a score of 0 does not."""
    totals = [0.0] * len(rankings[0])
    for scores in rankings:
        order = sorted(range(len(scores)), key=lambda index: -scores[index])
        for rank, index in enumerate(order):
            if scores[index] > 0:
                totals[index] += 1 / (k + rank + 1)
    return totals


def shown_text(segment: Segment) -> str:
    """What a Segment puts into a prompt: its context, then its content."""
    return f"{segment.context}\n{segment.text}" if segment.context else segment.text


def fit(
    question: str,
    segments: Sequence[Segment],
    costs: Sequence[int],
    headings: Mapping[str, int],
    room: int,
    run: Run,
    *,
    words: Callable[[str], list[str]],
    dense: bool,
) -> list[int]:
    """The indices of the Segments to show, in their own order, within `room` tokens; `costs` are theirs.

    headings: what each source costs once, as soon as one Segment of it is shown.
    words: the words of a text in the form in which they are compared.

    All of them if they fit. Otherwise the best by BM25, fused with dense vectors where an embedding model is there;
    the first Segment of every source is preferred at equal merit, because it says what the source is.
    """
    if sum(costs) + sum(headings.values()) <= room:
        return list(range(len(segments)))
    texts = [shown_text(segment) for segment in segments]
    rankings = [bm25(words(question), [words(text) for text in texts])]
    if dense:
        vectors = run.embed([question, *texts])
        rankings.append(similarities(vectors[0], vectors[1:]))
    merit = fused(rankings)
    heads = set({segment.source: index for index, segment in reversed(list(enumerate(segments)))}.values())
    chosen: list[int] = []
    opened = set[str]()
    for index in sorted(range(len(segments)), key=lambda i: (-merit[i], i not in heads, i)):
        source = segments[index].source
        cost = costs[index] + (0 if source in opened else headings.get(source, 0))
        if cost <= room:
            room -= cost
            opened.add(source)
            chosen.append(index)
    run.note("retrieved", chosen=sorted(chosen), of=len(segments), dense=dense)
    return sorted(chosen)
