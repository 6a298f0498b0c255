"""SROIE receipts: a scan in, four fields out, each with the box it stands in."""

from itertools import islice
from pathlib import Path
from typing import Any

from measure.citations import check
from measure.log import HOME, Log, mean
from omniloom.evaluation.tasks import sroie


def measure(data: Path, limit: int = 34) -> dict[str, Any]:
    """Per field: right when token F1 > 0.8; exact match; and the share of right ones whose box is right."""
    import omniloom as ol

    samples = {sample.id: sample for sample in islice(sroie.samples(data), limit)}
    with ol.load(home=HOME) as model:

        def ask(key: str) -> dict[str, Any]:
            sample = samples[key]
            response = model.generate(list(sample.inputs), **sample.options)
            scored = dict(sroie.fields(sample, response).values)
            boxes = list(sroie.at_place(sample, response).values())
            return {"data": response.data, "scores": scored, "boxes": boxes} | check(response)

        records = Log("sroie").each(samples, ask)
    table = {f"sroie {field}": mean(r["scores"][field] for r in records) for field in sroie.FIELDS}
    return {
        "sroie mean of four": mean(r["scores"]["fields"] for r in records) | {"floor": 0.78},
        "sroie exact": mean(r["scores"]["exact"] for r in records),
        **table,
        "sroie boxes IoU >= 0.5": mean(v for r in records for v in r["boxes"]) | {"floor": 0.80},
        "sroie citations verbatim": mean(v for r in records for v in r["verbatim"]) | {"floor": 1.0},
    }
