"""How answers are compared with references."""

from omniloom.evaluation.scorers import exact, normalized, token_f1

__all__ = ["exact", "normalized", "token_f1"]
