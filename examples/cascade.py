"""A smaller model answers first; where its calibrator is not sure of it, or there is none, the large one is asked."""

from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"
QUESTION = ["In which week did Loom first pass 700 jobs per second?", CSV]

with ol.load(small="smollm2-135m") as model:  # `omniloom calibrate DATA -m NAME` makes its calibrator
    response = model.generate(QUESTION, strategy="cascade", max_output_tokens=32)
    print(f"answer: {response.text}")
    for span in model.store.journal.trace(response.trace_id).spans:
        if span.name == "cascade":
            print(f"it is that of {span.attributes['chosen']}: {span.attributes.get('why', 'sure enough')}")
    print(f"tokens of both: {response.usage.input_tokens} read, {response.usage.output_tokens} written")
