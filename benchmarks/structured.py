"""Records as JSON bound by schemas: key-heavy ones, and ones that are mostly free text; all valid.

What counts is tokens a second behind the prompt, as in quote.py: reading the order is the same work for all.
--data DIR: beside those made here 50 real schemas and receipts (DIR/schemas, DIR/images/sroie), each filled once,
beside the tuned server. A small model may fill an array without a bound for ever: answers that the limit of tokens cut
are counted apart.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema
from kernels import kernels
from ratios import Ratio, finish, options, ratios, seconds, turns, warm_up, written
from sides import Ours, peers
from texts import COPY, document

from omniloom.core.values import Constraint
from omniloom.engines import constraints

Work = tuple[str, dict[str, Any]]  # a text, and the schema that is filled from it
ORDER = (
    "Order {} of 12 March 2021. Customer: Ida Holm, Lisbon. Twelve bolts of blue cotton at 41 euro each, "
    "total 492 euro, paid by card, delivered, no complaint."
)
NUMBER = {"type": "integer", "minimum": 0, "maximum": 99999}
YES_OR_NO = {"type": "boolean"}
FIELDS = {
    "order_number": NUMBER,
    "number_of_articles_ordered": NUMBER,
    "price_of_one_article_in_euro": NUMBER,
    "total_amount_in_euro": NUMBER,
    "method_of_payment": {"enum": ["card", "cash", "invoice"]},
    "was_the_order_delivered": YES_OR_NO,
    "did_the_customer_complain": YES_OR_NO,
    "is_the_customer_from_lisbon": YES_OR_NO,
    "is_the_material_cotton": YES_OR_NO,
    "state_of_the_order": {"enum": ["open", "delivered", "returned"]},
}
RECEIPT = {name: {"type": "string", "maxLength": 120} for name in ("company", "date", "address", "total")}
TEXT = {"summary": {"type": "string", "maxLength": 600}}


def bound(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def real(folder: Path, count: int) -> list[Work]:
    """Receipts with their four fields, and schemas of objects that every side takes, filled from the order."""
    receipts = [
        (_receipt(path), bound(RECEIPT)) for path in sorted(folder.glob("images/sroie/*.boxes.csv"))[: count // 5]
    ]
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("schemas/**/*.json"))]
    objects = [each for each in found if isinstance(each, dict) and each.get("type") == "object"]
    taken = (each for each in objects if constraints.refusal(Constraint(kind="json_schema", value=each)) is None)
    return receipts + [(ORDER.format(5512), each) for each in islice(taken, count - len(receipts))]


def _receipt(path: Path) -> str:
    """The words of its boxes, one a line: eight numbers, then the text."""
    lines = path.read_text("utf-8", "replace").splitlines()
    return "\n".join(line.split(",", 8)[-1] for line in lines)


def main() -> None:
    asked = options(__doc__ or "")
    limit = 128 if asked.quick else 256
    ours = Ours(asked)
    sides = [ours, *peers(asked)]

    def job(work: Work, question: str) -> dict[str, Any]:
        # A peer whose grammars explode (xgrammar on a long string) is left out, not waited for.
        return {"asks": [ours.ask(question, work[0], limit=limit, json_schema=work[1])], "patience": 120}

    def heavy(at: int) -> dict[str, Any]:
        return job((ORDER.format(5512 + at), bound(FIELDS)), "Write the order as JSON.")

    try:
        warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
        warm_up(sides, job((ORDER, bound({"a": YES_OR_NO})), "Yes?")["asks"][0])  # grammars are made ready
        made = turns(asked, sides, heavy)
        told = turns(
            asked, sides, lambda at: job((ORDER.format(at), bound(TEXT)), "Tell the order as a story, in JSON.")
        )
        works = real(asked.data, 8 if asked.quick else 50) if asked.data else []
        tuned = [side for side in sides if side.name in (ours.name, "llama_server tuned")]
        filled = turns(asked, tuned, lambda at: job(works[at], "Write it as JSON."), len(works))
    finally:
        for side in sides:
            side.close()
    parts: list[Ratio] = ratios(made, ours.name, "structured", 1.5, written)
    parts += ratios(told, ours.name, "structured-free", 1.0, written)
    parts += ratios(filled, ours.name, "structured-real", 1.0, written) if works else []
    valid = {name: _valid(made[name], [bound(FIELDS)] * len(made[name]), limit) for name in made}
    if works:
        for name in filled:
            valid[name] = min(valid[name], _valid(filled[name], [schema for _, schema in works], limit))
        print("real ones that the limit cut:", {name: sum(_cut(run, limit) for run in filled[name]) for name in filled})
    print("valid:", {name: f"{share:.0%}" for name, share in valid.items()})
    print(
        "the whole call, with reading, a record:", [part.line() for part in ratios(made, ours.name, "call", 1, seconds)]
    )
    if valid[ours.name] < 1:
        parts.append(Ratio("structured-valid", *[valid[ours.name]] * 3, 1.0, "its schema"))
    finish(asked, "structured", parts, lambda: kernels(asked))


def _valid(runs: list[dict[str, Any]], schemas: list[dict[str, Any]], limit: int) -> float:
    """The share of the answers that ended by themselves which are JSON of their schema."""
    ended = [(run, schema) for run, schema in zip(runs, schemas, strict=True) if not _cut(run, limit)]
    return sum(_fits(run["answers"][0]["text"], schema) for run, schema in ended) / max(1, len(ended))


def _cut(run: dict[str, Any], limit: int) -> bool:
    return run["answers"][0]["tokens"] >= limit


def _fits(text: str, schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(json.loads(text), schema)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


if __name__ == "__main__":
    main()
