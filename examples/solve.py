"""A puzzle told in words: the model writes it as data, a solver solves it, and what was solved is shown."""

import omniloom as ol

PUZZLE = (
    "A shed holds stools with 3 legs and chairs with 4 legs. There are 17 seats and 61 legs. How many chairs are there?"
)

with ol.load() as model:
    response = model.generate(PUZZLE, strategy="solve", max_output_tokens=64)
    print(f"answer: {response.text}")
    for claim in response.claims:
        print("solved: " + "; ".join(claim.derived.splitlines()))
    for loss in response.losses:  # such as another solution, or that no try was solved
        print(f"{loss.severity}: {loss.kind}: {loss.detail}")
    for span in model.store.journal.trace(response.trace_id).spans:
        if span.name == "solve" and span.operation == "decision":
            print(f"step: {span.attributes.get('status') or span.attributes.get('why') or span.attributes['skipped']}")
