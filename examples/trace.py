"""What a call did, step by step, with times and tokens; a call asked again computes nothing."""

from pathlib import Path

from rich.console import Console

import omniloom as ol
from omniloom.rendering.trace import trace_tree

CSV = Path(__file__).parent / "data" / "results.csv"

with ol.load() as model:
    for label in ("first", "again"):
        response = model.generate(["How many weeks are there?", CSV], max_output_tokens=32, trace=label)
        trace = model.store.journal.trace(response.trace_id)
        Console().print(trace_tree(trace))

for span in trace.spans:
    if span.operation == "chat":
        print(f"{span.name}: replayed {span.attributes['replayed']}")
