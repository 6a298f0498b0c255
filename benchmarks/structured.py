"""A record of ten fields out of a short text, bound by a schema: our loop against the server-level path."""

from pathlib import Path

from beside import Run, asking, compare, opened, options, together

from omniloom.core.values import Constraint

SOURCE = (
    "Order 5512 of 12 March 2021. Customer: Ida Holm, Lisbon. Twelve bolts of blue cotton at 41 euro each, "
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
SCHEMA = {"type": "object", "properties": FIELDS, "required": list(FIELDS), "additionalProperties": False}


def main() -> None:
    asked = options(__doc__ or "", repeats=5)
    constraint = Constraint(kind="json_schema", value=SCHEMA)
    request = asking("Write the order as JSON.", SOURCE, constraint=constraint, max_output_tokens=200)
    first = asking("Say yes.", constraint=Constraint(kind="choices", value=["yes", "no"]), max_output_tokens=4)

    def work(home: Path, loop: bool) -> Run:
        with opened(asked, home, loop) as engine:
            together(engine, [first])  # reads the vocabulary for grammars
            return together(engine, [request])

    compare("structured", 1.5, asked, work)


if __name__ == "__main__":
    main()
