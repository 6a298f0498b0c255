"""Raw confidence signals. Without a calibrator they are scores, never probabilities."""

import math
from collections.abc import Mapping

from omniloom.core.values import Completion, Confidence


def mean_probability(completion: Completion, signals: Mapping[str, float], why: str = "") -> Confidence | None:
    """exp of the mean token log-probability (the inverse of perplexity), with other signals beside it; None where the
    engine gave none. why: a calibrator tells no probability of it."""
    if not completion.logprobs:
        return None
    mean = sum(token.logprob for token in completion.logprobs) / len(completion.logprobs)
    method = "mean_token_probability" + (f" (no probability: {why})" if why else "")
    return Confidence(value=round(math.exp(mean), 4), method=method, signals=dict(signals))
