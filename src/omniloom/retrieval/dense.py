"""Exact vector search: below 200,000 segments no approximate index is worth its errors."""

from collections.abc import Sequence


def similarities(query: Sequence[float], vectors: Sequence[Sequence[float]]) -> list[float]:
    """Cosine of the query with each vector; all have the same length, a zero vector scores 0."""
    import numpy as np

    if not vectors:
        return []
    matrix = np.asarray(vectors, dtype=np.float32)
    one = np.asarray(query, dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1) * float(np.linalg.norm(one))
    norms[norms == 0] = np.inf
    return [float(value) for value in (matrix @ one) / norms]
