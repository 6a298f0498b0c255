"""Receipts and records as JSON bound by schemas: key-heavy ones, and ones that are mostly free text; all valid.

--data DIR: real schemas (DIR/schemas/*.json) instead of those made here, each filled from a made document.
"""

import json
from pathlib import Path
from typing import Any

from ratios import Ratio, finish, options, per_token, ratios, turns
from sides import Ours, peers

from omniloom.core.values import Constraint
from omniloom.engines import constraints

ORDER = (
    "Order {} of 12 March 2021. Customer: Ida Holm, Lisbon. Twelve bolts of blue cotton at 41 euro each, "
    "total 492 euro, paid by card, delivered, no complaint."
)
WORD = {"type": "string", "maxLength": 24}
NUMBER = {"type": "integer", "minimum": 0, "maximum": 99999}
FIELDS = {
    "order_number": NUMBER,
    "order_year": NUMBER,
    "customer_name": WORD,
    "customer_city": WORD,
    "article_description": WORD,
    "quantity_ordered": NUMBER,
    "price_per_piece": NUMBER,
    "total_amount": NUMBER,
    "payment_method": {"enum": ["card", "cash", "invoice"]},
    "was_delivered": {"type": "boolean"},
}
TEXT = {"summary": {"type": "string", "maxLength": 600}}


def bound(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def schemas(folder: Path | None, count: int) -> list[dict[str, Any]]:
    """Real ones that every side takes, or the order's."""
    if folder is None:
        return [bound(FIELDS)]
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("schemas/**/*.json"))]
    objects = [each for each in found if isinstance(each, dict) and each.get("type") == "object"]
    taken = [each for each in objects if constraints.refusal(Constraint(kind="json_schema", value=each)) is None]
    return taken[:count] or [bound(FIELDS)]


def main() -> None:
    asked = options(__doc__ or "")
    asked.repetitions = min(asked.repetitions, 3) if asked.quick else asked.repetitions
    keyed = schemas(asked.data, 8 if asked.quick else 50)
    ours = Ours(asked)
    sides = [ours, *peers(asked)]

    def job(at: int, each: list[dict[str, Any]], question: str) -> dict[str, Any]:
        source = ORDER.format(5512 + at)
        return {"asks": [ours.ask(question, source, limit=256, json_schema=schema) for schema in each]}

    try:
        for side in sides:
            side.work(job(99, [bound({"a": {"type": "boolean"}})], "Yes?"))  # grammars are made ready
        heavy = turns(asked, sides, lambda at: job(at, keyed, "Write the order as JSON."))
        free = turns(asked, sides, lambda at: job(at, [bound(TEXT)], "Tell the order as a story, in JSON."))
    finally:
        for side in sides:
            side.close()
    valid = {name: _valid(runs, keyed) for name, runs in heavy.items()}
    print("valid:", {name: f"{share:.0%}" for name, share in valid.items()})
    parts: list[Ratio] = ratios(heavy, ours.name, "structured", 1.5, per_token)
    parts += ratios(free, ours.name, "structured-free", 1.0, per_token)
    parts.append(Ratio("structured-valid", valid[ours.name], valid[ours.name], valid[ours.name], 1.0, "the schema"))
    finish(asked, "structured", parts)


def _valid(runs: list[dict[str, Any]], keyed: list[dict[str, Any]]) -> float:
    """The share of answers that fit; one that was cut at the limit is none."""
    fits = [
        constraints.fits(Constraint(kind="json_schema", value=schema), answer["text"])
        for run in runs
        for schema, answer in zip(keyed, run["answers"], strict=True)
    ]
    return sum(fits) / max(1, len(fits))


if __name__ == "__main__":
    main()
