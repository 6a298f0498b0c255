"""The child's side: what one row would have been, by DoWhy's invertible structural causal model with linear mechanisms.

Pearl (2009, 7.1): the noise of the row is taken from its values, the intervention put in, and the rest followed. The
interval is of the fitted equations: percentiles over 200 samples of the rows, drawn with replacement.
"""

import logging
from collections.abc import Iterator
from typing import Any

_SEED, _SAMPLES = 0, 200


def answer(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`payload` is {"columns", "mechanisms": {node: parents}, "unit", "treatment", "to", "outcome"}, mechanisms in the
    order of the graph; yields {"counterfactual": {value, low, high, equations}}."""
    logging.disable(logging.CRITICAL)
    import networkx as nx
    import numpy as np
    import pandas as pd
    from dowhy import gcm

    gcm.config.disable_progress_bars()
    data: Any = pd.DataFrame(payload["columns"], dtype=float)
    mechanisms, treatment = payload["mechanisms"], payload["treatment"]
    graph: Any = nx.DiGraph([(cause, node) for node, causes in mechanisms.items() for cause in causes])
    model = gcm.InvertibleStructuralCausalModel(graph)
    for node in graph.nodes:
        linear = gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()) if node in mechanisms else None
        model.set_causal_mechanism(node, linear or gcm.EmpiricalDistribution())
    gcm.fit(model, data)
    unit: Any = pd.DataFrame([payload["unit"]], dtype=float)
    put = {treatment: lambda _: payload["to"]}
    made = gcm.counterfactual_samples(model, put, observed_data=unit[list(graph.nodes)])
    random = np.random.RandomState(_SEED)
    draws = [data.iloc[random.randint(0, len(data), len(data))] for _ in range(_SAMPLES)]
    change = payload["to"] - payload["unit"][treatment]
    factual = payload["unit"][payload["outcome"]]
    moved = [factual + change * _total(draw, mechanisms, treatment, payload["outcome"]) for draw in draws]
    low, high = np.percentile(moved, [2.5, 97.5])
    yield {
        "counterfactual": {
            "value": float(made[payload["outcome"]].iloc[0]),
            "low": float(low),
            "high": float(high),
            "equations": {node: _fitted(data, node, parents) for node, parents in mechanisms.items()},
        }
    }


def _fitted(data: Any, node: str, parents: list[str]) -> list[float]:
    """The constant, then one number for each parent."""
    import numpy as np

    design = np.column_stack([np.ones(len(data)), data[parents]])
    return [float(each) for each in np.linalg.lstsq(design, data[node].to_numpy(), rcond=None)[0]]


def _total(data: Any, mechanisms: dict[str, list[str]], treatment: str, outcome: str) -> float:
    """How far the outcome moves for one unit of treatment: over all paths, the product of what stands on them."""
    moves = {treatment: 1.0}
    for node, parents in mechanisms.items():
        slopes = _fitted(data, node, parents)[1:]
        moves[node] = sum(slope * moves.get(parent, 0.0) for slope, parent in zip(slopes, parents, strict=True))
    return moves[outcome]
