"""Ask a table by a query that the model writes: every row counts, and each value cites the cells it came from."""

from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"

with ol.load() as model:
    question = "Which scheduler had the most failed jobs in a week?"
    response = model.generate([question, CSV], strategy="auto", reasoning_budget=100)  # tokens, for further queries
    trace = model.store.journal.trace(response.trace_id)
    for span in trace.spans if trace else ():
        if span.name == "strategy":
            print(f"{span.attributes['chosen']}: {span.attributes['why']}")
        elif (span.operation, span.name) == ("chat", "program"):
            print(f"query: {span.attributes['text']}")
        elif span.operation == "execute_tool":
            print(f"gave: {span.attributes.get('result') or span.attributes.get('failed')}")
    print(response.text)
    for claim in response.claims:
        print(f"{claim.text!r} was {'computed' if claim.derived else 'read'}")
        for citation in claim.citations:
            print(f"  {citation.url}: {citation.quote!r}")
    for loss in response.losses:
        print(f"{loss.kind}: {loss.part}: {loss.detail}")
